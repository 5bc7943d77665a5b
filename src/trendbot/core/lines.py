"""Lines of Bot API HTML made from strangers' words: each one harmless line, escaped here."""

from __future__ import annotations

import html

from trendbot.core.limits import plain_line, safe_link

_HEADLINE, _SOURCE = 200, 80


def escaped(text: str, limit: int = _HEADLINE) -> str:
    """Return a stranger's text as one harmless, escaped line."""
    return html.escape(plain_line(text, limit), quote=False)


def linked(title: str, url: str, source: str) -> str:
    """Return a headline as a link with its source behind it; without the link where the address is no good."""
    text = escaped(title) or "…"
    address = safe_link(url)
    line = f'<a href="{html.escape(address)}">{text}</a>' if address else text
    name = escaped(source, _SOURCE)
    return f"{line} – {name}" if name else line
