from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from trendbot.errors import ConfigError
from trendbot.render.trend_charts import draw_shares, ticks

if TYPE_CHECKING:
    from pathlib import Path

LAST = date(2026, 1, 11)


def line(name: str, days: int) -> tuple[str, list[tuple[date, float]]]:
    return name, [(LAST - timedelta(days=back), (back % 5) / 10) for back in range(days - 1, -1, -1)]


@pytest.mark.parametrize("days", [0, 1, 2, 5, 20, 90, 400, 4000])
def test_any_span_is_drawn_without_a_warning(tmp_path: Path, days: int) -> None:
    """Warnings are errors here."""
    file = tmp_path / "shares.png"
    draw_shares([line("Tools", days), line("Market", days)] if days else [], file, title="Share of all reports")
    with Image.open(file) as picture:
        assert picture.size[0] == 1080


@pytest.mark.parametrize("days", range(0, 800, 7))
def test_ticks_are_few_and_even_and_end_on_the_newest_day(days: int) -> None:
    found = ticks(LAST - timedelta(days=days), LAST)
    assert 1 <= len(found) <= 5
    assert found[-1] == LAST
    assert found[0] >= LAST - timedelta(days=days)
    assert len({later - earlier for earlier, later in pairwise(found)}) <= 1


def test_years_are_named_where_there_are_two(tmp_path: Path) -> None:
    file = tmp_path / "shares.svg"
    draw_shares([line("Tools", 60)], file, title="Share", dark=True, moved={"Tools"})
    assert file.read_text("utf-8").startswith("<?xml")
    with pytest.raises(ConfigError, match=r"an \.svg or a \.png"):
        draw_shares([], tmp_path / "shares.pdf", title="Share")
