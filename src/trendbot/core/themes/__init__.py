"""The rule language: what makes an entry belong to a theme, and which names are counted.

    text ─parse_themes→ ThemeSet ─compile_set→ Compiled ─decide→ Annotation

`phrases` is the language of a single phrase, `parse` the TOML around it, `deciding` the meaning of the conditions.
Finding the phrases in a text is the matcher's work (`trendbot.classify.matcher`).
"""

from trendbot.core.themes.compiled import Compiled, compile_set
from trendbot.core.themes.deciding import Reading, decide
from trendbot.core.themes.model import (
    Annotation,
    Condition,
    Evidence,
    Field,
    Group,
    Mention,
    Rule,
    Term,
    Theme,
    ThemeSet,
    Verdict,
    Where,
)
from trendbot.core.themes.parse import parse_themes
from trendbot.core.themes.phrases import Phrase, PhraseError, Variant, parse_phrase

__all__ = [
    "Annotation",
    "Compiled",
    "Condition",
    "Evidence",
    "Field",
    "Group",
    "Mention",
    "Phrase",
    "PhraseError",
    "Reading",
    "Rule",
    "Term",
    "Theme",
    "ThemeSet",
    "Variant",
    "Verdict",
    "Where",
    "compile_set",
    "decide",
    "parse_phrase",
    "parse_themes",
]
