"""Who is at the keyboard: the name that the log of curations keeps."""

from __future__ import annotations

import getpass

import click


def _name(context: click.Context, parameter: click.Parameter, value: str | None) -> str:  # noqa: ARG001
    if value is not None:
        if not value.strip():
            raise click.BadParameter("a name is needed")
        return value.strip()[:64]
    try:
        return getpass.getuser()[:64]
    except (OSError, KeyError, ImportError):
        return "editor"  # a system without users


as_editor = click.option(
    "--as", "editor", metavar="NAME", callback=_name, help="Your name in the log; default the system's user."
)
"""The option that every command takes which changes what a person said."""
