"""`trendbot digests compare` and `rebuild`: past digests made again."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.frame import Choices, Instant, Verb, as_json, pass_choices
from trendbot.cli.out import Column, near, show_json, show_table

if TYPE_CHECKING:
    from trendbot.pipeline.compare import Comparison, Rules
    from trendbot.pipeline.rebuild import Rebuilt

NOW, TOLD = "now", "told"
LISTED = 8

COLUMNS = (
    Column(title="digest", value=lambda each: each.digest_id, number=True),
    Column(title="slot", value=lambda each: each.slot),
    Column(title="A", value=lambda each: each.stories_a, number=True),
    Column(title="B", value=lambda each: each.stories_b, number=True),
    Column(title="gained", value=lambda each: len(each.differences.of("gained")), number=True),
    Column(title="lost", value=lambda each: len(each.differences.of("lost")), number=True),
    Column(title="moved", value=lambda each: len(each.differences.of("moved")), number=True),
    Column(title="A again", value=lambda each: each.repeats_a, number=True),
    Column(title="B again", value=lambda each: each.repeats_b, number=True),
    Column(title="overlap@10", value=lambda each: f"{each.differences.overlap:.2f}", number=True),
)


@click.command(cls=Verb)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--cadence", type=click.Choice(["daily", "weekly"]), help="Of one cadence.")
@click.option("--since", type=Instant(), help="Digests since then (ISO 8601).")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="How many digests at most.")
@click.option("--stories", is_flag=True, help="Name the stories that B gains and loses, digest by digest.")
@as_json
@pass_choices
def compare(
    choices: Choices,
    first: str,
    second: str,
    cadence: str | None,
    since: datetime | None,
    limit: int,
    stories: bool,
    json_: bool,
) -> None:
    """Compare two rankings or rule sets over the past: what B would have told instead of A.

    A and B are settings files, themes files, `now` (the settings and tags in force) or `told` (what went out). Each
    past digest is composed from what was known when it was due, and from what really was told before; what a side
    would have told twice is counted under "again". Nothing is written.
    """
    from trendbot.cli.opening import opened
    from trendbot.core.vocabulary import Cadence
    from trendbot.pipeline.compare import compare as compare_

    with opened(choices) as app:
        a, b = (rules_of(choices, name, app.digests) for name in (first, second))
        found = compare_(app.database, a, b, cadence=Cadence(cadence) if cadence else None, since=since, limit=limit)
    show_comparison(found, json_=json_, stories=stories)


def rules_of(choices: Choices, name: str, present: Mapping[Any, Any]) -> Rules:
    """Return the rules that a name on the command line stands for.

    Raises:
        ConfigError: it is no file, or a file that is neither settings nor themes.

    """
    from trendbot.bootstrap import digest_policy
    from trendbot.cli.theme_files import loaded
    from trendbot.core.vocabulary import Cadence
    from trendbot.errors import ConfigError
    from trendbot.pipeline.compare import Rules
    from trendbot.settings import load_settings

    if name in (NOW, TOLD):
        return Rules(name=name, policies=present if name == NOW else None)
    path = Path(name)
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{name} cannot be read ({error}): name a settings or themes file, `now` or `told`"
        ) from error
    if "theme" in tree:
        return Rules(name=near(path), policies=present, themes=loaded(path).rules)
    settings = load_settings(options={"home": choices.settings().home}, config=path)
    return Rules(name=near(path), policies={cadence: digest_policy(settings, cadence) for cadence in Cadence})


def show_comparison(found: Comparison, *, json_: bool, stories: bool) -> None:
    """Print a comparison."""
    if json_:
        show_json(
            {
                "a": found.a,
                "b": found.b,
                "overlap": found.overlap,
                "repeats": dict(zip("ab", found.repeats, strict=True)),
                "digests": found.digests,
            }
        )
        return
    if not found.digests:
        click.echo("no past digests to compare: `trendbot run` makes them")
        return
    click.echo(f"A is {found.a}, B is {found.b}\n")
    show_table(found.digests, COLUMNS)
    gained, lost, moved = (found.count(kind) for kind in ("gained", "lost", "moved"))
    click.echo(f"\nB gains {gained}, loses {lost} and moves {moved} stories; overlap@10 {found.overlap:.2f}")
    again_a, again_b = found.repeats
    click.echo(f"told again in a later one of these digests: {again_a} by A, {again_b} by B")
    if stories:
        _show_stories(found)


def _show_stories(found: Comparison) -> None:
    from trendbot.cli.digests_view import CHANGED

    for each in found.digests:
        changed = each.differences.stories
        if changed:
            click.echo(f"\ndigest {each.digest_id}, {each.cadence} {each.slot}")
            show_table(changed, CHANGED)


@click.command(cls=Verb)
@click.argument("digest", type=int, metavar="ID", required=False)
@click.option("--all", "all_", is_flag=True, help="Every digest there is.")
@as_json
@pass_choices
def rebuild(choices: Choices, digest: int | None, all_: bool, json_: bool) -> None:
    """Make a past digest again from the store, and say whether it comes out the same to the last byte.

    Its content is held against the hash that was frozen with it, and every edition, of every choice of themes, is
    rendered anew from the content and held against the one that was kept. Templates that were changed since are said
    to be so.
    """
    from trendbot.cli.opening import opened
    from trendbot.errors import ConfigError, StoreError
    from trendbot.pipeline.rebuild import rebuild as rebuild_
    from trendbot.store.digests import list_digests

    if digest is None and not all_:
        raise ConfigError("name a digest, or give --all")
    with opened(choices) as app:
        every = [one.id for one in app.database.read(list_digests, limit=1_000_000)] if all_ else [digest]
        found = [rebuild_(app.database, app.renderer, number) for number in every if number is not None]
    if json_:
        show_json(found)
    else:
        for one in found:
            click.echo(_told(one))
    if not all(one.same for one in found):
        raise StoreError("not everything came out as it was: see above")


def _told(one: Rebuilt) -> str:
    if one.same:
        return f"digest {one.digest_id}: content and {one.editions} editions, byte for byte"
    return f"digest {one.digest_id}: {'; '.join(one.problems)}"


VERBS = (compare, rebuild)
