"""The command line: one module a noun."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
