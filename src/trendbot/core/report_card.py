"""What a digest says of itself: how its sentences stood the proof gate, and what making it took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WATTS = 10.0
"""What one busy core of a small server draws, for the estimate of energy: CPU seconds times this, in joules."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportCard:
    """How the digest's sentences stood the proof gate; see ``core/proofs.py``.

    `sentences` go out; `grounded` are those whose every number, date, name and quotation is in the source, `extractive`
    those that are their publisher's own, word for word. `blocked` did not go out. `edited` are an editor's words.
    """

    sentences: int
    grounded: int
    extractive: int
    blocked: int
    edited: int = 0

    @property
    def machine(self) -> int:
        """How many sentences a language model worded."""
        return self.sentences - self.extractive - self.edited


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """What runs took: bytes fetched; feeds asked, of which so many had not changed; seconds of processor time."""

    bytes: int = 0
    asked: int = 0
    unchanged: int = 0
    cpu_seconds: float = 0.0

    @property
    def joules(self) -> float:
        """An estimate of the energy for the processor time; the network and idling are not in it."""
        return round(self.cpu_seconds * WATTS, 1)

    @property
    def share_unchanged(self) -> float:
        """Which part of the feeds that were asked answered that nothing had changed."""
        return self.unchanged / self.asked if self.asked else 0.0


def footprint_of(runs: Iterable[Mapping[str, Any]]) -> Footprint | None:
    """Add up the counts of runs; None where none of them says what it took."""
    known = [counts for counts in runs if "cpu_seconds" in counts]
    if not known:
        return None
    return Footprint(
        bytes=sum(int(counts.get("bytes", 0)) for counts in known),
        asked=sum(int(counts.get("feeds_asked", 0)) for counts in known),
        unchanged=sum(int(counts.get("feeds_not_modified", 0)) for counts in known),
        cpu_seconds=round(sum(float(counts["cpu_seconds"]) for counts in known), 1),
    )
