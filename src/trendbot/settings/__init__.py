"""One frozen `Settings`: command-line option > ``TRENDBOT_…`` environment > TOML file > default.

Nested names are joined by two underscores in the environment (``TRENDBOT_FETCH__CONTACT``). Any setting may be read
from a file instead, by ``TRENDBOT_…_FILE``. Unknown names are refused, in the file and in the environment. Feeds,
themes and channels are data, not settings.
"""

from __future__ import annotations

from trendbot.settings.loading import CONFIG_NAME, PREFIX, default_home, load_settings, notify_socket
from trendbot.settings.model import Settings

__all__ = ["CONFIG_NAME", "PREFIX", "Settings", "default_home", "load_settings", "notify_socket"]
