"""Sources that withdraw or change what a digest told: found once, told once, carried into sent messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests import builders
from tests.builders import News

from trendbot.clock import frozen_clock
from trendbot.core.delivering import LostAnswer
from trendbot.core.digests import DigestPolicy
from trendbot.core.errata import Cause, corrected
from trendbot.core.limits import check_telegram
from trendbot.core.variants import select_for
from trendbot.core.vocabulary import Cadence, ChannelKind, DeliveryStatus
from trendbot.errors import ChannelError, ConflictError, NotFoundError, TransportError
from trendbot.paths import bundled
from trendbot.pipeline.amending import amend
from trendbot.pipeline.compose import compose, draw
from trendbot.pipeline.errata import find_errata
from trendbot.render.environment import Renderer
from trendbot.store import digests, schema
from trendbot.store import errata as store
from trendbot.transports.base import Budget, Message, Receipt

if TYPE_CHECKING:
    from trendbot.store.database import Database, Session
    from trendbot.store.digests import Digest

DAY = timedelta(days=1)
RENDERER = Renderer(bundled("templates"))
TITLE = "Alder raises $5 billion from Birch"
BODY = "Alder has raised $5 billion from Birch, both companies said on Tuesday in a statement."


def publish(database: Database, now: datetime, cadence: Cadence = Cadence.DAILY) -> Digest:
    digest = compose(database, RENDERER, cadence=cadence, now=now, policy=DigestPolicy()).digest
    assert digest is not None
    return digest


@pytest.fixture
def told(database: Database, now: datetime) -> int:
    """Return the entry of a story that yesterday's digest told."""
    before = now - DAY
    news = News(title=TITLE, body=BODY, themes=("market",))
    story = database.write(builders.add_story, [news], before)
    publish(database, before)
    return database.read(lambda s: s.query(schema.StoryEntry).filter_by(story_id=story).one().entry_id)


def change(database: Database, entry: int, at: datetime, *, title: str = TITLE, body: str = BODY) -> None:
    """Edit an entry as ingest does: what it said goes into a revision."""

    def write(session: Session) -> None:
        row = session.get_one(schema.Entry, entry)
        session.add(
            schema.EntryRevision(
                entry_id=entry,
                revision=row.revision,
                title=row.title,
                summary=row.summary,
                content_hash=row.content_hash,
                replaced_at=at,
            )
        )
        row.title, row.summary, row.revision, row.edited_at = title, body, row.revision + 1, at
        row.content_hash = f"{title}{row.revision}"[:64]

    database.write(write)


def withdraw(database: Database, entry: int, at: datetime | None) -> None:
    database.write(lambda s: setattr(s.get_one(schema.Entry, entry), "withdrawn_at", at))


def waiting(database: Database) -> list[store.ErratumRow]:
    return list(database.read(store.list_errata, waiting=True))


def test_a_withdrawn_entry_is_corrected_once_in_every_channel(database: Database, now: datetime, told: int) -> None:
    withdraw(database, told, now)
    assert [find_errata(database, now=now) for _ in range(3)] == [1, 0, 0]
    digest = publish(database, now)
    (correction,) = digest.content.corrections
    assert correction.text == f"On 14 November 2026 we told “{TITLE}”. Model Wire has withdrawn it since."
    assert correction.url == ""
    editions = database.read(digests.list_editions, digest.id)
    assert {edition.kind for edition in editions} == {ChannelKind.LINKEDIN, ChannelKind.TELEGRAM}
    for edition in editions:
        assert "Model Wire has withdrawn it since." in "".join(edition.parts)
    (row,) = database.read(store.list_errata)
    assert (row.told_in, row.made_by) == (digest.id, store.SOURCE)
    find_errata(database, now=now)
    assert publish(database, now + DAY).content.corrections == ()


def test_a_changed_number_is_told_with_what_stands_now(database: Database, now: datetime, told: int) -> None:
    change(database, told, now, title="Alder raises $3 billion from Birch", body=BODY.replace("5", "3"))
    assert find_errata(database, now=now) == 1
    (correction,) = publish(database, now).content.corrections
    assert "now says: “Alder raises $3 billion from Birch”" in correction.text
    assert correction.url.startswith("https://modelwire.example/")


@pytest.mark.parametrize(
    ("title", "body"),
    [(TITLE, BODY + " More follows."), ("Birch puts $5bn into Alder", BODY), (TITLE.upper(), BODY), (TITLE, "")],
    ids=["more", "worded anew", "case", "cut"],
)
def test_what_is_only_worded_anew_is_no_erratum(
    database: Database, now: datetime, told: int, title: str, body: str
) -> None:
    change(database, told, now, title=title, body=body)
    assert find_errata(database, now=now) == 0


