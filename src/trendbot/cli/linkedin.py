"""`trendbot linkedin`: the account that posts."""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine, Iterator
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import show_facts, show_json

if TYPE_CHECKING:
    from trendbot.bootstrap import App
    from trendbot.pipeline.linkedin_account import StoredAccount
    from trendbot.store.channels import Channel
    from trendbot.store.database import Session
    from trendbot.store.deliveries import Delivery
    from trendbot.transports.linkedin import LinkedinTransport
    from trendbot.transports.linkedin_oauth import Grant

CHANNEL = "linkedin"
T = TypeVar("T")


@click.group("linkedin", cls=Noun)
def command() -> None:
    """Connect LinkedIn, show how the connection stands, edit and delete posts."""


@command.command()
@click.option("--page", metavar="NUMBER", help="Post for this page (its number or URN).")
@click.option("--me", is_flag=True, help="Post for yourself.")
@click.option("--paste", is_flag=True, help="Paste the address at which the browser ends; for a server without one.")
@click.option("--channel", default=CHANNEL, show_default=True, help="The channel to add, or to open again.")
@click.option("--wait", type=click.FloatRange(1), default=300, show_default=True, help="Seconds to wait for consent.")
@as_json
@pass_choices
def connect(choices: Choices, page: str | None, me: bool, paste: bool, channel: str, wait: float, json_: bool) -> None:
    """Ask for consent, keep the tokens sealed, and open a channel.

    Without --page and --me for whom it was before, at first for yourself. Only scopes that are needed are asked for.
    """
    import asyncio

    from trendbot.bootstrap import Access, linkedin_account, linkedin_app
    from trendbot.cli.linkedin_consent import ask
    from trendbot.cli.opening import opened
    from trendbot.store.lock import locked
    from trendbot.transports.linkedin_account import author_of
    from trendbot.transports.linkedin_oauth import PAGE_SCOPES, PERSON_SCOPES, person

    settings = choices.settings()
    app = linkedin_app(settings)
    if page and me:
        raise click.UsageError("say --page or --me, not both")
    try:
        author = author_of(page) if page else "" if me else _page_before(choices, channel)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"To post as {author or 'yourself'}.", err=True)

    async def granted() -> tuple[Grant, str]:
        grant = await ask(app, PAGE_SCOPES if author else PERSON_SCOPES, paste=paste, wait=wait)
        return grant, author or await person(app, grant.access_token)

    grant, holder = asyncio.run(granted())
    _check_scope(grant, "w_organization_social" if author else "w_member_social")
    # Consent has to be renewable while `trendbot serve` holds the home: what is written here is two short transactions.
    with opened(choices, Access.READ if locked(settings.home) else Access.WRITE) as home:
        account = linkedin_account(settings, home.clock, home.database)
        account.keep_grant(grant, holder=holder)
        made = home.database.write(_open_channel, channel, holder)
        shown = _standing(home, account)
    if json_:
        show_json(shown | {"channel": made.slug})
    else:
        click.echo(f"connected as {holder} until {shown['expires_at']:%Y-%m-%d}; channel {made.slug} is open")


def _page_before(choices: Choices, channel: str) -> str:
    """Return the page that was posted for before: to connect anew is not to post as somebody else. Empty for none."""
    from trendbot.cli.opening import opened
    from trendbot.errors import NotFoundError, StoreError
    from trendbot.pipeline.linkedin_account import NAME
    from trendbot.store.channels import find_channel
    from trendbot.store.credentials import find_credential
    from trendbot.transports.linkedin_account import author_of

    try:
        with opened(choices) as app:
            held = app.database.read(find_credential, NAME)
            known = held.holder if held else author_of(app.database.read(find_channel, channel).address)
    except (NotFoundError, StoreError, ValueError):
        return ""  # a new home, or nothing of LinkedIn's in it
    return known if known.startswith("urn:li:organization:") else ""


def _check_scope(grant: Grant, needed: str) -> None:
    """Refuse a grant with which nothing can be posted.

    Raises:
        ConfigError: the scope that is needed is not among those granted.

    """
    from trendbot.errors import ConfigError

    if grant.scope and needed not in grant.scope.replace(",", " ").split():
        raise ConfigError(f"LinkedIn did not grant {needed}: add the product to your app, then connect again")


