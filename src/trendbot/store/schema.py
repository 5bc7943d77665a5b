"""All tables.

Three habits hold everywhere:

* columns a person curates and columns a machine maintains live in different tables (or in rows with a different key),
  so neither can overwrite the other;
* whatever was published is frozen: digests and editions are never updated once frozen (triggers in the migration);
* every retry is made harmless by a unique constraint, not by a check in code.

``docs/data-model.md`` describes each table; ``migrations/`` creates them.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Enum,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from trendbot.core.delivering import Lateness, LostAnswer
from trendbot.core.pictures import PictureForm
from trendbot.core.vocabulary import (
    Annotator,
    BounceKind,
    Cadence,
    ChannelKind,
    ConsentKind,
    DeliveryStatus,
    FeedKind,
    NoticeKind,
    SubscriptionStatus,
    SuppressionReason,
)
from trendbot.store.types import UTCDateTime

CASCADE, RESTRICT, SET_NULL = "CASCADE", "RESTRICT", "SET NULL"


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it as it stands)
        datetime: UTCDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        list[str]: JSON,
        enum.Enum: Enum(
            enum.Enum,
            native_enum=False,
            create_constraint=True,
            length=24,
            values_callable=lambda kind: [member.value for member in kind],
        ),
    }


# -- feeds and entries -------------------------------------------------------------------------------------------------


class Feed(Base):
    """Curated: changed by seeds and people only."""

    __tablename__ = "feeds"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(2048), unique=True)
    title: Mapped[str]
    site_url: Mapped[str | None]
    kind: Mapped[FeedKind]
    language: Mapped[str | None] = mapped_column(String(16))
    weight: Mapped[float] = mapped_column(default=1.0)
    enabled: Mapped[bool] = mapped_column(default=True)
    user_agent: Mapped[str | None] = mapped_column(String(256))
    mirrors: Mapped[list[str]] = mapped_column(default=list)
    added_at: Mapped[datetime]


class FeedState(Base):
    """Machine-kept polling state, one row a feed."""

    __tablename__ = "feed_states"

    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete=CASCADE), primary_key=True)
    next_poll_at: Mapped[datetime] = mapped_column(index=True)
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[str | None] = mapped_column(String(128))
    validated_url: Mapped[str | None] = mapped_column(String(2048))
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_hash: Mapped[str | None] = mapped_column(String(64))
    polled_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]
    moved_to: Mapped[str | None] = mapped_column(String(2048))
    moved_polls: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    status: Mapped[int | None]
    hints: Mapped[dict[str, Any]] = mapped_column(default=dict)
    rhythm: Mapped[dict[str, Any]] = mapped_column(default=dict)
    listing: Mapped[list[Any]] = mapped_column(default=list)
    missing: Mapped[list[Any]] = mapped_column(default=list)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    stand_in: Mapped[dict[str, Any]] = mapped_column(default=dict)


class FeedPoll(Base):
    """What a poll found that brought a document or failed; the newest few of each feed, for the feed doctor."""

    __tablename__ = "feed_polls"
    __table_args__ = (Index(None, "feed_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete=CASCADE))
    polled_at: Mapped[datetime]
    url: Mapped[str] = mapped_column(String(2048))
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
    listed: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    edited: Mapped[int] = mapped_column(default=0)
    renamed: Mapped[int] = mapped_column(default=0)
    removed: Mapped[int] = mapped_column(default=0)
    redated: Mapped[int] = mapped_column(default=0)
    shift_s: Mapped[int | None]


class Host(Base):
    """What a host told us to obey, whichever of its feeds was asked."""

    __tablename__ = "hosts"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    not_before: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]


class Entry(Base):
    __tablename__ = "entries"
    __table_args__ = (
        UniqueConstraint("feed_id", "guid"),
        Index(None, "dated_at", "id"),
        Index(None, "seen_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete=RESTRICT))
    guid: Mapped[str] = mapped_column(String(2048))
    url: Mapped[str] = mapped_column(String(2048))
    canonical_url: Mapped[str] = mapped_column(String(2048), index=True)
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text, default="")
    content: Mapped[str] = mapped_column(Text, default="")
    author: Mapped[str | None]
    language: Mapped[str | None] = mapped_column(String(16))
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]
    dated_at: Mapped[datetime]
    backlog: Mapped[bool] = mapped_column(default=False)
    content_hash: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class EntryRevision(Base):
    """What an entry said before its publisher changed it."""

    __tablename__ = "entry_revisions"

    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete=CASCADE), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64))
    replaced_at: Mapped[datetime]


class EntryTombstone(Base):
    """A pruned entry that its feed still lists must not come back as new."""

    __tablename__ = "entry_tombstones"

    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete=CASCADE), primary_key=True)
    guid_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    pruned_at: Mapped[datetime]
    dated_at: Mapped[datetime]


# -- themes and tags ---------------------------------------------------------------------------------------------------


class ThemeSet(Base):
    """A themes file that was in force once; the newest row is in force now, so a broken file stops nothing."""

    __tablename__ = "theme_sets"

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), index=True)
    source: Mapped[str] = mapped_column(Text)
    applied_at: Mapped[datetime]
    applied_by: Mapped[str] = mapped_column(String(64))


class Theme(Base):
    __tablename__ = "themes"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str]
    description: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)
    enabled: Mapped[bool] = mapped_column(default=True)


class Tagging(Base):
    """That a machine annotator has read an entry, also where it found nothing."""

    __tablename__ = "taggings"

    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete=CASCADE), primary_key=True)
    annotator: Mapped[Annotator] = mapped_column(primary_key=True)
    made_by: Mapped[str] = mapped_column(String(128), index=True)
    entry_revision: Mapped[int]
    made_at: Mapped[datetime]


class Tag(Base):
    """What one kind of annotator says of one entry and one theme.

    The annotator is in the key: a machine writing its own row cannot reach a person's, and a person's "no" stays a row
    that later machine runs cannot undo.
    """

    __tablename__ = "tags"
    __table_args__ = (
        CheckConstraint("annotator <> 'human' OR confidence IS NULL", name="human_is_certain"),
        CheckConstraint("confidence IS NULL OR confidence BETWEEN 0 AND 1", name="confidence_range"),
        Index(None, "theme_id", "entry_id"),
        Index(  # people's words are few among many
            "ix_tags_human",
            "entry_id",
            "theme_id",
            sqlite_where=text("annotator = 'human'"),
            postgresql_where=text("annotator = 'human'"),
        ),
    )

    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete=CASCADE), primary_key=True)
    theme_id: Mapped[int] = mapped_column(ForeignKey("themes.id", ondelete=CASCADE), primary_key=True)
    annotator: Mapped[Annotator] = mapped_column(primary_key=True)
    made_by: Mapped[str] = mapped_column(String(128))
    applies: Mapped[bool]
    score: Mapped[float | None]
    confidence: Mapped[float | None]
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str] = mapped_column(Text, default="")
    entry_revision: Mapped[int]
    made_at: Mapped[datetime]


class Model(Base):
    """A learner that was trained; the active one reads entries. `weights` are its arrays, `metrics` slug → figures.

    `labels` is the number of entries it learnt from, `rules` the hash of the rules whose verdicts it saw.
    """

    __tablename__ = "models"
    __table_args__ = (
        Index("ix_models_active", "active", unique=True, sqlite_where=text("active"), postgresql_where=text("active")),
    )

    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    trained_at: Mapped[datetime]
    labels: Mapped[int]
    rules: Mapped[str] = mapped_column(String(64))
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    weights: Mapped[bytes] = mapped_column(LargeBinary)
    active: Mapped[bool]


class Review(Base):
    """That a person has read an entry, and what the machine had said of it until then.

    `drawn` is why the entry was shown (``random`` ones measure honestly); `said` is slug → [applies, confidence].
    """

    __tablename__ = "reviews"

    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete=CASCADE), primary_key=True)
    entry_revision: Mapped[int]
    drawn: Mapped[str] = mapped_column(String(16))
    said: Mapped[dict[str, Any]] = mapped_column(default=dict)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(64))


class Curation(Base):
    """The audit log of what people changed, with the state before and after; only ever appended to.

    One act may change many subjects (``entry:12``, ``term:Phi``, ``themes``); undoing it is an act of its own. The
    subject is a name and not a key, so that the log outlives what it speaks of.
    """

    __tablename__ = "curations"
    __table_args__ = (
        UniqueConstraint("act", "subject"),
        UniqueConstraint("undoes", "subject"),
        Index(None, "subject", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    act: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(160))
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(Text, default="")
    undoes: Mapped[int | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(64))


class Term(Base):
    __tablename__ = "terms"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(128), unique=True)
    muted: Mapped[bool] = mapped_column(default=False)


class OwnTerm(Base):
    """What people add to the terms of the themes file: a term of their own, or aliases and themes of one of the file's.

    `kind` is None where only something is added; `merged_into` names the term that this one is counted as.
    """

    __tablename__ = "own_terms"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    kind: Mapped[str | None] = mapped_column(String(16))
    aliases: Mapped[list[str]] = mapped_column(default=list)
    themes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    merged_into: Mapped[str | None] = mapped_column(String(128))


class RejectedName(Base):
    """A name of which a person said that it is no term: it is not put forward again."""

    __tablename__ = "rejected_names"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(String(128))


class Name(Base):
    """What may be a name, seen in entries: its spellings with their counts. Machine-kept, forgotten when silent."""

    __tablename__ = "names"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    forms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    entries: Mapped[int]
    lower: Mapped[int] = mapped_column(default=0)
    last_day: Mapped[date] = mapped_column(index=True)


class NameDay(Base):
    """One UTC day of a name: entries, those that use it as a name beyond doubt, and some of the feeds."""

    __tablename__ = "name_days"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True, index=True)
    entries: Mapped[int]
    strong: Mapped[int]
    feeds: Mapped[list[Any]] = mapped_column(default=list)


class NameReading(Base):
    """How many entries of a UTC day were read for names, and the highest entry read with them."""

    __tablename__ = "name_readings"

    day: Mapped[date] = mapped_column(primary_key=True)
    entries: Mapped[int]
    last_entry_id: Mapped[int]


class NameSuggestion(Base):
    """A name as it was put forward, once and never again, with what spoke for it."""

    __tablename__ = "name_suggestions"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(String(64))
    day: Mapped[date] = mapped_column(index=True)
    entries: Mapped[int]
    feeds: Mapped[int]
    score: Mapped[float]


class Mention(Base):
    __tablename__ = "mentions"

    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete=CASCADE), primary_key=True)
    term_id: Mapped[int] = mapped_column(ForeignKey("terms.id", ondelete=CASCADE), primary_key=True, index=True)
    count: Mapped[int]


# -- stories and trends ------------------------------------------------------------------------------------------------


class Story(Base):
    __tablename__ = "stories"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[UUID] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(Text)
    lead_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id", ondelete=SET_NULL))
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("stories.id", ondelete=RESTRICT), index=True)


class StoryHold(Base):
    """That a person shaped a story: no run unites it with another; `lead_entry_id`, where given, stays its lead."""

    __tablename__ = "story_holds"

    story_id: Mapped[int] = mapped_column(ForeignKey("stories.id", ondelete=CASCADE), primary_key=True)
    lead_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id", ondelete=SET_NULL))
    made_at: Mapped[datetime]


class StoryEntry(Base):
    """Membership; the primary key keeps an entry in one story at a time."""

    __tablename__ = "story_entries"

    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete=CASCADE), primary_key=True)
    story_id: Mapped[int] = mapped_column(ForeignKey("stories.id", ondelete=CASCADE), index=True)
    annotator: Mapped[Annotator]
    similarity: Mapped[float | None]
    reason: Mapped[str] = mapped_column(String(32), default="")
    made_at: Mapped[datetime]


class Series(Base):
    """A thing whose frequency is followed: a theme or a term."""

    __tablename__ = "series"
    __table_args__ = (CheckConstraint("(theme_id IS NULL) <> (term_id IS NULL)", name="one_subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    theme_id: Mapped[int | None] = mapped_column(ForeignKey("themes.id", ondelete=CASCADE), unique=True)
    term_id: Mapped[int | None] = mapped_column(ForeignKey("terms.id", ondelete=CASCADE), unique=True)


class SeriesPoint(Base):
    """One UTC day of a series among the feeds of one kind; recomputed, never incremented.

    `entries` counts reports: one a story and feed, copies left out.
    """

    __tablename__ = "series_points"

    series_id: Mapped[int] = mapped_column(ForeignKey("series.id", ondelete=CASCADE), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[FeedKind] = mapped_column(primary_key=True)
    entries: Mapped[int]
    stories: Mapped[int]
    feeds: Mapped[int]


class Exposure(Base):
    """How much was published at all on a day by the feeds of one kind: what every count is measured against."""

    __tablename__ = "exposures"

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[FeedKind] = mapped_column(primary_key=True)
    entries: Mapped[int]
    stories: Mapped[int]
    feeds: Mapped[int]
    measured_at: Mapped[datetime] = mapped_column(index=True)


class Trend(Base):
    """A reading of a series on a day, kept so that a digest can cite it."""

    __tablename__ = "trends"
    __table_args__ = (UniqueConstraint("series_id", "window_days", "as_of"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id", ondelete=CASCADE))
    window_days: Mapped[int]
    as_of: Mapped[date] = mapped_column(index=True)
    method: Mapped[str] = mapped_column(String(32))
    direction: Mapped[str] = mapped_column(String(16))
    current: Mapped[float]
    baseline: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]
    score: Mapped[float]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


# -- digests -----------------------------------------------------------------------------------------------------------


class Digest(Base):
    __tablename__ = "digests"
    __table_args__ = (
        UniqueConstraint("cadence", "slot"),
        UniqueConstraint("cadence", "number"),
        CheckConstraint("(frozen_at IS NULL) = (frozen_by IS NULL)", name="frozen_by_someone"),
        CheckConstraint("period_start < period_end", name="period_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cadence: Mapped[Cadence]
    slot: Mapped[str] = mapped_column(String(32))
    number: Mapped[int]
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    title: Mapped[str]
    content: Mapped[dict[str, Any]]
    content_version: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    composed_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    frozen_by: Mapped[str | None]


class DigestStory(Base):
    """Index of the frozen content: which story ran where, so that it does not run twice."""

    __tablename__ = "digest_stories"
    __table_args__ = (UniqueConstraint("digest_id", "position"),)

    digest_id: Mapped[int] = mapped_column(ForeignKey("digests.id", ondelete=CASCADE), primary_key=True)
    story_id: Mapped[int] = mapped_column(ForeignKey("stories.id", ondelete=RESTRICT), primary_key=True, index=True)
    position: Mapped[int]
    section: Mapped[str] = mapped_column(String(64))


class Edition(Base):
    __tablename__ = "editions"
    __table_args__ = (UniqueConstraint("digest_id", "kind", "variant"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest_id: Mapped[int] = mapped_column(ForeignKey("digests.id", ondelete=RESTRICT))
    kind: Mapped[ChannelKind]
    variant: Mapped[str] = mapped_column(String(1000), default="all")
    subject: Mapped[str | None]
    parts: Mapped[list[str]]
    text_body: Mapped[str | None] = mapped_column(Text)
    template_hash: Mapped[str] = mapped_column(String(64))
    chart: Mapped[str | None] = mapped_column(String(32))
    """The key of the pictures that go with it."""
    rendered_at: Mapped[datetime]


class PictureRow(Base):
    """One form of a digest's chart; editions that say the same of what rose share it."""

    __tablename__ = "pictures"
    __table_args__ = (UniqueConstraint("digest_id", "key", "form"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest_id: Mapped[int] = mapped_column(ForeignKey("digests.id", ondelete=RESTRICT))
    key: Mapped[str] = mapped_column(String(32))
    form: Mapped[PictureForm]
    media_type: Mapped[str] = mapped_column(String(32))
    alt: Mapped[str] = mapped_column(Text)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Retelling(Base):
    """What a language model said of a story, under the hash of the model, the prompt and all that it was shown.

    `refused` is why the proof gate stopped it; empty where it may go out.
    """

    __tablename__ = "retellings"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(128))
    text: Mapped[str] = mapped_column(Text)
    refused: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime]


