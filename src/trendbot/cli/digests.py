"""`trendbot digests`: what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import Column, show_json, show_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trendbot.store.digests import Digest, Edition


@click.group("digests", cls=Noun)
def command() -> None:
    """List and show digests and their editions."""


COLUMNS = (
    Column(title="id", value=lambda digest: digest.id, number=True),
    Column(title="cadence", value=lambda digest: digest.cadence),
    Column(title="slot", value=lambda digest: digest.slot),
    Column(title="number", value=lambda digest: digest.number, number=True),
    Column(title="stories", value=lambda digest: len(digest.content.items()), number=True),
    Column(title="frozen (UTC)", value=lambda digest: digest.frozen_at),
    Column(title="title", value=lambda digest: digest.title, wide=True),
)


@command.command("list")
@click.option("--cadence", type=click.Choice(["daily", "weekly"]), help="Of one cadence.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@as_json
@pass_choices
def list_(choices: Choices, cadence: str | None, limit: int, json_: bool) -> None:
    """List the digests, the latest first."""
    from trendbot.cli.opening import opened
    from trendbot.core.vocabulary import Cadence
    from trendbot.store.digests import list_digests

    with opened(choices) as app:
        found = app.database.read(list_digests, cadence=Cadence(cadence) if cadence else None, limit=limit)
    show_rows(found, COLUMNS, json_=json_, nothing="no digests yet: `trendbot run` makes them")


@command.command()
@click.argument("digest", type=int, metavar="ID")
@click.option("--kind", type=click.Choice(["linkedin", "telegram", "email"]), help="Only this edition, as it is sent.")
@as_json
@pass_choices
def show(choices: Choices, digest: int, kind: str | None, json_: bool) -> None:
    """Show a digest as text, and which editions there are of it."""
    from trendbot.cli.opening import opened
    from trendbot.store.digests import get_digest, list_editions

    with opened(choices) as app:
        found = app.database.read(get_digest, digest)
        editions = app.database.read(list_editions, digest)
    if json_:
        show_json({"digest": found, "editions": editions})
    elif kind:
        _show_edition(editions, kind)
    else:
        _show_digest(found, editions)


def _show_edition(editions: Sequence[Edition], kind: str) -> None:
    from trendbot.errors import NotFoundError

    chosen = [edition for edition in editions if edition.kind == kind]
    if not chosen:
        there = ", ".join(edition.kind for edition in editions) or "none"
        raise NotFoundError(f"the digest has no {kind} edition; it has: {there}")
    for edition in chosen:
        if edition.subject:
            click.echo(f"Subject: {edition.subject}\n")
        for part in edition.parts:
            click.echo(part)


def _show_digest(digest: Digest, editions: Sequence[Edition]) -> None:
    content = digest.content
    click.echo(f"{content.title}\n{content.line}\n")
    for told in content.items():
        item = told[1]
        click.echo(f"- {item.headline} ({item.lead.source}; {', '.join(item.themes) or 'no theme'})")
        click.echo(f"  {item.lead.url}")
    for edition in editions:
        click.echo(
            f"\n{edition.kind}: {len(edition.parts)} part(s), `trendbot digests show {digest.id} --kind {edition.kind}`"
        )
