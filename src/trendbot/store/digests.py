"""Digests and their editions: written once, frozen, read for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trendbot.core.digests import CONTENT_VERSION, DigestContent, Rendering, content_hash, from_json, to_json
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ConflictError, NotFoundError
from trendbot.store import schema


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """A frozen digest."""

    id: int
    cadence: Cadence
    slot: str
    number: int
    period_start: datetime
    period_end: datetime
    title: str
    content: DigestContent
    content_hash: str
    composed_at: datetime
    frozen_at: datetime
    frozen_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition(Rendering):
    """A digest as rendered for one kind of channel and one variant."""

    id: int
    digest_id: int
    rendered_at: datetime


def find_digest(session: Session, *, cadence: Cadence, slot: str) -> Digest | None:
    """Return the frozen digest of a slot, or None."""
    row = session.scalar(_frozen().where(schema.Digest.cadence == cadence, schema.Digest.slot == slot))
    return _digest(row) if row else None


def latest_digest(session: Session, cadence: Cadence, *, before: int | None = None) -> Digest | None:
    """Return the newest frozen digest of a cadence, or of those with a number below `before`; or None."""
    query = _frozen().where(schema.Digest.cadence == cadence).order_by(schema.Digest.number.desc()).limit(1)
    row = session.scalar(query if before is None else query.where(schema.Digest.number < before))
    return _digest(row) if row else None


def get_digest(session: Session, digest_id: int) -> Digest:
    """Return a frozen digest.

    Raises:
        NotFoundError: there is none.

    """
    row = session.scalar(_frozen().where(schema.Digest.id == digest_id))
    if row is None:
        raise NotFoundError(f"no digest {digest_id}: see `trendbot digests list`")
    return _digest(row)


def list_digests(session: Session, *, cadence: Cadence | None = None, limit: int = 50) -> tuple[Digest, ...]:
    """Return the newest frozen digests."""
    query = _frozen().order_by(schema.Digest.composed_at.desc(), schema.Digest.id.desc()).limit(limit)
    if cadence is not None:
        query = query.where(schema.Digest.cadence == cadence)
    return tuple(_digest(row) for row in session.scalars(query))


def list_editions(session: Session, digest_id: int) -> tuple[Edition, ...]:
    """Return the editions of a digest."""
    rows = session.scalars(
        select(schema.Edition).where(schema.Edition.digest_id == digest_id).order_by(schema.Edition.id)
    )
    return tuple(_edition(row) for row in rows)


def find_edition(session: Session, digest_id: int, kind: ChannelKind, variant: str) -> Edition | None:
    """Return a digest's edition for a kind of channel and a choice of themes, or None where it was not rendered yet."""
    row = session.scalar(
        select(schema.Edition).where(
            schema.Edition.digest_id == digest_id, schema.Edition.kind == kind, schema.Edition.variant == variant
        )
    )
    return _edition(row) if row else None


def add_edition(session: Session, digest_id: int, rendering: Rendering, *, now: datetime) -> Edition:
    """Keep an edition of a frozen digest; where another process was faster, its edition stands and is returned."""
    known = find_edition(session, digest_id, rendering.kind, rendering.variant)
    if known:
        return known
    row = _new_edition(digest_id, rendering, now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        known = find_edition(session, digest_id, rendering.kind, rendering.variant)
        if known is None:
            raise
        return known
    return _edition(row)


def next_number(session: Session, cadence: Cadence) -> int:
    """Return the number that the next digest of a cadence bears."""
    last = session.scalar(select(func.max(schema.Digest.number)).where(schema.Digest.cadence == cadence))
    return (last or 0) + 1


def freeze(
    session: Session, *, content: DigestContent, editions: Sequence[Rendering], now: datetime, by: str
) -> tuple[Digest, tuple[Edition, ...]]:
    """Write a digest with its story index and its editions, frozen from the first.

    Raises:
        ConflictError: the slot or the number is taken.

    """
    _refuse_taken(session, content)
    row = schema.Digest(
        cadence=content.cadence,
        slot=content.slot,
        number=content.number,
        period_start=datetime.fromisoformat(content.period_start),
        period_end=datetime.fromisoformat(content.period_end),
        title=content.title,
        content=to_json(content),
        content_version=CONTENT_VERSION,
        content_hash=content_hash(content),
        composed_at=now,
        frozen_at=now,
        frozen_by=by,
    )
    session.add(row)
    session.flush()
    session.add_all(
        schema.DigestStory(digest_id=row.id, story_id=story, position=position, section=section)
        for position, (section, story) in enumerate(content.index(), start=1)
    )
    written = [_new_edition(row.id, edition, now) for edition in editions]
    session.add_all(written)
    session.flush()
    return _digest(row), tuple(_edition(edition) for edition in written)


def _refuse_taken(session: Session, content: DigestContent) -> None:
    if find_digest(session, cadence=content.cadence, slot=content.slot):
        raise ConflictError(f"the {content.cadence} digest of {content.slot} is frozen already")
    if next_number(session, content.cadence) != content.number:
        raise ConflictError(f"{content.cadence} digest number {content.number} is taken: compose again")


def _new_edition(digest_id: int, edition: Rendering, now: datetime) -> schema.Edition:
    return schema.Edition(
        digest_id=digest_id,
        kind=edition.kind,
        variant=edition.variant,
        subject=edition.subject,
        parts=list(edition.parts),
        text_body=edition.text_body,
        template_hash=edition.template_hash,
        rendered_at=now,
    )


def _frozen() -> Select[schema.Digest]:
    return select(schema.Digest).where(schema.Digest.frozen_at.is_not(None))


def _digest(row: schema.Digest) -> Digest:
    if row.frozen_at is None or row.frozen_by is None:
        raise NotFoundError(f"digest {row.id} is not frozen yet")
    return Digest(
        id=row.id,
        cadence=row.cadence,
        slot=row.slot,
        number=row.number,
        period_start=row.period_start,
        period_end=row.period_end,
        title=row.title,
        content=from_json(row.content),
        content_hash=row.content_hash,
        composed_at=row.composed_at,
        frozen_at=row.frozen_at,
        frozen_by=row.frozen_by,
    )


def _edition(row: schema.Edition) -> Edition:
    return Edition(
        id=row.id,
        digest_id=row.digest_id,
        kind=row.kind,
        variant=row.variant,
        subject=row.subject,
        parts=tuple(row.parts),
        text_body=row.text_body,
        template_hash=row.template_hash,
        rendered_at=row.rendered_at,
    )
