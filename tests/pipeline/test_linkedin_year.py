from __future__ import annotations

from tests.linkedin_api import LinkedinApi, linkedin_api
from tests.linkedin_year import Play, posts_a_local_day

from trendbot.store.database import Database


async def test_days_of_posts_with_faults_are_never_doubled_and_never_missing_unseen(database: Database) -> None:
    async with linkedin_api(LinkedinApi(versions={"202510"})) as api:
        year = await Play(database, api, seed=9, timeout=0.15).run(75)
        assert year.wrong == []
        assert year.doubled == []
        assert year.silent == []
        assert max(number for _, number in posts_a_local_day(api)) == 1
    assert sum(year.posts.values()) > 40
    assert any(".consent." in key for key in year.told)
    assert any(".closed." in key for key in year.told)
    assert {"lost", "lost twice", "lost all day", "busy", "broken", "lost, then busy", "revoked"} <= set(year.faults)
