"""What annotators say of entries: the machine's tags and mentions, replaced whole, and what is left to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, delete, exists, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from trendbot.core.tagging import RANK
from trendbot.core.themes import Evidence, Field, Mention, Verdict
from trendbot.core.vocabulary import Annotator
from trendbot.store.schema import Entry, Feed, Tag, Tagging, Term, Theme
from trendbot.store.schema import Mention as MentionRow

OPENING = 1_000
"""Characters of an entry's content that stand in for a summary it does not have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Readable:
    """An entry as an annotator reads it; `feed` is the feed's title and address."""

    id: int
    revision: int
    title: str
    body: str
    feed: str
    author: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a machine annotator made of one revision of an entry; `reasons` say why, by theme, beside the evidence."""

    entry_id: int
    revision: int
    verdicts: tuple[Verdict, ...] = ()
    mentions: tuple[Mention, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class TagRow:
    """One annotator's word on an entry and a theme, with its evidence and when it was said."""

    entry_id: int
    theme: str
    annotator: Annotator
    made_by: str
    applies: bool
    score: float | None
    confidence: float | None
    evidence: tuple[Evidence, ...]
    reason: str
    made_at: datetime


_CHUNK = 5_000
"""Entries asked for in one statement: databases bound the number of values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectiveTag:
    """A theme that applies to an entry, by the annotator whose word counts; see `effective_tags`."""

    theme: str
    confidence: float | None
    annotator: Annotator
    reason: str


def entries_to_read(
    session: Session,
    annotator: Annotator,
    *,
    made_by: str,
    limit: int,
    after: int = 0,
    since: datetime | None = None,
) -> list[Readable]:
    """Give up to `limit` entries beyond id `after` whose present revision `annotator` has not read as `made_by`.

    `since` leaves out entries dated before it.
    """
    done = and_(Tagging.entry_id == Entry.id, Tagging.annotator == annotator)
    stale = or_(Tagging.entry_id.is_(None), Tagging.made_by != made_by, Tagging.entry_revision != Entry.revision)
    query = (
        select(
            Entry.id,
            Entry.revision,
            Entry.title,
            Entry.summary,
            func.substr(Entry.content, 1, OPENING),
            Feed.title,
            Feed.url,
            Entry.author,
        )
        .join(Feed, Feed.id == Entry.feed_id)
        .outerjoin(Tagging, done)
        .where(Entry.id > after, stale)
        .order_by(Entry.id)
        .limit(limit)
    )
    if since is not None:
        query = query.where(Entry.dated_at >= since)
    return [
        Readable(
            id=number,
            revision=revision,
            title=title,
            body=summary or opening,
            feed=f"{feed} {url}",
            author=author or "",
        )
        for number, revision, title, summary, opening, feed, url, author in session.execute(query)
    ]


def replace_readings(
    session: Session, annotator: Annotator, readings: Sequence[Reading], *, made_by: str, now: datetime
) -> list[int]:
    """Replace all that a machine annotator said of the entries, also by nothing; give the ids written.

    A person's tags are other rows and stay. An entry that is gone, or has a new revision, is passed over: it will be
    read again. Mentions belong to the rules: a learner's readings leave them alone. A learner judges by what the rules
    found, so what the rules read anew waits for the learner again.
    """
    if annotator is Annotator.HUMAN:
        raise ValueError("a person's tags are set one by one, never replaced by a run")
    present = _present(session, readings)
    ids = [reading.entry_id for reading in present]
    for table in (Tag, Tagging):
        session.execute(delete(table).where(table.entry_id.in_(ids), table.annotator == annotator))
    _insert(session, Tag, _tag_rows(session, annotator, present, made_by=made_by, now=now))
    _insert(session, Tagging, [_tagging(annotator, reading, made_by=made_by, now=now) for reading in present])
    if annotator is Annotator.RULE:
        session.execute(delete(Tagging).where(Tagging.entry_id.in_(ids), Tagging.annotator == Annotator.MODEL))
        session.execute(delete(MentionRow).where(MentionRow.entry_id.in_(ids)))
        _insert(session, MentionRow, _mention_rows(session, present))
    return ids


def _present(session: Session, readings: Sequence[Reading]) -> list[Reading]:
    ids = [reading.entry_id for reading in readings]
    revisions = dict(session.execute(select(Entry.id, Entry.revision).where(Entry.id.in_(ids))).all())
    return [reading for reading in readings if revisions.get(reading.entry_id) == reading.revision]


def _insert(session: Session, table: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:  # into the table, not the mapped class: it is twice as fast, and there are many rows
        session.execute(insert(table.__table__), rows)


def _tag_rows(
    session: Session, annotator: Annotator, readings: Sequence[Reading], *, made_by: str, now: datetime
) -> list[dict[str, Any]]:
    themes = dict(session.execute(select(Theme.slug, Theme.id).where(Theme.enabled)).all())
    return [
        {
            "entry_id": reading.entry_id,
            "theme_id": themes[verdict.theme],
            "annotator": annotator,
            "made_by": made_by,
            "applies": verdict.applies,
            "score": verdict.score if annotator is Annotator.RULE else None,
            "confidence": verdict.confidence,
            "evidence": [evidence_as_json(item) for item in verdict.evidence],
            "reason": reading.reasons.get(verdict.theme, ""),
            "entry_revision": reading.revision,
            "made_at": now,
        }
        for reading in readings
        for verdict in reading.verdicts
        if verdict.theme in themes
    ]


def _tagging(annotator: Annotator, reading: Reading, *, made_by: str, now: datetime) -> dict[str, Any]:
    return {
        "entry_id": reading.entry_id,
        "annotator": annotator,
        "made_by": made_by,
        "entry_revision": reading.revision,
        "made_at": now,
    }


def _mention_rows(session: Session, readings: Sequence[Reading]) -> list[dict[str, Any]]:
    names = {mention.term for reading in readings for mention in reading.mentions}
    terms = dict(session.execute(select(Term.name, Term.id).where(Term.name.in_(names))).all())
    return [
        {"entry_id": reading.entry_id, "term_id": terms[mention.term], "count": mention.count}
        for reading in readings
        for mention in reading.mentions
        if mention.term in terms
    ]


def evidence_as_json(evidence: Evidence) -> list[Any]:
    """Write evidence for the database: [field, start, end, text, rule, weight]."""
    return [evidence.field.value, evidence.start, evidence.end, evidence.text, evidence.rule, evidence.weight]


def evidence_from_json(row: Sequence[Any]) -> Evidence:
    """Read what `evidence_as_json` wrote."""
    place, start, end, text, rule, weight = row
    return Evidence(Field(place), int(start), int(end), str(text), str(rule), float(weight))


def tags_of(session: Session, entry_ids: Sequence[int]) -> list[TagRow]:
    """Give all that anyone says of the entries, in order of entry, theme and annotator."""
    query = (
        select(Tag, Theme.slug)
        .join(Theme, Theme.id == Tag.theme_id)
        .where(Tag.entry_id.in_(entry_ids))
        .order_by(Tag.entry_id, Theme.position, Tag.annotator)
    )
    return [
        TagRow(
            entry_id=row.entry_id,
            theme=slug,
            annotator=row.annotator,
            made_by=row.made_by,
            applies=row.applies,
            score=row.score,
            confidence=row.confidence,
            evidence=tuple(evidence_from_json(item) for item in row.evidence),
            reason=row.reason,
            made_at=row.made_at,
        )
        for row, slug in session.execute(query)
    ]


def mentions_of(session: Session, entry_id: int) -> list[Mention]:
    """Give the terms that an entry mentions, the most frequent first; muted ones too."""
    query = (
        select(Term.name, MentionRow.count)
        .join(MentionRow, MentionRow.term_id == Term.id)
        .where(MentionRow.entry_id == entry_id)
        .order_by(MentionRow.count.desc(), Term.name)
    )
    return [Mention(name, count) for name, count in session.execute(query)]


def holds() -> ColumnElement[bool]:
    """Say of a row of tags that it holds: its annotator says yes, and none who outranks it said anything.

    The order is `trendbot.core.tagging.RANK`: a person, else the learner, else the rules. A correlated condition on
    `Tag`, for any query that reads tags; `trendbot.core.tagging.effective` decides alike.
    """
    other = aliased(Tag)
    outranked = exists().where(
        other.entry_id == Tag.entry_id,
        other.theme_id == Tag.theme_id,
        case(RANK, value=other.annotator) < case(RANK, value=Tag.annotator),
    )
    return and_(Tag.applies, ~outranked.correlate(Tag))


def effective_themes() -> Subquery:
    """Give entries and the themes that hold for them: columns entry_id, theme_id; no pair twice."""
    return select(Tag.entry_id, Tag.theme_id).where(holds()).subquery()


def effective_tags(session: Session, entry_ids: Sequence[int]) -> dict[int, tuple[EffectiveTag, ...]]:
    """Give the themes that hold for each entry, in order of slug; an entry without any is left out."""
    found: dict[int, list[EffectiveTag]] = {}
    for start in range(0, len(entry_ids), _CHUNK):
        query = (
            select(Tag.entry_id, Theme.slug, Tag.confidence, Tag.annotator, Tag.reason)
            .join(Theme, Theme.id == Tag.theme_id)
            .where(Tag.entry_id.in_(entry_ids[start : start + _CHUNK]), holds())
            .order_by(Theme.slug)
        )
        for entry_id, slug, confidence, annotator, reason in session.execute(query):
            tag = EffectiveTag(theme=slug, confidence=confidence, annotator=annotator, reason=reason)
            found.setdefault(entry_id, []).append(tag)
    return {entry_id: tuple(tags) for entry_id, tags in found.items()}
