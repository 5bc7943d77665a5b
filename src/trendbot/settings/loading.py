"""Gathering the settings from every source; the only reader of the environment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import ValidationError

from trendbot.errors import ConfigError
from trendbot.settings.model import Settings

PREFIX = "TRENDBOT_"
CONFIG_NAME = "trendbot.toml"
_CONTROL = frozenset({"TRENDBOT_CONFIG"})
"""Variables that steer the program and are no settings."""


def notify_socket() -> str:
    """Return where systemd wants to be told of readiness, empty where nobody does."""
    return os.environ.get("NOTIFY_SOCKET", "")


def default_home(environment: Mapping[str, str] | None = None) -> Path:
    """Return the home where none is named: ``$XDG_DATA_HOME/trendbot`` or ``~/.local/share/trendbot``."""
    env = os.environ if environment is None else environment
    base = env.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "trendbot"


def load_settings(
    *,
    options: Mapping[str, Any] | None = None,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Gather the settings from every source.

    `options` are nested like the settings (``{"home": ..., "fetch": {"allow_private": True}}``); None values count as
    not given. `config` is the TOML file; default ``TRENDBOT_CONFIG``, else ``trendbot.toml`` in the home.

    Raises:
        ConfigError: a name is unknown, a value wrong, a file missing or broken; the message names place and value.

    """
    env = dict(os.environ if environment is None else environment)
    given = _without_none(options or {})
    from_env = _from_environment(env)
    home = Path(given.get("home") or from_env.get("home") or default_home(env)).expanduser()
    file = _config_file(config, env, home)
    from_file = _from_toml(file) if file else {}
    merged = _merged(_merged({"home": home}, from_file), _merged(from_env, given))
    try:
        return Settings.model_validate(_absolute(merged))
    except ValidationError as error:
        raise ConfigError(_first_problem(error, file)) from error


def _config_file(config: Path | None, env: Mapping[str, str], home: Path) -> Path | None:
    named = config or (Path(env["TRENDBOT_CONFIG"]) if env.get("TRENDBOT_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError(f"no settings file at {named}: name an existing one with --config, or leave it out")
        return named
    default = home / CONFIG_NAME
    return default if default.exists() else None  # what is no file there, such as a folder, is refused when it is read


def _from_toml(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}; mend it or move it away") from error
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConfigError(f"{file} cannot be read ({why}): mend it or move it away") from error


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in sorted(env):
        if not name.startswith(PREFIX) or name in _CONTROL or name.startswith("TRENDBOT_TEST_"):
            continue
        path, value = name[len(PREFIX) :].lower(), env[name]
        if path.endswith("_file"):
            path, value = path[: -len("_file")], _secret(name, value)
        _known(name, path.split("__"))
        _place(found, path.split("__"), value)
    return found


def _secret(name: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} names {file}, which cannot be read: {error}") from error


def _known(name: str, path: list[str]) -> None:
    model: Any = Settings
    for part in path:
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            raise ConfigError(f"unknown environment variable {name}: see docs/reference/settings.md, or unset it")
        model = fields[part].annotation
        if get_origin(model) is dict:  # a plugin's own words
            return


def _place(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def _without_none(tree: Mapping[str, Any]) -> dict[str, Any]:
    kept = {}
    for name, value in tree.items():
        inner = _without_none(value) if isinstance(value, Mapping) else value
        if inner is not None and inner != {}:
            kept[name] = inner
    return kept


def _merged(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(low)
    for name, value in high.items():
        below = result.get(name)
        result[name] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def _absolute(tree: dict[str, Any]) -> dict[str, Any]:
    for name in ("home", "out", "themes", "templates"):
        if isinstance(tree.get(name), str | Path):
            tree[name] = Path(tree[name]).expanduser().absolute()
    tagging = tree.get("tagging")
    if isinstance(tagging, dict) and isinstance(tagging.get("encoder"), str | Path):
        tree["tagging"] = {**tagging, "encoder": Path(tagging["encoder"]).expanduser().absolute()}
    return tree


def _first_problem(error: ValidationError, file: Path | None) -> str:
    problem = error.errors()[0]
    name = ".".join(str(part) for part in problem["loc"])
    where = f" (in {file}, the environment or an option)" if file else " (in the environment or an option)"
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {name}{where}: see docs/reference/settings.md"
    return f"setting {name}{where}: {problem['msg'].lower()}, got {problem['input']!r}"
