"""Where in a TOML text a table or key stands: tomllib keeps no line numbers, and an editor needs them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER = re.compile(r"\s*(\[\[|\[)\s*([^\[\]]+?)\s*(\]\]|\])\s*(?:#.*)?$")


@dataclass(frozen=True, slots=True)
class Lines:
    """An index of table headers: (path with ordinals) → line, counted from 1."""

    lines: tuple[str, ...]
    headers: tuple[tuple[str, int], ...]

    def find(self, path: str, *needles: str) -> int:
        """Give the line of table `path` (``theme[2].rule[0]``), or that of the last needle found below it in turn."""
        line = next((line for name, line in self.headers if name == path), 0)
        end = next((at for _, at in self.headers if at > line > 0), len(self.lines) + 1)
        for needle in needles:
            line = next((at for at in range(max(line, 1), end) if needle in self.lines[at - 1]), line)
        return max(line, 1)

    def known(self, path: str) -> bool:
        """Tell whether the table has a header of its own; one written inline, within an array, has none."""
        return any(name == path for name, _ in self.headers)


def index_lines(text: str) -> Lines:
    """Index the headers of a TOML text; arrays of tables are numbered from 0 within their parent."""
    lines = tuple(text.split("\n"))
    counts: dict[str, int] = {}
    headers: list[tuple[str, int]] = []
    for number, line in enumerate(lines, start=1):
        found = _HEADER.match(line)
        if found:
            headers.append((_numbered(found.group(2), found.group(1) == "[[", counts), number))
    return Lines(lines, tuple(headers))


def _numbered(name: str, is_array: bool, counts: dict[str, int]) -> str:
    """Write a header's path with the ordinals of the arrays that it lies in."""
    path = ""
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    for depth, part in enumerate(parts):
        path = f"{path}.{part}" if path else part
        if is_array and depth == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = f"{path}[{counts[path]}]"
    return path
