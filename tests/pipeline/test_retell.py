from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests import builders
from tests.builders import News

from trendbot.core.digests import DigestContent, DigestPolicy
from trendbot.core.retelling import StoryText
from trendbot.core.variants import select_for
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose, draw
from trendbot.render.environment import Renderer
from trendbot.store import digests, schema

if TYPE_CHECKING:
    from trendbot.store.database import Database

BODY = (
    "Halcourt has raised 2.4 billion euros in a round that closed on Monday. The round was led by Calder Peak, "
    "which holds a tenth of the lab since then. Staff rose by 31% to 1,240 people over the year."
)
TOLD = "Halcourt raised 2.4 billion euros in a round that Calder Peak led."


class Model:
    """A summarizer that says of each story what it is told to."""

    model = "test-model"

    def __init__(self, says: Callable[[StoryText], str | None]) -> None:
        self.says = says
        self.asked: list[StoryText] = []

    def summarize(self, stories: Sequence[StoryText]) -> Mapping[int, str]:
        self.asked += stories
        return {each.story_id: text for each in stories if (text := self.says(each)) is not None}


def add(database: Database, now: datetime) -> None:
    database.write(
        builders.add_story,
        [News(title="Halcourt raises 2.4 billion euros from Calder Peak", body=BODY, themes=("market",))],
        now,
    )
    other = "An open tool traces answers to their training data, its makers at Clear Box said on Friday in a note."
    database.write(
        builders.add_story, [News(title="Clear Box opens its tracing tool", body=other, feed="Clear Box")], now
    )


def drawn(database: Database, now: datetime, model: Model | None) -> DigestContent:
    made = draw(database, cadence=Cadence.DAILY, now=now, policy=DigestPolicy(), summarizer=model)
    assert made is not None
    return made.content


def said(content: DigestContent) -> list[str]:
    return [sentence.text for _, item in content.items() for sentence in item.sentences]


def halcourt(text: str) -> Callable[[StoryText], str | None]:
    return lambda story: text if "Halcourt" in story.headline else None


def test_what_the_gate_lets_through_goes_out_and_is_marked(database: Database, now: datetime) -> None:
    add(database, now)
    model = Model(halcourt(TOLD))
    report = compose(
        database,
        Renderer(bundled("templates")),
        cadence=Cadence.DAILY,
        now=now,
        policy=DigestPolicy(),
        summarizer=model,
    )
    assert report.digest is not None
    content = report.digest.content
    assert TOLD in said(content)
    assert content.foot.card is not None
    assert (content.foot.card.machine, content.foot.card.blocked) == (1, 0)
    editions = database.read(digests.list_editions, report.digest.id)
    chat = next(each for each in editions if each.kind is ChannelKind.TELEGRAM).parts[0]
    assert f"{TOLD} – Model Wire, worded by machine" in chat
    narrowed = select_for(content, ["market"])
    assert narrowed is not None
    assert said(narrowed) == [TOLD]


def test_what_fails_the_gate_leaves_the_publishers_own_sentences_and_is_counted(
    database: Database, now: datetime
) -> None:
    add(database, now)
    plain = drawn(database, now, None)
    content = drawn(database, now, Model(halcourt("Calder Peak led a round of 3.1 billion euros for Halcourt.")))
    assert said(content) == said(plain)
    assert content.foot.card is not None
    assert content.foot.card.blocked == 1


def test_the_same_texts_are_not_asked_about_twice_and_changed_ones_are(database: Database, now: datetime) -> None:
    add(database, now)
    model = Model(lambda story: TOLD if "Halcourt" in story.headline else "Refused, for it says nothing of that.")
    first = drawn(database, now, model)
    assert len(model.asked) == 2
    assert drawn(database, now, model) == first
    assert len(model.asked) == 2

    def change(session) -> None:
        entry = session.query(schema.Entry).filter(schema.Entry.title.like("Halcourt%")).one()
        entry.summary = BODY.replace("31%", "32%")

    database.write(change)
    drawn(database, now, model)
    assert len(model.asked) == 3


def test_a_model_that_breaks_or_says_nothing_changes_nothing(database: Database, now: datetime) -> None:
    add(database, now)
    plain = drawn(database, now, None)

    def breaks(_: StoryText) -> str:
        raise RuntimeError("broken")

    assert drawn(database, now, Model(breaks)) == plain
    assert drawn(database, now, Model(lambda _: None)) == plain


def test_a_model_is_shown_a_storys_own_reports_and_nothing_else(database: Database, now: datetime) -> None:
    add(database, now)
    model = Model(lambda _: None)
    drawn(database, now + timedelta(minutes=1), model)
    shown = {each.headline: each.shown() for each in model.asked}
    assert len(shown) == 2
    for headline, reports in shown.items():
        assert len(reports) == 1
        assert reports[0][1].startswith(headline)
        assert "example" not in reports[0][1]