class DigestDraft(Base):
    """A digest on the editor's desk: composed anew by every run, with what people decided, until it is frozen.

    `machine` is what the rules alone make of it, `before` what the draft was before the last change of it.
    """

    __tablename__ = "digest_drafts"

    cadence: Mapped[Cadence] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(String(32), primary_key=True)
    content: Mapped[dict[str, Any]]
    machine: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any] | None]
    problem: Mapped[str | None] = mapped_column(Text)
    drafted_at: Mapped[datetime]
    composed_at: Mapped[datetime]
    verdict: Mapped[str | None] = mapped_column(String(16))
    verdict_at: Mapped[datetime | None]
    verdict_by: Mapped[str | None] = mapped_column(String(64))
    lapsed_at: Mapped[datetime | None]


class DigestChoice(Base):
    """What a person decided about a story in the digest of a slot: its place, and words of their own."""

    __tablename__ = "digest_choices"

    cadence: Mapped[Cadence] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(String(32), primary_key=True)
    story_id: Mapped[int] = mapped_column(ForeignKey("stories.id", ondelete=CASCADE), primary_key=True)
    place: Mapped[str | None] = mapped_column(String(16))
    headline: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(64))


class Erratum(Base):
    """That a source withdrew or changed what a digest had told, or that an editor corrects it; told once a cadence.

    `said` is what the digest quoted, `now_says` what stands there now, or the editor's correction.
    """

    __tablename__ = "errata"
    __table_args__ = (UniqueConstraint("digest_id", "entry_id", "cause", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest_id: Mapped[int] = mapped_column(ForeignKey("digests.id", ondelete=RESTRICT), index=True)
    story_id: Mapped[int] = mapped_column(ForeignKey("stories.id", ondelete=RESTRICT))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete=CASCADE))
    cause: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int]
    said: Mapped[str] = mapped_column(Text)
    now_says: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(64))
    dismissed_at: Mapped[datetime | None]
    dismissed_by: Mapped[str | None] = mapped_column(String(64))
    told_in: Mapped[int | None] = mapped_column(ForeignKey("digests.id", ondelete=RESTRICT), index=True)


