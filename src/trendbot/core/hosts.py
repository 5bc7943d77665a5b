"""Hosts take turns: in which order to ask many feeds so that no host sees a burst."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

GAPS = {
    "arxiv.org": timedelta(seconds=3),  # its published limit: one request in three seconds, over all of its interfaces
    "reddit.com": timedelta(seconds=5),
}
"""Hosts, with all below them, that ask for more time between two requests than the policy's own."""


def gap_of(host: str, usual: timedelta) -> timedelta:
    """Return the time to leave between the starts of two requests to `host`; none on this machine."""
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return timedelta()
    known = next((gap for name, gap in GAPS.items() if host == name or host.endswith("." + name)), usual)
    return max(known, usual)


def interleaved(feeds: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return (feed, host) pairs with the hosts taking turns, each host's feeds in their order."""
    turns: dict[str, int] = {}
    keyed = []
    for position, (feed_id, host) in enumerate(feeds):
        turns[host] = turns.get(host, -1) + 1
        keyed.append((turns[host], position, feed_id, host))
    return [(feed_id, host) for _, _, feed_id, host in sorted(keyed)]


class Lanes(Generic[T]):
    """Work waiting, a lane a host: at most `per_host` running, their starts `gap(host)` seconds apart."""

    def __init__(self, *, per_host: int, gap: Callable[[str], float]) -> None:
        """Start empty; instants are seconds of any one clock."""
        self.per_host, self.gap = per_host, gap
        self.waiting = 0
        self._lanes: dict[str, deque[T]] = {}
        self._running: dict[str, int] = {}
        self._ready: dict[str, float] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._queued: set[str] = set()
        self._turn = 0

    def add(self, host: str, item: T) -> None:
        """Put `item` at the end of its host's lane."""
        self._lanes.setdefault(host, deque()).append(item)
        self.waiting += 1
        self._enter(host)

    def take(self, now: float) -> tuple[str, T] | None:
        """Return the next item that may start at `now`, None where none may."""
        if not self._heap or self._heap[0][0] > now:
            return None
        _, _, host = heapq.heappop(self._heap)
        self._queued.discard(host)
        item = self._lanes[host].popleft()
        self.waiting -= 1
        self._running[host] = self._running.get(host, 0) + 1
        self._ready[host] = now + self.gap(host)
        self._enter(host)
        return host, item

    def done(self, host: str) -> None:
        """Note that an item of `host` has ended."""
        self._running[host] -= 1
        self._enter(host)

    def drop(self, host: str) -> list[T]:
        """Take everything that still waits for `host`."""
        items = list(self._lanes.get(host, ()))
        self._lanes[host] = deque()
        self.waiting -= len(items)
        self._heap = [row for row in self._heap if row[2] != host]
        heapq.heapify(self._heap)
        self._queued.discard(host)
        return items

    def next_at(self) -> float | None:
        """Return when the next item may start, None where that depends on a running one."""
        return self._heap[0][0] if self._heap else None

    def _enter(self, host: str) -> None:
        if host in self._queued or not self._lanes.get(host) or self._running.get(host, 0) >= self.per_host:
            return
        self._turn += 1
        heapq.heappush(self._heap, (self._ready.get(host, 0.0), self._turn, host))
        self._queued.add(host)
