"""The style and the script: from the templates, so that an operator can replace them.

A name holds the hash of the content; so a browser may keep it for ever.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from trendbot.render.environment import Renderer


@dataclass(frozen=True, kw_only=True, slots=True)
class Assets:
    """What pages load beside themselves."""

    style: str
    script: str
    style_name: str
    script_name: str


_READ: WeakKeyDictionary[Renderer, Assets] = WeakKeyDictionary()


def assets(renderer: Renderer) -> Assets:
    """Return the assets of a renderer's templates, read once.

    Raises:
        RenderError: one is missing or wrong.

    """
    found = _READ.get(renderer)
    if found is None:
        style, script = (renderer.render(f"web/{name}.j2", {}) for name in ("site.css", "site.js"))
        found = Assets(
            style=style,
            script=script,
            style_name=f"site.{_mark(style)}.css",
            script_name=f"site.{_mark(script)}.js",
        )
        _READ[renderer] = found
    return found


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
