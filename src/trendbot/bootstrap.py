"""Where the parts are put together: `Settings` in, `App` out. Below this line everything takes plain values."""

from __future__ import annotations

import contextlib
import enum
import functools
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from trendbot import __version__
from trendbot.core.addresses import address_hash
from trendbot.core.digests import DigestPolicy
from trendbot.core.hours import zone
from trendbot.core.policies import Approval, ApprovalPolicy
from trendbot.core.polling import PollPolicy
from trendbot.core.posting import Rhythm
from trendbot.core.retelling import Summarizer
from trendbot.core.vocabulary import Cadence, ChannelKind, SuppressionReason
from trendbot.core.weights import Weights
from trendbot.errors import ConfigError, StoreError
from trendbot.fetch.http import Fetcher
from trendbot.paths import bundled
from trendbot.pipeline.linkedin_account import StoredAccount
from trendbot.pipeline.outcomes import Recipients, Retired
from trendbot.pipeline.watch import Overseer
from trendbot.render.environment import Renderer
from trendbot.store import migrate
from trendbot.store.database import Database, Session
from trendbot.store.lock import home_lock
from trendbot.store.secret import home_secret
from trendbot.subscriptions import Act, note_blocked, suppress
from trendbot.transports.files import FilesTransport
from trendbot.transports.linkedin import LinkedinTransport
from trendbot.transports.linkedin_http import API
from trendbot.transports.linkedin_oauth import OAUTH, OAuthApp
from trendbot.transports.mime import MailAddress
from trendbot.transports.telegram import TelegramTransport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trendbot.clock import Clock
    from trendbot.pipeline.desk import Desk
    from trendbot.settings import Settings
    from trendbot.transports.base import Transport

SAMPLE = "sample"
"""The folder below a home in which the sample week lives, away from real news."""


class Access(enum.StrEnum):
    """What a command wants of the home.

    READ refuses a missing and an old database. WRITE holds the lock, makes a database where there is none, and refuses
    an old one. MIGRATE holds the lock, and makes or upgrades the database.
    """

    READ = "read"
    WRITE = "write"
    MIGRATE = "migrate"


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """The parts of a running program, and the plain values they were configured with.

    `sample` marks a home whose feeds are made up: everything that is made in it says so.
    """

    clock: Clock
    home: Path
    database: Database
    fetcher: Fetcher
    renderer: Renderer
    transports: Mapping[str, Transport]
    recipients: Recipients
    editions: Path
    themes: Path
    encoder: Path | None
    seeds: Path
    polling: PollPolicy
    digests: Mapping[Cadence, DigestPolicy]
    approvals: Mapping[ChannelKind, ApprovalPolicy]
    sample: bool
    summarizer: Summarizer | None = None

    def key(self) -> bytes:
        """Return the installation's secret, which signs links and hides suppressed addresses; made at first use.

        Raises:
            StoreError: its file cannot be read or made.

        """
        return home_secret(self.home)


@contextlib.contextmanager
def open_app(
    settings: Settings, clock: Clock, *, access: Access, doing: str = "run", sample: bool = False
) -> Iterator[App]:
    """Open the home and its database for `access`; `doing` is what the lock tells others.

    `sample` opens the folder of the sample week below the home instead; for writing it is emptied first.

    Raises:
        ConfigError: the home cannot be a folder, or a setting cannot be used.
        ConflictError: another process writes to this home.
        SchemaError: the database is older or newer than this program.
        StoreError: there is no database, or it cannot be opened.

    """
    if sample:
        settings = _for_sample(settings)
    with contextlib.ExitStack() as stack:
        if access is not Access.READ:
            make_folder(settings.home, "home")
            stack.enter_context(home_lock(settings.home, now=clock(), doing=doing))
            if sample:
                _empty(settings.home)
        database = stack.enter_context(Database(settings.database_address))
        _prepare(database, access)
        yield _assembled(settings, clock, database, sample=sample)


def reloaded(app: App, settings: Settings) -> App:
    """Return the parts as new settings have them, over the same home, database and connections.

    What is open stays: connections to feeds, and the transports that are configured still. A new token, home or
    database takes a restart.

    Raises:
        ConfigError: a setting cannot be used.

    """
    fresh = _assembled(settings, app.clock, app.database, sample=app.sample)
    return replace(fresh, home=app.home, fetcher=app.fetcher, transports=app.transports)


