"""Everything the bot says, in one place: a module a language, each with the same keys and the same fields.

A translation is a copy of ``en.py`` with other words; ``tests/core/test_phrases.py`` holds keys, fields and lengths
against each other. Lines are Bot API HTML; whatever is filled in is escaped. Digests themselves speak English.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Final

from trendbot.core.phrases.de import PHRASES as GERMAN
from trendbot.core.phrases.en import PHRASES as ENGLISH

LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "de": GERMAN}
DEFAULT: Final = "en"


class Words:
    """The phrases of one language; English where a language lacks one or is not known."""

    def __init__(self, language: str | None = None) -> None:
        """Take a language tag such as ``de`` or ``de-AT``."""
        tag = (language or "").lower().partition("-")[0]
        self.language = tag if tag in LANGUAGES else DEFAULT
        self._phrases = LANGUAGES[self.language]

    def say(self, key: str, /, **values: object) -> str:
        """Return a phrase as Bot API HTML; `values` are escaped."""
        return self._phrase(key).format(**{name: html.escape(str(each), quote=False) for name, each in values.items()})

    def plain(self, key: str, /, **values: object) -> str:
        """Return a phrase as plain text, for buttons, commands and short answers."""
        return self._phrase(key).format(**values)

    def number(self, figure: str) -> str:
        """Return a figure (``+1.5``, ``-0.25``) as the language writes it: its decimal sign, and a true minus."""
        return figure.replace("-", "\u2212").replace(".", self._phrase("decimal"))

    def count(self, key: str, number: int) -> str:
        """Return a number with its noun: the phrase `key.one` or `key.many`."""
        return self.plain(f"{key}.one" if number == 1 else f"{key}.many", number=number)

    def _phrase(self, key: str) -> str:
        return self._phrases.get(key) or ENGLISH[key]


def prefixed(prefix: str) -> tuple[str, ...]:
    """Return the keys that begin with a prefix, without it, in the order of the English phrases."""
    return tuple(key.removeprefix(prefix) for key in ENGLISH if key.startswith(prefix))
