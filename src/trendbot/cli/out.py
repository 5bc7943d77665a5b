"""What commands print: tables for people, JSON for programs, errors as one line.

Text that came from feeds is shown without control characters, so that no headline can steer a terminal.
"""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import click

_CONTROL = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], " ")
"""Control characters, and those that turn the direction of writing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of a table: its heading, how a row's value is found, and whether it holds numbers.

    `wide` marks the column that gives way where the terminal is narrow.
    """

    title: str
    value: Callable[[Any], object]
    number: bool = False
    wide: bool = False


def plain(value: object) -> str:
    """Return `value` as one line of text that cannot steer a terminal; instants to the minute, in UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
    return str(value).translate(_CONTROL).strip()


def harmless(text: str) -> str:
    """Return `text` with what could steer a terminal turned into spaces, character for character."""
    return text.translate(_CONTROL)


def prepare_streams() -> None:
    """Let no character that the terminal's encoding lacks end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def show_json(value: object) -> None:
    """Print `value` (dataclasses, mappings, sequences, instants) as indented JSON."""
    click.echo(json.dumps(jsonable(value), ensure_ascii=False, indent=2))


def jsonable(value: Any) -> Any:
    """Turn dataclasses, instants, paths and enumerations into what JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def show_rows(rows: Sequence[Any], columns: Sequence[Column], *, json_: bool, nothing: str) -> None:
    """Print `rows` as JSON, or as a table; `nothing` is what a person reads where there are none."""
    if json_:
        show_json(rows)
    elif not rows:
        click.echo(nothing)
    else:
        show_table(rows, columns)


def show_table(rows: Iterable[Any], columns: Sequence[Column]) -> None:
    """Print a table without boxes: fitted to a terminal, whole lines elsewhere."""
    cells = [[plain(column.value(row)) for column in columns] for row in rows]
    if sys.stdout.isatty():
        _show_fitted(cells, columns)
    else:
        _show_whole(cells, columns)


LEAST = 12
"""Characters below which no wide column shrinks."""


def _show_fitted(cells: list[list[str]], columns: Sequence[Column]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, width in zip(columns, _fitted(cells, columns, console.width), strict=True):
        justify: Literal["left", "right"] = "right" if column.number else "left"
        table.add_column(column.title, justify=justify, overflow="ellipsis", no_wrap=True, width=width)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _fitted(cells: list[list[str]], columns: Sequence[Column], room: int) -> list[int]:
    """Return the columns' widths: all they need, except that the wide ones share what the others leave of `room`."""
    from rich.cells import cell_len

    lines = [[column.title for column in columns], *cells]
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(columns))]
    wide = sorted((place for place, column in enumerate(columns) if column.wide), key=lambda place: widths[place])
    left = room - sum(widths) - 2 * (len(columns) - 1) + sum(widths[place] for place in wide)
    for number, place in enumerate(wide):
        widths[place] = min(widths[place], max(LEAST, left // (len(wide) - number)))
        left -= widths[place]
    return widths


def _show_whole(cells: list[list[str]], columns: Sequence[Column]) -> None:
    lines = [[column.title for column in columns], *cells]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        padded = (
            cell.rjust(width) if column.number else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def show_facts(facts: Mapping[str, object]) -> None:
    """Print names and values under each other."""
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        click.echo(f"{name.ljust(width)}  {plain(value)}".rstrip())


def fail(message: str) -> None:
    """Print an error as one line."""
    click.echo(f"trendbot: {plain(message)}", err=True)


def near(path: Path) -> str:
    """Return a path as a person would type it here: relative where it lies below the working folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
