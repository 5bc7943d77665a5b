"""What the doctor looks at beyond the files: schedules, messages, channels, tokens, backups, the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from trendbot.cli.out import plain
from trendbot.errors import TrendbotError

if TYPE_CHECKING:
    from trendbot.core.slots import Timetable
    from trendbot.settings import Settings
    from trendbot.store.database import Database
    from trendbot.transports.email import EmailTransport

_AHEAD = timedelta(minutes=10)
_OLD_BACKUP = timedelta(days=3)
_YEAR = 366
_PATIENCE = 10.0
"""Seconds that a remote has to answer the doctor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at: `state` is ok, look (works, but see to it) or bad (does not work)."""

    state: Literal["ok", "look", "bad"]
    what: str
    found: str


def ok(what: str, found: object) -> Finding:
    """Return a finding that nothing is wrong."""
    return Finding(state="ok", what=what, found=plain(found))


def look(what: str, found: object) -> Finding:
    """Return a finding that works, but wants a look."""
    return Finding(state="look", what=what, found=plain(found))


def bad(what: str, found: object) -> Finding:
    """Return a finding that something does not work."""
    return Finding(state="bad", what=what, found=plain(found))


def settled(settings: Settings, database: Database, now: datetime) -> Iterator[Finding]:
    """Look at what the database says of the work: schedules, messages, channels, accounts, backups, the clock."""
    yield from _clock(database, now)
    yield from _schedule(settings, database, now)
    yield from _messages(database)
    yield from _channels(settings, database)
    yield from _backups(settings, now)
    yield from _past(settings, database, now)
    yield from _plugins(settings, now)


def remotes(settings: Settings) -> Iterator[Finding]:
    """Ask the remotes that are configured whether they know us; nothing is posted."""
    yield from _telegram(settings)
    yield from _mail(settings)


def _mail(settings: Settings) -> Iterator[Finding]:
    """Log in to the mail server, and say what mail lacks."""
    from trendbot.bootstrap import email_transport
    from trendbot.clock import system_clock

    try:
        transport = email_transport(settings, system_clock)
        if transport is None:
            return
        yield ok("mail", asyncio.run(asyncio.wait_for(_logged_in(transport), 2 * _PATIENCE)))
    except TimeoutError:
        yield look("mail", "no answer of the mail server: look at the network, or at email.host and email.port")
    except TrendbotError as error:
        yield bad("mail", error)
    site = settings.brand.site_url
    if site is None or site.scheme != "https":
        yield bad("mail", "nothing goes to subscribers without a way out: brand.site_url needs an https address")
    if not settings.brand.postal_address:
        yield look("mail", "brand.postal_address is empty: most countries want it in the foot of mail")
    if not settings.email.bounces:
        yield look("mail", "email.bounces is empty: who cannot be reached any more is found out at sending only")


async def _logged_in(transport: EmailTransport) -> str:
    try:
        return await transport.check("")
    finally:
        await transport.close()


def _telegram(settings: Settings) -> Iterator[Finding]:
    token = settings.telegram.token
    if token is None:
        return
    from trendbot.bot.running import Account, whoami

    base_url = str(settings.telegram.base_url) if settings.telegram.base_url else None
    try:
        account = Account(token=token.get_secret_value(), base_url=base_url)
        name = asyncio.run(asyncio.wait_for(whoami(account), _PATIENCE))
        yield ok("Telegram", f"the bot is @{name}")
    except TimeoutError:
        yield look("Telegram", "no answer: look at the network, or at telegram.base_url")
    except TrendbotError as error:
        yield bad("Telegram", error)


def _clock(database: Database, now: datetime) -> Iterator[Finding]:
    from trendbot.store.runs import newest_run

    newest = database.read(newest_run)
    if newest is not None and newest > now + _AHEAD:
        yield bad("clock", f"a run is recorded at {plain(newest)} UTC, later than now: set the clock right")
    else:
        yield ok("clock", f"{plain(now)} UTC")


def _schedule(settings: Settings, database: Database, now: datetime) -> Iterator[Finding]:
    from trendbot.cli.serve import plan_of
    from trendbot.core.hours import zone
    from trendbot.store.runs import last_run

    try:
        plan = plan_of(settings)
    except TrendbotError as error:
        yield bad("schedule", error)
        return
    for name, table in (*((str(each.cadence), each) for each in plan.digests), ("house", plan.night)):
        due = table.after(now).astimezone(zone(table.timezone))
        told = f"next at {due:%Y-%m-%d %H:%M} {table.timezone}"
        run = database.read(last_run, name)
        if run is not None and run.error:
            yield bad(name, f"{run.slot} failed: {run.error}; {told}")
        else:
            yield ok(name, told if run is None else f"last {run.slot}, {told}")
        if name == "daily" and _skips(table, now):
            yield look(name, "a clock change moves this hour over midnight UTC and costs a digest: choose another hour")


def _skips(table: Timetable, now: datetime) -> bool:
    """Say whether two of the year's digests would fall on one UTC day, by which they are numbered."""
    at, days = now, []
    for _ in range(_YEAR):
        at = table.after(at)
        days.append(at.astimezone(UTC).date())
    return len(set(days)) < len(days)


