"""A page's sender is killed, at each point, for each policy: nothing is posted twice, nothing vanishes unseen."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from benchmarks.killing import counted
from tests.linkedin_api import LinkedinApi, linkedin_api
from tests.linkedin_killed import POINTS, channel_of, die, file_of, with_card
from tests.linkedin_page import Page

from trendbot.core.delivering import LostAnswer
from trendbot.core.vocabulary import DeliveryStatus
from trendbot.store.database import Database, sqlite_url

HOLD, PROBE, RESEND = LostAnswer.HOLD, LostAnswer.PROBE, LostAnswer.RESEND
Cells = dict[LostAnswer, tuple[int, bool]]
"""By policy: how many posts there are, and whether the row says that it is not known."""
AT_ONCE: dict[str, Cells] = {
    "before the claim": {HOLD: (1, False), PROBE: (1, False), RESEND: (1, False)},
    "claimed": {HOLD: (0, True), PROBE: (1, False), RESEND: (1, False)},
    "accepted": {HOLD: (1, True), PROBE: (1, False), RESEND: (1, False)},
}
LATE: dict[str, Cells] = {
    "before the claim": AT_ONCE["before the claim"],
    "claimed": AT_ONCE["claimed"],
    "accepted": {HOLD: (1, True), PROBE: (1, True), RESEND: (2, False)},  # RESEND is asked for by who takes a double
}


@contextlib.contextmanager
def pages(folder: Path, api: LinkedinApi, empty: bytes) -> Iterator[dict[LostAnswer, Page]]:
    """Open a page for each policy, with a post that is due; the texts differ, so that each is counted."""
    with contextlib.ExitStack() as stack:
        found = {}
        for policy in LostAnswer:
            file_of(folder, policy).write_bytes(empty)
            database = stack.enter_context(Database(sqlite_url(file_of(folder, policy))))
            found[policy] = Page(database=database, api=api, new=channel_of(policy))
            found[policy].connect()
            found[policy].digest(1, f"for who wants {policy}")
        yield found


@pytest.mark.parametrize(("after", "cells"), [(1, AT_ONCE), (9, LATE)], ids=["at once", "late"])
@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_page_is_never_doubled_and_never_silent(
    tmp_path: Path,
    _empty_database: bytes,  # noqa: PT019
    point: str,
    after: int,
    cells: dict[str, Cells],
) -> None:
    async with linkedin_api() as api:
        with pages(tmp_path, api, _empty_database) as found:
            process = multiprocessing.get_context("spawn").Process(
                target=die, args=(point, tmp_path, api.base_url, api.now)
            )
            process.start()
            await asyncio.to_thread(process.join)
            assert process.exitcode == -signal.SIGKILL
            assert len(api.alive()) == (len(LostAnswer) if point == "accepted" else 0)
            api.now += timedelta(minutes=after)
            for page in found.values():
                for _ in range(2):
                    await page.run(with_card)
            arrived = Counter(policy for policy in LostAnswer for post in api.alive() if str(policy) in post.seen)
            unsure = {policy for policy, page in found.items() if page.posts()[0].status is DeliveryStatus.UNCERTAIN}
            assert {each: (arrived[each], each in unsure) for each in LostAnswer} == cells[point]
            assert counted(arrived, set(LostAnswer), unsure).unmarked_missing == 0
