"""Evaluate: read labelled entries by the very code that tags, and hold its words against the labels."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from trendbot.classify.encoder import Encoder
from trendbot.classify.matcher import Matcher
from trendbot.classify.model import Model
from trendbot.classify.training import Example, train
from trendbot.core.evaluation import Evaluation, Guess, Judged, evaluate
from trendbot.core.tagging import rule_confidence
from trendbot.core.themes import Annotation, ThemeSet
from trendbot.pipeline.lab import Sample

_SEED = 2026

Read = tuple[Sample, Annotation]


def evaluate_tags(
    rules: ThemeSet,
    samples: Sequence[Sample],
    *,
    train_on: Sequence[Sample] = (),
    folds: int = 0,
    encoder: Encoder | None = None,
) -> Evaluation:
    """Measure tagging on entries that people labelled; a theme of which a label says nothing is not counted.

    With `train_on` a learner is trained on it first; with `folds` every part of `samples` is judged by a learner that
    was trained on the other parts (and on `train_on`); with neither, by the rules alone.

    Raises:
        ConfigError: a learner is asked for and scikit-learn is not installed.

    """
    matcher = Matcher(rules)
    read = [(sample, read_sample(matcher, sample)) for sample in samples]
    base = [example(sample, read_sample(matcher, sample), rules.slugs) for sample in train_on]
    judged: list[Judged] = []
    for part, rest in _parts(read, folds):
        examples = base + [example(sample, found, rules.slugs) for sample, found in rest]
        model = train(examples, rules.slugs, rules=rules.hash, encoder=encoder) if examples else None
        judged += [_judge(rules, model, sample, found) for sample, found in part]
    return evaluate(judged, rules.slugs)


def _parts(read: Sequence[Read], folds: int) -> list[tuple[Sequence[Read], Sequence[Read]]]:
    """Give the parts to judge, each with the entries to learn from; one part and none where there are no folds."""
    if not folds:
        return [(read, ())]
    mixed = list(read)
    random.Random(_SEED).shuffle(mixed)
    return [
        (mixed[part::folds], [item for place, item in enumerate(mixed) if place % folds != part])
        for part in range(folds)
    ]


def read_sample(matcher: Matcher, sample: Sample) -> Annotation:
    """Read a labelled entry by the rules."""
    return matcher.annotate(sample.entry.title, sample.entry.body, feed=sample.feed, author=sample.author)


def example(sample: Sample, found: Annotation, slugs: Sequence[str]) -> Example:
    """Make an example for the learner of a labelled entry as the rules read it."""
    return Example(
        title=sample.entry.title,
        body=sample.entry.body,
        annotation=found,
        themes=frozenset(slug for slug, applies in sample.person.items() if applies),
        unknown=frozenset(slugs) - sample.person.keys(),
    )


def _judge(rules: ThemeSet, model: Model | None, sample: Sample, found: Annotation) -> Judged:
    meant = example(sample, found, rules.slugs)
    said = guesses(rules, model, meant.title, meant.body, found)
    return Judged(guesses=said, meant=meant.themes, disputed=meant.unknown)


def guesses(rules: ThemeSet, model: Model | None, title: str, body: str, found: Annotation) -> Mapping[str, Guess]:
    """Give what the machine says of each theme: the learner where it was trained for it, else the rules."""
    thresholds = {theme.slug: theme.threshold for theme in rules.themes}
    scores = {verdict.theme: verdict.score for verdict in found.verdicts}
    said = {
        slug: Guess(
            applies=scores.get(slug, 0.0) >= threshold and slug in scores,
            probability=rule_confidence(scores.get(slug, 0.0), threshold=threshold),
        )
        for slug, threshold in thresholds.items()
    }
    for prediction in model.predict(title, body, found) if model else ():
        said[prediction.theme] = Guess(applies=prediction.applies, probability=prediction.probability)
    return said
