"""Opening the home for a command, with its log."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.bootstrap import Access, App, open_app
from trendbot.clock import frozen_clock, system_clock
from trendbot.logs import configure_logging, get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from trendbot.cli.frame import Choices
    from trendbot.settings import Settings

LOG_NAME = "trendbot.log"


@contextlib.contextmanager
def opened(
    choices: Choices,
    access: Access = Access.READ,
    *,
    options: Mapping[str, Any] | None = None,
    now: datetime | None = None,
    sample: bool = False,
) -> Iterator[App]:
    """Open the home that the command line, the environment and the settings file name.

    `options` are settings that the command's own options set; `now` freezes the clock; `sample` means the home of the
    sample week below the one named.

    Raises:
        TrendbotError: the settings, the home or the database cannot be used.

    """
    settings = choices.settings(options)
    clock = frozen_clock(now) if now else system_clock
    path = click.get_current_context().command_path
    with open_app(settings, clock, access=access, doing=path.partition(" ")[2], sample=sample) as app:
        start_log(settings, app.home, debug=choices.debug)
        yield app


def start_log(settings: Settings, home: Path, *, debug: bool) -> None:
    """Log into `home`, or to standard error where the settings say so; with `debug`, everything to the screen."""
    if debug:
        configure_logging(level="debug", style=settings.log_format)
    else:
        file = home / LOG_NAME if settings.log_to == "file" else None
        configure_logging(level=settings.log_level, style=settings.log_format, file=file)


def record(error: Exception) -> Path | None:
    """Log an unexpected error with its traceback; return the file, or None where the log is not a file."""
    import logging

    files = (Path(one.baseFilename) for one in logging.getLogger().handlers if isinstance(one, logging.FileHandler))
    file = next((file for file in files if file.name == LOG_NAME), None)
    if file is not None:
        get_logger(__name__).error("unexpected_error", exc_info=error)
    return file
