"""A mail to look at: the newest digest as a subscriber gets it, to one address, with links that belong to nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import NotFoundError
from trendbot.pipeline.mailing import MailDesk, mailing_of_nobody
from trendbot.store import digests
from trendbot.store.database import Session
from trendbot.transports.base import Message


def trial_message(session: Session, desk: MailDesk, *, address: str, now: datetime) -> Message:
    """Return the newest weekly mail (else daily) for an address; its ways out answer as to a stranger.

    Raises:
        NotFoundError: no digest has a mail yet.

    """
    newest = [digests.latest_digest(session, each) for each in (Cadence.WEEKLY, Cadence.DAILY)]
    found = [(each, digests.find_edition(session, each.id, ChannelKind.EMAIL, "all")) for each in newest if each]
    digest, edition = next(((one, mail) for one, mail in found if mail is not None), (None, None))
    if digest is None or edition is None:
        raise NotFoundError("no digest has a mail yet: `trendbot run` makes one")
    message = _message(address, now, cadence=digest.cadence, slot=digest.slot, title=digest.title)
    return replace(
        message,
        key=f"trial.{digest.id}.{int(now.timestamp()):x}",
        number=digest.number,
        body=edition.parts[0],
        text=edition.text_body,
        subject=f"Trial: {edition.subject or digest.title}",
        chart=digests.chart_of(session, edition.id) if edition.chart_key else None,
        mailing=mailing_of_nobody(desk, cadence=digest.cadence, slot=digest.slot, address=address),
    )


def bare_message(desk: MailDesk, *, address: str, now: datetime) -> Message:
    """Return a mail with nothing in it, whose headers are those of a digest."""
    message = _message(address, now, cadence=Cadence.WEEKLY, slot="sample", title="A digest")
    return replace(message, mailing=mailing_of_nobody(desk, cadence=Cadence.WEEKLY, slot="sample", address=address))


def _message(address: str, now: datetime, *, cadence: Cadence, slot: str, title: str) -> Message:
    return Message(
        key="trial",
        kind=ChannelKind.EMAIL,
        address=address,
        cadence=cadence,
        slot=slot,
        number=1,
        title=title,
        part=0,
        parts=1,
        body="<p></p>",
        text="",
        subject=title,
        composed_at=now,
    )
