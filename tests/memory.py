"""How much memory this process took at its peak, since it was last asked to forget; Linux only.

`ru_maxrss` will not do: it never falls, and a child begins with its parent's.
"""

from __future__ import annotations

from pathlib import Path

_STATUS = Path("/proc/self/status")


def forget_peak() -> float:
    """Let the peak begin at what is in use now; return that, in megabytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _megabytes("VmRSS")


def peak() -> float:
    """Return the largest resident set since `forget_peak`, or since the start, in megabytes."""
    return _megabytes("VmHWM")


def _megabytes(name: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(name + ":"))
    return int(line.split()[1]) / 1024