def test_what_was_not_told_is_not_corrected(database: Database, now: datetime, told: int) -> None:
    other = database.write(builders.add_entry, News(title="Cedar raises $9 billion"), now)
    change(database, other, now, title="Cedar raises $1 billion")
    withdraw(database, other, now)
    assert find_errata(database, now=now) == 0


def test_an_erratum_that_waits_follows_its_source(database: Database, now: datetime, told: int) -> None:
    change(database, told, now, title="Alder raises $3 billion from Birch", body="")
    assert find_errata(database, now=now) == 1
    change(database, told, now, title="Alder raises $4 billion from Birch", body="")
    assert find_errata(database, now=now) == 0
    assert [row.now_says for row in waiting(database)] == ["Alder raises $4 billion from Birch"]
    change(database, told, now)
    find_errata(database, now=now)
    assert waiting(database) == []


def test_an_entry_that_comes_back_is_not_called_withdrawn(database: Database, now: datetime, told: int) -> None:
    withdraw(database, told, now)
    find_errata(database, now=now)
    withdraw(database, told, None)
    find_errata(database, now=now)
    assert waiting(database) == []
    withdraw(database, told, now)
    find_errata(database, now=now)
    assert [row.cause for row in waiting(database)] == [Cause.WITHDRAWN]


def test_a_second_change_after_the_first_was_told_is_told_again(database: Database, now: datetime, told: int) -> None:
    change(database, told, now, title="Alder raises $3 billion from Birch", body="")
    find_errata(database, now=now)
    publish(database, now)
    change(database, told, now + DAY, title="Alder raises $2 billion from Birch", body="")
    assert find_errata(database, now=now + DAY) == 1
    (correction,) = publish(database, now + DAY).content.corrections
    assert "$2 billion" in correction.text


def test_a_dismissed_erratum_is_not_told_and_a_told_one_cannot_be_dismissed(
    database: Database, now: datetime, told: int
) -> None:
    withdraw(database, told, now)
    find_errata(database, now=now)
    (row,) = waiting(database)
    dismissed = database.write(store.dismiss_erratum, row.id, by="ada", now=now)
    assert dismissed.dismissed_by == "ada"
    find_errata(database, now=now)
    assert publish(database, now).content.corrections == ()
    added = database.write(store.add_erratum, 1, row.story_id, "It was Cedar.", by="ada", now=now)
    digest = publish(database, now + DAY)
    assert [each.text for each in digest.content.corrections] == [
        f"On 14 November 2026 we told “{TITLE}”. It was Cedar."
    ]
    with pytest.raises(ConflictError, match=f"told in digest {digest.id}"):
        database.write(store.dismiss_erratum, added.id, by="ada", now=now)
    with pytest.raises(NotFoundError, match="did not tell story 77"):
        database.write(store.add_erratum, 1, 77, "No.", by="ada", now=now)
    with pytest.raises(NotFoundError, match="errata list"):
        database.write(store.dismiss_erratum, 99, by="ada", now=now)


def test_a_weekly_digest_corrects_what_a_weekly_told(database: Database, now: datetime) -> None:
    before = now - 7 * DAY
    story = database.write(builders.add_story, [News(title=TITLE, body=BODY)], before)
    publish(database, before, Cadence.WEEKLY)
    entry = database.read(lambda s: s.query(schema.StoryEntry).filter_by(story_id=story).one().entry_id)
    withdraw(database, entry, now)
    find_errata(database, now=now)
    database.write(builders.add_story, [News(title="Something else has happened today", feed="Other")], now)
    assert publish(database, now).content.corrections == ()
    weekly = publish(database, now, Cadence.WEEKLY)
    (mail,) = database.read(digests.list_editions, weekly.id)
    assert "Corrections" in mail.parts[0]
    assert "Model Wire has withdrawn it since." in mail.text_body


def test_readers_of_other_themes_are_spared_it(database: Database, now: datetime, told: int) -> None:
    database.write(builders.add_story, [News(title="A tool for all tools has come", themes=("tools",))], now)
    database.write(builders.add_story, [News(title="A market for markets", feed="Other", themes=("market",))], now)
    withdraw(database, told, now)
    find_errata(database, now=now)
    content = draw(database, cadence=Cadence.DAILY, now=now, policy=DigestPolicy()).content
    assert [len(select_for(content, [theme]).corrections) for theme in ("market", "tools")] == [1, 0]


