"""The parts of a running program, put together."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trendbot.bootstrap.bounces import bounce_desk
from trendbot.bootstrap.home import Access, empty, for_sample, make_folder, own_templates, prepare, themes_file
from trendbot.bootstrap.mail import mail_desk
from trendbot.bootstrap.policies import (
    approval_policies,
    digest_policy,
    fetcher_for,
    poll_policy,
    retention_of,
    summarizer_for,
    timetables_of,
)
from trendbot.bootstrap.ways import recipients_of, transports_for
from trendbot.core.digests import DigestPolicy
from trendbot.core.policies import ApprovalPolicy
from trendbot.core.polling import PollPolicy
from trendbot.core.retelling import Summarizer
from trendbot.core.retention import Retention
from trendbot.core.slots import Timetable
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.fetch.http import Fetcher
from trendbot.paths import bundled
from trendbot.pipeline.mailing import MailDesk
from trendbot.pipeline.outcomes import Recipients
from trendbot.render.environment import Renderer
from trendbot.store.database import Database
from trendbot.store.lock import home_lock, served
from trendbot.store.same_secret import require_same_secret
from trendbot.store.secret import home_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trendbot.clock import Clock
    from trendbot.pipeline.bounces import BounceDesk
    from trendbot.pipeline.desk import Desk
    from trendbot.settings import Settings
    from trendbot.transports.base import Transport


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
    timetables: Mapping[Cadence, Timetable]
    approvals: Mapping[ChannelKind, ApprovalPolicy]
    sample: bool
    summarizer: Summarizer | None = None
    retention: Retention
    mail: MailDesk | None = None
    bounces: BounceDesk | None = None

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
        ConfigError: the home cannot be a folder, a setting cannot be used, or other homes have another secret.
        ConflictError: another process writes to this home.
        SchemaError: the database is older or newer than this program.
        StoreError: there is no database, or it cannot be opened.

    """
    if sample:
        settings = for_sample(settings)
    with contextlib.ExitStack() as stack:
        if access is not Access.READ:
            make_folder(settings.home, "home")
            if access is not Access.BESIDE or not served(settings.home):
                stack.enter_context(home_lock(settings.home, now=clock(), doing=doing))
            if sample:
                empty(settings.home)
        database = stack.enter_context(Database(settings.database_address))
        prepare(database, access)
        if access is not Access.READ and not sample:
            require_same_secret(database, settings.home)
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
    from trendbot.transports.linkedin import LinkedinTransport

    linkedin = app.transports.get(LinkedinTransport.name)
    return Desk(
        database=app.database,
        renderer=app.renderer,
        policies=app.digests,
        approvals=app.approvals,
        sample=app.sample,
        summarizer=app.summarizer,
        as_picture=isinstance(linkedin, LinkedinTransport) and linkedin.as_picture,
    )


def _assembled(settings: Settings, clock: Clock, database: Database, *, sample: bool) -> App:
    renderer = Renderer(bundled("templates"), own_templates(settings))
    timetables = timetables_of(settings)
    return App(
        clock=clock,
        home=settings.home,
        database=database,
        fetcher=fetcher_for(settings),
        renderer=renderer,
        transports=transports_for(settings, clock, database, sample=sample),
        recipients=recipients_of(settings.home),
        editions=settings.editions,
        themes=themes_file(settings),
        encoder=settings.tagging.encoder,
        seeds=bundled("seeds") / "feeds.toml",
        polling=poll_policy(settings),
        digests={cadence: digest_policy(settings, cadence) for cadence in Cadence},
        timetables=timetables,
        approvals={} if sample else approval_policies(settings),
        sample=sample,
        summarizer=None if sample else summarizer_for(settings),
        retention=retention_of(settings),
        mail=mail_desk(settings, renderer),
        bounces=None if sample else bounce_desk(settings, renderer),
    )
