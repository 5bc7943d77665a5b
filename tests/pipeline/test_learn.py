"""Learning from people's words: when, what is kept, who wins, and what happens when it cannot be used."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, update
from tests.builders import News, add_entry
from tests.small_bert import write_bert

from trendbot.classify.encoder import open_encoder
from trendbot.classify.matcher import Matcher
from trendbot.classify.model import encoder_of, load_model
from trendbot.classify.training import LEAST_POSITIVES
from trendbot.core.vocabulary import Annotator
from trendbot.errors import ConfigError
from trendbot.pipeline.learn import learn, stored_learner
from trendbot.pipeline.rules import retag
from trendbot.pipeline.tag import ThemesFile, rules_in_force, tag_entries
from trendbot.store.labels import Said, say
from trendbot.store.models import KEPT, active_model, list_models, model_weights
from trendbot.store.schema import Entry, Model
from trendbot.store.tags import TagRow, effective_tags, tags_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from trendbot.store.database import Database

FILE = ThemesFile(
    text="""
format = 1
[[theme]]
slug = "power"
title = "Power"
words = { "current" = 1 }
[[theme]]
slug = "law"
title = "Law"
words = { "court" = 1 }
"""
)
POWER = ["reactor", "grid", "turbine", "megawatt", "solar"]
OTHER = ["song", "recipe", "garden", "holiday", "painting"]


def titled(database: Database, now: datetime, *titles: str) -> list[int]:
    return [database.write(add_entry, News(title=title, themes=()), now) for title in titles]


def said(database: Database, now: datetime, words: Mapping[int, bool], theme: str = "power") -> None:
    sayings = [Said(entry_id=number, themes={theme: applies}) for number, applies in words.items()]
    database.write(say, sayings, kind="tag.set", by="editor", now=now)


def taught(database: Database, now: datetime, *, pairs: int = 20) -> datetime:
    """Put rules in force and label entries: power by its words, and the rules' one word a trap."""
    tag_entries(database, now=now, themes=FILE)
    words = [(f"{POWER[n % 5]} {POWER[(n + 2) % 5]} news {n}", True) for n in range(pairs)]
    words += [(f"current {OTHER[n % 5]} {OTHER[(n + 1) % 5]} news {n}", False) for n in range(pairs)]
    ids = titled(database, now, *(title for title, _ in words))
    said(database, now, {number: applies for number, (_, applies) in zip(ids, words, strict=True)})
    return now + timedelta(hours=1)


def matcher(database: Database, now: datetime) -> Matcher:
    return Matcher(rules_in_force(database, None, now=now).themes)


def by_learner(database: Database, entry: int) -> TagRow:
    (row,) = (row for row in database.read(tags_of, [entry]) if row.annotator is Annotator.MODEL)
    return row


def themes(database: Database, entry: int) -> dict[str, Annotator]:
    return {tag.theme: tag.annotator for tag in database.read(effective_tags, [entry]).get(entry, ())}


