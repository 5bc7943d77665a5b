"""How far long work is: bars on a terminal, plain lines elsewhere. Always on standard error."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

DOING = {
    "poll": "polling feeds",
    "tag": "tagging entries",
    "names": "reading for new names",
    "group": "grouping into stories",
    "measure": "measuring trends",
    "compose": "composing digests",
    "deliver": "writing editions",
    "sample week": "walking through the sample week",
}
STEPS = 4
"""Into how many parts plain lines divide a stage whose length is known."""


class Reporter:
    """Takes (stage, done, in all) and shows it; `in all` is 0 where it is not known."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._told: dict[str, int] = {}

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bars = _bars()
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that `stage` is `done` of `total`."""
        if self._bars is not None:
            self._draw(self._bars, stage, done, total)
        else:
            self._say(stage, done, total)

    def _draw(self, bars: Progress, stage: str, done: int, total: int) -> None:
        task = self._tasks.get(stage)
        if task is None:
            task = self._tasks[stage] = bars.add_task(DOING.get(stage, stage), total=total or None)
        bars.update(task, completed=done, total=total or None)

    def _say(self, stage: str, done: int, total: int) -> None:
        step = done * STEPS // total if total else 0
        if self._told.get(stage, -1) >= step:
            return
        self._told[stage] = step
        figures = f": {done} of {total}" if total else ""
        click.echo(f"{DOING.get(stage, stage)}{figures}", err=True)


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    )
