"""The learner: for each theme a calibrated linear model over words and the rules' verdicts.

It serves from plain arrays by numpy; only training needs scikit-learn (`trendbot.classify.training`). A theme with
fewer than ten positive examples is left to the rules. The version names the weights, and the encoder where there is
one, so that a tag tells which model made it.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from trendbot.classify.encoder import Encoder, text_of
from trendbot.classify.features import RULE_FEATURES, rule_vector, tokens, word_vector
from trendbot.core.scoring import Tally
from trendbot.core.tagging import SHOWN_FROM
from trendbot.core.themes import Annotation
from trendbot.errors import ConfigError

Floats = NDArray[np.float32]
_FORMAT = 3
HEAVIEST, TOLD = 8, 4
"""Words that explain a probability: to a person who asks, and in the one line that is stored with a tag."""
EXPLAINED_FROM = 0.1
"""A probability below this needs no explanation, unless the rules said something of the theme."""


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

    @property
    def reason(self) -> str:
        """The heaviest words in one line, ``reactor +1.2, song -0.4``; empty where nothing was explained."""
        return ", ".join(f"{weighed.word} {weighed.weight:+.1f}" for weighed in self.heaviest)


@dataclass(frozen=True, kw_only=True, slots=True)
class Learnt:
    """What was learnt of one theme: how many examples said yes, and the calibration (slope, offset) of its scores.

    `unseen` holds it against the examples, each judged by weights that had not seen it.
    """

    theme: str
    positives: int
    slope: float
    offset: float
    unseen: Tally = field(default_factory=Tally)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained learner, ready to read.

    `slugs` are the themes whose verdicts it sees, in order; `learnt` those it speaks of, one row of `weights` (themes ×
    features) and one of `bias` each; features are the words, then the rules', then the numbers of the `encoder` where
    there is one. `rules` is the hash of the rule set whose verdicts it was trained on.
    """

    slugs: tuple[str, ...]
    rules: str
    examples: int
    learnt: tuple[Learnt, ...]
    words: Mapping[str, float]
    weights: Floats
    bias: Floats
    encoder: Encoder | None = field(default=None, compare=False, repr=False)
    places: Mapping[str, tuple[int, float]] = field(init=False, repr=False)
    by_feature: Floats = field(init=False, repr=False)
    names: tuple[str, ...] = field(init=False, repr=False)
    version: str = field(init=False)
    """The name of these weights: ``model-`` and twelve signs, and after a ``+`` the name of an encoder."""

    def __post_init__(self) -> None:
        """Index the words, and lay the weights of a feature side by side: reading gathers a few hundred of them."""
        places = {word: (place, weight) for place, (word, weight) in enumerate(self.words.items())}
        object.__setattr__(self, "places", places)
        object.__setattr__(self, "by_feature", np.ascontiguousarray(self.weights.T))
        object.__setattr__(self, "names", tuple(self.words))
        object.__setattr__(self, "version", _version(self))

    def predict(self, title: str, body: str, annotation: Annotation, *, explain: int = 0) -> list[Prediction]:
        """Give a probability for each theme that was learnt.

        Also the `explain` words that weighed most, for themes that are likely or that the rules spoke of.
        """
        if not self.learnt:
            return []
        columns, values = self._features(title, body, annotation)
        gathered = self.by_feature[columns]
        scores = (values @ gathered + self.bias).tolist()
        said = []
        spoken = {verdict.theme for verdict in annotation.verdicts} if explain else set()
        for row, (learnt, score) in enumerate(zip(self.learnt, scores, strict=True)):
            chance = _sigmoid(learnt.slope * score + learnt.offset)
            worth_it = explain > 0 and (chance >= EXPLAINED_FROM or learnt.theme in spoken)
            heaviest = self._heaviest(columns, gathered[:, row] * values, explain) if worth_it else ()
            said.append(Prediction(learnt.theme, chance, heaviest))
        return said

    def read_ahead(self, entries: Iterable[tuple[str, str]]) -> None:
        """Let the encoder, where there is one, read entries (title, body) together: quicker than one by one."""
        if self.encoder is not None:
            self.encoder.encode([text_of(title, body) for title, body in entries])

    def _features(self, title: str, body: str, annotation: Annotation) -> tuple[NDArray[np.int64], Floats]:
        columns, values = word_vector(tokens(title, body), self.places)
        more = rule_vector(annotation, self.slugs)
        if self.encoder is not None:
            more += self.encoder.encode([text_of(title, body)])[0].tolist()
        first = len(self.words)
        return (
            np.array([*columns, *range(first, first + len(more))], dtype=np.int64),
            np.array([*values, *more], dtype=np.float32),
        )

    def _heaviest(self, columns: NDArray[np.int64], row: Floats, number: int) -> tuple[Weighed, ...]:
        encoded = self.encoder.width if self.encoder is not None else 0
        words = len(columns) - RULE_FEATURES * len(self.slugs) - encoded
        rules = row[words : len(row) - encoded].reshape(-1, RULE_FEATURES).sum(axis=1)
        parts = np.concatenate((row[:words], rules, row[len(row) - encoded :].sum(keepdims=True)))
        heaviest = np.argsort(-np.abs(parts), kind="stable")[:number].tolist()
        told = [f"rules of {slug}" for slug in self.slugs] + ["meaning, by the encoder"]
        return tuple(
            Weighed(self.names[columns[place]] if place < words else told[place - words], round(float(parts[place]), 4))
            for place in heaviest
            if parts[place]
        )


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -30.0), 30.0)))