def _open_channel(session: Session, name: str, holder: str) -> Channel:
    """Open the channel that leads to an author, else the one of this name, else a new one; reopen the account's others.

    Two channels to one author would post everything twice, so an author's own channel goes before the name.
    """
    from dataclasses import replace

    from trendbot.core.vocabulary import Cadence, ChannelKind
    from trendbot.store.channels import NewChannel, add_channel, change_channel, list_channels

    ours = [each for each in list_channels(session, disabled=True) if each.transport == CHANNEL]
    known = next((each for each in ours if _leads_to(each, holder)), None)
    known = known or next((each for each in ours if each.slug == name), None)
    for other in ours:
        if other.enabled and other != known:
            change_channel(session, other.slug, other)  # what closed it was the old token
    if known is not None:
        return change_channel(session, known.slug, replace(known, address=holder, enabled=True))
    return add_channel(
        session,
        NewChannel(
            slug=name, kind=ChannelKind.LINKEDIN, transport=CHANNEL, address=holder, cadence=Cadence.DAILY
        ),
    )  # fmt: skip


def _leads_to(channel: Channel, holder: str) -> bool:
    from trendbot.transports.linkedin_account import author_of

    try:
        return author_of(channel.address) == holder
    except ValueError:
        return False


def _standing(app: App, account: StoredAccount) -> dict[str, Any]:
    """Return how the connection stands; no secret is among it."""
    from trendbot.core.posting import days_left
    from trendbot.pipeline.linkedin_account import dead

    found = account.find()
    if found is None:
        return {"connected": False}
    day = app.clock().date().isoformat()
    return {
        "connected": found.expires_at > app.clock() and not dead(found),
        "refused": dead(found) or None,
        "author": found.holder,
        "expires_at": found.expires_at,
        "days_left": days_left(found.expires_at, app.clock()),
        "renewable_until": found.renewable_until,
        "connected_at": found.changed_at,
        "version": found.facts.get("version") if found.facts.get("asked") == account.asked_version else None,
        "calls_today": found.facts.get("calls", 0) if found.facts.get("day") == day else 0,
    }


def _posts(app: App) -> dict[str, Any]:
    """Return the address of the last post and when it went, and when the next one goes."""
    from trendbot.core.vocabulary import DeliveryStatus
    from trendbot.store.deliveries import list_deliveries
    from trendbot.store.posts import waiting
    from trendbot.transports.linkedin_account import post_address

    sent = app.database.read(
        list_deliveries, transport=CHANNEL, status=DeliveryStatus.SENT, latest=True, limit=1
    )  # fmt: skip
    last = next(iter(sent), None)
    next_ = min((each.not_before for each in app.database.read(waiting, transport=CHANNEL)), default=None)
    return {
        "last_post_at": last.sent_at if last else None,
        "last_post": post_address(last.external_id) if last and last.external_id else None,
        "next_post_at": next_,
    }


@command.command()
@as_json
@pass_choices
def status(choices: Choices, json_: bool) -> None:
    """Show the connection: whose, until when, the last post and the next, and what needs you."""
    from trendbot.bootstrap import linkedin_account, linkedin_rhythm
    from trendbot.cli.opening import opened
    from trendbot.pipeline.watch import concerns

    settings = choices.settings()
    with opened(choices) as app:
        account = linkedin_account(settings, app.clock, app.database)
        shown = _standing(app, account) | _posts(app)
        found = [each.text for each in concerns(app.database, account, linkedin_rhythm(settings), now=app.clock())]
    if json_:
        show_json(shown | {"version": shown.get("version") or settings.linkedin.version, "needs_you": found})
        return
    facts = {name.replace("_", " "): value for name, value in shown.items() if value is not None}
    show_facts(facts | {"version": shown.get("version") or settings.linkedin.version})
    for text in found:
        click.echo(f"needs you: {text}")