def test_sent_messages_that_told_it_are_to_be_edited_once(database: Database, now: datetime, told: int) -> None:
    def send(session: Session) -> None:
        for row in session.query(schema.Delivery):
            row.status, row.sent_at, row.external_id = DeliveryStatus.SENT, now, f"m{row.id}"

    database.write(send)
    assert database.read(store.pending_edits, ChannelKind.TELEGRAM, since=now) == ()
    withdraw(database, told, now)
    find_errata(database, now=now)
    (edit,) = database.read(store.pending_edits, ChannelKind.TELEGRAM, since=now)
    assert edit.external_id == f"m{edit.delivery_id}"
    whole = corrected(edit.body, edit.notes)
    assert check_telegram((whole,)) == ()
    assert TITLE in whole
    assert "Model Wire has withdrawn it since." in whole
    for _ in range(2):
        database.write(store.settle_edit, erratum_ids=edit.erratum_ids, delivery_id=edit.delivery_id, now=now)
    assert database.read(store.pending_edits, ChannelKind.TELEGRAM, since=now) == ()
    assert len(database.read(store.pending_edits, ChannelKind.LINKEDIN, since=now)) == 1


class Editing:
    """A transport that can edit, or fails with what it is given."""

    name, policy, harmless = "telegram", LostAnswer.HOLD, False

    def __init__(self, error: TransportError | None = None) -> None:
        self.error, self.texts = error, {}

    def budgets(self, message: Message) -> tuple[Budget, ...]:
        return (Budget(key="test", rate=1000.0),)

    async def send(self, message: Message) -> Receipt:
        raise AssertionError("nothing is to be sent")

    async def edit(self, message: Message, external_id: str) -> Receipt:
        if self.error is not None:
            raise self.error
        self.texts[external_id] = message.body
        return Receipt(external_id=external_id)

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def sent(database: Database, now: datetime, told: int) -> Database:
    """Return a database in which yesterday's Telegram message went through a transport that can edit."""

    def send(session: Session) -> None:
        for row in session.query(schema.Delivery):
            row.status, row.sent_at, row.external_id = DeliveryStatus.SENT, now, f"m{row.id}"
        for channel in session.query(schema.Channel):
            channel.transport = "telegram" if channel.kind is ChannelKind.TELEGRAM else channel.transport

    database.write(send)
    return database


async def test_sent_messages_are_edited_with_all_their_corrections(sent: Database, now: datetime, told: int) -> None:
    transport, clock = Editing(), frozen_clock(now)
    assert await amend(sent, transports={"telegram": transport}, clock=clock) == 0
    change(sent, told, now, title="Alder raises $3 billion from Birch", body="")
    find_errata(sent, now=now)
    assert await amend(sent, transports={"other": transport}, clock=clock) == 0
    assert await amend(sent, transports={"telegram": transport}, clock=clock) == 1
    publish(sent, now)
    withdraw(sent, told, now)
    find_errata(sent, now=now)
    assert [await amend(sent, transports={"telegram": transport}, clock=clock) for _ in range(2)] == [1, 0]
    (text,) = transport.texts.values()
    assert text.count("<b>Correction.</b>") == 2
    assert check_telegram((text,)) == ()


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (TransportError("the message is too old", permanent=True), 0),
        (TransportError("no answer", permanent=False), 1),
        (ChannelError("the token is not known", whole=True), 1),
    ],
    ids=["permanent", "passing", "channel"],
)
async def test_what_cannot_be_edited_is_noted_and_what_failed_is_tried_again(
    sent: Database, now: datetime, told: int, error: TransportError, again: int
) -> None:
    withdraw(sent, told, now)
    find_errata(sent, now=now)
    clock = frozen_clock(now)
    assert await amend(sent, transports={"telegram": Editing(error)}, clock=clock) == 0
    assert await amend(sent, transports={"telegram": Editing()}, clock=clock) == again


def test_hostile_changes_reach_no_channel_as_markup(database: Database, now: datetime, told: int) -> None:
    title = "Alder raises $3 billion from <script>\u202eBirch</script> (x) {y}"
    change(database, told, now, title=title, body="")
    assert find_errata(database, now=now) == 1
    for edition in database.read(digests.list_editions, publish(database, now).id):
        assert "<script>" not in "".join(edition.parts) or edition.kind is ChannelKind.LINKEDIN