def desk_of(app: App) -> Desk:
    """Return the editor's desk of a home."""
    from trendbot.pipeline.desk import Desk

    return Desk(
        database=app.database,
        renderer=app.renderer,
        policies=app.digests,
        approvals=app.approvals,
        sample=app.sample,
        summarizer=app.summarizer,
    )


def themes_file(settings: Settings) -> Path:
    """Return the themes file to follow: the setting's, else ``themes.toml`` in the home, else the one that ships.

    Raises:
        ConfigError: the setting's is not there.

    """
    if settings.themes and not settings.themes.is_file():
        raise ConfigError(f"no themes file at {settings.themes}: mend the setting `themes`, or leave it out")
    own = own_themes(settings)
    return own if own.is_file() else bundled("seeds") / "themes.toml"


def own_themes(settings: Settings) -> Path:
    """Return where the operator's own themes file stands, or would: the setting's, else in the home."""
    return settings.themes or settings.home / "themes.toml"


def _assembled(settings: Settings, clock: Clock, database: Database, *, sample: bool) -> App:
    return App(
        clock=clock,
        home=settings.home,
        database=database,
        fetcher=fetcher_for(settings),
        renderer=Renderer(bundled("templates"), settings.templates),
        transports=_transports(settings, clock, database, sample=sample),
        recipients=_recipients(settings.home),
        editions=settings.editions,
        themes=themes_file(settings),
        encoder=settings.tagging.encoder,
        seeds=bundled("seeds") / "feeds.toml",
        polling=_polling(settings),
        digests={cadence: digest_policy(settings, cadence) for cadence in Cadence},
        approvals={} if sample else _approvals(settings),
        sample=sample,
        summarizer=None if sample else _summarizer(settings),
    )


def _summarizer(settings: Settings) -> Summarizer | None:
    """Return what words stories by a language model, where one is configured."""
    asked = settings.summarize
    if not asked.enabled:
        return None
    if not asked.model:
        raise ConfigError("setting summarize.enabled needs summarize.model: name the model that the endpoint serves")
    from trendbot.summarize.llm import LlmSummarizer, Terms

    return LlmSummarizer(
        Terms(
            endpoint=str(asked.endpoint),
            model=asked.model,
            api_key=asked.api_key.get_secret_value() if asked.api_key else None,
            seconds=asked.seconds,
            timeout=asked.timeout,
            retries=asked.retries,
            max_tokens=asked.max_tokens,
            max_cost=asked.max_cost,
            price_in=asked.price_in,
            price_out=asked.price_out,
        )
    )


def _transports(settings: Settings, clock: Clock, database: Database, *, sample: bool) -> dict[str, Transport]:
    """Return the transports that are configured; none of them opens anything before it is used.

    Made-up news leaves the machine by no way.
    """
    files = FilesTransport(settings.editions, sender=_sender(settings))
    found: dict[str, Transport] = {files.name: files}
    asked = settings.telegram
    if asked.token is not None and not sample:
        telegram = TelegramTransport(
            token=asked.token.get_secret_value(),
            base_url=str(asked.base_url) if asked.base_url else None,
            rate=asked.rate,
        )
        found[telegram.name] = telegram
    if settings.linkedin.client_secret is not None and not sample:
        linkedin = _linkedin(settings, clock, database)
        found[linkedin.name] = linkedin
    return found


def linkedin_account(settings: Settings, clock: Clock, database: Database) -> StoredAccount:
    """Return the LinkedIn account of a home, connected or not."""
    own = settings.credentials_key
    asked = settings.linkedin
    secret = functools.partial(home_secret, settings.home) if own is None else own.get_secret_value().encode
    app = linkedin_app(settings) if asked.client_secret is not None else None
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
    try:
        zone(asked.timezone)
    except ValueError as error:
        raise ConfigError(f"setting linkedin.timezone: {error}; write one such as Europe/Berlin") from error
    weekdays = tuple(asked.weekdays.replace(",", " ").split())
    return Rhythm(hour=asked.hour, timezone=asked.timezone, weekdays=weekdays, quiet_days=asked.quiet_days)


def _linkedin(settings: Settings, clock: Clock, database: Database) -> LinkedinTransport:
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


