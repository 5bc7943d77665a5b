"""Training the learner. Needs scikit-learn (the extra ``learn``); without it the rules stand alone.

For each theme with ten positives or more: logistic regression over words, the rules' verdicts and the numbers of an
encoder where there is one, and Platt's calibration (1999) fitted to scores that each fifth of the examples got from a
model of the other four. A theme that is learnt no better than the rules have it is left to them. Deterministic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trendbot.classify.encoder import Encoder, text_of
from trendbot.classify.features import RULE_FEATURES, choose_words, rule_vector, tokens, word_vector
from trendbot.classify.model import Floats, Learnt, Model
from trendbot.core.scoring import Tally, tally
from trendbot.core.tagging import SHOWN_FROM
from trendbot.core.themes import Annotation
from trendbot.errors import ConfigError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LEAST_POSITIVES = 10
"""Below this many entries that a person tagged, a theme is left to the rules: measured, they are better there."""
FOLDS = 5
STRENGTH = 1.0
"""Inverse strength of the regularisation (C); 0.5 to 3 measured alike."""
WORDS_COUNT = 1.5
"""How much the words weigh beside the rules' verdicts; 1 to 2 measured alike."""
ENCODED_COUNT = 3.0
"""How much the encoder's numbers weigh beside the rest; 1 to 3 measured alike where the rules know the sources, 3 best
where they do not."""
_SEED = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """An entry that a person judged: what the rules say, the themes it has, and those of which nothing is known."""

    title: str
    body: str
    annotation: Annotation
    themes: frozenset[str]
    unknown: frozenset[str] = frozenset()


def can_train() -> bool:
    """Tell whether scikit-learn is installed."""
    from importlib.util import find_spec

    return find_spec("sklearn") is not None


def train(examples: Sequence[Example], slugs: Sequence[str], *, rules: str, encoder: Encoder | None = None) -> Model:
    """Train on a person's labels; `slugs` are the themes in order, `rules` the hash of the rule set that was read by.

    A theme with fewer than `LEAST_POSITIVES` yeses, or no no, is not learnt; nor one of which the rules' F1 on these
    examples is better than that of weights that had not seen them.

    Raises:
        ConfigError: scikit-learn is not installed.

    """
    if not can_train():
        raise ConfigError('the learner needs scikit-learn: install trendbot with the extra "learn", or use rules alone')
    documents = [tokens(example.title, example.body) for example in examples]
    words = choose_words(documents)
    matrix = _matrix(examples, documents, words, slugs)
    if encoder is not None:
        matrix = _with_meaning(matrix, encoder, examples)
    learnt, weights, bias = [], [], []
    for slug in slugs:
        known = np.array([slug not in example.unknown for example in examples], dtype=bool)
        answers = np.array([slug in example.themes for example in examples], dtype=np.int8)[known]
        if answers.sum() < LEAST_POSITIVES or answers.all():
            continue
        coefficients, offset, of_theme = _learn(slug, matrix[np.flatnonzero(known)], answers)
        if _is_worse(of_theme.unseen, _rules_tally(slug, examples)):
            continue
        learnt.append(of_theme)
        weights.append(coefficients)
        bias.append(offset)
    return Model(
        slugs=tuple(slugs),
        rules=rules,
        examples=len(examples),
        learnt=tuple(learnt),
        words=words,
        weights=_scaled(weights, len(words), encoder.width if encoder is not None else 0, matrix.shape[1]),
        bias=np.array(bias, dtype=np.float32),
        encoder=encoder,
    )


def _is_worse(learner: Tally, rules: Tally) -> bool:
    return rules.f1 is not None and (learner.f1 is None or learner.f1.value < rules.f1.value)


def _rules_tally(slug: str, examples: Sequence[Example]) -> Tally:
    """Hold the rules' word on a theme against the examples that say something of it."""
    known = (example for example in examples if slug not in example.unknown)
    return sum((tally(slug in example.annotation.themes, slug in example.themes) for example in known), Tally())


def _scaled(rows: Sequence[NDArray[np.float64]], words: int, encoded: int, width: int) -> Floats:
    """Stack the weights, with the parts of words and encoder taken back to vectors of unit length."""
    weights = np.array(rows, dtype=np.float32).reshape(len(rows), width)
    weights[:, :words] *= WORDS_COUNT
    weights[:, width - encoded :] *= ENCODED_COUNT
    return weights


def _with_meaning(matrix: csr_matrix, encoder: Encoder, examples: Sequence[Example]) -> csr_matrix:
    """Put the encoder's numbers beside what stands in the matrix, a row an example."""
    from scipy.sparse import csr_matrix, hstack

    numbers = encoder.encode([text_of(example.title, example.body) for example in examples])
    return csr_matrix(hstack([matrix, csr_matrix(numbers * np.float32(ENCODED_COUNT))]))


def _matrix(
    examples: Sequence[Example], documents: Sequence[Sequence[str]], words: dict[str, float], slugs: Sequence[str]
) -> csr_matrix:
    from scipy.sparse import csr_matrix, hstack

    places = {word: (place, idf) for place, (word, idf) in enumerate(words.items())}
    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for document in documents:
        found, weights = word_vector(document, places)
        columns += found
        values += [weight * WORDS_COUNT for weight in weights]
        starts.append(len(columns))
    counted = csr_matrix((values, columns, starts), shape=(len(documents), len(words)))
    verdicts = np.array([rule_vector(example.annotation, slugs) for example in examples])
    return csr_matrix(hstack([counted, csr_matrix(verdicts.reshape(len(examples), RULE_FEATURES * len(slugs)))]))


def _learn(slug: str, matrix: Any, answers: NDArray[np.int8]) -> tuple[NDArray[np.float64], float, Learnt]:
    """Give the weights and the bias of one theme, and what is known of them."""
    from sklearn.linear_model import LogisticRegression

    whole = _regression().fit(matrix, answers)
    scores = _unseen_scores(matrix, answers)
    platt = LogisticRegression(C=1.0).fit(scores.reshape(-1, 1), answers)
    found = Learnt(
        theme=slug,
        positives=int(answers.sum()),
        slope=float(platt.coef_[0][0]),
        offset=float(platt.intercept_[0]),
        unseen=_tally(platt.predict_proba(scores.reshape(-1, 1))[:, 1] >= SHOWN_FROM, answers),
    )
    return whole.coef_[0], float(whole.intercept_[0]), found


def _tally(said: NDArray[np.bool_], answers: NDArray[np.int8]) -> Tally:
    cases = zip(said.tolist(), answers.tolist(), strict=True)
    return sum((tally(yes, bool(meant)) for yes, meant in cases), Tally())


def _regression() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=STRENGTH, solver="liblinear", tol=1e-3, random_state=_SEED)


def _unseen_scores(matrix: Any, answers: NDArray[np.int8]) -> NDArray[np.float64]:
    """Give each example the score of a model that did not see it."""
    from sklearn.model_selection import StratifiedKFold

    scores = np.zeros(len(answers))
    folds = min(FOLDS, int(answers.sum()), int(len(answers) - answers.sum()))
    if folds <= 1:
        return np.asarray(_regression().fit(matrix, answers).decision_function(matrix))
    for seen, unseen in StratifiedKFold(folds, shuffle=True, random_state=_SEED).split(scores, answers):
        scores[unseen] = _regression().fit(matrix[seen], answers[seen]).decision_function(matrix[unseen])
    return scores
