"""One frozen `Settings`: command-line option > ``TRENDBOT_…`` environment > TOML file > default.

Nested names are joined by two underscores in the environment (``TRENDBOT_FETCH__CONTACT``). Any setting may be read
from a file instead, by ``TRENDBOT_…_FILE``. Unknown names are refused, in the file and in the environment. Feeds,
themes and channels are data, not settings.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, ValidationError

from trendbot.errors import ConfigError

PREFIX = "TRENDBOT_"
CONFIG_NAME = "trendbot.toml"
_CONTROL = frozenset({"TRENDBOT_CONFIG"})
"""Variables that steer the program and are no settings."""

Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=-10, le=10)]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BrandSettings(_Group):
    """Who publishes: names and addresses that stand in every digest."""

    name: str = Field(
        default="trendbot", min_length=1, max_length=60, description="The newsletter's name, in titles and mail."
    )
    page_url: HttpUrl = Field(
        default=HttpUrl("https://www.linkedin.com/company/trendbot/"),
        description="The LinkedIn page that digests invite people to follow.",
    )
    site_url: HttpUrl | None = Field(default=None, description="The public address of the archive, where there is one.")
    postal_address: str = Field(
        default="", max_length=200, description="The sender's postal address, for the foot of mail."
    )


class FetchSettings(_Group):
    """How strangers' servers are asked."""

    contact: str = Field(
        default="https://trendbot.example/bot",
        max_length=200,
        description="Where a publisher can complain; in the User-Agent.",
    )
    connections: Count = Field(default=64, le=512, description="Connections open at once, all hosts together.")
    per_host: Count = Field(default=2, le=16, description="Connections open at once to one host.")
    connect_timeout: Seconds = Field(default=10.0, description="Seconds to wait for a connection.")
    timeout: Seconds = Field(default=30.0, description="Seconds for one feed in all, redirects included.")
    max_bytes: Count = Field(default=10_000_000, description="Largest body taken, after decompression, in bytes.")
    allow_private: bool = Field(default=False, description="Ask private and loopback addresses too (intranets, tests).")


class PollingSettings(_Group):
    """When feeds are asked again."""

    interval_minutes: Annotated[int, Field(ge=5, le=1440)] = Field(
        default=60, description="Shortest time between two polls of one feed, in minutes."
    )
    max_interval_hours: Annotated[int, Field(ge=1, le=744)] = Field(
        default=24, description="Longest time between two polls of a healthy feed, in hours."
    )
    host_gap_seconds: Annotated[float, Field(ge=0, le=60)] = Field(
        default=0.5,
        description="Seconds between the starts of two requests to one host; arXiv and Reddit get more in any case.",
    )
    backlog_hours: Annotated[int, Field(ge=1, le=8760)] = Field(
        default=48, description="Entries older than this when their feed is first polled are no news, in hours."
    )


Letting = Literal["automatic", "unless-objected", "approve"]


class ApprovalSettings(_Group):
    """Who lets a digest go, by kind of channel; the strictest among a digest's channels decides for all of them."""

    linkedin: Letting = Field(
        default="automatic",
        description="Digests with a LinkedIn edition go at once, at `hour` unless objected to, or when approved.",
    )
    telegram: Letting = Field(default="automatic", description="The same for digests with a Telegram edition.")
    email: Letting = Field(default="automatic", description="The same for digests with an email edition.")
    hour: Annotated[int, Field(ge=0, le=23)] = Field(
        default=9, description="The UTC hour from which a draft goes to which nobody objected; never in its first hour."
    )


class DigestSettings(_Group):
    """What a digest holds."""

    daily_minutes: Annotated[int, Field(ge=1, le=60)] = Field(
        default=3, description="Minutes that reading a daily digest may take; filled by worth for length."
    )
    weekly_minutes: Annotated[int, Field(ge=1, le=120)] = Field(
        default=6, description="Minutes that reading a weekly digest may take."
    )
    daily_stories: Annotated[int, Field(ge=1, le=30)] = Field(
        default=10, description="Stories in a daily digest at most."
    )
    weekly_stories: Annotated[int, Field(ge=1, le=60)] = Field(
        default=20, description="Stories in a weekly digest at most."
    )
    per_theme: Annotated[int, Field(ge=1, le=20)] = Field(default=3, description="Stories under one theme at most.")
    per_feed: Annotated[int, Field(ge=1, le=20)] = Field(default=2, description="Stories led by one feed at most.")
    approval: ApprovalSettings = ApprovalSettings()


