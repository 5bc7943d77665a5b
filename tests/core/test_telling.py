"""The headline and the publisher's name that a title of an entry and of a feed come to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trendbot.core.ranking import Report
from trendbot.core.telling import headline_of, source_of
from trendbot.core.vocabulary import FeedKind

NOW = datetime(2026, 11, 15, 18, tzinfo=UTC)


def report(title: str = "A model learns to read maps", *, source: str = "Wire", site: str = "birch.example") -> Report:
    return Report(
        entry_id=1,
        feed_id=1,
        source=source,
        kind=FeedKind.NEWS,
        weight=1.0,
        language="en",
        title=title,
        body="",
        url=f"https://{site}/1",
        canonical_url=f"https://{site}/1",
        dated_at=NOW,
        seen_at=NOW,
        backlog=False,
        themes={},
    )


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("[News] Alder opens its model", "Alder opens its model"),
        ("Alder opens its model | Wire", "Alder opens its model"),
        ("Alder opens its model | Elsewhere", "Alder opens its model | Elsewhere"),
        ("Alder opens its model.", "Alder opens its model"),
        ("Alder says “we open our model”.", "Alder says “we open our model”"),
        ("Alder opens its model (again).", "Alder opens its model (again)"),
        ("Introducing Borealis and its CLI.", "Introducing Borealis and its CLI"),
        ("Birch buys Alder Inc.", "Birch buys Alder Inc."),
        ("A chip is made in the U.S.", "A chip is made in the U.S."),
        ("Alder wins the vote for plan A", "Alder wins the vote for plan A"),
        ("Alder waits for plan B.", "Alder waits for plan B."),
        ("Alder opens its model...", "Alder opens its model..."),
        ("Introducing: Borealis, which reads maps", "Introducing Borealis, which reads maps"),
        ("Announcing:  the winners of the prize", "Announcing the winners of the prize"),
        ("Meet: Borealis reads maps", "Meet Borealis reads maps"),
        ("Alder: introducing a model", "Alder: introducing a model"),
        ("Alder opens its model https://x.example/a", "Alder opens its model"),
    ],
)
def test_a_title_becomes_a_headline(title: str, headline: str) -> None:
    assert headline_of(report(title)) == headline


def test_a_post_of_several_sentences_keeps_its_full_stop() -> None:
    post = "Alder opens its model. " * 6 + "Everybody may use it."
    assert headline_of(report(post)) == post


@pytest.mark.parametrize(
    "title",
    ["Models", "v1.2.3", "Sign up for the conference", "Why models don", "Alder, Birch and Cedar open the",
     "Alder opens its model, and"],
)  # fmt: skip
def test_what_is_no_headline_is_none(title: str) -> None:
    assert headline_of(report(title)) == ""


@pytest.mark.parametrize(
    ("source", "site", "name"),
    [
        ("Birch | News of models", "birch.example", "Birch"),
        ("AI", "birch.example", "birch.example"),
        ("Blog", "birch.example", "birch.example"),
        ("All posts", "birch.example", "birch.example"),
        ("Updates and News", "birch.example", "birch.example"),
        ("AI", "localhost", "AI"),
        ("Birch Query: search_query=cat:birch OR cat:models", "export.birch.example", "export.birch.example"),
        ("Maps = models", "birch.example", "Maps = models"),
        ("Birch AI", "birch.example", "Birch AI"),
        ("", "birch.example", "unnamed feed"),
    ],
)
def test_a_feed_that_names_nobody_goes_by_its_site(source: str, site: str, name: str) -> None:
    assert source_of(report(source=source, site=site)) == name
