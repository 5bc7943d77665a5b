"""The LinkedIn account, its app and its rhythm, as the settings have them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from trendbot.bootstrap.zones import refuse_unknown_zone
from trendbot.core.posting import Rhythm
from trendbot.errors import ConfigError
from trendbot.pipeline.linkedin_account import StoredAccount
from trendbot.pipeline.watch import Overseer
from trendbot.store.database import Database
from trendbot.store.secret import home_secret
from trendbot.transports.linkedin import LinkedinTransport
from trendbot.transports.linkedin_http import API
from trendbot.transports.linkedin_oauth import OAUTH, OAuthApp

if TYPE_CHECKING:
    from trendbot.clock import Clock
    from trendbot.settings import Settings


def linkedin_account(settings: Settings, clock: Clock, database: Database) -> StoredAccount:
    """Return the LinkedIn account of a home, connected or not."""
    own = settings.credentials_key
    asked = settings.linkedin
    secret = functools.partial(home_secret, settings.home) if own is None else own.get_secret_value().encode
    app = linkedin_app(settings) if asked.client_secret is not None and asked.client_id else None
    return StoredAccount(database=database, clock=clock, secret=secret, asked_version=asked.version, app=app)


def linkedin_app(settings: Settings) -> OAuthApp:
    """Return the app of LinkedIn's developer portal.

    Raises:
        ConfigError: it is not set up.

    """
    asked = settings.linkedin
    if asked.client_secret is None or not asked.client_id:
        raise ConfigError(
            "LinkedIn needs the settings linkedin.client_id and linkedin.client_secret "
            "(TRENDBOT_LINKEDIN__CLIENT_SECRET_FILE names a file with it): see docs/linkedin.md"
        )
    return OAuthApp(
        client_id=asked.client_id,
        client_secret=asked.client_secret.get_secret_value(),
        redirect_uri=asked.redirect_uri,
        oauth_url=str(asked.oauth_url) if asked.oauth_url else OAUTH,
        api_url=str(asked.api_url) if asked.api_url else API,
    )


def linkedin_rhythm(settings: Settings) -> Rhythm:
    """Return when the page posts.

    Raises:
        ConfigError: there is no such time zone.

    """
    asked = settings.linkedin
    refuse_unknown_zone("linkedin.timezone", asked.timezone)
    weekdays = tuple(asked.weekdays.replace(",", " ").split())
    return Rhythm(hour=asked.hour, timezone=asked.timezone, weekdays=weekdays, quiet_days=asked.quiet_days)


def linkedin_transport(settings: Settings, clock: Clock, database: Database) -> LinkedinTransport:
    """Return the transport of the page, with who watches over its consent and its hour."""
    asked = settings.linkedin
    account, rhythm = linkedin_account(settings, clock, database), linkedin_rhythm(settings)
    transport = LinkedinTransport(
        account,
        base_url=str(asked.api_url) if asked.api_url else API,
        visibility=asked.visibility,
        as_picture=asked.form == "picture",
        rhythm=rhythm,
        daily_calls=asked.daily_calls,
    )
    transport.overseer = Overseer(database=database, account=account, rhythm=rhythm, tell=settings.operator_channel)
    return transport
