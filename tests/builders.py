"""Fills the tables directly, for tests of the stages that come after polling, tagging and grouping."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from trendbot.core.vocabulary import Annotator, FeedKind
from trendbot.store import schema

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from trendbot.store.database import Database

THEMES = {
    "efficiency": "Efficient architecture",
    "multimodal": "Multimodal models",
    "open-source": "Open source and open weights",
    "training": "Training methods",
    "environment": "Environment and energy",
    "market": "Market and adoption",
    "tools": "Tools for people",
    "trust": "Privacy and transparency",
}


@dataclass(kw_only=True)
class News:
    """An entry to be: `feed` is the title of its feed, made on first mention."""

    title: str
    feed: str = "Model Wire"
    body: str = ""
    themes: tuple[str, ...] = ("tools",)
    age: timedelta = timedelta(hours=3)
    seen: timedelta | None = None
    url: str | None = None
    kind: FeedKind = FeedKind.NEWS
    weight: float = 1.0
    language: str | None = "en"
    backlog: bool = False
    said: dict[str, Any] = field(default_factory=dict)


def slug(title: str) -> str:
    """Return the name of a feed's site."""
    return "".join(character for character in title.lower() if character.isascii() and character.isalnum()) or "site"


def add_themes(session: Session) -> dict[str, int]:
    """Add the eight themes where there are none; return their ids."""
    known = {theme.slug: theme.id for theme in session.query(schema.Theme)}
    for position, (name, title) in enumerate(THEMES.items()):
        if name not in known:
            theme = schema.Theme(slug=name, title=title, position=position)
            session.add(theme)
            session.flush()
            known[name] = theme.id
    return known


def add_feed(session: Session, news: News, now: datetime) -> int:
    """Add the feed of an entry where there is none of its title; return its id."""
    found = session.query(schema.Feed).filter(schema.Feed.title == news.feed).one_or_none()
    if found is None:
        found = schema.Feed(
            url=f"https://feeds.example/{uuid.uuid4().hex}",
            title=news.feed,
            kind=news.kind,
            weight=news.weight,
            language=news.language,
            mirrors=[],
            added_at=now - timedelta(days=400),
        )
        session.add(found)
        session.flush()
    return found.id


def add_entry(session: Session, news: News, now: datetime) -> int:
    """Add an entry with its tags; return its id."""
    themes = add_themes(session)
    number = uuid.uuid4().hex
    url = news.url if news.url is not None else f"https://{slug(news.feed)}.example/{number}"
    entry = schema.Entry(
        feed_id=add_feed(session, news, now),
        guid=number,
        url=url,
        canonical_url=url,
        title=news.title,
        summary=news.body,
        content="",
        language=news.language,
        seen_at=now - (news.age if news.seen is None else news.seen),
        dated_at=now - news.age,
        **(({"published_at": now - news.age} if news.backlog else {}) | news.said),
        backlog=news.backlog,
        content_hash=number,
    )
    session.add(entry)
    session.flush()
    session.add_all(
        schema.Tag(
            entry_id=entry.id,
            theme_id=themes[name],
            annotator=Annotator.RULE,
            made_by="builder",
            applies=True,
            confidence=0.9,
            evidence=[],
            entry_revision=1,
            made_at=now,
        )
        for name in news.themes
    )
    return entry.id


def add_story(session: Session, reports: list[News], now: datetime) -> int:
    """Add a story of the given reports; return its id."""
    entries = [add_entry(session, news, now) for news in reports]
    story = schema.Story(
        public_id=uuid.uuid4(),
        title=reports[0].title,
        lead_entry_id=entries[0],
        first_at=now - max(news.age for news in reports),
        last_at=now - min(news.age for news in reports),
    )
    session.add(story)
    session.flush()
    session.add_all(
        schema.StoryEntry(entry_id=entry, story_id=story.id, annotator=Annotator.RULE, reason="title", made_at=now)
        for entry in entries
    )
    session.flush()
    return story.id


def add_reading(
    session: Session,
    *,
    as_of: date,
    theme: str | None = None,
    term: str | None = None,
    direction: str = "rising",
    current: float = 23,
    baseline: float = 8,
    window_days: int = 7,
    score: float = 4.2,
) -> None:
    """Add a reading of a theme's or a term's trend."""
    series = schema.Series(
        theme_id=add_themes(session)[theme] if theme else None, term_id=_term(session, term) if term else None
    )
    session.add(series)
    session.flush()
    session.add(
        schema.Trend(
            series_id=series.id,
            window_days=window_days,
            as_of=as_of,
            method="test",
            direction=direction,
            current=current,
            baseline=baseline,
            score=score,
            detail={},
        )
    )
    session.flush()


