"""Digests and their editions: written once, frozen, read for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trendbot.core.digests import (
    CONTENT_VERSION,
    DigestContent,
    Rendering,
    content_hash,
    from_json,
    to_json,
)
from trendbot.core.pictures import Chart, Picture
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
    """A digest as rendered for one kind of channel and one variant.

    `chart_key` is that of its chart, which is asked for by `chart_of`; `chart` is None here.
    """

    id: int
    digest_id: int
    chart_key: str | None = None
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
            _add_pictures(session, digest_id, rendering.chart)
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
    """Write a digest with its story index and its editions, frozen from the first; the errata it tells are told then.

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
    corrected = [correction.erratum_id for correction in content.corrections]
    session.execute(update(schema.Erratum).where(schema.Erratum.id.in_(corrected)).values(told_in=row.id))
    written = [_new_edition(row.id, edition, now) for edition in editions]
    session.add_all(written)
    for edition in editions:
        _add_pictures(session, row.id, edition.chart)
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
        chart=edition.chart.key if edition.chart else None,
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
        chart_key=row.chart,
        rendered_at=row.rendered_at,
    )


# -- charts ------------------------------------------------------------------------------------------------------------


def chart_of(session: Session, edition_id: int) -> Chart | None:
    """Return the chart that goes with an edition, in all its forms; None where nothing was drawn."""
    key = session.execute(
        select(schema.Edition.digest_id, schema.Edition.chart).where(schema.Edition.id == edition_id)
    ).one_or_none()
    return get_chart(session, key.digest_id, key.chart) if key and key.chart else None


def get_chart(session: Session, digest_id: int, key: str) -> Chart | None:
    """Return a chart of a digest by its key, or None."""
    rows = session.scalars(
        select(schema.PictureRow)
        .where(schema.PictureRow.digest_id == digest_id, schema.PictureRow.key == key)
        .order_by(schema.PictureRow.id)
    ).all()
    if not rows:
        return None
    pictures = tuple(Picture(form=row.form, media_type=row.media_type, data=row.data) for row in rows)
    return Chart(key=key, alt=rows[0].alt, pictures=pictures)


def _add_pictures(session: Session, digest_id: int, chart: Chart | None) -> None:
    """Keep a chart's pictures, where no other edition brought them."""
    if chart is None or get_chart(session, digest_id, chart.key):
        return
    session.add_all(
        schema.PictureRow(
            digest_id=digest_id,
            key=chart.key,
            form=picture.form,
            media_type=picture.media_type,
            alt=chart.alt,
            data=picture.data,
        )
        for picture in chart.pictures
    )
    session.flush()


# -- who was told what -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """A frozen digest that told a story: where it stood, and how many deliveries stand how."""

    digest: Digest
    position: int
    section: str
    deliveries: dict[str, int]


def tellings_of(session: Session, story_ids: Sequence[int]) -> tuple[Telling, ...]:
    """Return the frozen digests that told one of the stories, the oldest first."""
    rows = session.execute(
        select(schema.Digest, schema.DigestStory.position, schema.DigestStory.section)
        .join(schema.DigestStory, schema.DigestStory.digest_id == schema.Digest.id)
        .where(schema.DigestStory.story_id.in_(story_ids), schema.Digest.frozen_at.is_not(None))
        .order_by(schema.Digest.frozen_at, schema.Digest.id)
    ).all()
    return tuple(
        Telling(digest=_digest(row), position=position, section=section, deliveries=count_deliveries(session, row.id))
        for row, position, section in rows
    )


def count_deliveries(session: Session, digest_id: int) -> dict[str, int]:
    """Count a digest's deliveries by how they stand."""
    rows = session.execute(
        select(schema.Delivery.status, func.count())
        .join(schema.Edition, schema.Edition.id == schema.Delivery.edition_id)
        .where(schema.Edition.digest_id == digest_id)
        .group_by(schema.Delivery.status)
    )
    return {status.value: count for status, count in rows}


def first_digest_after(session: Session, cadence: Cadence, seen_at: datetime) -> Digest | None:
    """Return the first frozen digest of a cadence whose period reached past an instant, or None."""
    row = session.scalar(
        _frozen()
        .where(schema.Digest.cadence == cadence, schema.Digest.period_end >= seen_at)
        .order_by(schema.Digest.number)
        .limit(1)
    )
    return _digest(row) if row else None


def stored_tree(session: Session, digest_id: int) -> dict[str, Any]:
    """Return a digest's content as it was written, key for key.

    Raises:
        NotFoundError: there is no such digest.

    """
    get_digest(session, digest_id)
    return dict(session.get_one(schema.Digest, digest_id).content)