def _recipients(home: Path) -> Recipients:
    """Return what sending has to know of subscribers; the home's secret is read when the first one is written to."""
    secret = functools.cache(lambda: home_secret(home))

    def hashed(kind: ChannelKind, address: str) -> str:
        return address_hash(secret(), kind, address)

    def retire(session: Session, retired: Retired) -> None:
        if retired.kind is ChannelKind.TELEGRAM and not retired.gone:  # unblocked, they go on where they were
            note_blocked(session, retired.subscriber_id, retired.channel_id, now=retired.now)
            return
        reason = SuppressionReason.GONE if retired.gone else SuppressionReason.BLOCKED
        act = Act(method="transport", now=retired.now)
        suppress(session, kind=retired.kind, address=retired.address, reason=reason, act=act, key=secret())

    return Recipients(hash_address=hashed, retire=retire)


def fetcher_for(settings: Settings) -> Fetcher:
    """Return a fetcher as the settings have it; it is to be opened with `async with`."""
    asked = settings.fetch
    return Fetcher(
        user_agent=f"trendbot/{__version__} (+{asked.contact})",
        connections=asked.connections,
        per_host=asked.per_host,
        connect_timeout=asked.connect_timeout,
        timeout=asked.timeout,
        max_bytes=asked.max_bytes,
        allow_private=asked.allow_private,
    )


def _polling(settings: Settings) -> PollPolicy:
    return PollPolicy(
        interval=timedelta(minutes=settings.polling.interval_minutes),
        max_interval=timedelta(hours=settings.polling.max_interval_hours),
        backlog_age=timedelta(hours=settings.polling.backlog_hours),
        connections=settings.fetch.connections,
        per_host=settings.fetch.per_host,
        host_gap=timedelta(seconds=settings.polling.host_gap_seconds),
    )


def _approvals(settings: Settings) -> dict[ChannelKind, ApprovalPolicy]:
    asked = settings.digest.approval
    return {
        kind: ApprovalPolicy(approval=Approval(getattr(asked, kind.value)), hour=asked.hour) for kind in ChannelKind
    }


def digest_policy(settings: Settings, cadence: Cadence) -> DigestPolicy:
    """Return what the digests of a cadence may hold, as the settings have it."""
    digest, brand = settings.digest, settings.brand
    return DigestPolicy(
        minutes=digest.daily_minutes if cadence is Cadence.DAILY else digest.weekly_minutes,
        stories=digest.daily_stories if cadence is Cadence.DAILY else digest.weekly_stories,
        per_theme=digest.per_theme,
        per_feed=digest.per_feed,
        brand=brand.name,
        page_url=str(brand.page_url),
        site_url=str(brand.site_url) if brand.site_url else None,
        postal_address=brand.postal_address,
        weights=Weights(**settings.ranking.model_dump()),
    )


def _sender(settings: Settings) -> MailAddress:
    site = settings.brand.site_url
    return MailAddress(name=settings.brand.name, address=f"digest@{(site and site.host) or 'trendbot.example'}")


def _for_sample(settings: Settings) -> Settings:
    """Return settings for the sample week: its own folders and database, and feeds on this machine allowed."""
    return settings.model_copy(
        update={
            "home": settings.home / SAMPLE,
            "out": settings.out and settings.out / SAMPLE,
            "database_url": None,
            "fetch": settings.fetch.model_copy(update={"allow_private": True, "per_host": settings.fetch.connections}),
        }
    )


def _empty(home: Path) -> None:
    """Remove what an earlier walk through the sample week left in its own folder."""
    for file in home.glob("trendbot.db*"):
        file.unlink()
    shutil.rmtree(home / "editions", ignore_errors=True)


def make_folder(folder: Path, name: str) -> None:
    """Make a folder and its parents where they are missing; `name` is what the error calls it.

    Raises:
        ConfigError: something else is there, or the place is not ours to write.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
        why = "a file stands in its place" if in_the_way else error.strerror
        raise ConfigError(f"the {name} {folder} cannot be made ({why}): name another folder") from error


def _prepare(database: Database, access: Access) -> None:
    if access is Access.READ and database.file is not None and not database.file.exists():
        raise StoreError(f"there is no database at {database.file} yet: `trendbot run` makes one, --home names another")
    if access is Access.MIGRATE or (access is Access.WRITE and migrate.current(database) is None):
        migrate.upgrade(database)
    else:
        migrate.check(database)