def _term(session: Session, name: str) -> int:
    term = schema.Term(kind="entity", name=name)
    session.add(term)
    session.flush()
    return term.id


def add_day(database: Database, now: datetime, *, prefix: str = "") -> list[int]:
    """Add a day of news as it might be: twelve stories over all themes, one told by four feeds; return story ids."""
    return database.write(_day, now, prefix)


def _day(session: Session, now: datetime, prefix: str) -> list[int]:
    return [
        add_story(
            session,
            [
                News(
                    title=f"{prefix}{title}",
                    feed=feed,
                    body=body,
                    themes=themes,
                    age=timedelta(hours=2 + number),
                    kind=kind,
                    weight=weight,
                )
                for number, (feed, kind, weight) in enumerate(feeds)
            ],
            now,
        )
        for title, body, themes, feeds in DAY
    ]


_WIRE = ("Model Wire", FeedKind.NEWS, 1.4)
_POST = ("Inference Post", FeedKind.NEWS, 1.2)
_LAB = ("Alder Labs", FeedKind.LAB, 1.6)
_TALK = ("Open Bench forum", FeedKind.COMMUNITY, 0.8)
_LEDGER = ("Ledger & Loom", FeedKind.NEWS, 1.0)
_GRID = ("Grid and Silicon", FeedKind.NEWS, 1.0)
_BOX = ("Clear Box", FeedKind.POLICY, 1.1)
_SHED = ("Toolshed", FeedKind.ENGINEERING, 1.0)

DAY: list[tuple[str, str, tuple[str, ...], list[tuple[str, FeedKind, float]]]] = [
    (
        "Alder releases the weights of its 24-billion model under a free licence",
        "Alder Labs published the weights of Alder-24B on Tuesday under the Apache 2.0 licence. "
        "The company says the model matches its larger predecessor on nine of twelve public tests at a third of the "
        "cost. Read more on our site. The post Alder releases appeared first on Model Wire.",
        ("open-source", "efficiency"),
        [_WIRE, _LAB, _POST, _TALK],
    ),
    (
        "A mixture-of-experts design halves the memory that long prompts need",
        "Researchers describe a routing scheme that keeps two of sixteen experts in memory at a time. "
        "On prompts of 100,000 tokens the design used 48 percent less memory than the baseline.",
        ("efficiency",),
        [_POST],
    ),
    (
        "Small firms report a third less spent on inference than a year ago",
        "A survey of 412 small firms finds that the median bill for inference fell from 1,900 to 1,240 euros a month.",
        ("market", "efficiency"),
        [_LEDGER],
    ),
    (
        "Regulator asks four laboratories for their test reports",
        "The regulator has given four laboratories until 1 December to hand over the reports of their safety tests.",
        ("trust",),
        [_BOX, _WIRE],
    ),
    (
        "Data centre on the Tarn will run on heat from the river",
        "The operator expects to save 11 gigawatt hours of cooling a year once the heat exchanger is in place.",
        ("environment",),
        [_GRID],
    ),
    (
        "A code assistant learns to ask before it deletes",
        "The new release stops at every command that removes files and shows what would be lost.",
        ("tools",),
        [_SHED],
    ),
    (
        "Speech model reads lips where the microphone fails",
        "In a noisy canteen the model understood 87 percent of the words, against 61 percent from sound alone.",
        ("multimodal",),
        [_POST],
    ),
    (
        "Synthetic textbooks improve a small tutor model, study finds",
        "Pupils who learned with the small model scored four points higher than the control group.",
        ("training",),
        [_LAB],
    ),
    (
        "Halcourt buys a maker of radiology software",
        "Halcourt pays 210 million dollars for the maker, which sells to 340 hospitals.",
        ("market", "multimodal"),
        [_LEDGER],
    ),
    (
        "An open tool traces every answer to its training data",
        "The tool names the ten documents that most shaped an answer and how much each weighed.",
        ("trust", "open-source"),
        [_BOX],
    ),
    ("Spreadsheet agent now explains its formulas", "", ("tools",), [_SHED]),
    ("Chip maker promises half the power by 2028", "", ("environment",), [_GRID]),
]


def hear_all_feeds(database: Database, now: datetime) -> None:
    """Let every feed have answered last at `now`."""
    database.write(_hear, now)


def _hear(session: Session, now: datetime) -> None:
    for (feed_id,) in session.query(schema.Feed.id):
        session.merge(schema.FeedState(feed_id=feed_id, next_poll_at=now, polled_at=now, succeeded_at=now))
