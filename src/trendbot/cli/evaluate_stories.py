"""`trendbot evaluate stories`: how well grouping agrees with a reader."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.frame import as_json
from trendbot.cli.out import show_json, show_table

if TYPE_CHECKING:
    from trendbot.pipeline.judge_stories import StoriesJudged

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def read_lines(file: Path) -> list[str]:
    """Return the lines of a UTF-8 file.

    Raises:
        ConfigError: it cannot be read.

    """
    from trendbot.errors import ConfigError

    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: it must be UTF-8, one JSON object a line") from error


@click.command("stories")
@click.argument("file", type=FILE)
@click.option("--ignore-urls", is_flag=True, help="Let words and dates alone decide, not addresses.")
@as_json
def stories(file: Path, json_: bool, ignore_urls: bool) -> None:
    """Measure how well grouping agrees with a reader's stories.

    FILE has one JSON object a line: id, title, summary, source, published, url, story. An item without a story is
    background: it is grouped, and not judged.
    """
    from trendbot.pipeline.group import background
    from trendbot.pipeline.judge_stories import judge_stories, labelled_items

    judged = judge_stories(labelled_items(read_lines(file), name=str(file), urls=not ignore_urls), background())
    if not judged.agreement.entries:
        warning = "no item names its story (field `story`): nothing is judged, and the figures below say nothing"
        click.echo(f"trendbot: {warning}", err=True)
    if json_:
        show_json(as_data(judged))
    else:
        _show(judged)


def as_data(judged: StoriesJudged) -> dict[str, Any]:
    """Give the result as plain data, with the keys that scripts rely on."""
    import dataclasses

    figures = dataclasses.asdict(judged.agreement)
    return {"items": judged.items, "items_per_second": judged.items_per_second, **figures}


def _show(judged: StoriesJudged) -> None:
    from trendbot.cli.out import Column

    found = judged.agreement
    rows = (
        ("B³, all entries", found.b3_precision, found.b3_recall, found.b3_f1),
        ("B³, stories of two and more", found.multi_precision, found.multi_recall, found.multi_f1),
        ("pairs", found.pairwise_precision, found.pairwise_recall, found.pairwise_f1),
    )
    columns = (
        Column(title="measure", value=lambda row: row[0]),
        Column(title="precision", value=lambda row: f"{row[1]:.3f}", number=True),
        Column(title="recall", value=lambda row: f"{row[2]:.3f}", number=True),
        Column(title="F1", value=lambda row: f"{row[3]:.3f}", number=True),
    )
    show_table(rows, columns)
    click.echo(f"\njoining nothing at all would give B³ F1 {found.singletons_b3_f1:.3f}")
    click.echo(
        f"{found.entries} judged entries of {found.stories} stories in {found.groups} groups; "
        f"{judged.items} items in all, {judged.items_per_second:,.0f} a second"
    )
