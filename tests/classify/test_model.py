"""The learner: what it learns, says, remembers and explains."""

from __future__ import annotations

import io
import random
import subprocess
import sys

import numpy as np
import pytest

from trendbot.classify.matcher import Matcher
from trendbot.classify.model import HEAVIEST, Model, dump_model, load_model
from trendbot.classify.training import LEAST_POSITIVES, Example, train
from trendbot.core.scoring import Tally, tally
from trendbot.core.themes import Annotation, parse_themes
from trendbot.errors import ConfigError

RULES = parse_themes(
    """format = 1
[[theme]]
slug = "power"
title = "Power"
words = { "electricity" = 1 }
[[theme]]
slug = "law"
title = "Law"
words = { "court" = 1 }
[[theme]]
slug = "rare"
title = "Rare"
words = { "unicorn" = 1 }
"""
)
MATCHER = Matcher(RULES)
POWER = ["turbine", "grid", "reactor", "megawatt", "solar"]
LAW = ["judge", "appeal", "verdict", "statute", "clerk"]
OTHER = ["song", "recipe", "match", "holiday", "garden", "painting", "river"]


def example(rng: random.Random) -> Example:
    themes = frozenset(slug for slug, chance in (("power", 0.35), ("law", 0.3)) if rng.random() < chance)
    words = rng.choices(OTHER, k=4)
    words += rng.choices(POWER, k=2) if "power" in themes else []
    words += rng.choices(LAW, k=2) if "law" in themes else []
    rng.shuffle(words)
    title = " ".join(words)
    return Example(title=title, body="", annotation=MATCHER.annotate(title, ""), themes=themes)


def examples(count: int, seed: int = 1) -> list[Example]:
    rng = random.Random(seed)
    return [example(rng) for _ in range(count)]


@pytest.fixture(scope="module")
def model() -> Model:
    return train(examples(200), RULES.slugs, rules=RULES.hash)


def probability(model: Model, title: str, theme: str) -> float:
    said = {p.theme: p.probability for p in model.predict(title, "", MATCHER.annotate(title, ""))}
    return said[theme]


def test_it_learns_words_that_no_rule_names(model: Model) -> None:
    fresh = examples(100, seed=2)
    right = sum(
        (prediction.theme in case.themes) == prediction.applies
        for case in fresh
        for prediction in model.predict(case.title, case.body, case.annotation)
    )
    assert right >= 0.95 * 200
    assert probability(model, "a reactor on the grid", "power") > 0.7
    assert probability(model, "a garden", "power") < 0.2


def test_a_theme_with_few_examples_is_left_to_the_rules(model: Model) -> None:
    assert [learnt.theme for learnt in model.learnt] == ["power", "law"]
    few = [e for e in examples(200) if "law" not in e.themes] + [e for e in examples(200) if "law" in e.themes][
        : LEAST_POSITIVES - 1
    ]
    assert [learnt.theme for learnt in train(few, RULES.slugs, rules="").learnt] == ["power"]


def test_what_nobody_judged_is_not_learnt_from() -> None:
    cases = [
        Example(title=e.title, body="", annotation=e.annotation, themes=e.themes, unknown=frozenset({"law"}))
        for e in examples(100)
    ]
    assert [learnt.theme for learnt in train(cases, RULES.slugs, rules="").learnt] == ["power"]


def noisy(seed: int) -> list[Example]:
    """Examples of which the rules' one word is right in nine of ten, and no other word says anything."""
    rng = random.Random(seed)
    found = []
    for number in range(80):
        applies = number % 6 == 0
        said = applies is (rng.random() < 0.9)
        title = f"{rng.choice(OTHER)} {rng.choice(POWER)} {'electricity' if said else 'holiday'}"
        themes = frozenset({"power"} if applies else ())
        found.append(Example(title=title, body="", annotation=MATCHER.annotate(title, ""), themes=themes))
    return found


def test_a_theme_that_the_rules_know_better_is_left_to_them() -> None:
    left = 0
    for seed in range(8):
        cases = noisy(seed)
        learnt = train(cases, RULES.slugs, rules="").learnt
        by_rules = sum((tally("power" in c.annotation.themes, "power" in c.themes) for c in cases), Tally()).f1
        left += not learnt
        assert by_rules is not None
        assert all(one.unseen.f1 is not None and one.unseen.f1.value >= by_rules.value for one in learnt)
    assert 0 < left < 8


def test_nothing_learnt_says_nothing() -> None:
    model = train([], RULES.slugs, rules="")
    assert model.predict("a reactor", "", Annotation()) == []
    assert load_model(dump_model(model)).version == model.version


def test_the_same_labels_give_the_same_model(model: Model) -> None:
    again = train(examples(200), RULES.slugs, rules=RULES.hash)
    other = train(examples(201), RULES.slugs, rules=RULES.hash)
    assert again.version == model.version != other.version
    assert model.version.startswith("model-")


def test_it_is_written_and_read_back_alike(model: Model) -> None:
    copy = load_model(dump_model(model))
    assert copy.version == model.version
    assert copy.examples == 200
    for case in examples(20, seed=3):
        assert copy.predict(case.title, "", case.annotation) == model.predict(case.title, "", case.annotation)


def test_it_explains_itself_by_its_heaviest_words(model: Model) -> None:
    title = "the reactor and the judge"
    said = {p.theme: p for p in model.predict(title, "", MATCHER.annotate(title, ""), explain=HEAVIEST)}
    assert said["power"].heaviest[0].word == "reactor"
    assert said["law"].heaviest[0].word == "judge"
    assert said["law"].heaviest[0].weight > 0
    assert model.predict(title, "", MATCHER.annotate(title, ""))[0].heaviest == ()


def test_the_rules_verdict_is_part_of_the_explanation() -> None:
    cases = [
        Example(title=title, body="", annotation=MATCHER.annotate(title, ""), themes=frozenset(themes))
        for title, themes in [("electricity here", ["power"]), ("a song", [])] * 20
    ]
    model = train(cases, RULES.slugs, rules="")
    (said,) = model.predict("electricity", "", MATCHER.annotate("electricity", ""), explain=HEAVIEST)
    assert "rules of power" in {weighed.word for weighed in said.heaviest}


def npz(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{name: np.asarray(array) for name, array in arrays.items()})
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 not a zip",
        npz(facts=np.frombuffer(b'{"format": 99}', dtype=np.uint8), idf=[], weights=[], bias=[]),
        npz(facts=np.frombuffer(b"nonsense", dtype=np.uint8), idf=[], weights=[], bias=[]),
        npz(
            facts=np.frombuffer(
                b'{"format": 3, "slugs": ["a"], "rules": "", "examples": 1, "learnt": [], "words": ["w"]}', np.uint8
            ),
            idf=[1.0],
            weights=[[1.0]],
            bias=[0.0],
        ),
    ],
)
def test_damaged_weights_are_refused(data: bytes) -> None:
    with pytest.raises(ConfigError, match="train it again"):
        load_model(data)


def test_serving_needs_no_scikit_learn() -> None:
    check = "import sys, trendbot.classify.model, trendbot.classify.training; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
