"""Ten days of bells, two hours between them, with every fault; `python benchmarks/year.py` is the year."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from benchmarks.world import TEN_DAYS, Calendar
from benchmarks.year import MonthEnd, growth, simulate

from trendbot.core.vocabulary import Cadence


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Write no line for each of some thousand events."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


async def test_through_both_autumn_changes_and_every_fault_each_message_comes_once_or_is_told(tmp_path: Path) -> None:
    start = datetime(2026, 10, 23, tzinfo=UTC)
    told = await simulate(tmp_path / "home", start=start, days=10, step=2, calendar=Calendar(days=TEN_DAYS, cycle=10))
    assert told.books.wrong == []
    assert "2026-10-25T02" in told.made(Cadence.DAILY)
    assert told.made(Cadence.WEEKLY) == ["2026-10-25T01", "2026-11-01T01"]
    counts = told.books.counts
    assert counts["alerts of a spread"] + counts["alerts told as too late or uncertain"] >= 2 * 2
    assert min(counts[f"readers' digests {what}"] for what in ("in their window", "told as too late")) > 0
    assert counts["rows uncertain"] > 0  # a process died after a message was taken and before that was written down


def test_what_grows_is_told() -> None:
    def year(*, leak: int = 0, jump: int = 0) -> list[MonthEnd]:
        return [
            MonthEnd(database=4_000_000 * (month + 1) + jump * (month > 7), resident=10**8 + leak * month, blocks=10**6)
            for month in range(12)
        ]

    assert growth(year())[1] == []
    assert "memory grew" in growth(year(leak=10**6))[1][0]
    assert "line" in growth(year(jump=10**7))[1][0]
