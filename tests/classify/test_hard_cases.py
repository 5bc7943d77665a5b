"""The shipped lexicon against a table of names and their look-alikes: every line must be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from trendbot.classify.matcher import Matcher
from trendbot.core.themes import parse_themes
from trendbot.paths import bundled

TABLE = Path(__file__).parents[1] / "data" / "hard_cases.tsv"


def _cases() -> list[tuple[str, frozenset[str], frozenset[str]]]:
    rows = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [(text, _names(present), _names(absent)) for text, present, absent in rows]


def _names(cell: str) -> frozenset[str]:
    return frozenset(name.strip() for name in cell.split(",") if name.strip())


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(parse_themes((bundled("seeds") / "themes.toml").read_text(encoding="utf-8")))


def test_the_table_is_long_enough_and_names_only_what_exists(matcher: Matcher) -> None:
    cases = _cases()
    known = {term.name for term in matcher.theme_set.terms} | {f"#{slug}" for slug in matcher.theme_set.slugs}
    assert len(cases) >= 150
    assert {name for _, present, absent in cases for name in present | absent} <= known


@pytest.mark.parametrize(("text", "present", "absent"), _cases())
def test_hard_case(matcher: Matcher, text: str, present: frozenset[str], absent: frozenset[str]) -> None:
    annotation = matcher.annotate(text, "")
    found = {mention.term for mention in annotation.mentions} | {f"#{slug}" for slug in annotation.themes}
    assert present <= found
    assert not absent & found
