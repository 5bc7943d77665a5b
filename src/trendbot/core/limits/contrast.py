"""Whether text can be read: contrast in light and in dark, from the styles that a mail carries. Pure.

Styles are read as mail programs see them after inlining: each element's own `style`, and, for dark paper, the simple
rules (a tag, a class, a tag with a class) of ``@media (prefers-color-scheme: dark)``. Colours are hexadecimal; others
are not judged. The measure is WCAG 2's: 4.5 : 1 for text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from trendbot.core.limits.problems import Problem
from trendbot.core.limits.reading import MarkupReader

ENOUGH = 4.5
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905
_UNSEEN = frozenset(("style", "script", "title", "head"))
_HEX = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-f])", re.IGNORECASE)
_DARK = re.compile(r"@media[^{]*prefers-color-scheme:\s*dark[^{]*\{")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    ink: str = "#000000"
    paper: str = "#ffffff"
    dark_ink: str = "#ffffff"
    dark_paper: str = "#000000"
    hidden: bool = False


def contrast(one: str, other: str) -> float:
    """Return the contrast of two hexadecimal colours, 1 to 21 (WCAG 2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])  # noqa: PLR2004
    channels = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]  # noqa: PLR2004
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def check_contrast(markup: str) -> tuple[Problem, ...]:
    """Find text that can hardly be read on its paper, in light and, where the mail has rules for it, in dark."""
    reader = _Reader(_dark_rules(markup))
    reader.read(markup)
    return tuple(problem for problem in reader.problems if problem.rule == "contrast")


_Rules = list[tuple[str, str, dict[str, str]]]
"""Tag and class that a rule is for (empty for any), and its declarations."""


def _dark_rules(markup: str) -> _Rules:
    found: _Rules = []
    for start in _DARK.finditer(markup):
        for rule in _RULE.finditer(markup, start.end(), _closing(markup, start.end())):
            declared = _declared(rule.group(2))
            for selector in rule.group(1).split(","):
                simple = re.fullmatch(r"\s*([a-z0-9]*)(?:\.([\w-]+))?\s*", selector)
                if simple:
                    found.append((simple.group(1), simple.group(2) or "", declared))
    return sorted(found, key=lambda each: bool(each[1]))  # a class counts more than a tag; the sort keeps the order


def _closing(text: str, start: int) -> int:
    depth = 1
    for place in range(start, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if not depth:
            return place
    return len(text)


def _declared(style: str) -> dict[str, str]:
    pairs = (declaration.partition(":") for declaration in style.split(";"))
    return {name.strip().lower(): value.replace("!important", "").strip() for name, _, value in pairs if value}


class _Reader(MarkupReader):
    def __init__(self, rules: _Rules) -> None:
        super().__init__(convert_charrefs=True)
        self.rules = rules
        self.open: list[tuple[str, _Look]] = []
        self.told: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        above = self.open[-1][1] if self.open else _Look()
        values = dict(attrs)
        own = _declared(values.get("style") or "")
        classes = (values.get("class") or "").split()
        dark = {**own}
        for of_tag, of_class, declared in self.rules:
            if of_tag in ("", tag) and (not of_class or of_class in classes):
                dark |= declared
        light_ink = _colour(own, "color") or ("#0000EE" if tag == "a" else above.ink)
        self.open.append(
            (
                tag,
                replace(
                    above,
                    ink=light_ink,
                    paper=_paper(own) or above.paper,
                    dark_ink=_colour(dark, "color") or ("#0000EE" if tag == "a" else above.dark_ink),
                    dark_paper=_paper(dark) or above.dark_paper,
                    hidden=above.hidden or own.get("display") == "none" or tag in _UNSEEN,
                ),
            )
        )

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self.open) - 1, -1, -1):
            if self.open[place][0] == tag:
                del self.open[place:]
                return

    def handle_data(self, data: str) -> None:
        look = self.open[-1][1] if self.open else _Look()
        if not data.strip() or look.hidden:
            return
        self._judge(look.ink, look.paper, "light")
        if self.rules:
            self._judge(look.dark_ink, look.dark_paper, "dark")

    def _judge(self, ink: str, paper: str, where: str) -> None:
        measured = contrast(ink, paper)
        if measured < ENOUGH and (ink, paper) not in self.told:
            self.told.add((ink, paper))
            detail = f"{ink} on {paper} in {where}: {measured:.1f} : 1, {ENOUGH} : 1 needed"
            self.note("contrast", detail)


def _colour(declared: dict[str, str], name: str) -> str | None:
    found = _HEX.fullmatch(declared.get(name, ""))
    return found.group() if found else None


def _paper(declared: dict[str, str]) -> str | None:
    found = _HEX.search(declared.get("background-color", declared.get("background", "")))
    return found.group() if found else None
