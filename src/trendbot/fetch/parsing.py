"""Parsing beside the event loop: on a thread for a little, over all processors for much.

The processes are started when documents pile up, and end with the poll, or by themselves where ours is killed.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from types import TracebackType
from typing import Self

from trendbot.core.entries import ParsedFeed
from trendbot.fetch.orphans import end_with_parent
from trendbot.fetch.parse import Crashed, parse_or_reason
from trendbot.logs import get_logger

log = get_logger(__name__)

MUCH = 24
"""Documents waiting at once from which on processes are worth their start."""
PARSE_TIMEOUT = 60.0
"""Seconds that reading one document may take."""
LARGE = 200_000
"""Bytes above which only a process, which can be ended, may ask the reference reader."""


class Parsers:
    """The readers at work; use as a context manager."""

    def __init__(self, *, processes: int | None = None, timeout: float = PARSE_TIMEOUT) -> None:
        """Prepare for `processes` at most (default: one a processor); `timeout` in seconds bounds one document.

        Where few documents wait, a thread reads them, all but the large ones that the fast reader hands over: hostile
        ones can take feedparser quadratic time, and a thread cannot be ended.
        """
        self.timeout = timeout
        self.processes = (os.cpu_count() or 1) if processes is None else max(1, processes)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trendbot-parser")
        self._pool: ProcessPoolExecutor | None = None
        self._waiting = 0

    async def parse(self, body: bytes, *, url: str, content_type: str) -> ParsedFeed | str:
        """Return what `body` says, or the reason why it says nothing; raises nothing."""
        self._waiting += 1
        try:
            return await self._parse(body, url, content_type)
        finally:
            self._waiting -= 1

    async def _parse(self, body: bytes, url: str, content_type: str) -> ParsedFeed | str:
        loop, small = asyncio.get_running_loop(), len(body) <= LARGE
        try:
            async with asyncio.timeout(self.timeout):
                # what hostile documents can hold up is asked in a process, which can be ended: so is a plugin
                reader = partial(parse_or_reason, judge=small, added=False)
                read = await loop.run_in_executor(self._executor(), reader, body, url, content_type)
                if read is None:
                    read = await loop.run_in_executor(self._processes(), parse_or_reason, body, url, content_type)
        except TimeoutError:
            self._kill_pool()
            return f"took longer than {self.timeout:g} s to read"
        except BrokenProcessPool:  # a document brought its reader down, and those beside it
            log.exception("parser_died", url=url, size=len(body))
            self._kill_pool()
            return "cannot be read"
        if isinstance(read, Crashed) or read is None:
            log.error("parse_crashed", url=url, size=len(body), traceback=read and read.traceback)
            return "cannot be read"
        return read

    def _executor(self) -> Executor:
        if self._pool is None and (self._waiting < MUCH or self.processes < 2):  # noqa: PLR2004  (one is no help)
            return self._thread
        return self._processes()

    def _processes(self) -> Executor:
        if self._pool is None:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["trendbot.fetch.parse", "trendbot.fetch.orphans"])
            self._pool = ProcessPoolExecutor(self.processes, mp_context=context, initializer=end_with_parent)
        return self._pool

    def _kill_pool(self) -> None:
        """End the readers at once, whatever they are at; the next document gets new ones."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for process in list((pool._processes or {}).values()):  # noqa: SLF001  (public only from Python 3.14 on)
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
