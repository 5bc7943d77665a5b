"""Mails about a subscription, one reader each: to confirm, welcome, said already, goodbye."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import css_inline

from trendbot.core.limits import check_mail
from trendbot.errors import RenderError
from trendbot.render.environment import Renderer

LETTERS = ("confirm", "known", "welcome", "goodbye")
_PARTS = ("subject.txt", "body.txt", "body.html")


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterText:
    """A letter, rendered: subject, text part, markup with its style inlined."""

    subject: str
    text: str
    markup: str


def render_letter(renderer: Renderer, name: str, context: Mapping[str, Any]) -> LetterText:
    """Render a letter and check it as a mail.

    Raises:
        RenderError: a template is wrong, or the letter breaks a limit of mail.

    """
    subject, text, markup = (renderer.render(f"email/{name}/{part}.j2", context) for part in _PARTS)
    letter = LetterText(subject=subject, text=f"{text}\n", markup=inlined(markup))
    problems = check_mail(subject=letter.subject, text=letter.text, markup=letter.markup)
    if problems:
        raise RenderError(f"the letter {name!r} breaks a limit, {problems[0]}")
    return letter


def inlined(markup: str) -> str:
    """Return markup with its style on the elements themselves; what depends on the screen stays in the head."""
    return _inliner().inline(markup)


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
