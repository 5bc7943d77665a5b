"""`trendbot feeds`: what is polled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.feeds_health import VERBS, allow_private, an_address, asking, followed
from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import Column, near, show_rows

if TYPE_CHECKING:
    from trendbot.core.feeds import Feed

KINDS = ("news", "lab", "research", "newsletter", "engineering", "policy", "community", "paper")


@click.group("feeds", cls=Noun)
def command() -> None:
    """List, add, examine, weigh, remove, import and export feeds."""


def _state(feed: Feed) -> str:
    if not feed.enabled:
        return "off"
    if feed.gone_at:
        return "gone"
    if feed.error:
        return f"failed {feed.failures}×: {feed.error}"
    return "ok" if feed.succeeded_at else "not asked yet"


COLUMNS = (
    Column(title="id", value=lambda feed: feed.id, number=True),
    Column(title="title", value=lambda feed: feed.title, wide=True),
    Column(title="kind", value=lambda feed: feed.kind),
    Column(title="weight", value=lambda feed: f"{feed.weight:g}", number=True),
    Column(title="entries", value=lambda feed: feed.entries, number=True),
    Column(title="changed (UTC)", value=lambda feed: feed.changed_at),
    Column(title="state", value=_state, wide=True),
    Column(title="address", value=lambda feed: feed.url, wide=True),
)


@command.command("list")
@click.option("--failing", is_flag=True, help="Only feeds whose last poll failed.")
@as_json
@pass_choices
def list_(choices: Choices, failing: bool, json_: bool) -> None:
    """List the feeds and how they do."""
    from trendbot.cli.opening import opened
    from trendbot.store.feeds import list_feeds

    with opened(choices) as app:
        feeds = [feed for feed in app.database.read(list_feeds) if not failing or (feed.enabled and feed.error)]
    show_rows(feeds, COLUMNS, json_=json_, nothing="no feed fails" if failing else "no feeds: `trendbot feeds add URL`")


@command.command()
@click.argument("url")
@click.option("--title", default="", help="Its name; default what the feed calls itself.")
@click.option("--kind", type=click.Choice(KINDS), default="news", show_default=True, help="What sort of publisher.")
@click.option("--language", help="Its language, such as en; default what the feed says.")
@click.option("--weight", type=click.FloatRange(0.1, 3.0), default=1.0, show_default=True, help="How much it counts.")
@click.option("--as-is", is_flag=True, help="Take URL for a feed without asking it.")
@allow_private
@pass_choices
def add(
    choices: Choices,
    url: str,
    title: str,
    kind: str,
    language: str | None,
    weight: float,
    as_is: bool,
    allow_private: bool,
) -> None:
    """Follow the feed at URL, or the one that the page at URL offers; what it lists is stored at once."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.core.feeds import FeedSeed
    from trendbot.core.vocabulary import FeedKind
    from trendbot.store.feeds import add_feed

    seed = FeedSeed(url=an_address(url, "URL"), title=title, kind=FeedKind(kind), language=language, weight=weight)
    with opened(choices, Access.BESIDE, options=asking(allow_private)) as app:
        feed = app.database.write(add_feed, seed, now=app.clock()) if as_is else followed(app, seed)
    told = f", {feed.entries} entries" if feed.polled_at else ""
    click.echo(f"feed {feed.id} added: {feed.title}, {feed.url}{told}")


@command.command()
@click.argument("feed", metavar="ID|URL")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_choices
def remove(choices: Choices, feed: str, yes: bool) -> None:
    """Forget a feed and its entries; published digests stay as they are."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.store.feeds import get_feed, remove_feed

    with opened(choices, Access.BESIDE) as app:
        found = app.database.read(get_feed, feed)
        if not yes:
            click.confirm(f"Forget {found.title} ({found.url}) and its {found.entries} entries?", abort=True)
        app.database.write(remove_feed, found.id)
    click.echo(f"feed {found.id} removed: {found.title}, {found.entries} entries")


def _switch(choices: Choices, which: str, *, on: bool) -> None:
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.store.feeds import set_enabled

    with opened(choices, Access.BESIDE) as app:
        feed = app.database.write(set_enabled, which, on, now=app.clock())
    click.echo(f"feed {feed.id} is {'on' if on else 'off'}: {feed.title}")


@command.command()
@click.argument("feed", metavar="ID|URL")
@pass_choices
def enable(choices: Choices, feed: str) -> None:
    """Poll a feed again."""
    _switch(choices, feed, on=True)


@command.command()
@click.argument("feed", metavar="ID|URL")
@pass_choices
def disable(choices: Choices, feed: str) -> None:
    """Keep a feed and its entries, and poll it no more."""
    _switch(choices, feed, on=False)


class _Listing(click.File):
    """A file to read; whoever gives an address hears what takes one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
            self.fail(f"{value} is an address: save it as a file, or follow it with `trendbot run --opml`", param, ctx)
        return super().convert(value, param, ctx)


@command.command("import")
@click.argument("file", type=_Listing("rb"))
@pass_choices
def import_(choices: Choices, file: Any) -> None:
    """Follow the feeds of an OPML FILE (- for standard input)."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.fetch.opml import parse_opml
    from trendbot.store.feeds import seed_feeds

    listed = parse_opml(file.read(), name=file.name)
    with opened(choices, Access.BESIDE) as app:
        added = app.database.write(seed_feeds, listed.feeds, app.clock())
    click.echo(f"{added} feeds added, {len(listed.feeds) - added} were followed already")
    if listed.unusable:
        named = ", ".join([*listed.unusable[:5], *("…" for _ in listed.unusable[5:6])])
        click.echo(f"{len(listed.unusable)} left out, which have no web address: {named}", err=True)


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="-")
@pass_choices
def export(choices: Choices, file: Path) -> None:
    """Write all feeds as OPML to FILE, or to standard output."""
    from trendbot.cli.opening import opened
    from trendbot.fetch.opml import build_opml
    from trendbot.store.feeds import list_feeds

    with opened(choices) as app:
        feeds = app.database.read(list_feeds)
    content = build_opml(feeds)
    with click.open_file(str(file), "wb", atomic=str(file) != "-") as stream:
        stream.write(content)
    if str(file) != "-":
        click.echo(f"{len(feeds)} feeds written to {near(file)}")


for verb in VERBS:
    command.add_command(verb)
