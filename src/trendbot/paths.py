"""Where the files that ship with the program are: templates, migrations, seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from trendbot.errors import ConfigError

Bundle = Literal["templates", "migrations", "seeds"]

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: Bundle) -> Path:
    """Return the folder `name`: from the wheel where installed, from the repository in development.

    Raises:
        ConfigError: neither place has it, which means a broken installation.

    """
    for folder in (_PACKAGE / "_bundled" / name, _PACKAGE.parent.parent / name):
        if folder.is_dir():
            return folder
    raise ConfigError(f"the installation lacks its {name} folder (looked beside {_PACKAGE}): install trendbot again")
