"""Parts that installed packages add, found by their entry points.

    trendbot.transports   a function that makes a transport: see ``transports/base.py``
    trendbot.parsers      a function that reads what no reader of ours can: see ``fetch/parse.py``

A package that cannot be imported is a value with its problem, never an error: the program goes on without it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

TRANSPORTS, PARSERS = "trendbot.transports", "trendbot.parsers"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugin:
    """A part that a package adds: `part` is its function; where it cannot be had, `problem` says why."""

    group: str
    name: str
    package: str
    part: Any = None
    problem: str = ""


@functools.cache
def plugins(group: str) -> tuple[Plugin, ...]:
    """Return the plugins of a group by name, loaded once a process; of two with one name, the second is a problem."""
    return tuple(_distinct(sorted(entry_points(group=group), key=lambda one: (one.name, one.value))))


def _distinct(entries: list[EntryPoint]) -> Iterator[Plugin]:
    seen: dict[str, str] = {}
    for entry in entries:
        package = _package(entry)
        if entry.name in seen:
            problem = f"its name is that of a part of {seen[entry.name]}"
            yield Plugin(group=entry.group, name=entry.name, package=package, problem=problem)
        else:
            seen[entry.name] = package
            yield _loaded(entry, package)


def _loaded(entry: EntryPoint, package: str) -> Plugin:
    try:
        part = entry.load()
    except Exception as error:  # noqa: BLE001  (a stranger's code: its failure is told, and ours goes on)
        problem = f"{entry.value} cannot be imported ({type(error).__name__}: {error})"
        return Plugin(group=entry.group, name=entry.name, package=package, problem=problem)
    problem = "" if callable(part) else f"{entry.value} is no function"
    return Plugin(group=entry.group, name=entry.name, package=package, part=None if problem else part, problem=problem)


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"
