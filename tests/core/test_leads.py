from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

from trendbot.core.leads import lead_of
from trendbot.core.vocabulary import FeedKind

AT = datetime(2026, 11, 15, 8, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    entry_id: int
    title: str
    kind: FeedKind = FeedKind.NEWS
    weight: float = 1.0
    dated_at: datetime = AT


ONE = Told(entry_id=1, title="Acme releases Borealis 3, an open model for code")
TWO = Told(entry_id=2, title="Borealis 3, an open code model by Acme, is released")
ODD = Told(entry_id=3, title="Share prices and what became of them this morning")


def test_the_title_nearest_to_all_leads() -> None:
    assert lead_of([ODD, ONE, TWO]) in {ONE, TWO}
    assert lead_of([ODD]) is ODD


def test_weight_then_date_then_title_decide_between_two() -> None:
    assert lead_of([ONE, replace(TWO, weight=1.5)]).entry_id == 2
    assert lead_of([replace(ONE, dated_at=AT + timedelta(hours=1)), TWO]).entry_id == 2
    assert lead_of([TWO, ONE]).entry_id == 1


def test_questions_talk_and_labels_stand_back() -> None:
    for weak in ("Is Borealis 3 the open model for code that we need?", "Borealis"):
        assert lead_of([replace(ONE, entry_id=9, title=weak, dated_at=AT - timedelta(hours=1)), TWO]) is TWO
    assert lead_of([replace(ONE, kind=FeedKind.COMMUNITY), TWO]) is TWO


def test_a_title_that_says_what_was_told_stands_back() -> None:
    assert lead_of([ONE, ODD], [ONE.title]) is ODD


def test_order_and_ids_change_nothing() -> None:
    same = [replace(ONE, title=f"Acme releases Borealis {number}, an open model") for number in (3, 4, 5)]
    leads = set()
    for order in permutations(same):
        numbered = [replace(report, entry_id=number) for number, report in enumerate(order)]
        leads.add(lead_of(numbered).title)
    assert len(leads) == 1
