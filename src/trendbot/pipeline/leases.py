"""Who holds a claim on a feed, and whether that process still lives."""

from __future__ import annotations

import os
import platform
import uuid
from pathlib import Path


def new_holder() -> str:
    """Return a name for one poll of this process: machine, process, its start, and a random part."""
    pid = os.getpid()
    return f"{platform.node()[:40]}:{pid}:{_started(pid)}:{uuid.uuid4().hex[:8]}"


def is_dead(holder: str) -> bool:
    """Tell whether `holder` was a process of this machine that runs no more; of other machines we cannot know."""
    try:
        machine, pid, started, _ = holder.rsplit(":", 3)
        number = int(pid)
    except ValueError:
        return True
    if machine != platform.node()[:40]:
        return False
    return not _lives(number) or _started(number) != started


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> str:
    """Return when a process started, in the kernel's ticks; "" where the system does not say (then the pid decides)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