class ErratumEdit(Base):
    """That a sent message was edited to carry a correction, or why that cannot be done."""

    __tablename__ = "erratum_edits"

    erratum_id: Mapped[int] = mapped_column(ForeignKey("errata.id", ondelete=CASCADE), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete=CASCADE), primary_key=True)
    edited_at: Mapped[datetime]
    error: Mapped[str | None] = mapped_column(Text)


# -- channels and deliveries -------------------------------------------------------------------------------------------


class Channel(Base):
    __tablename__ = "channels"
    __table_args__ = (UniqueConstraint("kind", "transport", "address"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[ChannelKind]
    transport: Mapped[str] = mapped_column(String(32))
    address: Mapped[str]
    cadence: Mapped[Cadence]
    enabled: Mapped[bool] = mapped_column(default=True)
    personal: Mapped[bool] = mapped_column(default=False)
    """Whether it has subscribers, each with an hour and themes; else it is one address for the whole digest."""
    lost_answer: Mapped[LostAnswer | None]
    """What to do where an answer was lost; None: as the transport has it."""
    late: Mapped[Lateness] = mapped_column(default=Lateness.SKIP)
    topics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Theme → number of the forum's topic that its part of the digest goes to."""


class ChannelState(Base):
    """What a machine learnt about a channel: that its remote refuses it, or asks it to wait."""

    __tablename__ = "channel_states"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete=CASCADE), primary_key=True)
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    paused_until: Mapped[datetime | None]


