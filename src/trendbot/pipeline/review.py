"""The editor's desk: what to ask a person next, what they answer, and how the tags get better by it.

    pool of unread entries ─▶ what the machine says ─▶ core/queueing.py ─▶ batch ─▶ answers ─▶ lesson ─▶ next batch

The review screen draws; everything it knows comes from here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from trendbot.classify.encoder import Encoder
from trendbot.classify.matcher import Matcher
from trendbot.classify.model import Model
from trendbot.core.learning_curve import Forecast, Point, forecast, windows
from trendbot.core.queueing import Candidate, Question, by_chance, pick
from trendbot.core.scoring import Tally, tally
from trendbot.pipeline.curve import LEAST, learning_curve
from trendbot.pipeline.learn import encoder_at, learn
from trendbot.pipeline.machine_view import Verdict, views
from trendbot.pipeline.tag import rules_in_force
from trendbot.store.curation import Act, get_act, undo_act
from trendbot.store.database import Database, Session
from trendbot.store.history import Past
from trendbot.store.labels import ENTRY, Reviewed, Said, labels, positives, read_states, reviews, say, story_mates
from trendbot.store.review import Pool, count_as_random, pool
from trendbot.store.themes import ThemeRow, list_themes

AIMS = (0.8, 0.85, 0.9)
WINDOW = 10
"""Random reviews summed into one point of the curve."""
BATCH = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One entry on the desk: what to show, why it is asked, and what is said of it so far."""

    past: Past
    question: Question
    mates: tuple[int, ...]
    machine: Mapping[str, Verdict]
    person: Mapping[str, bool]

    @property
    def id(self) -> int:
        """The entry's number."""
        return self.past.read.id

    @property
    def answer(self) -> dict[str, bool]:
        """What stands unless the person changes it: their own word, else the machine's."""
        said = {slug: verdict.applies for slug, verdict in self.machine.items()}
        return {**said, **self.person}


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the reviewing is: entries read, examples a theme, agreement on random ones, and the way to go."""

    read: int
    positives: Mapping[str, int]
    agreement: Tally
    by_theme: Mapping[str, Tally]
    random: int
    points: tuple[Point, ...]
    forecasts: tuple[Forecast, ...]


class Desk:
    """One person's sitting; keeps what they skipped and did, so that undo walks back through this sitting only."""

    def __init__(
        self,
        database: Database,
        *,
        by: str,
        clock: Callable[[], datetime],
        batch: int = BATCH,
        theme: str | None = None,
        search: str | None = None,
        since: datetime | None = None,
        encoder: Path | None = None,
    ) -> None:
        """Open the desk on a database; `theme`, `search` and `since` narrow what is asked.

        `encoder` is the folder of the learner's encoder, where there is one.
        """
        self._encoder_folder = encoder
        self._database, self._by, self._clock, self._size = database, by, clock, batch
        self._theme, self.search, self._since = theme, search, since
        self._skipped: set[int] = set()
        self._acts: list[tuple[int, Question]] = []
        self._drawn = 0
        self._model: Model | None = None
        self.done = 0

    def themes(self) -> list[ThemeRow]:
        """Give the themes in the order of their keys."""
        return self._database.read(list_themes)

    def next_batch(self, *, besides: Collection[int] = ()) -> list[Sheet]:
        """Draw the next batch, without the entries `besides`; empty where nothing is left to ask."""
        self._drawn += 1
        seed = int(self._clock().timestamp()) + self._drawn
        drawn, read_already = self._database.read(self._draw, seed, self._skipped.union(besides))
        if read_already:
            self._database.write(count_as_random, read_already)
        return drawn

    def _draw(self, session: Session, seed: int, left_out: set[int]) -> tuple[list[Sheet], Collection[int]]:
        narrowed = {"theme": self._theme, "search": self.search}
        found = pool(session, seed=seed, by_chance=by_chance(self._size), since=self._since, **narrowed)
        stories = {found.stories[number][0] for number in left_out if number in found.stories}
        candidates = [
            candidate
            for candidate in _candidates(session, found, self._model, skipped=left_out)
            if candidate.story_id not in stories
        ]
        if self.search:
            asked = [Question(entry_id=c.entry_id, drawn="asked") for c in candidates[: self._size]]
        else:
            asked = list(pick(candidates, positives(session), size=self._size, seed=seed))
        return sheets(session, asked, self._model), found.read_already

    def _sheet(self, question: Question) -> Sheet | None:
        found = self._database.read(sheets, [question], self._model)
        return found[0] if found else None

    def save(self, sheet: Sheet, answer: Mapping[str, bool], *, whole_story: bool = False) -> int:
        """Store a person's answer for an entry, or its whole story; give how many entries it was said of."""
        every = sheet.mates if whole_story else (sheet.id,)
        act = self._database.write(self._save, sheet, answer, every)
        if act is not None:
            self._acts.append((act, sheet.question))
        else:
            self._skipped.add(sheet.id)  # nothing new was said of it: it is read all the same
        self.done += 1
        return len(every)

    def _save(self, session: Session, sheet: Sheet, answer: Mapping[str, bool], every: Sequence[int]) -> int | None:
        mates = [number for number in every if number != sheet.id]
        machine = {number: verdicts for number, (_, verdicts) in views(session, mates, self._model).items()}
        sayings = [
            Said(
                entry_id=number,
                themes=answer,
                drawn=sheet.question.drawn if number == sheet.id else "story",
                machine=_told(sheet.machine if number == sheet.id else machine.get(number, {})),
            )
            for number in every
        ]
        note = "the whole story" if len(every) > 1 else ""
        return say(session, sayings, kind="tag.review", by=self._by, now=self._clock(), note=note)

    def skip(self, sheet: Sheet) -> None:
        """Leave an entry out for this sitting."""
        self._skipped.add(sheet.id)

    def undo(self) -> Sheet | None:
        """Take back this sitting's last answer; give its entry again, None where there is nothing to take back.

        Raises:
            ConflictError: somebody changed the entry since.

        """
        if not self._acts:
            return None
        number, question = self._acts[-1]
        self._database.write(self._undo, number)
        self._acts.pop()
        self.done -= 1
        return self._sheet(question)

    def _undo(self, session: Session, number: int) -> Act:
        act = get_act(session, number)
        undo_act(session, act, {"entry": ENTRY}, by=self._by, now=self._clock())
        return act

    def learn(self) -> str:
        """Let the machine learn from all that people said, for the next batch; give a line on what came of it."""
        lesson = learn(self._database, self._matcher, now=self._clock(), encoder=self._encoder)
        self._model = lesson.model
        return lesson.told

    @cached_property
    def _matcher(self) -> Matcher:
        """The rules in force when this sitting first needs them."""
        return Matcher(rules_in_force(self._database, None, now=self._clock()).themes)

    @cached_property
    def _encoder(self) -> Encoder | None:
        return encoder_at(self._encoder_folder)[0]

    def progress(self) -> Progress:
        """Say how far it is, by what the machine had said before each answer; quick."""
        return self._database.read(_progress)

    def measured(self) -> Progress:
        """Say how far it is, with the learner's curve over entries it did not learn from; takes seconds."""
        so_far = self.progress()
        enough = len(self._database.read(labels)) >= LEAST
        points = learning_curve(self._database, self._matcher, self._encoder) if enough else ()
        return replace(so_far, points=points, forecasts=_ahead(points)) if points else so_far


