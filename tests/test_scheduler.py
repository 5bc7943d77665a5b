"""Bells and slots: each digest once, at its local hour, through clock changes, restarts, and days without feeds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests import builders
from tests.dsns import dsn
from tests.homes import Homes

from trendbot import ticks
from trendbot.bootstrap import Access, App, open_app
from trendbot.bootstrap.bounces import bounce_desk
from trendbot.clock import frozen_clock
from trendbot.core.policies import Approval, ApprovalPolicy
from trendbot.core.slots import Timetable, latest_slot
from trendbot.core.verp import make_verp
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ConfigError
from trendbot.jobs import digested
from trendbot.pipeline.poll import PollReport
from trendbot.scheduler import Part, run_parts
from trendbot.settings import load_settings
from trendbot.store.bounces import list_bounces
from trendbot.store.channels import NewChannel, add_channel
from trendbot.store.checkup import count_entries
from trendbot.store.database import Database
from trendbot.store.deliveries import list_deliveries
from trendbot.store.digests import list_digests
from trendbot.store.runs import claim_slot, finish_run, is_settled, last_run, start_run

HOUR = timedelta(hours=1)


def table(hour: int, zone: str, *, cadence: Cadence = Cadence.DAILY, late: int = 12) -> Timetable:
    return Timetable(cadence=cadence, hour=hour, timezone=zone, late=late * HOUR, weekday="sun")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hour", [1, 2, 8, 23])
def test_every_local_day_of_a_year_has_one_slot(zone: str, hour: int) -> None:
    moment, end = datetime(2026, 1, 2, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC)
    seen: dict[str, datetime] = {}
    while moment < end:
        due = latest_slot(table(hour, zone), moment)
        assert due.at <= moment
        assert seen.setdefault(due.name, due.at) == due.at
        moment += timedelta(minutes=150)
    days = sorted(name[:10] for name in seen)
    assert len(days) == len(set(days)) in {365, 366}


def test_the_hour_that_autumn_repeats_is_one_slot_and_the_one_that_spring_skips_comes_after_the_gap() -> None:
    berlin = table(2, "Europe/Berlin")
    twice = {latest_slot(berlin, datetime(2026, 10, 25, hour, 30, tzinfo=UTC)).name for hour in (0, 1)}
    assert twice == {"2026-10-25T02"}
    assert latest_slot(berlin, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)).at == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_slot_is_taken_once_and_again_where_it_failed_or_was_killed(database: Database, now: datetime) -> None:
    def claim(minutes: int = 0, stale: int = -60) -> int | None:
        at, before = now + timedelta(minutes=minutes), now + timedelta(minutes=stale)
        return database.write(claim_slot, job="daily", slot="s", now=at, stale_before=before)

    run = claim()
    assert run is not None
    assert claim() is None
    assert claim(5, stale=1) == run  # the process that had it is gone
    database.write(finish_run, run, now=now, counts={}, error="disk full")
    assert not database.read(is_settled, job="daily", slot="s")
    assert claim(6) == run
    database.write(finish_run, run, now=now, counts={"digests": 1})
    assert claim(90, stale=80) is None
    assert database.read(is_settled, job="daily", slot="s")


# -- the digests' bell -------------------------------------------------------------------------------------------------


@pytest.fixture
def app(
    tmp_path: Path, _only_on_sqlite: None, homes_to_copy: Homes, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[App]:
    home = tmp_path / "home"
    home.mkdir()
    with homes_to_copy.database_of(home, monkeypatch) as url:
        with Database(url) as database:
            builders.add_day(database, now)
            chat = NewChannel(
                slug="desk", kind=ChannelKind.TELEGRAM, transport="telegram", address="-1001", cadence=Cadence.DAILY
            )
            database.write(add_channel, chat)
            database.write(start_run, job="line", slot="first", now=now - 60 * HOUR)
        settings = load_settings(options={"home": home})
        with open_app(settings, frozen_clock(now), access=Access.WRITE) as opened:
            yield opened


def at(app: App, moment: datetime) -> App:
    return replace(app, clock=frozen_clock(moment))


async def ring(app: App, moment: datetime, timetable: Timetable) -> bool:
    watch = ticks.Watch(alone=True, operator="desk")
    return await ticks.digest_due(at(app, moment), watch, timetable) is not None


def heard(app: App, moment: datetime) -> None:
    builders.hear_all_feeds(app.database, moment)


def told(app: App) -> list[str]:
    rows = app.database.read(list_deliveries, limit=100, latest=True)
    return [row.body for row in rows if row.digest_id is None]


async def test_two_bells_make_one_digest(app: App, now: datetime) -> None:
    heard(app, now)
    daily = table(18, "UTC")
    assert [await ring(app, now, daily), await ring(app, now + HOUR, daily)] == [True, False]
    assert len(app.database.read(list_digests)) == 1


async def test_a_slot_whose_failure_could_not_be_written_down_is_taken_again(app: App, now: datetime) -> None:
    heard(app, now + HOUR)
    app.database.write(claim_slot, job="daily", slot="2026-11-15T18", now=now, stale_before=now)
    assert await ring(app, now + HOUR, table(18, "UTC"))


async def test_a_draft_nobody_objects_to_becomes_a_digest_at_its_hour_and_is_told_to_be_sent(
    app: App, now: datetime
) -> None:
    heard(app, now)
    quietly = ApprovalPolicy(approval=Approval.UNLESS_OBJECTED, hour=21)
    app, daily = replace(app, approvals=dict.fromkeys(ChannelKind, quietly)), table(18, "UTC")
    assert await ring(app, now, daily)
    assert app.database.read(list_digests) == ()
    assert not await ring(app, now + HOUR, daily)
    assert await ring(app, now + 3 * HOUR, daily)
    assert not await ring(app, now + 4 * HOUR, daily)
    assert len(app.database.read(list_digests)) == 1


async def test_a_missed_slot_is_made_up_for_inside_its_window_as_of_its_day(app: App, now: datetime) -> None:
    heard(app, now + 8 * HOUR)
    assert await ring(app, now + 8 * HOUR, table(18, "UTC"))
    assert [digest.slot for digest in app.database.read(list_digests)] == ["2026-11-15"]


async def test_a_slot_whose_window_went_by_is_told_once(app: App, now: datetime) -> None:
    heard(app, now + 13 * HOUR)
    for late in (13, 14):
        assert not await ring(app, now + late * HOUR, table(18, "UTC"))
    assert app.database.read(list_digests) == ()
    assert told(app) == ["no daily digest for 2026-11-15 18:00: its window went by"]


async def test_the_two_days_whose_slots_lie_on_one_day_of_utc_have_a_digest_each(app: App) -> None:
    berlin = replace(app, digests={each: replace(app.digests[each], timezone="Europe/Berlin") for each in Cadence})
    for slot in (datetime(2027, 3, 28, 0, tzinfo=UTC), datetime(2027, 3, 28, 23, tzinfo=UTC)):  # spring comes between
        builders.add_day(app.database, slot, prefix=f"{slot:%H} ")
        heard(app, slot)
        assert await ring(berlin, slot, table(1, "Europe/Berlin"))
    assert [digest.slot for digest in app.database.read(list_digests)] == ["2027-03-29", "2027-03-28"]


async def test_after_days_off_each_slot_that_went_by_is_told_and_the_last_one_made(app: App, now: datetime) -> None:
    heard(app, now)
    assert await ring(app, now, table(18, "UTC"))
    back = now + timedelta(days=3)
    heard(app, back)
    for _ in range(2):
        await ring(app, back, table(18, "UTC"))
    assert [digest.slot for digest in app.database.read(list_digests)] == ["2026-11-18", "2026-11-15"]
    assert told(app) == [f"no daily digest for 2026-11-{day} 18:00: its window went by" for day in (17, 16)]


def test_a_themes_file_that_goes_away_is_told_and_the_themes_in_force_stay(app: App, tmp_path: Path) -> None:
    def silent(_stage: str, _done: int, _total: int) -> None: ...

    gone = replace(app, themes=tmp_path / "gone.toml")
    with pytest.raises(ConfigError, match=r"gone\.toml cannot be read"):
        digested(gone, PollReport(), silent)  # there were none before
    first, then = (digested(each, PollReport(), silent).tag for each in (app, gone))
    assert first.problem is None
    assert "gone.toml cannot be read" in (then.problem or "")
    assert then.made_by == first.made_by


async def test_a_day_on_which_no_feed_answered_is_not_called_quiet_and_the_operator_is_told_once(
    app: App, now: datetime
) -> None:
    heard(app, now - 25 * HOUR)
    daily = table(18, "UTC")
    assert not await ring(app, now, daily)
    assert not await ring(app, now + HOUR, daily)
    assert len(told(app)) == 1
    assert "no feed has answered" in told(app)[0]
    heard(app, now + 2 * HOUR)
    assert await ring(app, now + 2 * HOUR, daily)


async def test_the_night_keeps_the_newest_backups(app: App, now: datetime) -> None:
    night, watch = table(3, "UTC", late=23), ticks.Watch(alone=True)
    for day in range(4):
        for _ in range(2):
            await ticks.keep_house(at(app, now + day * 24 * HOUR), watch, night, backups=2)
    files = sorted(file.stem for file in (app.home / "backups").iterdir())
    assert files == ["night-20261117T180000Z", "night-20261118T180000Z"]


async def test_the_night_prunes_and_its_run_says_how_much(app: App, now: datetime) -> None:
    entries = app.database.read(count_entries)
    later = now + timedelta(days=401)
    await ticks.keep_house(at(app, later), ticks.Watch(alone=True), table(3, "UTC", late=23), backups=0)
    assert app.database.read(count_entries) == 0
    run = app.database.read(last_run, "house")
    assert run is not None
    assert run.counts["pruned_entries"] == entries


# -- the parts of the process ------------------------------------------------------------------------------------------


async def test_bounces_are_read_and_a_mailbox_that_cannot_be_is_told_once(
    app: App, now: datetime, tmp_path: Path
) -> None:
    watch, spool = ticks.Watch(alone=True, operator="desk"), tmp_path / "spool"
    await ticks.bounces_due(app, watch)
    assert not told(app)
    options = {"home": app.home, "email": {"bounces_from": str(spool)}}
    reading = replace(app, bounces=bounce_desk(load_settings(options=options, environment={}), app.renderer))
    for _ in range(2):
        await ticks.bounces_due(reading, watch)
    assert [text.startswith("bounces are not read: there is no folder") for text in told(app)] == [True]
    spool.mkdir()
    (spool / "1").write_bytes(dsn(make_verp(app.key(), "bounces@mail.example", 7)))
    await ticks.bounces_due(reading, watch)
    assert [each.delivery_id for each in app.database.read(list_bounces)] == [7]


async def test_who_asks_to_leave_by_mail_without_proof_is_told_once_a_day(
    app: App, now: datetime, tmp_path: Path
) -> None:
    watch, spool = ticks.Watch(alone=True, operator="desk"), tmp_path / "spool"
    spool.mkdir()
    options = {"home": app.home, "email": {"bounces_from": str(spool)}}
    reading = replace(app, bounces=bounce_desk(load_settings(options=options, environment={}), app.renderer))
    for number in range(2):
        (spool / str(number)).write_bytes(b"To: bounces@mail.example\r\nSubject: Unsubscribe\r\n\r\nplease\r\n")
        await ticks.bounces_due(reading, watch)
    assert [text.startswith("asked to leave by mail, without a proof of who it is: 1;") for text in told(app)] == [True]


async def test_a_part_that_dies_ends_the_others_and_is_named() -> None:
    ended: list[str] = []

    async def steady(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.append("steady")

    async def dying(_: asyncio.Event) -> None:
        raise RuntimeError("out of luck")

    died = await run_parts({"steady": steady, "dying": dying}, stop=asyncio.Event())
    assert died == "dying ended: out of luck"
    assert ended == ["steady"]


async def test_parts_end_in_their_order() -> None:
    ended: list[str] = []
    stop = asyncio.Event()

    def part(name: str) -> Part:
        async def run(told: asyncio.Event) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await told.wait()
            ended.append(name)

        return run

    asyncio.get_running_loop().call_soon(stop.set)
    assert await run_parts({name: part(name) for name in ("bells", "bot", "pages")}, stop=stop) is None
    assert ended == ["bells", "bot", "pages"]
