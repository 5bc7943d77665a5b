"""Subscribing end to end in the store: standing, evidence, outbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from tests.builders import News, add_story

from trendbot import subscriptions
from trendbot.core.addresses import address_hash
from trendbot.core.consent import AskLimits, Preferences
from trendbot.core.vocabulary import (
    Cadence,
    ChannelKind,
    DeliveryStatus,
    NoticeKind,
    SubscriptionStatus,
    SuppressionReason,
)
from trendbot.errors import ConfigError, NotFoundError
from trendbot.store import consent, schema, subscribers
from trendbot.store.feedback import say_feedback
from trendbot.subscriptions import Act, Outcome, Requested

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from trendbot.store.database import Database

KEY = b"k" * 64
ANN = "ann@example.org"
MAIL, S = ChannelKind.EMAIL, SubscriptionStatus


@pytest.fixture
def channel(database: Database) -> int:
    return database.write(add_channel, MAIL)


def add_channel(session: Session, kind: ChannelKind) -> int:
    row = schema.Channel(
        slug=f"{kind}-list", kind=kind, transport="x", address="x", cadence=Cadence.WEEKLY, personal=True
    )
    session.add(row)
    session.flush()
    return row.id


def ask(database: Database, channel: int, now: datetime, address: str = ANN, **more: Any) -> Requested:
    network = more.pop("network", None)
    act = Act(method="web", now=now, wording="Send me the digest.", network=network)
    return database.write(
        subscriptions.request, kind=MAIL, address=address, channel_id=channel, act=act, key=KEY, **more
    )


def joined(database: Database, channel: int, now: datetime, address: str = ANN) -> int:
    asked = ask(database, channel, now, address)
    assert asked.subscriber is not None
    database.write(subscriptions.confirm, asked.subscriber.id, channel, act=Act(method="web", now=now))
    return asked.subscriber.id


def standing(database: Database, who: int, channel: int) -> subscribers.Subscription:
    found = database.read(subscribers.find_subscription, who, channel)
    assert found is not None
    return found


def events(database: Database, who: int) -> list[str]:
    return [each.event.value for each in database.read(consent.list_events, who)]


def wait(session: Session, who: int, channel: int, now: datetime) -> int:
    """Put a message for a subscriber into the outbox."""
    notice = schema.Notice(key=f"n{who}", notice=NoticeKind.ALERT, kind=MAIL, body="x", subject="Up", made_at=now)
    session.add(notice)
    session.flush()
    row = schema.Delivery(
        key=f"n{who}", notice_id=notice.id, channel_id=channel, subscriber_id=who, not_before=now, error="to ann@…"
    )
    session.add(row)
    session.flush()
    return row.id


def test_nothing_is_due_before_the_confirmation(database: Database, channel: int, now: datetime) -> None:
    asked = ask(database, channel, now, network="192.0.2.0/24")
    assert asked.outcome is Outcome.ASK
    assert asked.subscription is not None
    assert (asked.subscription.status, asked.subscription.next_at) == (S.UNCONFIRMED, None)
    who = asked.subscriber.id if asked.subscriber else 0
    done = database.write(subscriptions.confirm, who, channel, version=1, act=Act(method="web", now=now))
    assert done is not None
    assert (done.status, done.next_at) == (S.CONFIRMED, datetime.fromisoformat("2026-11-16T08:00+00:00"))
    first = database.read(consent.list_events, who)[0]
    assert (first.wording, first.network, first.method) == ("Send me the digest.", "192.0.2.0/24", "web")
    assert events(database, who) == ["requested", "confirmed"]


def test_a_second_confirmation_is_no_event(database: Database, channel: int, now: datetime) -> None:
    who = joined(database, channel, now)
    assert database.write(subscriptions.confirm, who, channel, act=Act(method="web", now=now)) is not None
    assert events(database, who) == ["requested", "confirmed"]


def test_an_old_link_confirms_nothing(database: Database, channel: int, now: datetime) -> None:
    who = joined(database, channel, now)
    act = Act(method="web", now=now)
    database.write(subscriptions.withdraw, who, channel, act=act)
    assert ask(database, channel, now).outcome is Outcome.ASK
    assert database.write(subscriptions.confirm, who, channel, version=1, act=act) is None
    assert database.write(subscriptions.confirm, who, channel, version=2, act=act) is not None


def test_a_stranger_changes_nothing_that_is_confirmed(database: Database, channel: int, now: datetime) -> None:
    who = joined(database, channel, now)
    again = ask(database, channel, now, preferences=Preferences(hour=3))
    assert again.outcome is Outcome.KNOWN
    assert standing(database, who, channel).preferences.hour == 8


def test_preferences_are_kept_and_the_hour_follows(database: Database, channel: int, now: datetime) -> None:
    who = joined(database, channel, now)
    wish = Preferences(themes=("tools",), cadence=Cadence.WEEKLY, weekday="fri", hour=7, timezone="Asia/Tokyo")
    act = Act(method="web", now=now)
    changed = database.write(subscriptions.prefer, who, channel, wish, act=act)
    assert changed is not None
    assert changed.next_at == datetime.fromisoformat("2026-11-20T07:00+09:00")
    assert standing(database, who, channel) == changed
    database.write(subscriptions.prefer, who, channel, wish, act=act)
    assert events(database, who) == ["requested", "confirmed", "changed"]
    assert database.write(subscriptions.prefer, 99, channel, wish, act=act) is None


def test_a_pause_ends_when_it_said(database: Database, channel: int, now: datetime) -> None:
    who = joined(database, channel, now)
    database.write(wait, who, channel, now)
    until = now + timedelta(days=7)
    database.write(subscriptions.pause, who, channel, act=Act(method="web", now=now), until=until)
    paused = standing(database, who, channel)
    assert (paused.status, paused.next_at) == (S.PAUSED, datetime.fromisoformat("2026-11-23T08:00+00:00"))
    assert waiting(database) == [(DeliveryStatus.SKIPPED, "paused")]
    assert database.write(subscriptions.end_pauses, now=until - timedelta(seconds=1)) == 0
    assert database.write(subscriptions.end_pauses, now=until) == 1
    assert standing(database, who, channel).status is S.CONFIRMED


def test_a_pause_without_end_has_no_next(database: Database, channel: int, now: datetime) -> None:
    who = joined(database, channel, now)
    act = Act(method="web", now=now)
    database.write(subscriptions.pause, who, channel, act=act)
    assert standing(database, who, channel).next_at is None
    database.write(subscriptions.resume, who, channel, act=act)
    assert standing(database, who, channel).next_at is not None


def waiting(database: Database) -> list[tuple[DeliveryStatus, str | None]]:
    def rows(session: Session) -> list[tuple[DeliveryStatus, str | None]]:
        return [(row.status, row.error) for row in session.scalars(select(schema.Delivery))]

    return database.read(rows)


def test_leaving_is_at_once_and_twice_alike(database: Database, channel: int, now: datetime) -> None:
    who = joined(database, channel, now)
    database.write(wait, who, channel, now)
    for _ in range(2):
        (left,) = database.write(subscriptions.withdraw, who, act=Act(method="one-click", now=now))
        assert (left.status, left.next_at, left.token_version) == (S.UNSUBSCRIBED, None, 2)
    assert events(database, who) == ["requested", "confirmed", "withdrawn"]
    assert waiting(database) == [(DeliveryStatus.SKIPPED, "unsubscribed")]


def test_a_suppressed_address_is_not_asked_again(database: Database, channel: int, now: datetime) -> None:
    who = joined(database, channel, now)
    act = Act(method="operator", now=now)
    done = {"kind": MAIL, "address": ANN, "reason": SuppressionReason.COMPLAINED, "act": act, "key": KEY}
    assert database.write(subscriptions.suppress, **done)
    assert not database.write(subscriptions.suppress, **done)
    assert standing(database, who, channel).status is S.UNSUBSCRIBED
    assert events(database, who)[-1] == "complained"
    assert ask(database, channel, now).outcome is Outcome.SUPPRESSED
    assert standing(database, who, channel).status is S.UNSUBSCRIBED


def test_who_blocked_and_comes_back_is_welcome(database: Database, channel: int, now: datetime) -> None:
    act = Act(method="bot", now=now)
    chat = {"kind": ChannelKind.TELEGRAM, "address": "77", "act": act, "key": KEY}
    database.write(subscriptions.suppress, reason=SuppressionReason.BLOCKED, **chat)
    back = database.write(subscriptions.subscribe, channel_id=channel, **chat)
    assert back.subscription is not None
    assert back.subscription.status is S.CONFIRMED
    assert database.read(consent.suppression, address_hash(KEY, ChannelKind.TELEGRAM, "77")) is None


def test_asking_too_often_leads_to_nothing(database: Database, channel: int, now: datetime) -> None:
    limits = AskLimits(address=2, network=3, domain=4)
    network = "192.0.2.0/24"
    asked = [ask(database, channel, now, limits=limits, network=network).outcome for _ in range(3)]
    assert asked == [Outcome.ASK, Outcome.ASK, Outcome.LIMITED]
    others = [
        ask(database, channel, now, f"x{number}@other.org", limits=limits, network=network).outcome
        for number in range(2)
    ]
    assert others == [Outcome.ASK, Outcome.LIMITED]
    far = [ask(database, channel, now, f"y{number}@example.org", limits=limits).outcome for number in range(3)]
    assert far == [Outcome.ASK, Outcome.ASK, Outcome.LIMITED]
    later = now + timedelta(days=1, seconds=1)
    assert ask(database, channel, later, limits=limits, network=network).outcome is Outcome.ASK


def everything(database: Database) -> str:
    """Return every value of every table."""
    with database.engine.connect() as connection:
        return "".join(str(connection.execute(select(table)).all()) for table in schema.Base.metadata.sorted_tables)


def test_erasing_leaves_nothing_that_leads_back(database: Database, channel: int, now: datetime) -> None:
    who = joined(database, channel, now)
    other = joined(database, channel, now, "ann@work.example")
    act = Act(method="bot", now=now)
    database.write(subscriptions.link, who, other, act=act)
    story = database.write(add_story, [News(title="A free tool")], now)
    database.write(say_feedback, subscriber_id=who, story_id=story, value=1, now=now)
    database.write(wait, who, channel, now)
    assert ANN in everything(database)
    for _ in range(2):
        database.write(subscriptions.erase, who, act=act)
    found = database.read(subscribers.get_subscriber, who)
    assert (found.address, found.erased_at) == (None, now)
    assert database.read(subscribers.of_person, found.person) == (found,)
    assert waiting(database) == [(DeliveryStatus.SKIPPED, None)]
    assert events(database, who)[-2:] == ["erased", "erased"]
    assert standing(database, who, channel).status is S.UNSUBSCRIBED
    assert ANN not in everything(database)
    export = str(database.read(subscriptions.export_person, who))
    assert "ann@" not in export
    assert database.read(subscribers.find_subscriber, kind=MAIL, address=ANN) is None
    fresh = joined(database, channel, now)
    assert fresh != who
    with pytest.raises(NotFoundError):
        database.write(subscriptions.erase, 999, act=act)


def test_two_addresses_of_one_person(database: Database, channel: int, now: datetime) -> None:
    who, other = joined(database, channel, now), joined(database, channel, now, "ann@work.example")
    act = Act(method="bot", now=now)
    assert database.write(subscriptions.link, who, other, act=act)
    assert not database.write(subscriptions.link, who, other, act=act)
    tree = database.read(subscriptions.export_person, other)
    assert [each["address"] for each in tree["addresses"]] == [ANN, "ann@work.example"]
    assert tree["addresses"][0]["consent"][0]["wording"] == "Send me the digest."
    assert tree["addresses"][0]["subscriptions"][0]["preferences"]["hour"] == 8


LIST = """address,consent_at,consent_text,themes,timezone
Ann@Example.org,2024-05-01,"Yes, send it",tools;market,Europe/Berlin
nobody,2024-05-01,Yes,,
ben@example.org,,Yes,,
cleo@example.org,2024-05-01,Yes,gardening,
dan@example.org,2030-01-01,Yes,,
eve@example.org,2024-05-01T10:00Z,Yes,,
fay@example.org,2024-05-01,Yes,,Mars
left@example.org,2024-05-01,Yes,,
never@example.org,2024-05-01,Yes,,
"""


def test_a_list_comes_with_its_proof(database: Database, channel: int, now: datetime) -> None:
    left = joined(database, channel, now, "left@example.org")
    act = Act(method="import", now=now)
    database.write(subscriptions.withdraw, left, act=act)
    database.write(
        subscriptions.suppress,
        kind=MAIL,
        address="never@example.org",
        reason=SuppressionReason.BOUNCED,
        act=act,
        key=KEY,
    )
    known = ("market", "tools", "trust")
    rows = subscriptions.read_rows(LIST.splitlines(True), kind=MAIL, themes=known, now=now, source="old.csv")
    done = {"kind": MAIL, "channel_id": channel, "act": act, "key": KEY}
    report = database.write(subscriptions.import_rows, rows, **done)
    assert {fate.value: count for fate, count in report.counts.items()} == {
        "imported": 2,
        "known": 0,
        "left": 1,
        "suppressed": 1,
        "refused": 5,
    }
    assert [line for line, _ in report.refused] == [3, 4, 5, 6, 8]
    ann = database.read(subscribers.find_subscriber, kind=MAIL, address=ANN)
    assert ann is not None
    (event,) = database.read(consent.list_events, ann.id)
    assert event.wording == "Yes, send it [given 2024-05-01T00:00:00+00:00, imported from old.csv]"
    wish = standing(database, ann.id, channel).preferences
    assert (wish.themes, wish.timezone, wish.cadence) == (("market", "tools"), "Europe/Berlin", Cadence.WEEKLY)
    again = database.write(subscriptions.import_rows, rows, **done)
    assert (again.counts["known"], again.counts["imported"]) == (2, 0)  # type: ignore[index]


def test_a_list_without_proof_is_refused(now: datetime) -> None:
    with pytest.raises(ConfigError, match="lacks the column consent_at"):
        subscriptions.read_rows(["address\n"], kind=MAIL, themes=(), now=now, source="old.csv")
