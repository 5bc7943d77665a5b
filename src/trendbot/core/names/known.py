"""Which names are known already: those of the terms that are counted, with all their spellings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from trendbot.core.names.finding import Common, name_key
from trendbot.core.themes.model import Term


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """Keys of known names, and the words that make no new name of a known one (``Claude Says``)."""

    keys: frozenset[str] = frozenset()
    common: Common = field(default_factory=Common)

    def covers(self, text: str) -> bool:
        """Tell whether a name is known: as it is, in the plural, or but for words at its ends that no name ends in."""
        words = text.split()
        while words:
            key = name_key(" ".join(words))
            if key in self.keys or key.removesuffix("s") in self.keys:
                return True
            if words[-1].casefold() in self.common.never:
                words = words[:-1]
            elif words[0].casefold() in self.common.never:
                words = words[1:]
            else:
                return False
        return True


def keys_of_terms(terms: Iterable[Term]) -> frozenset[str]:
    """Return the keys of the terms' names and of every spelling that is written out."""
    names = {term.name for term in terms}
    phrases = {phrase for term in terms for phrase in term.condition.any.phrases}
    variants = {variant for phrase in phrases for variant in phrase.variants}
    written = {v.exact or v.anchor for v in variants if not (v.lead or v.tail or v.open_start or v.open_end)}
    return frozenset(name_key(name) for name in names | written)
