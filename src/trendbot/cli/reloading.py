"""What `trendbot serve` does on SIGHUP: it reads the settings again, and says what of them takes a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trendbot.settings.base import Group

if TYPE_CHECKING:
    from trendbot.cli.frame import Choices
    from trendbot.scheduler import Bells, Plan
    from trendbot.settings import Settings

OPEN = (
    "home",
    "database_url",
    "credentials_key",
    "fetch",
    "telegram",
    "linkedin",
    "email",
    "web",
    "webhook",
    "plugins",
)
"""Settings of what is opened once: the database, connections, accounts, the port."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reloading:
    """The settings that a process began with, and how it goes on by others: `again` reads and takes them.

    Where they are wrong, those in force stay; each outcome is one line to `say`.
    """

    choices: Choices
    bells: Bells
    began: Settings
    plan_of: Callable[[Settings], Plan]
    say: Callable[[str], None]

    def again(self) -> None:
        """Read the settings and the themes again."""
        from trendbot.bootstrap import reloaded
        from trendbot.cli.opening import start_log
        from trendbot.errors import TrendbotError
        from trendbot.ticks import Watch

        try:
            settings = self.choices.settings()
            plan, app = self.plan_of(settings), reloaded(self.bells.app, settings)
        except TrendbotError as error:
            self.say(f"the settings in force stay: {error}")
            return
        self.bells.plan, self.bells.app = plan, app
        self.bells.watch = Watch(alone=self.bells.watch.alone, operator=settings.operator_channel)
        start_log(settings, app.home, debug=bool(self.choices.debug))
        late = ", ".join(changed(self.began, settings))
        self.say("the settings were read again" + (f"; only after a restart: {late}" if late else ""))
        self._try_themes()

    def _try_themes(self) -> None:
        """Say what is wrong with the themes file, which the next poll would leave aside."""
        from trendbot.cli.theme_files import loaded
        from trendbot.errors import TrendbotError

        try:
            loaded(self.bells.app.themes)
        except TrendbotError as error:
            self.say(f"the themes in force stay: {error}")


def changed(began: Settings, now: Settings) -> Iterator[str]:
    """Name the settings that differ and are those of something that is open already."""
    for name in OPEN:
        yield from _differing(name, getattr(began, name), getattr(now, name))


def _differing(name: str, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, Group):
        for field in type(old).model_fields:
            yield from _differing(f"{name}.{field}", getattr(old, field), getattr(new, field))
    else:
        yield name
