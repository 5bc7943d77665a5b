"""`python -m trendbot` and the `trendbot` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the exit code is 0 done, 1 failed, 2 wrong use."""
    from trendbot.cli import main as run

    run()


if __name__ == "__main__":
    main()
