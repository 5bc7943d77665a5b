"""`trendbot evaluate`: how good tags, stories, trends and ranking are against what people labelled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.evaluate_names import names
from trendbot.cli.evaluate_stories import stories
from trendbot.cli.evaluate_trends import ranking, trends
from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import Column, show_json, show_table

if TYPE_CHECKING:
    from trendbot.core.evaluation import Evaluation
    from trendbot.core.scoring import Measure, Tally
    from trendbot.pipeline.lab import Sample

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("evaluate", cls=Noun)
def command() -> None:
    """Measure tagging, names, stories, trends and ranking against labelled data."""


command.add_command(stories)
command.add_command(trends)
command.add_command(ranking)
command.add_command(names)


@command.command("tags")
@click.argument("file", type=FILE)
@click.option(
    "--train", "train_on", metavar="FILE", type=FILE, help="Train the learner on these labelled entries first."
)
@click.option(
    "--cross-validate", "folds", metavar="N", type=click.IntRange(min=2),
    help="Judge each of N parts by a learner trained on the others.",
)  # fmt: skip
@click.option("--themes", metavar="FILE", type=FILE, help="The themes file to measure; default the one in use.")
@as_json
@pass_choices
def tags(
    choices: Choices, file: Path, train_on: Path | None, folds: int | None, themes: Path | None, json_: bool
) -> None:
    """Measure precision, recall and F1 by theme, and how honest the probabilities are.

    FILE has one JSON object a line: id, title, summary, source, published, themes, and disputed for the themes that
    count neither for nor against. Without an option the rules alone are measured.
    """
    from trendbot.classify.encoder import open_encoder
    from trendbot.cli.theme_files import in_use, loaded
    from trendbot.pipeline.evaluate import evaluate_tags

    rules = (loaded(themes) if themes else in_use(choices)).rules
    folder = choices.settings().tagging.encoder
    found = evaluate_tags(
        rules,
        _samples(file, rules.slugs),
        train_on=_samples(train_on, rules.slugs) if train_on else (),
        folds=folds or 0,
        encoder=open_encoder(folder) if folder and (train_on or folds) else None,
    )
    if json_:
        show_json(as_data(found))
    else:
        _show(found)


def _samples(file: Path, slugs: tuple[str, ...]) -> list[Sample]:
    from trendbot.errors import ConfigError
    from trendbot.pipeline.lab import labelled_samples

    try:
        samples = labelled_samples(file.read_text(encoding="utf-8").splitlines(), slugs, name=str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: it must be UTF-8, one JSON object a line") from error
    if not samples:
        raise ConfigError(f"{file} holds no labelled entry: it must have one JSON object a line")
    return samples


def as_data(found: Evaluation) -> dict[str, Any]:
    """Give an evaluation as plain data, with the keys that scripts rely on."""
    return {
        "micro_f1": found.micro_f1,
        "macro_f1": found.macro_f1,
        "ece": found.ece,
        "entries": found.entries,
        "micro": _tally(found.micro),
        "themes": {slug: _tally(tally) for slug, tally in found.themes.items()},
    }


def _tally(tally: Tally) -> dict[str, Any]:
    counts: dict[str, Any] = {"positives": tally.positives, "tp": tally.tp, "fp": tally.fp, "fn": tally.fn}
    for name, measure in (("precision", tally.precision), ("recall", tally.recall), ("f1", tally.f1)):
        counts[name] = measure.value if measure else None
        if measure:
            counts |= {f"{name}_low": measure.low, f"{name}_high": measure.high}
    return counts


COLUMNS = (
    Column(title="theme", value=lambda row: row[0]),
    Column(title="entries", value=lambda row: row[1].positives, number=True),
    Column(title="precision", value=lambda row: _percent(row[1].precision), number=True),
    Column(title="recall", value=lambda row: _percent(row[1].recall), number=True),
    Column(title="F1", value=lambda row: _percent(row[1].f1), number=True),
    Column(title="95 % interval", value=lambda row: _interval(row[1].f1), number=True),
)


def _show(found: Evaluation) -> None:
    show_table([*found.themes.items(), ("all (micro)", found.micro)], COLUMNS)
    click.echo(f"\nmean F1 over the themes (macro): {100 * found.macro_f1:.1f}")
    click.echo(f"calibration error: {100 * found.ece:.1f} points, over {found.entries} entries")


def _percent(measure: Measure | None) -> str:
    return f"{100 * measure.value:.1f}" if measure else "–"


def _interval(measure: Measure | None) -> str:
    return f"{100 * measure.low:.1f}–{100 * measure.high:.1f}" if measure else "–"
