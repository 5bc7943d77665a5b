"""Time zones, as settings name them."""

from __future__ import annotations

from trendbot.core.hours import zone
from trendbot.errors import ConfigError


def refuse_unknown_zone(setting: str, timezone: str) -> None:
    """Do nothing where there is such a zone; `setting` is the name under which it stands.

    Raises:
        ConfigError: there is no such time zone.

    """
    try:
        zone(timezone)
    except ValueError as error:
        raise ConfigError(f"setting {setting}: {error}; write one such as Europe/Berlin") from error
