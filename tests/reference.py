"""Writes the reference pages that follow from the code; `tests/test_docs.py` holds them equal.

make docs      (python -m tests.reference)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from trendbot.cli import root
from trendbot.cli.frame import common_options
from trendbot.settings import Settings

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTICE = "<!-- Written by `make docs` from the code. -->"

CLI_HEAD = f"""# Commands

{NOTICE}

Noun, then verb. Every command also takes the common options, before or after its name. Lists take `--json`. The exit
code is 0 where it is done, 1 where it failed, 2 where it was used wrongly, 130 where it was interrupted. An error is
one line on standard error: what, where, and the next step. Progress goes to standard error, results to standard output.

Shell completion: `eval "$(_TRENDBOT_COMPLETE=bash_source trendbot)"` (`zsh_source` and `fish_source` likewise).
"""

SETTINGS_HEAD = f"""# Settings

{NOTICE}

A setting is taken from the first place that has it: an option of the command line, the environment, the settings file
(`trendbot.toml` in the home, or the one named with `--config` or `TRENDBOT_CONFIG`), its default. Any of them may be
read from a file instead, for secrets: `TRENDBOT_DATABASE_URL_FILE=/run/secrets/database`. Unknown names are refused.
Feeds, themes and channels are data, not settings.
"""


def cli_page() -> str:
    """The reference of all commands."""
    common = "\n".join(_option(option) for option in common_options())
    parts = [CLI_HEAD, f"## Common options\n\n{common}\n"]
    parts += [_command(path, command) for path, command in commands()]
    return "\n".join(parts)


def commands(group: click.Group = root, path: str = "trendbot") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with the words that call it, in the order of help."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield f"{path} {name}", command
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _command(path: str, command: click.Command) -> str:
    common = {option.name for option in common_options()}
    own = [each for each in command.params if each.name not in common]
    arguments = " ".join(each.make_metavar(click.Context(command)) for each in own if isinstance(each, click.Argument))
    options = "\n".join(_option(each) for each in own if isinstance(each, click.Option))
    usage = " ".join(word for word in (path, "[OPTIONS]" if options else "", arguments) if word)
    text = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    return f"## {path}\n\n    {usage}\n\n{text}\n" + (f"\n{options}\n" if options else "")


def _option(option: click.Parameter) -> str:
    assert isinstance(option, click.Option)
    record = option.get_help_record(click.Context(click.Command("x")))
    assert record is not None, option.opts
    return f"- `{record[0]}`: {record[1]}"


def settings_page() -> str:
    """The reference of all settings."""
    rows = "\n".join(_setting(path, field) for path, field in settings() if len(path) == 1)
    parts = [SETTINGS_HEAD, f"## General\n\n{_TABLE_HEAD}\n{rows}\n"]
    for name, field in Settings.model_fields.items():
        model: Any = field.annotation
        if _is_group(model):
            rows = "\n".join(_setting(path, one) for path, one in settings() if path[0] == name and len(path) > 1)
            parts.append(f"## [{name}]\n\n{(model.__doc__ or '').strip()}\n\n{_TABLE_HEAD}\n{rows}\n")
    return "\n".join(parts)


_TABLE_HEAD = "| setting | environment | default | |\n| --- | --- | --- | --- |"


def settings(
    model: type[BaseModel] = Settings, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every setting with its path."""
    for name, field in model.model_fields.items():
        inner: Any = field.annotation
        if _is_group(inner):
            yield from settings(inner, (*path, name))
        else:
            yield (*path, name), field


def _is_group(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _setting(path: tuple[str, ...], field: FieldInfo) -> str:
    default = "`$XDG_DATA_HOME/trendbot`" if path == ("home",) else _default(field.default)
    return f"| `{'.'.join(path)}` | `TRENDBOT_{'__'.join(path).upper()}` | {default} | {field.description} |"


def _default(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{value:_}`" if isinstance(value, int) else f"`{value}`"


def main() -> None:
    """Write the pages."""
    (FOLDER / "cli.md").write_text(cli_page(), encoding="utf-8")
    (FOLDER / "settings.md").write_text(settings_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