class Notice(Base):
    """A message outside a digest, rendered once: an alert, a confirmation, a word to the operator."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(128), unique=True)
    notice: Mapped[NoticeKind]
    kind: Mapped[ChannelKind]
    story_id: Mapped[int | None] = mapped_column(ForeignKey("stories.id", ondelete=SET_NULL), index=True)
    subject: Mapped[str | None]
    body: Mapped[str] = mapped_column(Text)
    text_body: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class Delivery(Base):
    """The outbox: one row for one message to one recipient, written before it is sent."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_due",
            "not_before",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "ix_deliveries_sending",
            "leased_until",
            sqlite_where=text("status = 'sending'"),
            postgresql_where=text("status = 'sending'"),
        ),
        Index("ix_deliveries_recipient", "edition_id", "channel_id", "subscriber_id", "part"),
        CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent_has_time"),
        CheckConstraint("(edition_id IS NULL) <> (notice_id IS NULL)", name="one_message"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(96), unique=True)
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("editions.id", ondelete=RESTRICT))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id", ondelete=RESTRICT), index=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete=RESTRICT), index=True)
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscribers.id", ondelete=RESTRICT), index=True)
    part: Mapped[int] = mapped_column(default=0)
    status: Mapped[DeliveryStatus] = mapped_column(default=DeliveryStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    too_late_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    lease: Mapped[str | None] = mapped_column(String(32))
    sent_at: Mapped[datetime | None]
    external_id: Mapped[str | None]
    error: Mapped[str | None] = mapped_column(Text)


class Rate(Base):
    """The theoretical arrival time (GCRA) of one shared budget, in seconds since 1970 by the database's clock."""

    __tablename__ = "rates"

    key: Mapped[str] = mapped_column(String(96), primary_key=True)
    tat: Mapped[float]


class Mark(Base):
    """What an installation knows of itself: by which secret its links are signed (a keyed check, not the secret)."""

    __tablename__ = "marks"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Credential(Base):
    """What an account lets us in with, sealed with a key that is not in the database; and what the account told us."""

    __tablename__ = "credentials"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    holder: Mapped[str]
    expires_at: Mapped[datetime]
    renewable_until: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]