def _version(model: Model) -> str:
    digest = hashlib.sha256(json.dumps(_facts(model), sort_keys=True).encode())
    digest.update(model.weights.tobytes())
    digest.update(model.bias.tobytes())
    named = f"+{model.encoder.name}" if model.encoder is not None else ""
    return f"model-{digest.hexdigest()[:12]}{named}"


def encoder_of(version: str) -> str:
    """Give the name of the encoder that the version of a learner names, empty where there is none."""
    return version.partition("+")[2]


def _facts(model: Model) -> dict[str, object]:
    learnt = [[item.theme, item.positives, item.slope, item.offset, *_counts(item.unseen)] for item in model.learnt]
    return {
        "format": _FORMAT,
        "slugs": model.slugs,
        "rules": model.rules,
        "examples": model.examples,
        "learnt": learnt,
        "words": list(model.words),
        "encoder": model.encoder.name if model.encoder is not None else "",
    }


def _counts(tally: Tally) -> tuple[int, int, int, int]:
    return tally.tp, tally.fp, tally.fn, tally.tn


def _learnt(theme: str, positives: int, slope: float, offset: float, *counts: int) -> Learnt:
    tp, fp, fn, tn = counts
    unseen = Tally(tp=tp, fp=fp, fn=fn, tn=tn)
    return Learnt(theme=theme, positives=positives, slope=slope, offset=offset, unseen=unseen)


def dump_model(model: Model) -> bytes:
    """Write a model as bytes: plain arrays, nothing that could run when it is read."""
    buffer = io.BytesIO()
    facts = np.frombuffer(json.dumps(_facts(model)).encode(), dtype=np.uint8)
    idf = np.array(list(model.words.values()), dtype=np.float64)
    np.savez_compressed(buffer, facts=facts, idf=idf, weights=model.weights, bias=model.bias)
    return buffer.getvalue()


def load_model(data: bytes, encoder: Encoder | None = None) -> Model:
    """Read what `dump_model` wrote; `encoder` is the one at hand, which a learner without one leaves alone.

    Raises:
        ConfigError: the bytes are damaged, or of another version, or the learner needs an encoder that is not at hand.

    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            facts = json.loads(arrays["facts"].tobytes())
            needed = str(facts.get("encoder") or "")
            found = encoder if needed and encoder is not None and encoder.name == needed else None
            if needed and found is None:
                raise ConfigError(f"the learner was trained with the encoder {needed}, which is not at hand")
            return _model(facts, arrays["idf"].tolist(), arrays["weights"], arrays["bias"], found)
    except (ValueError, KeyError, OSError, BadZipFile, EOFError, TypeError) as error:
        raise ConfigError(f"the learner's weights cannot be read ({error}); train it again") from error


def _model(
    facts: Mapping[str, object], idf: Sequence[float], weights: Floats, bias: Floats, encoder: Encoder | None
) -> Model:
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
        learnt=tuple(_learnt(*item) for item in learnt),
        words=dict(zip(words, idf, strict=True)),
        weights=weights,
        bias=bias,
        encoder=encoder,
    )
    width = len(words) + RULE_FEATURES * len(slugs) + (encoder.width if encoder is not None else 0)
    if weights.shape != (len(learnt), width) or bias.shape != (len(learnt),):
        raise ValueError("its arrays do not fit together")
    return model
