"""`why` as a person reads it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from trendbot.core.digests import DigestPolicy
from trendbot.core.vocabulary import Cadence
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.pipeline.tag import ThemesFile, tag_entries
from trendbot.render.environment import Renderer
from trendbot.store.database import Database, sqlite_url

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


def test_one_screen_shows_every_stage_and_what_is_unclear_is_listed(
    cli: Cli, home: Path, news: list[int], now: datetime
) -> None:
    story = news[0]
    with Database(sqlite_url(home / "trendbot.db")) as database:
        text = (bundled("seeds") / "themes.toml").read_text("utf-8")
        tag_entries(database, now=now, themes=ThemesFile(text=text))
        compose(database, Renderer(bundled("templates")), cadence=Cadence.DAILY, now=now, policy=DigestPolicy())
    said = cli("why", f"s{story}")
    assert said.code == 0
    for stage in ("polled", "dated", "themes", "words", "story", "told in", "score", "proof", "gate", "sent"):
        assert f"\n{stage}" in said.out or f"\n  {stage}" in said.out
    assert "«" in said.out
    assert "wins" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    told = cli("why", f"s{story}", "--json").json
    assert told["story"]["id"] == story
    assert sum(told["told"][0]["parts"].values()) == pytest.approx(told["told"][0]["score"], abs=1e-3)

    said = cli("why", "a")
    assert said.code == 1
    assert "entries have these words: ask by number" in said.err
    assert len(said.out.splitlines()) > 2
    said = cli("why", "no", "such", "headline")
    assert (said.code, said.err.count("\n")) == (1, 1)
