"""What the learner sees of an entry: its words and word pairs, weighted, and what the rules said of it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from trendbot.core.themes import Annotation
from trendbot.core.themes.folding import fold

MAX_WORDS = 60_000
MAX_TOKENS = 400
"""Words read of one entry: title and summary; more would drown the title."""
RULE_FEATURES = 3
"""Numbers that stand for the rules' verdict on one theme."""
_TOKEN = re.compile(r"[^\W_]+(?:[.'+][^\W_]+)*")
_CLIP = 3.0


def tokens(title: str, body: str) -> list[str]:
    """Give the words of an entry and their pairs, lower case; a body that repeats the title is left out."""
    text = f"{title} . {body}" if body != title else title
    words = _TOKEN.findall(fold(text).folded)[:MAX_TOKENS]
    return words + [f"{one} {two}" for one, two in pairwise(words)]


def choose_words(documents: Sequence[Sequence[str]]) -> dict[str, float]:
    """Give the words worth knowing with their weights: those in two documents at least, the rarer the weightier.

    The weight is the smoothed inverse document frequency ln((1 + n) / (1 + df)) + 1.
    """
    frequency = Counter(word for document in documents for word in set(document))
    common = [(word, df) for word, df in frequency.most_common(MAX_WORDS) if df > 1]
    return {word: math.log((1 + len(documents)) / (1 + df)) + 1 for word, df in sorted(common)}


def word_vector(document: Iterable[str], words: Mapping[str, tuple[int, float]]) -> tuple[list[int], list[float]]:
    """Give places and values of a document's words: (1 + ln tf) · idf, of unit length. `words`: word → (place, idf)."""
    counts = Counter(word for word in document if word in words)
    places = [words[word][0] for word in counts]
    values = [(1 + math.log(count)) * words[word][1] for word, count in counts.items()]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return places, [value / length for value in values]


def rule_vector(annotation: Annotation, slugs: Sequence[str]) -> list[float]:
    """Give what the rules said: of each theme the clipped score, the score up to 1, and the verdict."""
    verdicts = {verdict.theme: verdict for verdict in annotation.verdicts}
    vector: list[float] = []
    for slug in slugs:
        verdict = verdicts.get(slug)
        score = verdict.score if verdict else 0.0
        applies = verdict is not None and verdict.applies
        vector += [min(max(score, -1.0), _CLIP) / 2, min(max(score, 0.0), 1.0), float(applies)]
    return vector
