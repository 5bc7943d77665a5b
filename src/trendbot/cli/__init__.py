"""The command line: one module a noun, imported only when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from trendbot import __version__
from trendbot.cli.frame import Choices, Lazy
from trendbot.cli.out import fail, prepare_streams
from trendbot.errors import ConfigError, TrendbotError

DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

COMMANDS = {
    "run": "Make one pass over everything and write the editions.",
    "demo": "Walk through a made-up sample week, without a network.",
    "replay": "Run over the recording in DIR, made with `run --record`, into an empty home.",
    "feeds": "List, add, examine, weigh, remove, import and export feeds.",
    "themes": "List, show, edit, try and apply the themes.",
    "tag": "Say what an entry is about: review, set, undo.",
    "terms": "Keep the names that are counted; decide on new ones.",
    "entries": "List, show and import entries.",
    "evaluate": "Measure tagging, names, stories, trends and ranking against labelled data.",
    "stories": "List and show stories, and put right what belongs together.",
    "trends": "Show what is rising and falling beyond chance, with the stories behind it.",
    "digests": "Compose, read, edit, approve and compare digests.",
    "errata": "List, add and dismiss corrections of what was told.",
    "why": "Say why an entry or story was told, or what kept it out.",
    "bot": "Serve subscribers on Telegram, in the foreground.",
    "web": "Serve the public pages in the foreground, or export them.",
    "subscribers": "List, show, export, erase, suppress and import subscribers.",
    "channels": "List, add, set, test and remove the channels that digests go to.",
    "linkedin": "Connect LinkedIn, show how the connection stands, edit and delete posts.",
    "deliveries": "List messages, and say what becomes of those that failed or may not have arrived.",
    "email": "Say what mail needs in the DNS and in its headers; send one digest to look at.",
    "bounces": "Read and list mail that came back, and complaints.",
    "serve": "Do everything, in one process, until it is told to stop.",
    "worker": "Send messages beside other workers, on PostgreSQL, until it is told to stop.",
    "backup": "Copy the database into FILE, while others write.",
    "restore": "Put the backup FILE in the place of the database.",
    "prune": "Remove what is older than the settings `retention` say.",
    "db": "Upgrade, check and copy the database.",
    "doctor": "Say what is wrong, and what to do about it.",
}


@click.group(
    "trendbot",
    cls=Lazy,
    lazy=COMMANDS,
    package=__name__,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="trendbot", message="%(prog)s %(version)s")
def root() -> None:
    """Follow AI news feeds, find what is rising, and publish digests.

    Start with `trendbot run`, or with `trendbot demo` where there is no network.
    """


def main(arguments: Sequence[str] | None = None, program: click.Command = root) -> NoReturn:
    """Run one command of `program` and leave with its exit code: 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    prepare_streams()
    choices = Choices()
    try:
        code = program.main(arguments, prog_name="trendbot", standalone_mode=False, obj=choices) or DONE
        sys.stdout.flush()
    except BrokenPipeError:
        code = _reader_left()
    except Exception as error:  # noqa: BLE001  (the last line of defence: one line for a person, the trace in the log)
        code = _explain(error, choices)
    except KeyboardInterrupt:
        code = _interrupted()
    sys.exit(code)


def _explain(error: Exception, choices: Choices) -> int:
    """Print what went wrong as one line; return the exit code."""
    if isinstance(error, click.Abort):
        return _interrupted()
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return WRONG_USE
    if isinstance(error, click.ClickException):
        fail(_usage(error))
        return WRONG_USE if isinstance(error, click.UsageError) else FAILED
    if isinstance(error, TrendbotError):
        fail(str(error))
        _trace(error, shown=choices.debug)
        return WRONG_USE if isinstance(error, ConfigError) else FAILED
    where = _trace(error, shown=choices.debug, unexpected=True)
    fail(f"unexpected {type(error).__name__}: {error}; {where}")
    return FAILED


def _usage(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message}; see `{context.command_path} --help`" if context else message


def _trace(error: Exception, *, shown: bool, unexpected: bool = False) -> str:
    """Put the traceback on the screen or into the log; return where a person finds it."""
    if shown:
        import traceback

        traceback.print_exception(error)
        return "the trace is above"
    if unexpected and "trendbot.cli.opening" in sys.modules:
        from trendbot.cli.opening import record

        if place := record(error):
            return f"the trace is in {place}"
    return "run it again with --debug for the trace"


def _interrupted() -> int:
    fail("interrupted; nothing is lost, run it again to go on")
    return INTERRUPTED


def _reader_left() -> int:
    """End quietly where the reader of our output went away, as `head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
