"""How many messages may be on the way to one remote: few at first, more with every answer, one again after trouble.

So a remote that is down or knows us no more is tried once and not by a crowd, and a process that dies early leaves few
rows in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

SOON = 0.2
"""Seconds. A narrow remote that answers within them, and did so a moment ago, is kept busy: more are claimed than it
has connections, since none of them will wait for long."""
FULL = 4
"""As many times its connections are then on the way: some that are claimed, some on the wire, some that will be."""

FEW = 10
"""Answers after which the fastest of them counts."""
DRIFT = 1.02
"""By how much the fastest answer known grows with each that was slower."""
PART = 4
"""A window is filled again where a part of so many is free."""


@dataclass(kw_only=True, slots=True)
class Window:
    """`most` messages at once; of a `narrow` remote, `FULL` times as many while it is quick. Times are a loop's."""

    most: int
    narrow: bool = False
    _size: int = 1
    _on_the_way: int = 0
    _took: float = SOON
    _fastest: float = SOON
    _answers: int = 0
    _answered: float = 0.0

    def room(self, now: float) -> int:
        """Return how many more may go; none where they are but a few beside those on the way: several go cheaper."""
        quick = self.narrow and self._took < SOON and now - self._answered < SOON
        size = min(self._size, FULL * self.most if quick else self.most)
        room = size - self._on_the_way
        return room if PART * room >= size else 0

    def enter(self) -> None:
        """Count one that is about to go."""
        self._on_the_way += 1

    def leave(self) -> None:
        """Count one that is no longer on the way."""
        self._on_the_way -= 1

    @property
    def fastest(self) -> float:
        """Seconds that the fastest answer took lately: what another took longer, it may have been late on its way.

        None is known to be fast before there were a few: the first has to open a connection.
        """
        return self._fastest if self._answers >= FEW else 0.0

    def answer(self, *, took: float, well: bool, now: float) -> None:
        """Learn from an answer: how many seconds it took, and whether the remote is well."""
        self._took, self._answered, self._answers = took, now, self._answers + 1
        self._fastest = min(took, self._fastest * DRIFT)
        self._size = min(self._size + 1, (FULL if self.narrow else 1) * self.most) if well else 1