class RankingSettings(_Group):
    """What each part of a story's score weighs; the parts stand with every digest and in `why`."""

    publishers: Weight = Field(
        default=1.0, description="Worth of the number of independent publishers (its logarithm)."
    )
    reports: Weight = Field(default=0.6, description="Worth of the number of reports (its logarithm).")
    kinds: Weight = Field(default=0.6, description="Worth of each further kind of feed.")
    press: Weight = Field(default=0.8, description="Worth of a report by the press or a lab.")
    community: Weight = Field(default=-2.0, description="Worth of a story that only forums and posts tell.")
    first_party: Weight = Field(default=0.3, description="Worth of a lab's own word.")
    weight: Weight = Field(default=0.4, description="Worth of the weight of the story's weightiest feed above 1.")
    themes: Weight = Field(default=0.1, description="Worth of each theme, up to three.")
    off_theme: Weight = Field(default=-0.8, description="Worth of having no theme.")
    names: Weight = Field(default=0.45, description="Worth of each followed term that a report mentions, up to three.")
    surprise: Weight = Field(default=0.08, description="Worth of the surprise of the rising term that the title names.")
    action: Weight = Field(default=0.7, description="Worth of a title that says what somebody did.")
    figures: Weight = Field(default=0.2, description="Worth of a number in the title.")
    length: Weight = Field(
        default=0.5, description="Worth of a title above 180 characters: a post that says something."
    )
    brief: Weight = Field(default=-0.6, description="Worth of a title below 40 characters.")
    volume: Weight = Field(
        default=-0.4, description="Worth of how much its feeds publish in the period (the logarithm)."
    )
    reply: Weight = Field(default=-1.0, description="Worth of a post that answers somebody.")
    hashtags: Weight = Field(default=-0.45, description="Worth of each hashtag, up to three.")
    emoji: Weight = Field(default=-0.8, description="Worth of an emoji in the title.")
    link: Weight = Field(default=-1.0, description="Worth of a bare address in the title.")
    question: Weight = Field(default=-0.4, description="Worth of a title that asks.")
    personal: Weight = Field(
        default=-0.4, description="Worth of a title about its author, to its reader, or that teaches."
    )
    promotion: Weight = Field(default=-1.5, description="Worth of an advertisement.")
    routine: Weight = Field(default=-1.5, description="Worth of a bare version or a notice of operations.")
    freshness: Weight = Field(
        default=-0.6, description="Worth of each period that the newest report is old beyond the first."
    )


class TelegramSettings(_Group):
    """The bot that speaks on Telegram."""

    token: SecretStr | None = Field(default=None, description="The bot's token; without one nothing goes to Telegram.")
    base_url: HttpUrl | None = Field(
        default=None, description="Where the Bot API is, up to the token; default Telegram's own server."
    )
    rate: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=25.0, description="Messages a second to everybody together; Telegram allows about 30."
    )


class LinkedinSettings(_Group):
    """The LinkedIn page or person that digests are posted for; `trendbot linkedin connect` does the rest."""

    client_id: str = Field(default="", max_length=200, description="The id of your app in LinkedIn's developer portal.")
    client_secret: SecretStr | None = Field(default=None, description="The app's secret; without it nothing is posted.")
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


class WebSettings(_Group):
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


