"""The rule lab, scores with their intervals, and marked texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.marking import Piece, excerpt, mark
from trendbot.core.rule_lab import Confusion, Lab, Specimen
from trendbot.core.scoring import Tally, macro_f1, share, tally
from trendbot.core.themes import Annotation, Evidence, Field, Verdict


def entry(number: int) -> Specimen:
    return Specimen(id=number, day="2026-11-01", feed="A feed", title=f"title {number}", body="")


def said(*slugs: str, score: float = 1.0) -> Annotation:
    evidence = (Evidence(Field.TITLE, 0, 5, "title", "words:title", score),)
    return Annotation(tuple(Verdict(slug, score >= 1, score, None, evidence) for slug in slugs))


def test_gains_losses_and_scores() -> None:
    lab = Lab(["tools", "market"], keep=1)
    lab.add(entry(1), said("tools"), said("market"), {"tools": True, "market": False})
    lab.add(entry(2), said(), said("tools"), {"tools": True})
    lab.add(entry(3), said("tools"), said("tools"), {})
    lab.add(entry(4), said(), said("tools"), {"tools": False})
    found = lab.result()
    tools, market = found.themes
    assert (found.entries, found.labelled) == (4, 3)
    assert (tools.before, tools.after, tools.gained, tools.lost) == (2, 3, 2, 1)
    assert [move.entry.id for move in tools.gains] == [4]
    assert [(move.entry.id, move.score_before, move.score_after) for move in tools.losses] == [(1, 1.0, 0.0)]
    assert tools.gains[0].person is False
    assert tools.losses[0].evidence[0].text == "title"
    assert tools.old == Tally(tp=1, fn=1, tn=1)
    assert tools.new == Tally(tp=1, fn=1, fp=1)
    assert tools.points == pytest.approx(100 * (1 / 2 - 2 / 3))
    assert market.points is None
    assert found.confused == (Confusion(said="market", meant="tools", count=1),)
    assert [theme.theme for theme in found.fallen(10)] == ["tools"]
    assert found.fallen(20) == ()
    assert found.old + found.new == tools.old + tools.new + market.old + market.new


def test_a_theme_nobody_spoke_of_is_not_measured() -> None:
    lab = Lab(["tools"])
    lab.add(entry(1), said("tools"), said(), {})
    found = lab.result()
    assert found.themes[0].new.judged == 0
    assert found.macro_after is None
    assert found.fallen(0) == ()


def test_a_theme_below_its_threshold_does_not_count_but_its_score_is_told() -> None:
    lab = Lab(["tools"])
    lab.add(entry(1), said("tools"), said("tools", score=0.4), {})
    (loss,) = lab.result().themes[0].losses
    assert (loss.score_before, loss.score_after) == (1.0, 0.4)


def test_wilsons_interval_is_the_textbooks() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I: 15 of 148, and 0 of 20.
    found = share(15, 148)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(0.0624, abs=1e-4), pytest.approx(0.1605, abs=1e-4))
    zero = share(0, 20)
    assert zero is not None
    assert (zero.low, zero.high) == (0.0, pytest.approx(0.1611, abs=1e-4))
    assert share(0, 0) is None


@given(*[st.integers(0, 200)] * 3)
def test_the_interval_of_f1_holds_it(tp: int, fp: int, fn: int) -> None:
    counts = Tally(tp=tp, fp=fp, fn=fn)
    if tp + fp + fn == 0:
        assert counts.f1 is None
        return
    f1 = counts.f1
    assert f1 is not None
    assert f1.value == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert 0 <= f1.low <= f1.value + 1e-9
    assert f1.value - 1e-9 <= f1.high <= 1


def test_tallies_add_up() -> None:
    cases = [(True, True), (True, False), (False, True), (False, False)]
    total = sum((tally(said, meant) for said, meant in cases), Tally())
    assert total == Tally(tp=1, fp=1, fn=1, tn=1)
    assert (total.positives, total.judged) == (2, 4)
    assert macro_f1([total, Tally(fp=3), Tally(tp=1)]) == pytest.approx(0.75)
    assert macro_f1([Tally(fp=1)]) is None


TEXT = "Open weights for all, and an open licence"


def evidence(start: int, end: int, weight: float = 1.0, field: Field = Field.TITLE) -> Evidence:
    return Evidence(field, start, end, TEXT[start:end], "r", weight)


def test_marks_take_a_text_apart() -> None:
    pieces = mark(TEXT, [evidence(29, 41, -1.0), evidence(0, 12), evidence(5, 12, 0.5)], Field.TITLE)
    assert pieces == (Piece("Open weights", 1.5), Piece(" for all, and an "), Piece("open licence", -1.0))


def test_marks_of_another_field_or_beyond_the_text_are_left_out() -> None:
    assert mark(TEXT, [evidence(0, 4, field=Field.BODY), evidence(30, 99)], Field.TITLE) == (Piece(TEXT),)


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9), st.floats(-2, 2)), max_size=6)


@given(st.text(max_size=50), spans)
def test_pieces_are_the_text(text: str, places: list[tuple[int, int, float]]) -> None:
    marked = [Evidence(Field.BODY, start, start + size, "", "r", weight) for start, size, weight in places]
    assert "".join(piece.text for piece in mark(text, marked, Field.BODY)) == text


def test_an_excerpt_keeps_what_is_marked() -> None:
    long = [Piece("a " * 100), Piece("one", 1.0), Piece("b " * 200), Piece("two", 1.0), Piece("c " * 100)]
    cut = "".join(piece.text for piece in excerpt(long, around=20))
    assert "one" in cut
    assert "two" in cut
    assert len(cut) < 120
    assert excerpt([Piece("d " * 100)], around=10)[0].text.endswith(" …")
