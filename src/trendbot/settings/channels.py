"""Settings of the ways on which digests go: Telegram, LinkedIn, the pages, webhooks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, HttpUrl, SecretStr

from trendbot.settings.base import Group, Seconds


class TelegramSettings(Group):
    """The bot that speaks on Telegram."""

    token: SecretStr | None = Field(default=None, description="The bot's token; without one nothing goes to Telegram.")
    base_url: HttpUrl | None = Field(
        default=None, description="Where the Bot API is, up to the token; default Telegram's own server."
    )
    rate: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=29.0, description="Messages a second to everybody together; Telegram allows about 30."
    )


class LinkedinSettings(Group):
    """The LinkedIn page or person that digests are posted for; `trendbot linkedin connect` does the rest."""

    client_id: str = Field(default="", max_length=200, description="The id of your app in LinkedIn's developer portal.")
    client_secret: SecretStr | None = Field(default=None, description="The app's secret, for connecting and renewing.")
    redirect_uri: str = Field(
        default="http://127.0.0.1:8734/linkedin",
        max_length=500,
        description="The address LinkedIn sends your browser back to; registered with the app, letter by letter.",
    )
    version: str = Field(
        default="202609",
        pattern=r"^20\d\d(?:0[1-9]|1[0-2])$",
        description="The version month to speak; one that is served no longer is stepped over by itself.",
    )
    visibility: Literal["PUBLIC", "CONNECTIONS", "LOGGED_IN"] = Field(
        default="PUBLIC", description="Who sees a post; pages can only be public."
    )
    form: Literal["card", "picture"] = Field(
        default="card", description="Show the lead's link as a card with the chart, or the chart alone as a picture."
    )
    hour: Annotated[int, Field(ge=0, le=23)] = Field(default=8, description="The hour at which the page posts.")
    timezone: str = Field(default="UTC", max_length=64, description="The zone of that hour, such as Europe/Berlin.")
    weekdays: str = Field(
        default="mon tue wed thu fri sat sun",
        pattern=r"^(?:mon|tue|wed|thu|fri|sat|sun)(?:[ ,]+(?:mon|tue|wed|thu|fri|sat|sun))*$",
        description="The weekdays on which the page posts, with spaces between.",
    )
    quiet_days: bool = Field(default=True, description="Whether the page also posts where a day was quiet.")
    daily_calls: Annotated[int, Field(ge=5)] = Field(
        default=150, description="Calls a day that your app may make for one member; a post takes up to five."
    )
    api_url: HttpUrl | None = Field(default=None, description="Where the API is; default LinkedIn's own.")
    oauth_url: HttpUrl | None = Field(default=None, description="Where consent is asked for; default LinkedIn's own.")


class WebSettings(Group):
    """The public pages; what `trendbot web` serves."""

    host: str = Field(default="127.0.0.1", max_length=255, description="The address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(default=8080, description="The port to listen on.")
    proxies: str = Field(
        default="127.0.0.1",
        max_length=1000,
        description="Proxies whose word on a caller's address counts: addresses or networks with commas between.",
    )
    bot: str = Field(
        default="", max_length=64, description="The bot's name on Telegram, for links to it; default no such links."
    )
    webhook: bool = Field(
        default=False,
        description="Take Telegram's updates by webhook at the public address, instead of `trendbot bot`.",
    )


class WebhookSettings(Group):
    """Addresses of your own that editions are posted to as signed JSON; see ``docs/extending.md``."""

    allow_private: bool = Field(default=False, description="Post to private and loopback addresses too.")
    timeout: Seconds = Field(default=10.0, le=19, description="Seconds that the receiver has to answer.")
