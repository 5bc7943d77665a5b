"""What a digest says, as others may read it."""

from __future__ import annotations

from typing import Any

from trendbot.core.digests import DigestContent, to_json

_MACHINERY = ("stories", "rises", "budget", "variant")
"""What other choices of themes are made from."""


def told_json(content: DigestContent) -> dict[str, Any]:
    """Return all that a digest says as a tree of plain values, without what editions are made from."""
    return {name: value for name, value in to_json(content).items() if name not in _MACHINERY}
