"""The learner: for each theme a calibrated linear model over words and the rules' verdicts.

It serves from plain arrays by numpy; only training needs scikit-learn (`trendbot.classify.training`). A theme with
fewer than ten positive examples is left to the rules. The version names the weights, so that a tag tells which model
made it.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from trendbot.classify.features import RULE_FEATURES, rule_vector, tokens, word_vector
from trendbot.core.tagging import SHOWN_FROM
from trendbot.core.themes import Annotation
from trendbot.errors import ConfigError

Floats = NDArray[np.float32]
_FORMAT = 1
HEAVIEST = 8
"""Words that explain a probability."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A word, or a theme's rules, and what it added to the learner's score (log-odds before calibration)."""

    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The learner's word on one theme: its probability, and the words that weighed most, for and against."""

    theme: str
    probability: float
    heaviest: tuple[Weighed, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether the tag is shown."""
        return self.probability >= SHOWN_FROM


@dataclass(frozen=True, kw_only=True, slots=True)
class Learnt:
    """What was learnt of one theme: how many examples said yes, and the calibration (slope, offset) of its scores."""

    theme: str
    positives: int
    slope: float
    offset: float


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained learner, ready to read.

    `slugs` are the themes whose verdicts it sees, in order; `learnt` those it speaks of, one row of `weights` (themes ×
    features) and one of `bias` each; features are the words, then the rules'. `rules` is the hash of the rule set whose
    verdicts it was trained on.
    """

    slugs: tuple[str, ...]
    rules: str
    examples: int
    learnt: tuple[Learnt, ...]
    words: Mapping[str, float]
    weights: Floats
    bias: Floats
    places: Mapping[str, tuple[int, float]] = field(init=False, repr=False)
    by_feature: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the words, and lay the weights of a feature side by side: reading gathers a few hundred of them."""
        places = {word: (place, weight) for place, (word, weight) in enumerate(self.words.items())}
        object.__setattr__(self, "places", places)
        object.__setattr__(self, "by_feature", np.ascontiguousarray(self.weights.T))

    @property
    def version(self) -> str:
        """The name of these weights: ``model-`` and twelve signs."""
        digest = hashlib.sha256(json.dumps(_facts(self), sort_keys=True).encode())
        digest.update(self.weights.tobytes())
        digest.update(self.bias.tobytes())
        return f"model-{digest.hexdigest()[:12]}"

    def predict(self, title: str, body: str, annotation: Annotation, *, explain: bool = False) -> list[Prediction]:
        """Give a probability for each theme that was learnt; with `explain` also the words that weighed most."""
        if not self.learnt:
            return []
        columns, values = self._features(title, body, annotation)
        gathered = self.by_feature[columns]
        scores = (values @ gathered + self.bias).tolist()
        return [
            Prediction(
                learnt.theme,
                _sigmoid(learnt.slope * score + learnt.offset),
                self._heaviest(columns, gathered[:, row] * values) if explain else (),
            )
            for row, (learnt, score) in enumerate(zip(self.learnt, scores, strict=True))
        ]

    def _features(self, title: str, body: str, annotation: Annotation) -> tuple[NDArray[np.int64], Floats]:
        columns, values = word_vector(tokens(title, body), self.places)
        verdicts = rule_vector(annotation, self.slugs)
        first = len(self.words)
        return (
            np.array([*columns, *range(first, first + len(verdicts))], dtype=np.int64),
            np.array([*values, *verdicts], dtype=np.float32),
        )

    def _heaviest(self, columns: NDArray[np.int64], row: Floats) -> tuple[Weighed, ...]:
        names = list(self.words)
        by_name: dict[str, float] = {}
        for column, part in zip(columns.tolist(), row.tolist(), strict=True):
            place = column - len(names)
            name = names[column] if place < 0 else f"rules of {self.slugs[place // RULE_FEATURES]}"
            by_name[name] = by_name.get(name, 0.0) + part
        ranked = sorted(by_name.items(), key=lambda item: (-abs(item[1]), item[0]))
        return tuple(Weighed(name, round(weight, 4)) for name, weight in ranked[:HEAVIEST] if weight)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -30.0), 30.0)))


def _facts(model: Model) -> dict[str, object]:
    learnt = [[item.theme, item.positives, item.slope, item.offset] for item in model.learnt]
    return {
        "format": _FORMAT,
        "slugs": model.slugs,
        "rules": model.rules,
        "examples": model.examples,
        "learnt": learnt,
        "words": list(model.words),
    }


def dump_model(model: Model) -> bytes:
    """Write a model as bytes: plain arrays, nothing that could run when it is read."""
    buffer = io.BytesIO()
    facts = np.frombuffer(json.dumps(_facts(model)).encode(), dtype=np.uint8)
    idf = np.array(list(model.words.values()), dtype=np.float64)
    np.savez_compressed(buffer, facts=facts, idf=idf, weights=model.weights, bias=model.bias)
    return buffer.getvalue()


def load_model(data: bytes) -> Model:
    """Read what `dump_model` wrote.

    Raises:
        ConfigError: the bytes are damaged, or of another version.

    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            facts = json.loads(arrays["facts"].tobytes())
            return _model(facts, arrays["idf"].tolist(), arrays["weights"], arrays["bias"])
    except (ValueError, KeyError, OSError, BadZipFile, EOFError, TypeError) as error:
        raise ConfigError(f"the learner's weights cannot be read ({error}); train it again") from error


def _model(facts: Mapping[str, object], idf: Sequence[float], weights: Floats, bias: Floats) -> Model:
    if facts.get("format") != _FORMAT:
        raise ValueError(f"format {facts.get('format')!r}")
    learnt = facts["learnt"]
    words = facts["words"]
    slugs = facts["slugs"]
    if not isinstance(learnt, list) or not isinstance(words, list) or not isinstance(slugs, list):
        raise TypeError("not the weights of a learner")
    model = Model(
        slugs=tuple(slugs),
        rules=str(facts["rules"]),
        examples=int(str(facts["examples"])),
        learnt=tuple(Learnt(theme=t, positives=n, slope=a, offset=b) for t, n, a, b in learnt),
        words=dict(zip(words, idf, strict=True)),
        weights=weights,
        bias=bias,
    )
    if weights.shape != (len(learnt), len(words) + RULE_FEATURES * len(slugs)) or bias.shape != (len(learnt),):
        raise ValueError("its arrays do not fit together")
    return model
