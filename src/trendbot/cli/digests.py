"""`trendbot digests`: what was published, and the editor's desk before that."""

from __future__ import annotations

import click

from trendbot.cli.digests_compare import VERBS as PAST
from trendbot.cli.digests_desk import VERBS, at_desk, draft_of, on_draft
from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import Column, show_json, show_rows


@click.group("digests", cls=Noun)
def command() -> None:
    """Compose, read, edit, approve and compare digests."""


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
    from trendbot.store.digest_acts import live_drafts
    from trendbot.store.digests import list_digests

    with opened(choices) as app:
        wanted = Cadence(cadence) if cadence else None
        found = app.database.read(list_digests, cadence=wanted, limit=limit)
        drafts = app.database.read(live_drafts, wanted)
    show_rows(found, COLUMNS, json_=json_, nothing="no digests yet: `trendbot run` makes them")
    for draft in drafts if not json_ else ():
        of = draft.of
        click.echo(f"a {of.cadence} draft of {of.slot} is on the desk: `trendbot digests show --cadence {of.cadence}`")


@command.command()
@click.argument("digest", type=int, metavar="ID", required=False)
@click.option("--kind", type=click.Choice(["linkedin", "telegram", "email"]), help="Only this edition, as it is read.")
@click.option("--raw", is_flag=True, help="With --kind: as the channel takes it, escapes and markup included.")
@on_draft
@as_json
@pass_choices
def show(
    choices: Choices, digest: int | None, kind: str | None, raw: bool, cadence: str, slot: str | None, json_: bool
) -> None:
    """Show the digest of that ID, or the draft that waits, as text."""
    from trendbot.cli.digests_view import show_digest, show_draft, show_edition
    from trendbot.cli.opening import opened
    from trendbot.pipeline.desk import approval_of, waits_for
    from trendbot.store.digests import get_digest, list_editions

    if digest is None:
        with at_desk(choices, read=True) as (_, desk):
            draft = draft_of(desk, cadence, slot)
            waits = waits_for(draft, approval_of(desk, draft.of.cadence))
        show_json(draft) if json_ else show_draft(draft, waits)
        return
    with opened(choices) as app:
        found = app.database.read(get_digest, digest)
        editions = app.database.read(list_editions, digest)
    if json_:
        show_json({"digest": found, "editions": editions})
    elif kind:
        show_edition(editions, kind, raw=raw)
    else:
        show_digest(found, editions)


for verb in (*VERBS, *PAST):
    command.add_command(verb)
