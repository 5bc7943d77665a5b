"""Structured logging, set up once.

Events have constant names and carry facts as keys: ``log.info("feed_polled", feed_id=3, entries=12)``. No address of a
subscriber and no secret is ever logged. Messages of libraries come out in the same form.
"""

from __future__ import annotations

import logging
import re
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog

LogFormat = Literal["text", "json"]


FILE_BYTES = 2_000_000
"""A log file is put aside, and the one before it dropped, when it has grown to this size."""


def configure_logging(
    *, level: str = "warning", style: LogFormat = "text", stream: TextIO | None = None, file: Path | None = None
) -> None:
    """Route structlog and the standard library's loggers at `level` to `file`, else to `stream` (default stderr).

    The file is made when there is something to say.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _handler(stream or sys.stderr, file)
    colours = file is None and (stream or sys.stderr).isatty()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_closing(style, colours=colours))
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if getattr(old, _OURS, False)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())


_OURS = "trendbot_handler"


def _handler(stream: TextIO, file: Path | None) -> logging.Handler:
    handler: logging.Handler = (
        RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8", delay=True)
        if file
        else logging.StreamHandler(stream)
    )
    setattr(handler, _OURS, True)
    return handler


def _closing(style: LogFormat, *, colours: bool) -> list[structlog.typing.Processor]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if style == "json":
        return [strip, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(), _redacted]
    shown = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    return [strip, shown, _redacted]


_TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")


def _redacted(_logger: structlog.typing.WrappedLogger, _method: str, line: Any) -> str:
    """Take a bot's token out of a finished line: libraries put it into the addresses they log."""
    return _TOKEN.sub("…", str(line))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; `name` is its ``__name__``."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
