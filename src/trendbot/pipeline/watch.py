"""watch: what a page's operator has to know → the log, a list for `doctor`, and notices to the operator's channel.

A dead channel looks like a quiet day; so a day without its post is told, and so is an end of consent, before it comes.
Each thing is told once: its notice's key says what it is about.
"""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from trendbot.core.posting import QUIET, Rhythm, latest_slot, warning_due
from trendbot.core.vocabulary import ChannelKind, DeliveryStatus, NoticeKind
from trendbot.errors import ChannelError, StoreError, TrendbotError
from trendbot.logs import get_logger
from trendbot.pipeline.linkedin_account import NAME, StoredAccount, dead
from trendbot.store import notices, posts
from trendbot.store.channels import Channel, channel_state, find_channel
from trendbot.store.credentials import Credential, note_facts
from trendbot.store.database import Database, Session
from trendbot.store.notices import Notice
from trendbot.transports.base import Checks

log = get_logger(__name__)

TRANSPORT = "linkedin"


@dataclass(frozen=True, kw_only=True, slots=True)
class Concern:
    """One thing to tell: `key` says what it is about, `urgent` that something does not go out."""

    key: str
    text: str
    urgent: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Overseer:
    """Looks after an account's pages before anything is sent, as often as you like; tells the channel `tell`."""

    database: Database
    account: StoredAccount
    rhythm: Rhythm
    tell: str = ""
    logged: set[Concern] = field(default_factory=set)

    async def __call__(self, transport: Checks) -> tuple[Concern, ...]:
        """Renew what can be renewed, ask LinkedIn once a day, then log and tell every concern once; return all."""
        now = self.account.now()
        try:
            await self.account.renew()
        except TrendbotError as error:
            log.warning("linkedin_not_renewed", reason=str(error))
        asked = [each async for each in self._asked(transport, now)]
        found = (*concerns(self.database, self.account, self.rhythm, now=now), *asked)
        for each in found:
            if each not in self.logged:  # a process that looks twice a minute says it once
                self.logged.add(each)
                (log.error if each.urgent else log.warning)("needs_operator", about=each.key, what=each.text)
            if self.tell:
                await self.database.run(_tell, self.tell, each, now)
        return found

    async def _asked(self, transport: Checks, now: datetime) -> AsyncIterator[Concern]:
        """Ask LinkedIn, once a day and by a call that publishes nothing, whether we may still post."""
        day, held = f"{now:%Y-%m-%d}", self.account.find()
        if held is None or held.expires_at <= now or dead(held) or held.facts.get("probed") == day:
            return
        await self.database.run(note_facts, NAME, {"probed": day})
        for channel in self.database.read(posts.channels_by, TRANSPORT):
            try:
                await transport.check(channel.address)
            except ChannelError as error:
                if (now_held := self.account.find()) is not None and dead(now_held):
                    return  # that has closed the channels, which is told of each
                text = f"channel {channel.slug} cannot post: {error}"
                yield Concern(key=f"{channel.slug}.refused.{day}", text=text, urgent=True)
            except TrendbotError as error:
                log.warning("linkedin_probe_failed", channel=channel.slug, reason=str(error))


def concerns(database: Database, account: StoredAccount, rhythm: Rhythm, *, now: datetime) -> Iterator[Concern]:
    """Yield what is wrong, or soon will be, with the pages of an account."""
    channels = database.read(posts.channels_by, TRANSPORT)
    if channels:
        yield from _consent(account, now)
    for channel in channels:
        yield from _channel(database, channel, account.find(), rhythm, now)


def _consent(account: StoredAccount, now: datetime) -> Iterator[Concern]:
    found = account.find()
    if found is None:
        text = "LinkedIn is not connected: nothing is posted until `trendbot linkedin connect`"
        yield Concern(key=f"linkedin.unconnected.{now:%Y-%m-%d}", text=text, urgent=True)
        return
    left = warning_due(found.expires_at, now)
    if left is None:
        return
    day = f"{found.expires_at:%Y-%m-%d %H:%M} UTC"
    text = f"LinkedIn's consent ends on {day}, within {left} day(s): `trendbot linkedin connect`"
    if not left:
        text = f"LinkedIn's consent ended on {day}: nothing is posted until `trendbot linkedin connect`"
    yield Concern(key=f"linkedin.consent.{found.expires_at:%Y%m%d%H%M}.{left}", text=text, urgent=not left)


def _channel(
    database: Database, channel: Channel, held: Credential | None, rhythm: Rhythm, now: datetime
) -> Iterator[Concern]:
    state = database.read(channel_state, channel.id)
    if state.disabled_at is not None:
        text = f"channel {channel.slug} is closed: {state.disabled_reason}"
        yield Concern(key=f"{channel.slug}.closed.{state.disabled_at:%Y%m%d%H%M%S}", text=text, urgent=True)
    slot = latest_slot(rhythm, now)
    connected_at = held.changed_at if held is not None else now
    if slot is None or (slot.at < connected_at and not database.read(posts.ever, channel.id, before=slot.until)):
        return
    there = database.read(posts.standing, channel.id, since=slot.at, until=max(slot.until, slot.at))
    if there.sent or any(each.error == QUIET for each in there.stuck):
        return
    doubted = [each for each in there.stuck if each.status is DeliveryStatus.UNCERTAIN]
    told = (*doubted, *there.stuck, *there.waiting)
    why = "; ".join(dict.fromkeys(each.error or f"its post is {each.status}" for each in told))
    day = f"{slot.at:%Y-%m-%d}"
    text = f"no post on {day} to {channel.slug}: {why or 'no digest was made, or its post was put off'}"
    if doubted:
        text = f"it is not known whether {channel.slug} has its post of {day} ({doubted[0].key}): {why}"
    yield Concern(key=f"{channel.slug}.missing.{day}", text=text, urgent=True)


def _tell(session: Session, name: str, concern: Concern, now: datetime) -> None:
    """Put a notice into the outbox of the operator's channel, unless it was told before."""
    try:
        channel = find_channel(session, name)
    except StoreError as error:
        log.warning("operator_channel_missing", reason=str(error))
        return
    if channel.kind is ChannelKind.LINKEDIN:
        log.warning("operator_channel_is_public", channel=channel.slug)  # a page's followers are not the operator
        return
    markup = html.escape(concern.text) if channel.kind is ChannelKind.TELEGRAM else concern.text
    notice = Notice(
        key=f"operator.{concern.key}"[:128],
        notice=NoticeKind.OPERATOR,
        kind=channel.kind,
        body=markup,
        subject="trendbot needs you",
        text_body=concern.text,
    )
    notices.enqueue_notice(session, notice, channel_id=channel.id, now=now)
