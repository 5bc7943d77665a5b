"""Ten days of bells in small; `python benchmarks/year.py` is the year, with every fault."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from benchmarks.year import simulate

from trendbot.core.vocabulary import Cadence


async def test_through_an_autumn_change_and_a_day_without_feeds_each_digest_is_made_once_or_told_as_late(
    tmp_path: Path,
) -> None:
    told = await simulate(tmp_path / "home", start=datetime(2026, 10, 19, tzinfo=UTC), days=10, step=8)
    assert told.missing() == set()
    assert told.doubled() == 0
    assert "2026-10-25T02" in told.made[Cadence.DAILY]
    assert told.made[Cadence.WEEKLY] == ["2026-10-25T01"]
    assert told.frozen == sum(len(made) for made in told.made.values())
