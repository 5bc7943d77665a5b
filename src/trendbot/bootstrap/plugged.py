"""Transports that packages add, and the webhook, which is made as they are."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trendbot import __version__
from trendbot.fetch.guard import guarded_sockets
from trendbot.logs import get_logger
from trendbot.plugins import PARSERS, TRANSPORTS, Plugin, plugins
from trendbot.store.secret import home_secret
from trendbot.transports import webhook
from trendbot.transports.base import Maker, Setup, Transport

if TYPE_CHECKING:
    from trendbot.clock import Clock
    from trendbot.settings import Settings

log = get_logger(__name__)

OWN = frozenset({"files", "telegram", "linkedin", "email", "smtp", "webhook"})
"""Names that no added transport may take."""
_YES = frozenset({"true", "1", "yes", "on"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugged:
    """A plugin, and the transport it made: None where its options do not set it up, or where `problem` says why."""

    plugin: Plugin
    transport: Transport | None = None
    problem: str = ""


def added_transports(settings: Settings, clock: Clock) -> dict[str, Transport]:
    """Return the webhook and the transports of packages by name; what cannot be made is logged and left out."""
    hook = webhook.make(_setup(settings, clock, "webhook", settings.webhook.model_dump()))
    found: dict[str, Transport] = {hook.name: hook}
    for each in plugged(settings, clock):
        if each.problem:
            log.error("plugin_unusable", plugin=each.plugin.name, package=each.plugin.package, reason=each.problem)
        if each.transport is not None:
            found[each.plugin.name] = each.transport
    return found


def plugged(settings: Settings, clock: Clock) -> Iterator[Plugged]:
    """Go through the plugins of both groups; raises nothing that a plugin can cause."""
    for plugin in plugins(TRANSPORTS):
        yield _made(plugin, _setup(settings, clock, plugin.name, settings.plugins.get(plugin.name, {})))
    for plugin in plugins(PARSERS):
        yield Plugged(plugin=plugin, problem=plugin.problem)


def _made(plugin: Plugin, setup: Setup) -> Plugged:
    if plugin.problem or plugin.name in OWN:
        return Plugged(plugin=plugin, problem=plugin.problem or "trendbot has a transport of this name itself")
    make: Maker = plugin.part
    try:
        transport = make(setup)
    except Exception as error:
        log.exception("plugin_failed", plugin=plugin.name)
        return Plugged(plugin=plugin, problem=f"it cannot be made ({type(error).__name__}: {error})")
    if transport is not None and getattr(transport, "name", None) != plugin.name:
        return Plugged(plugin=plugin, problem=f"the attribute `name` of what it makes is not {plugin.name}")
    return Plugged(plugin=plugin, transport=transport)


def _setup(settings: Settings, clock: Clock, name: str, options: Mapping[str, Any]) -> Setup:
    def secret(purpose: str) -> bytes:
        return hmac.digest(home_secret(settings.home), f"{name}\0{purpose}".encode(), "sha256")

    return Setup(
        options=options,
        user_agent=f"trendbot/{__version__} (+{settings.fetch.contact})",
        clock=clock,
        sockets=guarded_sockets(allow_private=str(options.get("allow_private", "")).lower() in _YES),
        secret=secret,
    )
