"""`trendbot prune`: remove what is past, as the settings have it."""

from __future__ import annotations

import click

from trendbot.cli.frame import Choices, Verb, as_json, pass_choices
from trendbot.cli.out import plain, show_json


@click.command("prune", cls=Verb)
@click.option("--dry-run", is_flag=True, help="Only count.")
@as_json
@pass_choices
def command(choices: Choices, dry_run: bool, json_: bool) -> None:
    """Remove what is older than the settings `retention` say.

    `trendbot serve` does so each night. What was told, judged or pinned stays, and so do digests, editions and
    consents. A pruned entry does not return as new while its feed still lists it.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.pipeline.prune import prune

    with opened(choices, Access.READ if dry_run else Access.WRITE) as app:
        counts = prune(app.database, app.retention, now=app.clock(), dry=dry_run)
    if json_:
        show_json(counts)
        return
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing"
    click.echo(plain(f"{'would go' if dry_run else 'gone'}: {told}"))
