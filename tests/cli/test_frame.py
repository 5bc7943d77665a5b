"""The frame of the command line: help, common options, exit codes, errors as one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Cli, one_line

from trendbot import __version__
from trendbot.bootstrap import Access
from trendbot.cli import COMMANDS, main, root
from trendbot.cli.frame import Choices, Instant, pass_choices
from trendbot.cli.opening import opened
from trendbot.cli.out import plain

HEAVY = ("pydantic", "sqlalchemy", "rich", "aiohttp", "asyncio", "jinja2", "numpy", "feedparser", "structlog")


def test_help_names_every_command(cli: Cli) -> None:
    said = cli("--help")
    assert said.code == 0
    shown = " ".join(said.out.split())
    assert all(f" {name} {text}" in shown for name, text in COMMANDS.items())


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from trendbot.cli import main
try: main(["--help"])
except SystemExit: pass
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_known_beforehand_is_that_of_the_command(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(200) == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_without_importing_the_world(cli: Cli, name: str) -> None:
    said = cli(name, "--help")
    assert said.code == 0
    assert "--home" in said.out


def test_version(cli: Cli) -> None:
    assert cli("--version").out == f"trendbot {__version__}\n"


def test_without_a_command_the_help_is_shown_as_wrong_use(cli: Cli) -> None:
    said = cli()
    assert (said.code, said.out) == (2, "")
    assert "Commands:" in said.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["db", "chekc"], "see `trendbot db --help`"),
        (["db", "check", "--hoem", "x"], "No such option '--hoem'"),
        (["run", "--now", "yesterday"], "'yesterday' is no instant"),
    ],
)
def test_wrong_use_is_one_line_and_2(cli: Cli, arguments: list[str], told: str) -> None:
    said = cli(*arguments)
    assert said.code == 2
    assert one_line(said.err)
    assert told in said.err


@pytest.mark.parametrize("place", [0, 1, 2])
def test_common_options_stand_anywhere(cli: Cli, tmp_path: Path, place: int) -> None:
    words: list[object] = ["db", "upgrade"]
    words[place:place] = ["--home", tmp_path / "elsewhere"]
    assert cli(*words).code == 0
    assert (tmp_path / "elsewhere" / "trendbot.db").is_file()


def test_the_last_home_wins(cli: Cli, tmp_path: Path) -> None:
    cli("--home", tmp_path / "a", "db", "upgrade", "--home", tmp_path / "b")
    assert not (tmp_path / "a").exists()
    assert (tmp_path / "b").is_dir()


def test_an_unknown_setting_is_one_line(cli: Cli, home: Path) -> None:
    home.mkdir()
    (home / "trendbot.toml").write_text("[fetch]\ntimeuot = 3\n")
    said = cli("db", "upgrade")
    assert said.code == 2
    assert one_line(said.err)
    assert "unknown setting fetch.timeuot" in said.err


def test_an_unknown_variable_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDBOT_HOEM", "x")
    said = cli("db", "upgrade")
    assert said.code == 2
    assert one_line(said.err)
    assert "TRENDBOT_HOEM" in said.err


def test_broken_toml_is_one_line(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[fetch\n")
    said = cli("--config", file, "db", "check")
    assert said.code == 2
    assert one_line(said.err)
    assert f"{file} is not valid TOML" in said.err


def test_a_home_that_is_a_file_is_one_line(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for home in (file, file / "below"):
        said = cli("db", "upgrade", "--home", home)
        assert said.code == 2
        assert one_line(said.err)
        assert "a file stands in its place" in said.err


def test_debug_shows_the_trace(cli: Cli, tmp_path: Path) -> None:
    said = cli("db", "check", "--debug")
    assert said.code == 1
    assert "Traceback" in said.err
    assert "StoreError" in said.err


def test_a_reader_that_leaves_ends_the_program_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "trendbot", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    process.wait(timeout=30)


def left_with(program: click.Command) -> int | str | None:
    """Run a program of the test's own the way trendbot is run; return its exit code."""
    with pytest.raises(SystemExit) as left:
        main([], program)
    return left.value.code


def test_an_interrupt_is_one_line_and_130(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command("stuck")
    def stuck() -> None:
        raise KeyboardInterrupt

    assert left_with(stuck) == 130
    assert "interrupted" in capsys.readouterr().err


def test_an_unexpected_error_is_one_line_that_says_how_to_see_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command("broken")
    def broken() -> None:
        raise ZeroDivisionError("nothing to\nshare by")

    assert left_with(broken) == 1
    said = capsys.readouterr().err
    assert one_line(said)
    assert "unexpected ZeroDivisionError: nothing to share by" in said
    assert "--debug" in said


def test_an_unexpected_error_in_a_home_is_one_line_that_names_the_log(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    @click.command("broken")
    @pass_choices
    def broken(choices: Choices) -> None:
        choices.home = home
        with opened(choices, Access.WRITE):
            raise ZeroDivisionError

    assert left_with(broken) == 1
    said = capsys.readouterr().err
    assert one_line(said)
    assert f"the trace is in {home / 'trendbot.log'}" in said
    assert "Traceback" in (home / "trendbot.log").read_text()


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-15", "2026-11-15T00:00:00+00:00"),
        ("2026-11-15T18:00", "2026-11-15T18:00:00+00:00"),
        ("2026-11-15T18:00Z", "2026-11-15T18:00:00+00:00"),
        ("2026-11-15T18:00:00+01:00", "2026-11-15T17:00:00+00:00"),
    ],
)
def test_instants(text: str, utc: str) -> None:
    assert Instant()(text).isoformat() == utc


@pytest.mark.parametrize("text", ["", "18:00", "0001-01-01T00:00+14:00"])
def test_no_instants(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Instant()(text)


def test_text_of_strangers_cannot_steer_a_terminal() -> None:
    assert plain("a\x1b[2Jb\x9bc\u202ed\r\n") == "a [2Jb c d"


def test_help_takes_under_three_tenths_of_a_second_of_processor_time() -> None:
    code = "import os, subprocess, sys\nsubprocess.run([sys.executable, '-m', 'trendbot', '--help'], check=True)\n"
    code += "t = os.times()\nprint(t.children_user + t.children_system)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout.splitlines()[-1]) < 0.3
