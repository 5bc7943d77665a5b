"""Evaluating tags: rules alone, with a learner, and against what readers said of real entries."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from trendbot.core.rule_lab import Specimen
from trendbot.core.themes import ThemeSet, parse_themes
from trendbot.paths import bundled
from trendbot.pipeline.evaluate import evaluate_tags
from trendbot.pipeline.lab import Sample, labelled_samples

if TYPE_CHECKING:
    from pathlib import Path

RULES = parse_themes('format = 1\n[[theme]]\nslug = "power"\ntitle = "P"\nwords = { "electricity" = 1, "toy" = 1 }\n')


def samples(count: int, seed: int = 1) -> list[Sample]:
    rng = random.Random(seed)
    made = []
    for number in range(count):
        power = rng.random() < 0.4
        words = rng.choices(["song", "garden", "river", "toy"], k=3) + (["reactor"] if power else [])
        entry = Specimen(id=number, day="2026-01-01", feed="f", title=" ".join(words), body="")
        made.append(Sample(entry=entry, feed="f", person={"power": power} if number % 10 else {}))
    return made


def test_a_learner_does_better_than_bad_rules_and_is_judged_on_what_it_has_not_seen() -> None:
    alone = evaluate_tags(RULES, samples(100))
    folded = evaluate_tags(RULES, samples(100), folds=5)
    trained = evaluate_tags(RULES, samples(100), train_on=samples(100, seed=2))
    assert alone.micro_f1 < 0.7
    assert folded.micro_f1 > 0.95
    assert trained.micro_f1 > 0.95
    assert alone.micro.judged == folded.micro.judged == 90
    assert folded.ece < 0.15


def test_folding_is_repeatable() -> None:
    assert evaluate_tags(RULES, samples(60), folds=3) == evaluate_tags(RULES, samples(60), folds=3)


@pytest.fixture(scope="module")
def shipped() -> ThemeSet:
    return parse_themes((bundled("seeds") / "themes.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def labelled(shared_data: Path, shipped: ThemeSet) -> list[Sample]:
    path = shared_data / "labels_themes" / "items.jsonl"
    return labelled_samples(path.read_text(encoding="utf-8").splitlines(), shipped.slugs, name="labels")


def test_the_shipped_rules_agree_with_two_readers(shipped: ThemeSet, labelled: list[Sample]) -> None:
    found = evaluate_tags(shipped, labelled)
    assert found.micro_f1 >= 0.80
    assert found.macro_f1 >= 0.79
    assert found.ece <= 0.03


def test_the_learner_agrees_better_and_knows_how_sure_it_is(shipped: ThemeSet, labelled: list[Sample]) -> None:
    found = evaluate_tags(shipped, labelled, folds=5)
    assert found.micro_f1 >= 0.80
    assert found.macro_f1 >= 0.79
    assert found.ece <= 0.03
