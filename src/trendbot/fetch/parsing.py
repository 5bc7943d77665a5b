"""Parsing beside the event loop: on a thread for a little, over all processors for much."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from trendbot.core.entries import ParsedFeed
from trendbot.errors import ParseError
from trendbot.fetch.parse import parse
from trendbot.logs import get_logger

log = get_logger(__name__)


def parse_or_reason(body: bytes, url: str, content_type: str) -> ParsedFeed | str:
    """Return what `body` says, or the reason why it says nothing; raises nothing."""
    try:
        return parse(body, url=url, content_type=content_type)
    except ParseError as error:
        return str(error)
    except Exception:
        log.exception("parse_crashed", url=url, size=len(body))
        return "cannot be read"


class Parsers:
    """The readers at work; use as a context manager."""

    def __init__(self) -> None:
        """Prepare; nothing is started yet."""
        self._executor: Executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trendbot-parser")

    async def parse(self, body: bytes, *, url: str, content_type: str) -> ParsedFeed | str:
        """Parse beside the event loop; see `parse_or_reason`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, parse_or_reason, body, url, content_type)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
