"""The learning curve: how well the learner does on entries it has not seen, by the number it learnt from.

The labelled entries are shuffled once. For each of several folds the learner is trained on growing parts of the rest
and held against the fold; the tallies of a size are summed. Rules speak for themes that a part is too small to teach.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from trendbot.classify.encoder import Encoder
from trendbot.classify.matcher import Matcher
from trendbot.classify.model import Model
from trendbot.classify.training import Example, can_train, train
from trendbot.core.learning_curve import Point
from trendbot.core.scoring import Tally, tally
from trendbot.pipeline.learn import examples
from trendbot.store.database import Database

LEAST = 40
"""Labelled entries below which there is no curve: the folds would be too small to tell anything."""
SHARES = (0.125, 0.25, 0.5, 1.0)
FOLDS, MEASURED = 4, 2
"""Into how many parts the labels are cut, and how many of them are held out in turn: more would only take longer."""
_SEED = 7


def learning_curve(database: Database, matcher: Matcher, encoder: Encoder | None = None) -> tuple[Point, ...]:
    """Measure the curve on all that people said; empty where there is no learner or too little to measure."""
    if not can_train():
        return ()
    slugs, labelled = matcher.theme_set.slugs, database.read(examples, matcher)
    if len(labelled) < LEAST:
        return ()
    mixed = list(labelled)
    random.Random(_SEED).shuffle(mixed)
    sums: dict[int, Tally] = {}
    for fold in range(MEASURED):
        held_out = mixed[fold::FOLDS]
        rest = [example for place, example in enumerate(mixed) if place % FOLDS != fold]
        for share in SHARES:
            size = round(len(rest) * share)
            model = train(rest[:size], slugs, rules=matcher.theme_set.hash, encoder=encoder)
            # Folds may differ by one entry: the smaller number names the size of both.
            key = round(len(mixed) * (FOLDS - 1) / FOLDS * share)
            sums[key] = sums.get(key, Tally()) + _held_against(model, held_out, slugs)
    return tuple(Point(labels=size, tally=found) for size, found in sorted(sums.items()))


def _held_against(model: Model, held_out: Sequence[Example], slugs: Sequence[str]) -> Tally:
    total = Tally()
    for example in held_out:
        said = {slug: slug in example.annotation.themes for slug in slugs}
        said |= {found.theme: found.applies for found in model.predict(example.title, example.body, example.annotation)}
        known = (slug for slug in slugs if slug not in example.unknown)
        total += sum((tally(said[slug], slug in example.themes) for slug in known), Tally())
    return total
