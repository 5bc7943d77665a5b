"""What all commands share: lazy loading, and the options that may stand before or after a command's name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from trendbot.settings import Settings


@dataclass(slots=True, kw_only=True)
class Choices:
    """What the options that every command takes said; filled while the command line is read."""

    home: Path | None = None
    config: Path | None = None
    debug: bool = False

    def settings(self, options: Mapping[str, Any] | None = None) -> Settings:
        """Gather the settings; `options` are those of the command, nested like the settings, None where not given.

        Raises:
            ConfigError: a setting is unknown or wrong.

        """
        from trendbot.settings import load_settings

        return load_settings(options={"home": self.home, **(options or {})}, config=self.config)


pass_choices = click.make_pass_decorator(Choices, ensure=True)


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Note an option's value, where one was given: the last place on the command line wins."""
    if value is not None:
        setattr(context.ensure_object(Choices), str(parameter.name), value)


def common_options() -> list[click.Parameter]:
    """Return new ones of the options that every command takes."""
    file = click.Path(path_type=Path)
    switch = {"is_flag": True, "default": None, "flag_value": True}
    return [
        click.Option(
            ["--home"], metavar="DIR", type=file, callback=_keep, expose_value=False,
            help="The folder that holds all state (also TRENDBOT_HOME).",
        ),
        click.Option(
            ["--config"], metavar="FILE", type=file, callback=_keep, expose_value=False,
            help="The settings file; default trendbot.toml in the home.",
        ),
        click.Option(
            ["--debug"], callback=_keep, expose_value=False, **switch,  # type: ignore[arg-type]
            help="Log everything to the screen, with tracebacks.",
        ),
    ]  # fmt: skip


class Verb(click.Command):
    """A command that also takes the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(common_options())


class Noun(click.Group):
    """A group of verbs that takes the common options, as its verbs do."""

    command_class = Verb

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(common_options())


class Lazy(Noun):
    """A group that knows names and one-line helps of its commands, and imports one only to run it."""

    def __init__(self, *args: Any, lazy: Mapping[str, str], package: str, **kwargs: Any) -> None:
        """Take `lazy`, each name with its help; ``<package>.<name>`` has the command as ``command``."""
        super().__init__(*args, **kwargs)
        self.lazy, self.package = dict(lazy), package

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order in which help shows them."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in self.lazy:
            return None
        command: click.Command = importlib.import_module(f"{self.package}.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lazy.items()))


class Instant(click.ParamType[datetime]):
    """An instant in ISO 8601; UTC where it names no zone."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the instant as aware UTC."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
            return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no instant in ISO 8601, such as 2026-11-15T18:00Z", param, ctx)


as_json = click.option("--json", "json_", is_flag=True, help="Print JSON instead of a table.")
"""The option that every list takes."""