class KeptRequest(Base):
    """The exact request by which a message was last sent, written down before it: to be repeated, never varied."""

    __tablename__ = "kept_requests"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    first_at: Mapped[datetime]


# -- subscribers -------------------------------------------------------------------------------------------------------


class Subscriber(Base):
    """An address of one kind. Erasing takes the address and keeps the row; `person` joins addresses of one person."""

    __tablename__ = "subscribers"
    __table_args__ = (
        UniqueConstraint("kind", "address"),
        CheckConstraint("(address IS NULL) = (erased_at IS NOT NULL)", name="erased_has_no_address"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    person: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[ChannelKind]
    address: Mapped[str | None] = mapped_column(String(320))
    language: Mapped[str] = mapped_column(String(16), default="en")
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class Subscription(Base):
    """A subscriber's standing with one channel, and how it is wanted. `themes` empty means all of them."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour_of_day"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet_has_both_ends"),
    )

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete=RESTRICT), primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete=RESTRICT), primary_key=True, index=True)
    status: Mapped[SubscriptionStatus]
    token_version: Mapped[int] = mapped_column(default=1)
    themes: Mapped[list[str]] = mapped_column(default=list)
    cadence: Mapped[Cadence | None]
    hour: Mapped[int] = mapped_column(default=8)
    weekday: Mapped[str] = mapped_column(String(3), default="mon")
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    quiet_from: Mapped[int | None]
    quiet_to: Mapped[int | None]
    alerts: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    changed_at: Mapped[datetime]


class ConsentText(Base):
    """A wording that people agreed to, kept once."""

    __tablename__ = "consent_texts"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    wording: Mapped[str] = mapped_column(Text)
    first_used_at: Mapped[datetime]


class ConsentEvent(Base):
    """Append-only evidence of asking, agreeing and leaving; a subscription's status follows from it."""

    __tablename__ = "consent_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete=RESTRICT), index=True)
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id", ondelete=RESTRICT))
    event: Mapped[ConsentKind]
    method: Mapped[str] = mapped_column(String(32))
    text_hash: Mapped[str | None] = mapped_column(ForeignKey("consent_texts.hash", ondelete=RESTRICT))
    network: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime]


class Suppression(Base):
    """Never write to this address again; it outlives erasure, hence a keyed hash instead of the address."""

    __tablename__ = "suppressions"

    address_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[SuppressionReason]
    at: Mapped[datetime]


class Bounce(Base):
    """A message that came back, by its Message-ID; its delivery may be past retention."""

    __tablename__ = "bounces"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    delivery_id: Mapped[int]
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscribers.id", ondelete=CASCADE), index=True)
    kind: Mapped[BounceKind]
    status: Mapped[str | None] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(index=True)


class Feedback(Base):
    """More or less of this, said by a subscriber about a story as told; ranking may learn from it."""

    __tablename__ = "feedback"

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete=CASCADE), primary_key=True)
    story_id: Mapped[int] = mapped_column(ForeignKey("stories.id", ondelete=CASCADE), primary_key=True, index=True)
    value: Mapped[int]
    at: Mapped[datetime]


class BotUpdate(Base):
    """An update of the Bot API that was handled to its end: handed out again after a crash, it is passed over."""

    __tablename__ = "bot_updates"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)


class BotChat(Base):
    """What the bot knows of a talk with a chat: the question it asked last, and the message that it edits in place."""

    __tablename__ = "bot_chats"

    address: Mapped[str] = mapped_column(String(32), primary_key=True)
    expects: Mapped[str | None] = mapped_column(String(16))
    screen_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[datetime]


class Run(Base):
    """One slot of one job; the key stops two schedulers from doing the same week twice."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("job", "slot"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(String(32))
    slot: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None] = mapped_column(Text)