class SummarizeSettings(_Group):
    """A language model that may word a sentence or two a story; everything it says goes through the proof gate."""

    enabled: bool = Field(default=False, description="Whether a model is asked; without one nothing is lost.")
    endpoint: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:11434/v1"),
        description="An OpenAI-compatible address, up to `/chat/completions`; a server of your own will do.",
    )
    model: str = Field(default="", max_length=128, description="The model's name at that address.")
    api_key: SecretStr | None = Field(default=None, description="The key that the address asks for, where it does.")
    seconds: Seconds = Field(
        default=45.0, le=600, description="Seconds that asking may delay a digest in all; then it goes without."
    )
    timeout: Seconds = Field(default=20.0, description="Seconds for one answer.")
    retries: Annotated[int, Field(ge=0, le=5)] = Field(default=1, description="How often one question is repeated.")
    max_tokens: Count = Field(default=60_000, description="Tokens that one digest may cost, in and out.")
    max_cost: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="Money that one digest may cost, in the money of the prices; 0 sets no bound."
    )
    price_in: Annotated[float, Field(ge=0)] = Field(default=0.0, description="The price of a million tokens sent.")
    price_out: Annotated[float, Field(ge=0)] = Field(default=0.0, description="The price of a million tokens answered.")


class ScheduleSettings(_Group):
    """When `trendbot serve` does what."""

    timezone: str = Field(default="UTC", max_length=64, description="The zone of the hours here: Europe/Berlin.")
    daily_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        default=6, description="The hour at which the daily digest is made."
    )
    weekly_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        default=7, description="The hour at which the weekly digest is made."
    )
    weekly_day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = Field(
        default="sun", description="The weekday of the weekly digest."
    )
    daily_late_hours: Annotated[int, Field(ge=1, le=23)] = Field(
        default=12, description="A daily digest that was missed is still made so many hours later."
    )
    weekly_late_hours: Annotated[int, Field(ge=1, le=160)] = Field(
        default=72, description="A weekly digest that was missed is still made so many hours later."
    )
    backup_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        default=3, description="The hour of housekeeping: a backup, and removing what is old."
    )
    backups: Annotated[int, Field(ge=0, le=366)] = Field(
        default=7, description="Backups kept in `backups` in the home; 0 makes none."
    )


class TaggingSettings(_Group):
    """How themes are found."""

    encoder: Path | None = Field(
        default=None,
        description="The folder of a local encoder (sentence-transformers, BERT) for the learner; default none.",
    )


class Settings(_Group):
    """Everything an operator can set; see ``docs/reference/settings.md``."""

    home: Path = Field(description="The folder that holds all state.")
    database_url: str | None = Field(default=None, description="The database; default a SQLite file in the home.")
    out: Path | None = Field(default=None, description="Where editions are written; default `editions` in the home.")
    themes: Path | None = Field(default=None, description="Your own themes file; default the one that ships.")
    templates: Path | None = Field(default=None, description="A folder whose templates replace those that ship.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="How much is logged."
    )
    log_format: Literal["text", "json"] = Field(default="text", description="Log lines for people or for machines.")
    credentials_key: SecretStr | None = Field(
        default=None,
        description="What seals the tokens of accounts in the database; default the home's `secret.key`.",
    )
    operator_channel: str = Field(
        default="",
        max_length=63,
        description="The channel that is told when something needs you; default none.",
    )
    brand: BrandSettings = BrandSettings()
    fetch: FetchSettings = FetchSettings()
    polling: PollingSettings = PollingSettings()
    digest: DigestSettings = DigestSettings()
    ranking: RankingSettings = RankingSettings()
    tagging: TaggingSettings = TaggingSettings()
    summarize: SummarizeSettings = SummarizeSettings()
    telegram: TelegramSettings = TelegramSettings()
    linkedin: LinkedinSettings = LinkedinSettings()
    web: WebSettings = WebSettings()
    schedule: ScheduleSettings = ScheduleSettings()

    @property
    def database_address(self) -> str:
        """The database in force."""
        return self.database_url or f"sqlite:///{self.home / 'trendbot.db'}"

    @property
    def editions(self) -> Path:
        """The folder in force for editions."""
        return self.out or self.home / "editions"


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
    return default if default.is_file() else None


def _from_toml(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}; mend it or move it away") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error


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