@command.command()
@as_json
@pass_choices
def refresh(choices: Choices, json_: bool) -> None:
    """Renew the access token, where LinkedIn grants your app renewals."""
    import asyncio

    from trendbot.bootstrap import Access, linkedin_account
    from trendbot.cli.opening import opened
    from trendbot.errors import ConfigError

    settings = choices.settings()
    with opened(choices, Access.WRITE) as app:
        account = linkedin_account(settings, app.clock, app.database)
        if not asyncio.run(account.renew(early=True)):
            raise ConfigError("there is nothing to renew: connect again with `trendbot linkedin connect`")
        shown = _standing(app, account)
    if json_:
        show_json(shown)
    else:
        click.echo(f"renewed until {shown['expires_at']:%Y-%m-%d %H:%M} UTC")


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@pass_choices
def disconnect(choices: Choices, yes: bool, json_: bool) -> None:
    """Forget the tokens; nothing is posted until you connect again."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.pipeline.linkedin_account import NAME
    from trendbot.store.credentials import drop_credential

    with opened(choices, Access.WRITE) as app:
        if not yes:
            click.confirm("Forget LinkedIn's tokens?", abort=True)
        gone = app.database.write(drop_credential, NAME)
    if json_:
        show_json({"disconnected": gone})
    else:
        click.echo("disconnected; revoke the app in LinkedIn's settings too" if gone else "there was no connection")


def _urn(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001
    from trendbot.transports.linkedin_errors import post_in

    if value is None or (found := post_in(value)):
        return value and found
    raise click.BadParameter("no post is named there: its address holds urn:li:share:… or urn:li:activity:…")


_of_post = click.option(
    "--post", "urn", metavar="ADDRESS|URN", callback=_urn, help="Which post it is, where that was never told."
)


@command.command()
@click.argument("delivery", metavar="KEY|ID")
@_of_post
@click.option("--file", "file", type=click.File(), help="Take the text from this file, - for the input.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@pass_choices
def edit(choices: Choices, delivery: str, urn: str | None, file: IO[str] | None, yes: bool, json_: bool) -> None:
    """Change the text of a post that was sent; its card and picture stay.

    Without --file your editor opens with the text as it stands there. Write it as it is to be read: what LinkedIn
    would take for markup is escaped, and #words become hashtags.
    """
    from dataclasses import replace

    from trendbot.core.limits import read_little, utf16_length
    from trendbot.pipeline.messages import message_of
    from trendbot.store.credentials import keep_text, kept_text
    from trendbot.transports.linkedin_account import post_address

    with _posted(choices, delivery, urn) as (app, transport, found, post):
        before = app.database.read(kept_text, found.key) or found.body
        body = _commentary(read_little(before), file)
        changed = read_little(body) != read_little(before).strip()
        if changed:
            if not yes:
                click.confirm(f"Change {post} to {utf16_length(read_little(body))} characters?", abort=True)
            _ask(transport, transport.edit(replace(message_of(found), body=body), post))
            app.database.write(keep_text, found.key, text=body, now=app.clock())
    if json_:
        show_json({"post": post, "changed": changed, "address": post_address(post), "text": read_little(body)})
    else:
        click.echo(f"{post} is changed: {post_address(post)}" if changed else f"{post} reads so already")


@command.command()
@click.argument("delivery", metavar="KEY|ID")
@_of_post
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@pass_choices
def delete(choices: Choices, delivery: str, urn: str | None, yes: bool, json_: bool) -> None:
    """Delete a post that was sent; the delivery keeps saying that it was."""
    with _posted(choices, delivery, urn) as (_, transport, _, post):
        if not yes:
            click.confirm(f"Delete {post}?", abort=True)
        done = _ask(transport, transport.delete(post))
    if json_:
        show_json({"post": post, "deleted": done})
    else:
        click.echo(f"{post} is deleted" if done else f"{post} was gone already")


@contextlib.contextmanager
def _posted(choices: Choices, name: str, urn: str | None) -> Iterator[tuple[App, LinkedinTransport, Delivery, str]]:
    """Open the home beside whoever serves it; find a post that was sent, and its URN: `urn` where none is kept.

    Raises:
        NotFoundError: the delivery is none, or it is not known under which URN it went.
        ConfigError: LinkedIn is not set up.

    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.core.vocabulary import DeliveryStatus
    from trendbot.errors import ConfigError, NotFoundError
    from trendbot.store.deliveries import get_delivery
    from trendbot.transports.linkedin import LinkedinTransport

    with opened(choices, Access.BESIDE) as app:
        found = app.database.read(get_delivery, name)
        if found.channel.transport != CHANNEL or found.status is not DeliveryStatus.SENT:
            raise NotFoundError(f"delivery {found.key} is no post on LinkedIn that was sent")
        post = found.external_id or urn
        if not post:
            raise NotFoundError(f"it is not known which post delivery {found.key} became: add --post and its address")
        transport = app.transports.get(CHANNEL)
        if not isinstance(transport, LinkedinTransport):
            raise ConfigError("LinkedIn is not set up: see docs/linkedin.md")
        yield app, transport, found, post


def _ask(transport: LinkedinTransport, asked: Coroutine[Any, Any, T]) -> T:
    """Ask LinkedIn one thing."""
    import asyncio

    async def answered() -> T:
        try:
            return await asked
        finally:
            await transport.close()

    return asyncio.run(answered())


def _commentary(text: str, file: IO[str] | None) -> str:
    """Return a person's text as LinkedIn takes it, from a file or their editor.

    Raises:
        ConfigError: LinkedIn would not take it, or would cut it short.

    """
    from trendbot.core.limits import check_linkedin, write_little
    from trendbot.errors import ConfigError

    written = file.read() if file is not None else click.edit(text, extension=".txt", require_save=True)
    body = write_little((text if written is None else written).strip())
    if wrong := check_linkedin(body):
        raise ConfigError(f"LinkedIn would not show this whole: {wrong[0]}")
    return body
