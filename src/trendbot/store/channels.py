"""The outlets that are configured, and what a machine learnt of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from trendbot.core.delivering import Lateness, LostAnswer
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ConflictError, NotFoundError
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import ChannelState as StateRow
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.schema import Subscription as SubscriptionRow

REASON = 2000
"""Characters of a reason that are kept."""
FILES = "files"
"""The transport that writes editions to a folder: what every cadence has until a channel is configured."""
_FILE_CHANNELS = (
    ("linkedin-files", ChannelKind.LINKEDIN, Cadence.DAILY),
    ("telegram-files", ChannelKind.TELEGRAM, Cadence.DAILY),
    ("email-files", ChannelKind.EMAIL, Cadence.WEEKLY),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewChannel:
    """An outlet as a person describes it.

    A `personal` one has subscribers, each with an address of its own; `address` is then only a name. `topics` are
    theme → number of a forum's topic. `lost_answer` None: as the transport has it.
    """

    slug: str
    kind: ChannelKind
    transport: str
    address: str
    cadence: Cadence
    personal: bool = False
    enabled: bool = True
    lost_answer: LostAnswer | None = None
    late: Lateness = Lateness.SKIP
    topics: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel(NewChannel):
    """A configured outlet."""

    id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelState:
    """What a machine learnt: since when and why the remote refuses a channel, until when it asked to be left alone."""

    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    paused_until: datetime | None = None

    def open(self, now: datetime) -> bool:
        """Say whether messages may go."""
        return self.disabled_at is None and (self.paused_until is None or self.paused_until <= now)


def ensure_file_channels(session: Session) -> None:
    """Make sure that every cadence has an outlet: the daily posts and the weekly mail as files."""
    known = set(session.scalars(select(ChannelRow.slug)))
    session.add_all(
        ChannelRow(slug=slug, kind=kind, transport=FILES, address=FILES, cadence=cadence, enabled=True)
        for slug, kind, cadence in _FILE_CHANNELS
        if slug not in known
    )
    session.flush()


def list_channels(session: Session, *, cadence: Cadence | None = None, disabled: bool = False) -> tuple[Channel, ...]:
    """Return the enabled channels, with `disabled` all of them. A personal channel serves every cadence."""
    query = select(ChannelRow).order_by(ChannelRow.id)
    if not disabled:
        query = query.where(ChannelRow.enabled)
    if cadence is not None:
        query = query.where(or_(ChannelRow.cadence == cadence, ChannelRow.personal))
    return tuple(channel_of(row) for row in session.scalars(query))


def find_channel(session: Session, name: str) -> Channel:
    """Return the channel of a name (slug) or number.

    Raises:
        NotFoundError: there is none.

    """
    return channel_of(_row(session, name))


def add_channel(session: Session, channel: NewChannel) -> Channel:
    """Configure a new outlet.

    Raises:
        ConflictError: its name is taken, or another channel leads to the same address.

    """
    if session.scalar(select(ChannelRow.id).where(ChannelRow.slug == channel.slug)):
        raise ConflictError(f"there is a channel {channel.slug} already: take another name, or `trendbot channels set`")
    twin = session.scalar(
        select(ChannelRow.slug).where(
            ChannelRow.kind == channel.kind,
            ChannelRow.transport == channel.transport,
            ChannelRow.address == channel.address,
        )
    )
    if twin:
        raise ConflictError(f"channel {twin} leads there already: change it with `trendbot channels set {twin}`")
    row = ChannelRow(slug=channel.slug)
    _write(row, channel)
    session.add(row)
    session.flush()
    return channel_of(row)


def change_channel(session: Session, name: str, channel: NewChannel) -> Channel:
    """Configure an outlet anew; what a machine learnt of it is forgotten, so that it is tried again.

    Raises:
        NotFoundError: there is no channel of this name.

    """
    row = _row(session, name)
    _write(row, channel)
    state = session.get(StateRow, row.id)
    if state is not None:
        session.delete(state)
    session.flush()
    return channel_of(row)


def remove_channel(session: Session, name: str) -> None:
    """Remove an outlet that has never been used.

    Raises:
        ConflictError: there are deliveries or subscriptions of it, which are kept.
        NotFoundError: there is no channel of this name.

    """
    row = _row(session, name)
    used = session.scalar(select(func.count(DeliveryRow.id)).where(DeliveryRow.channel_id == row.id)) or 0
    kept = session.scalar(select(func.count()).where(SubscriptionRow.channel_id == row.id)) or 0
    if used or kept:
        raise ConflictError(
            f"channel {row.slug} has {used} deliveries and {kept} subscriptions, which are kept: "
            f"switch it off with `trendbot channels set {row.slug} --off`"
        )
    session.delete(row)
    session.flush()


def move_channel(session: Session, channel_id: int, address: str) -> None:
    """Follow an outlet to its new address, as where a group became another."""
    session.get_one(ChannelRow, channel_id).address = address
    session.flush()


def channel_state(session: Session, channel_id: int) -> ChannelState:
    """Return what a machine learnt of a channel."""
    row = session.get(StateRow, channel_id)
    if row is None:
        return ChannelState()
    return ChannelState(disabled_at=row.disabled_at, disabled_reason=row.disabled_reason, paused_until=row.paused_until)


def close_channel(
    session: Session, channel_id: int, *, reason: str, now: datetime, until: datetime | None = None
) -> None:
    """Send nothing to a channel: until an instant, or until a person has mended it."""
    row = session.get(StateRow, channel_id) or StateRow(channel_id=channel_id)
    row.disabled_reason = reason[:REASON]
    if until is None:
        row.disabled_at = now
    else:
        row.paused_until = until
    session.add(row)
    session.flush()


def _row(session: Session, name: str) -> ChannelRow:
    row = session.scalar(select(ChannelRow).where(ChannelRow.slug == name))
    if row is None and name.isdecimal():
        row = session.get(ChannelRow, int(name))
    if row is None:
        raise NotFoundError(f"no channel {name}: see `trendbot channels list`")
    return row


def _write(row: ChannelRow, channel: NewChannel) -> None:
    row.slug, row.kind, row.transport, row.address = channel.slug, channel.kind, channel.transport, channel.address
    row.cadence, row.enabled, row.personal = channel.cadence, channel.enabled, channel.personal
    row.lost_answer, row.late, row.topics = channel.lost_answer, channel.late, dict(channel.topics)


def channel_of(row: ChannelRow) -> Channel:
    """Return a row as a value."""
    return Channel(
        id=row.id,
        slug=row.slug,
        kind=row.kind,
        transport=row.transport,
        address=row.address,
        cadence=row.cadence,
        personal=row.personal,
        enabled=row.enabled,
        lost_answer=row.lost_answer,
        late=row.late,
        topics={theme: int(topic) for theme, topic in row.topics.items()},
    )