def test_an_encoder_is_used_while_it_is_there_and_done_without_when_it_is_gone(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    later = taught(database, now)
    (missed,) = titled(database, later, "solar turbine")
    folder = write_bert(tmp_path / "small")
    first = tag_entries(database, now=later, themes=FILE, encoder=folder)
    assert encoder_of(first.learner) == open_encoder(folder).name
    assert first.learner_problem is None
    assert by_learner(database, missed).applies

    assert tag_entries(database, now=later, themes=FILE, encoder=folder).learner == first.learner
    gone = tag_entries(database, now=later, themes=FILE, encoder=tmp_path / "gone")
    assert gone.learner != first.learner
    assert encoder_of(gone.learner) == ""
    assert "goes without it" in (gone.learner_problem or "")
    assert tag_entries(database, now=later, themes=FILE).learner_problem is None
    with pytest.raises(ConfigError, match="not at hand"):
        load_model(database.read(model_weights, first.learner) or b"")


def test_the_learner_speaks_once_there_is_enough_to_learn_from(database: Database, now: datetime) -> None:
    later = taught(database, now)
    missed, trap = titled(database, later, "solar turbine", "current recipe for a garden song")
    report = tag_entries(database, now=later)
    assert report.learner.startswith("model-")
    assert report.by_theme == {"power": 21, "law": 0}
    assert themes(database, missed) == {"power": Annotator.MODEL}
    assert themes(database, trap) == {}
    row = by_learner(database, missed)
    assert (row.made_by, row.score) == (report.learner, None)
    assert row.confidence is not None
    assert row.confidence > 0.5
    assert "solar" in row.reason


def test_the_learners_no_stands_beside_the_rules_yes_with_its_words(database: Database, now: datetime) -> None:
    later = taught(database, now)
    (trap,) = titled(database, later, "current song")
    tag_entries(database, now=later)
    rows = {row.annotator: row for row in database.read(tags_of, [trap])}
    assert rows[Annotator.RULE].applies
    assert not rows[Annotator.MODEL].applies
    assert "song" in rows[Annotator.MODEL].reason


def test_a_persons_no_outlives_both(database: Database, now: datetime) -> None:
    later = taught(database, now)
    (one,) = titled(database, later, "a current in the reactor and the grid")
    said(database, later, {one: False})
    tag_entries(database, now=later)
    learn(database, matcher(database, later), now=later)
    tag_entries(database, now=later, themes=ThemesFile(text=FILE.text.replace('"current"', '"currents"')))
    assert themes(database, one) == {}
    assert Annotator.HUMAN in {row.annotator for row in database.read(tags_of, [one])}


def test_a_theme_below_ten_examples_stays_with_the_rules(database: Database, now: datetime) -> None:
    later = taught(database, now, pairs=LEAST_POSITIVES - 1)
    assert tag_entries(database, now=later).learner == ""
    assert database.read(active_model) is None
    lesson = learn(database, matcher(database, later), now=later)
    assert lesson.model is None
    assert lesson.told == "rules alone until a theme has 10 examples; power has 9"


def test_only_what_was_learnt_is_overruled(database: Database, now: datetime) -> None:
    later = taught(database, now)
    (court,) = titled(database, later, "the court and a current garden song")
    tag_entries(database, now=later)
    assert themes(database, court) == {"law": Annotator.RULE}


def test_it_learns_again_only_when_people_said_enough(database: Database, now: datetime) -> None:
    later = taught(database, now)
    first = tag_entries(database, now=later).learner
    few = titled(database, later, *(f"holiday {n}" for n in range(9)))
    said(database, later + timedelta(hours=1), dict.fromkeys(few, False))
    assert tag_entries(database, now=later + timedelta(hours=2)).learner == first
    (more,) = titled(database, later, "holiday and garden")
    said(database, later + timedelta(hours=3), {more: False})
    report = tag_entries(database, now=later + timedelta(hours=4))
    assert report.learner != first
    assert report.relearnt == 49
    assert tag_entries(database, now=later + timedelta(hours=5)).relearnt == 0


def test_other_rules_make_another_learner(database: Database, now: datetime) -> None:
    later = taught(database, now)
    first = tag_entries(database, now=later)
    changed = ThemesFile(text=FILE.text.replace('"court" = 1', '"judge" = 1'))
    second = tag_entries(database, now=later + timedelta(hours=1), themes=changed)
    assert second.learner != first.learner
    assert (second.entries, second.relearnt) == (40, 0)


def test_a_run_may_stop_anywhere_and_the_next_goes_on(database: Database, now: datetime) -> None:
    later = taught(database, now)
    assert tag_entries(database, now=later, limit=15, batch=10).entries == 15
    assert tag_entries(database, now=later, limit=30, batch=10).entries == 25
    database.write(lambda session: session.execute(delete(Model)))
    ids = titled(database, later, *(f"solar grid {n}" for n in range(12)))
    said(database, later, dict.fromkeys(ids, True))
    again = [tag_entries(database, now=later, limit=20, batch=10) for _ in range(4)]
    assert [(report.entries, report.relearnt) for report in again] == [(12, 8), (0, 20), (0, 12), (0, 0)]


def test_reading_the_past_again_takes_the_learner_along(database: Database, now: datetime) -> None:
    tag_entries(database, now=now, themes=FILE)
    ids = titled(database, now, *(f"{word} {n}" for n in range(15) for word in ("grid", "song")))
    tag_entries(database, now=now)
    said(database, now, {number: place % 2 == 0 for place, number in enumerate(ids)})
    told: list[int] = []
    report = retag(database, now=now + timedelta(hours=1), portion=12, progress=told.append)
    assert (report.entries, report.relearnt) == (0, 30)
    assert told == [12, 24, 30]


def test_a_learner_is_kept_with_its_figures_and_reads_alike(database: Database, now: datetime) -> None:
    later = taught(database, now)
    model = learn(database, matcher(database, later), now=later).model
    stored = database.read(active_model)
    assert stored is not None
    assert model is not None
    assert (stored.version, stored.trained_at, stored.labels) == (model.version, later, 40)
    assert stored.metrics["power"]["positives"] == 20
    assert stored.metrics["power"]["f1"] > 0.8
    copy = stored_learner(database)
    assert copy is not None
    assert copy.version == model.version


def test_where_labels_are_withdrawn_the_rules_have_the_word_again(database: Database, now: datetime) -> None:
    later = taught(database, now)
    (trap,) = titled(database, later, "current song")
    tag_entries(database, now=later)
    assert themes(database, trap) == {}
    everything = database.read(lambda session: list(session.scalars(select(Entry.id))))
    sayings = [Said(entry_id=number, themes={"power": None}) for number in everything]
    database.write(say, sayings, kind="tag.unset", by="editor", now=later + timedelta(hours=1))
    assert tag_entries(database, now=later + timedelta(hours=2)).learner == ""
    assert themes(database, trap) == {"power": Annotator.RULE}


def test_old_learners_are_forgotten(database: Database, now: datetime) -> None:
    later = taught(database, now)
    for day in range(KEPT + 3):
        (entry,) = titled(database, later, f"garden {day}")
        said(database, later, {entry: False})
        learn(database, matcher(database, later), now=later + timedelta(days=day))
    models = database.read(list_models)
    assert [model.active for model in models] == [True] + [False] * (KEPT - 1)


def test_damaged_weights_are_trained_anew(database: Database, now: datetime) -> None:
    later = taught(database, now)
    first = tag_entries(database, now=later).learner
    database.write(lambda session: session.execute(update(Model).values(weights=b"not weights")))
    report = tag_entries(database, now=later)
    assert (report.learner, report.learner_problem) == (first, None)


@pytest.mark.parametrize("labels", [0, 3])
def test_nothing_is_learnt_from_nothing(database: Database, now: datetime, labels: int) -> None:
    later = taught(database, now, pairs=labels) if labels else now
    report = tag_entries(database, now=later, themes=FILE)
    assert (report.learner, report.learner_problem) == ("", None)