def _told(machine: Mapping[str, Verdict]) -> dict[str, tuple[bool, float | None]]:
    return {slug: (verdict.applies, round(verdict.probability, 4)) for slug, verdict in machine.items()}


def _candidates(session: Session, found: Pool, model: Model | None, *, skipped: set[int]) -> list[Candidate]:
    """Put what the machine says beside each entry of the pool."""
    said = views(session, [number for number in found.entries if number not in skipped], model)
    candidates = []
    for number, (_, verdicts) in said.items():
        story, mates = found.stories.get(number, (None, 1))
        candidates.append(
            Candidate(
                entry_id=number,
                story_id=story,
                mates=mates,
                likely={slug: verdict.probability for slug, verdict in verdicts.items()},
                by_chance=number in found.by_chance,
            )
        )
    return candidates


def sheets(session: Session, questions: Sequence[Question], model: Model | None = None) -> list[Sheet]:
    """Lay out the entries of a batch, in order; those that are gone are left out."""
    by_id = {question.entry_id: question for question in questions}
    said = views(session, list(by_id), model, explain=True)
    person = read_states(session, [str(number) for number in said])
    return [
        Sheet(
            past=past,
            question=by_id[number],
            mates=tuple(story_mates(session, number)),
            machine=verdicts,
            person={slug: tag["applies"] for slug, tag in person[str(number)]["tags"].items()},
        )
        for number, (past, verdicts) in said.items()
    ]


def _progress(session: Session) -> Progress:
    every = reviews(session)
    slugs = [theme.slug for theme in list_themes(session)]
    honest = [review for review in every if review.drawn == "random"]
    cases = [agreement(review, slugs) for review in honest]
    points = windows([sum(case.values(), Tally()) for case in cases], size=WINDOW)
    return Progress(
        read=len(every),
        positives=positives(session),
        agreement=sum((sum(case.values(), Tally()) for case in cases), Tally()),
        by_theme={slug: sum((case.get(slug, Tally()) for case in cases), Tally()) for slug in slugs},
        points=points,
        random=len(honest),
        forecasts=_ahead(points),
    )


def _ahead(points: Sequence[Point]) -> tuple[Forecast, ...]:
    return tuple(forecast(points, aim=aim) for aim in AIMS)


def agreement(review: Reviewed, slugs: Sequence[str]) -> dict[str, Tally]:
    """Compare what the machine had said of an entry with what the person says, theme by theme."""
    return {
        slug: tally(review.machine.get(slug, False), review.person[slug]) for slug in slugs if slug in review.person
    }
