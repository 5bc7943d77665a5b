"""Errata in the database: found, added, dismissed, told by a digest, and carried into sent messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from trendbot.core.digests import Correction, from_json
from trendbot.core.errata import Cause, correction_text
from trendbot.core.limits import escape_little, safe_link
from trendbot.core.vocabulary import Cadence, ChannelKind, DeliveryStatus
from trendbot.errors import ConflictError, NotFoundError
from trendbot.store.digests import get_digest
from trendbot.store.schema import Delivery, Edition, Entry, Erratum, ErratumEdit, Feed
from trendbot.store.schema import Digest as DigestRow

SOURCE = "source"
"""Who made or dismissed an erratum where no person did: the source changed, or changed back."""
MOST = 3
"""Corrections that one digest carries; further ones wait for the next."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ErratumRow:
    """An erratum as it is kept; `told_in` is the digest that said so, `text` how it is said."""

    id: int
    digest_id: int
    digest_title: str
    told_on: datetime
    story_id: int
    entry_id: int
    cause: Cause
    said: str
    now_says: str
    source: str
    url: str
    text: str
    made_at: datetime
    made_by: str
    dismissed_at: datetime | None
    dismissed_by: str | None
    told_in: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An erratum to be: see the table."""

    digest_id: int
    story_id: int
    entry_id: int
    cause: Cause
    revision: int
    said: str
    now_says: str = ""


def new_row(found: Found, *, by: str, now: datetime) -> Erratum:
    """Return the row of an erratum to be."""
    return Erratum(
        digest_id=found.digest_id,
        story_id=found.story_id,
        entry_id=found.entry_id,
        cause=found.cause.value,
        revision=found.revision,
        said=found.said,
        now_says=found.now_says,
        made_at=now,
        made_by=by[:64],
    )


# -- what people do ----------------------------------------------------------------------------------------------------


def list_errata(session: Session, *, waiting: bool = False, limit: int = 50) -> tuple[ErratumRow, ...]:
    """Return errata, the latest first; `waiting` only those that no digest has told and nobody dismissed."""
    query = _rows().order_by(Erratum.made_at.desc(), Erratum.id.desc()).limit(limit)
    if waiting:
        query = query.where(Erratum.told_in.is_(None), Erratum.dismissed_at.is_(None))
    return tuple(_erratum(*row) for row in session.execute(query))


def get_erratum(session: Session, erratum_id: int) -> ErratumRow:
    """Return one erratum.

    Raises:
        NotFoundError: there is none of that number.

    """
    row = session.execute(_rows().where(Erratum.id == erratum_id)).first()
    if row is None:
        raise NotFoundError(f"no erratum {erratum_id}: see `trendbot errata list`")
    return _erratum(*row)


def add_erratum(session: Session, digest_id: int, story_id: int, text: str, *, by: str, now: datetime) -> ErratumRow:
    """Correct what a digest told of a story, in an editor's words.

    Raises:
        NotFoundError: there is no such digest, or it did not tell the story.

    """
    digest = get_digest(session, digest_id)
    every = (*(item for _, item in digest.content.items()), *digest.content.stories)
    item = next((each for each in every if each.story_id == story_id), None)
    if item is None:
        raise NotFoundError(
            f"digest {digest_id} did not tell story {story_id}: see `trendbot digests show {digest_id}`"
        )
    before = session.scalars(
        select(Erratum.revision).where(
            Erratum.digest_id == digest_id,
            Erratum.entry_id == item.lead.entry_id,
            Erratum.cause == Cause.EDITOR.value,
        )
    ).all()
    found = Found(
        digest_id=digest_id,
        story_id=story_id,
        entry_id=item.lead.entry_id,
        cause=Cause.EDITOR,
        revision=max(before, default=0) + 1,
        said=item.headline,
        now_says=text,
    )
    row = new_row(found, by=by, now=now)
    session.add(row)
    session.flush()
    return get_erratum(session, row.id)


def dismiss_erratum(session: Session, erratum_id: int, *, by: str, now: datetime) -> ErratumRow:
    """Say that an erratum is not worth telling.

    Raises:
        ConflictError: a digest has told it.
        NotFoundError: there is none of that number.

    """
    found = get_erratum(session, erratum_id)
    if found.told_in is not None:
        raise ConflictError(f"erratum {erratum_id} was told in digest {found.told_in}: it cannot be dismissed any more")
    session.execute(
        update(Erratum)
        .where(Erratum.id == erratum_id, Erratum.dismissed_at.is_(None))
        .values(dismissed_at=now, dismissed_by=by[:64])
    )
    return get_erratum(session, erratum_id)


# -- telling -----------------------------------------------------------------------------------------------------------


def corrections_for(session: Session, cadence: Cadence) -> tuple[Correction, ...]:
    """Return what the next digest of a cadence has to correct, the oldest first, at most `MOST`."""
    rows = session.execute(
        _rows()
        .where(DigestRow.cadence == cadence, Erratum.told_in.is_(None), Erratum.dismissed_at.is_(None))
        .order_by(Erratum.made_at, Erratum.id)
        .limit(MOST)
    )
    return tuple(_correction(session, _erratum(*row)) for row in rows)


def _correction(session: Session, found: ErratumRow) -> Correction:
    return Correction(
        erratum_id=found.id,
        story_id=found.story_id,
        headline=found.said,
        source=found.source,
        url="" if found.cause is Cause.WITHDRAWN else safe_link(found.url) or "",
        told_on=found.told_on.date().isoformat(),
        text=found.text,
        themes=_themes(session, found),
    )


def _themes(session: Session, found: ErratumRow) -> tuple[str, ...]:
    content = from_json(session.get_one(DigestRow, found.digest_id).content)
    every = (*(item for _, item in content.items()), *content.stories)
    return next((item.themes for item in every if item.story_id == found.story_id), ())


# -- sent messages -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingEdit:
    """A sent message that tells what errata correct: `body` as it was sent, `notes` all that is to stand below it.

    `erratum_ids` are those of the notes, one of which at least it does not carry yet; `external_id` is the remote's
    name of the message. See `core.errata.corrected` for the new text.
    """

    delivery_id: int
    erratum_ids: tuple[int, ...]
    external_id: str
    body: str
    notes: tuple[str, ...]


def pending_edits(session: Session, kind: ChannelKind, *, since: datetime, limit: int = 100) -> tuple[PendingEdit, ...]:
    """Return the messages of a kind of channel that are to be edited, the oldest first, for errata made since.

    Those that were sent, by a digest with an erratum that nobody dismissed, and whose text tells the story; until
    `settle_edit` has noted it of each erratum. Whether a text tells it is asked once an edition, not once a message.
    """
    query = _rows().where(Erratum.dismissed_at.is_(None), Erratum.made_at >= since).order_by(Erratum.id)
    by_digest: dict[int, list[ErratumRow]] = defaultdict(list)
    for row in session.execute(query):
        found = _erratum(*row)
        by_digest[found.digest_id].append(found)
    pending: list[PendingEdit] = []
    for digest_id, errata in by_digest.items():
        editions = select(Edition).where(Edition.digest_id == digest_id, Edition.kind == kind).order_by(Edition.id)
        for edition in session.scalars(editions):
            for part, body in enumerate(edition.parts):
                told = [each for each in errata if _tells(each, body)]
                if told and len(pending) < limit:
                    pending += _unedited(session, edition.id, part, body, told, limit=limit - len(pending))
    return tuple(pending)


def _unedited(
    session: Session, edition_id: int, part: int, body: str, told: Sequence[ErratumRow], *, limit: int
) -> list[PendingEdit]:
    ids = [each.id for each in told]
    noted = select(func.count()).where(ErratumEdit.delivery_id == Delivery.id, ErratumEdit.erratum_id.in_(ids))
    rows = session.execute(
        select(Delivery.id, Delivery.external_id)
        .where(
            Delivery.edition_id == edition_id,
            Delivery.part == part,
            Delivery.status == DeliveryStatus.SENT,
            Delivery.external_id.is_not(None),
            noted.scalar_subquery() < len(ids),
        )
        .order_by(Delivery.id)
        .limit(limit)
    )
    notes = tuple(each.text for each in told)
    return [
        PendingEdit(delivery_id=number, erratum_ids=tuple(ids), external_id=str(name), body=body, notes=notes)
        for number, name in rows
    ]


def _tells(erratum: ErratumRow, body: str) -> bool:
    forms = (erratum.said, escape(erratum.said), escape(erratum.said, quote=False), escape_little(erratum.said))
    return any(form in body for form in forms) or (bool(erratum.url) and escape(erratum.url) in body)


def settle_edit(
    session: Session, *, erratum_ids: Iterable[int], delivery_id: int, now: datetime, error: str | None = None
) -> None:
    """Note that a sent message was edited, or with `error` that it cannot be; it is not asked for again."""
    for number in erratum_ids:
        if session.get(ErratumEdit, (number, delivery_id)) is None:
            short = error and error[:2000]
            session.add(ErratumEdit(erratum_id=number, delivery_id=delivery_id, edited_at=now, error=short))
    session.flush()


# -- rows --------------------------------------------------------------------------------------------------------------


def _rows() -> Select[Erratum, DigestRow, Entry, str]:
    return (
        select(Erratum, DigestRow, Entry, Feed.title)
        .join(DigestRow, DigestRow.id == Erratum.digest_id)
        .join(Entry, Entry.id == Erratum.entry_id)
        .join(Feed, Feed.id == Entry.feed_id)
    )


def _erratum(row: Erratum, digest: DigestRow, entry: Entry, feed: str) -> ErratumRow:
    from trendbot.core.limits import one_line

    source, cause = one_line(feed, 60) or "The source", Cause(row.cause)
    return ErratumRow(
        id=row.id,
        digest_id=row.digest_id,
        digest_title=digest.title,
        told_on=digest.period_end,
        story_id=row.story_id,
        entry_id=row.entry_id,
        cause=cause,
        said=row.said,
        now_says=row.now_says,
        source=source,
        url=entry.url,
        text=correction_text(
            cause, told_on=digest.period_end.date(), said=row.said, source=source, now_says=row.now_says
        ),
        made_at=row.made_at,
        made_by=row.made_by,
        dismissed_at=row.dismissed_at,
        dismissed_by=row.dismissed_by,
        told_in=row.told_in,
    )