def _messages(database: Database) -> Iterator[Finding]:
    from trendbot.core.vocabulary import DeliveryStatus
    from trendbot.store.deliveries import count_deliveries

    counts = database.read(count_deliveries)
    stuck = {status: counts.get(status, 0) for status in (DeliveryStatus.UNCERTAIN, DeliveryStatus.FAILED)}
    told = ", ".join(f"{count} {status}" for status, count in stuck.items() if count)
    if told:
        yield look("messages", f"{told}: see `trendbot deliveries list --status {next(s for s in stuck if stuck[s])}`")
    else:
        yield ok("messages", f"{counts.get(DeliveryStatus.SENT, 0)} sent, {counts.get(DeliveryStatus.PENDING, 0)} wait")


def _channels(settings: Settings, database: Database) -> Iterator[Finding]:
    from trendbot.core.vocabulary import ChannelKind
    from trendbot.store.channels import channel_state, list_channels

    channels = database.read(list_channels)
    closed = 0
    for channel in channels:
        state = database.read(channel_state, channel.id)
        if state.disabled_at is not None:
            closed += 1
            why = f"closed ({state.disabled_reason}): mend it, then `trendbot channels set {channel.slug} --on`"
            yield bad(f"channel {channel.slug}", why)
    if not closed:
        yield ok("channels", f"{len(channels)}, all open")
    wanted = settings.operator_channel
    if not wanted:
        yield look("operator", "nobody is told when a stage fails: name a channel in operator_channel")
    elif wanted not in {channel.slug for channel in channels}:
        yield bad("operator", f"operator_channel names {wanted}, which is no channel: `trendbot channels list`")
    elif any(channel.slug == wanted and channel.kind is ChannelKind.LINKEDIN for channel in channels):
        yield bad("operator", f"operator_channel names {wanted}, which everybody reads: nothing is told there")


def _backups(settings: Settings, now: datetime) -> Iterator[Finding]:
    times = [file.stat().st_mtime for file in Path(settings.home, "backups").glob("*.d*")]
    if not times:
        yield look("backup", "none in `backups`: `trendbot backup`, or `trendbot serve` each night")
        return
    newest = datetime.fromtimestamp(max(times), UTC)
    yield (ok if now - newest < _OLD_BACKUP else look)("backup", f"{len(times)}, the newest of {plain(newest)} UTC")


def _plugins(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Name what installed packages add, and what of it cannot be used."""
    from trendbot.bootstrap import plugged
    from trendbot.plugins import TRANSPORTS

    for each in plugged(settings, lambda: now):
        what = f"{'transport' if each.plugin.group == TRANSPORTS else 'parser'} {each.plugin.name}"
        of = f"of {each.plugin.package}"
        if each.problem:
            yield bad(what, f"{of} is left out: {each.problem}; mend or remove the package")
        elif each.plugin.group == TRANSPORTS and each.transport is None:
            yield look(what, f"{of} is not set up: see its table [plugins.{each.plugin.name}] in the settings")
        else:
            yield ok(what, of)


def _past(settings: Settings, database: Database, now: datetime) -> Iterator[Finding]:
    """Say how old the oldest entry that may go is: much older than the settings say means that nothing prunes."""
    from trendbot.store.prune import oldest_that_may_go

    kept = settings.retention.entries
    oldest = database.read(oldest_that_may_go)
    if kept and oldest is not None and oldest < now - timedelta(days=kept) - _OLD_BACKUP:
        yield look("retention", f"entries go back to {oldest:%Y-%m-%d}, past {kept} days: `trendbot prune`, or serve")
    else:
        yield ok("retention", f"entries are kept {kept} days" if kept else "entries are kept for ever")
