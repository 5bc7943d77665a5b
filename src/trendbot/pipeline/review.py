"""The editor's desk: what to ask a person next, what they answer, and how the tags get better by it.

    pool of unread entries ─▶ what the machine says ─▶ core/queueing.py ─▶ batch ─▶ answers ─▶ lesson ─▶ next batch

The review screen draws; everything it knows comes from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trendbot.core.learning_curve import Forecast, Point, forecast, windows
from trendbot.core.queueing import Candidate, Question, likelihood, pick
from trendbot.core.scoring import Tally, tally
from trendbot.core.themes import Evidence
from trendbot.core.vocabulary import Annotator
from trendbot.store.curation import Act, get_act, undo_act
from trendbot.store.database import Database, Session
from trendbot.store.history import Past, pasts
from trendbot.store.labels import ENTRY, Reviewed, Said, positives, reviews, say, story_mates
from trendbot.store.review import Pool, pool
from trendbot.store.tags import TagRow, tags_of
from trendbot.store.themes import ThemeRow, list_themes

AIMS = (0.8, 0.85, 0.9)
WINDOW = 10
"""Random reviews summed into one point of the curve."""
PART = 800
"""Entries whose tags are read in one query."""
BATCH = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the machine says of one theme of an entry, how likely it holds it, and by which words."""

    applies: bool
    probability: float
    evidence: tuple[Evidence, ...] = ()
    said_by: tuple[TagRow, ...] = ()


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
    points: tuple[Point, ...]
    forecasts: tuple[Forecast, ...]


Lesson = Callable[[], str]
"""Lets the machine learn from what people said; gives a line on what came of it."""


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
    ) -> None:
        """Open the desk on a database; `theme`, `search` and `since` narrow what is asked."""
        self._database, self._by, self._clock, self._size = database, by, clock, batch
        self._theme, self.search, self._since = theme, search, since
        self._skipped: set[int] = set()
        self._acts: list[tuple[int, int]] = []
        self._drawn = 0
        self.done = 0

    def themes(self) -> list[ThemeRow]:
        """Give the themes in the order of their keys."""
        return self._database.read(list_themes)

    def next_batch(self) -> list[Sheet]:
        """Draw the next batch; empty where nothing is left to ask."""
        self._drawn += 1
        seed = int(self._clock().timestamp()) + self._drawn
        return self._database.read(self._draw, seed)

    def _draw(self, session: Session, seed: int) -> list[Sheet]:
        found = pool(session, seed=seed, theme=self._theme, search=self.search, since=self._since)
        candidates = _candidates(session, found, skipped=self._skipped)
        if self.search:
            asked = [Question(entry_id=c.entry_id, drawn="asked") for c in candidates[: self._size]]
        else:
            asked = list(pick(candidates, positives(session), size=self._size, seed=seed))
        return sheets(session, asked)

    def sheet(self, entry_id: int) -> Sheet | None:
        """Give one entry's sheet, None where it is gone."""
        found = self._database.read(sheets, [Question(entry_id=entry_id, drawn="asked")])
        return found[0] if found else None

    def save(self, sheet: Sheet, answer: Mapping[str, bool], *, whole_story: bool = False) -> int:
        """Store a person's answer for an entry, or its whole story; give how many entries it was said of."""
        every = sheet.mates if whole_story else (sheet.id,)
        act = self._database.write(self._save, sheet, answer, every)
        if act is not None:
            self._acts.append((act, sheet.id))
        else:
            self._skipped.add(sheet.id)  # nothing new was said of it: it is read all the same
        self.done += 1
        return len(every)

    def _save(self, session: Session, sheet: Sheet, answer: Mapping[str, bool], every: Sequence[int]) -> int | None:
        told = {slug: (v.applies, round(v.probability, 4)) for slug, v in sheet.machine.items()}
        sayings = [
            Said(
                entry_id=number,
                themes=answer,
                drawn=sheet.question.drawn if number == sheet.id else "story",
                machine=told if number == sheet.id else {},
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
        number, entry_id = self._acts[-1]
        self._database.write(self._undo, number)
        self._acts.pop()
        self.done -= 1
        return self.sheet(entry_id)

    def _undo(self, session: Session, number: int) -> Act:
        act = get_act(session, number)
        undo_act(session, act, {"entry": ENTRY}, by=self._by, now=self._clock())
        return act

    def progress(self) -> Progress:
        """Say how far it is."""
        return self._database.read(_progress)


def _candidates(session: Session, found: Pool, *, skipped: set[int]) -> list[Candidate]:
    """Put what the machine says beside each entry of the pool."""
    ids = [number for number in found.entries if number not in skipped]
    candidates = []
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        said = machine_says(tags_of(session, part))
        for number in part:
            story, mates = found.stories.get(number, (None, 1))
            candidates.append(
                Candidate(
                    entry_id=number,
                    story_id=story,
                    mates=mates,
                    likely={slug: verdict.probability for slug, verdict in said.get(number, {}).items()},
                    by_chance=number in found.by_chance,
                )
            )
    return candidates


def machine_says(rows: Sequence[TagRow]) -> dict[int, dict[str, Verdict]]:
    """Give what the machine says of entries, whatever people say: entry → theme → verdict."""
    grouped: dict[int, dict[str, list[TagRow]]] = {}
    for row in rows:
        if row.annotator is not Annotator.HUMAN:
            grouped.setdefault(row.entry_id, {}).setdefault(row.theme, []).append(row)
    return {
        number: {slug: _combined(of_theme) for slug, of_theme in themes.items()} for number, themes in grouped.items()
    }


def _combined(rows: Sequence[TagRow]) -> Verdict:
    """Let the model speak where there is one, else the rules; the evidence is everyone's."""
    best = next((row for row in rows if row.annotator is Annotator.MODEL), rows[0])
    probability = best.confidence if best.confidence is not None else likelihood(best.score or 0.0)
    evidence = tuple(item for row in rows for item in row.evidence)
    return Verdict(applies=best.applies, probability=probability, evidence=evidence, said_by=tuple(rows))


def sheets(session: Session, questions: Sequence[Question]) -> list[Sheet]:
    """Lay out the entries of a batch, in order; those that are gone are left out."""
    by_id = {question.entry_id: question for question in questions}
    rows = tags_of(session, list(by_id))
    said = machine_says(rows)
    person: dict[int, dict[str, bool]] = {}
    for row in rows:
        if row.annotator is Annotator.HUMAN:
            person.setdefault(row.entry_id, {})[row.theme] = row.applies
    return [
        Sheet(
            past=past,
            question=by_id[past.read.id],
            mates=tuple(story_mates(session, past.read.id)),
            machine=said.get(past.read.id, {}),
            person=person.get(past.read.id, {}),
        )
        for past in pasts(session, list(by_id))
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
        forecasts=tuple(forecast(points, aim=aim) for aim in AIMS),
    )


def agreement(review: Reviewed, slugs: Sequence[str]) -> dict[str, Tally]:
    """Compare what the machine had said of an entry with what the person says, theme by theme."""
    return {
        slug: tally(review.machine.get(slug, False), review.person[slug]) for slug in slugs if slug in review.person
    }
