"""Structured logging, set up once.

Events have constant names and carry facts as keys: ``log.info("feed_polled", feed_id=3, entries=12)``. No address of a
subscriber and no secret is ever logged. Messages of libraries come out in the same form.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

import structlog

LogFormat = Literal["text", "json"]


def configure_logging(*, level: str = "warning", style: LogFormat = "text", stream: TextIO | None = None) -> None:
    """Route structlog and the standard library's loggers to `stream` (default stderr) at `level`."""
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
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_closing(style, handler.stream))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _closing(style: LogFormat, stream: TextIO) -> list[structlog.typing.Processor]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if style == "json":
        return [strip, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    colours = bool(getattr(stream, "isatty", lambda: False)())
    return [strip, structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; `name` is its ``__name__``."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
