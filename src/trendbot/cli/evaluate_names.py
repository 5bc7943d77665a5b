"""`trendbot evaluate names`: how early new names are put forward, and how many of those put forward are names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.frame import Choices, Verb, as_json, pass_choices
from trendbot.cli.out import show_facts, show_json

if TYPE_CHECKING:
    from trendbot.core.names.judging import Judgement, Recall

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("names", cls=Verb)
@click.option("--items", metavar="FILE", type=FILE, required=True, help="JSONL: title, summary, source, published.")
@click.option("--names", "wanted", metavar="FILE", type=FILE, required=True, help="JSONL: name, day of its first use.")
@click.option(
    "--daily", type=click.IntRange(1, 50), default=5, show_default=True, help="Names put forward in a day at most."
)
@click.option("--known", is_flag=True, help="Leave out terms of the themes file that are not among the names sought.")
@as_json
@pass_choices
def names(choices: Choices, items: Path, wanted: Path, daily: int, known: bool, json_: bool) -> None:
    """Walk a stream day by day and see when each of the names is put forward.

    A part of a name counts as the name (Cowork and Claude Cowork); the figures for exact names stand beside. Days are
    days of the stream. Nothing is known beforehand unless --known is given.
    """
    from trendbot.cli.progress import Reporter
    from trendbot.core.names.known import Known
    from trendbot.pipeline.evaluate_names import evaluate_names, read_items, read_wanted
    from trendbot.pipeline.names import common_words

    stream = read_items(_lines(items), file=str(items))
    sought = read_wanted(_lines(wanted), file=str(wanted))
    common = common_words()
    covered = _keys(choices, {one.name for one in sought}) if known else frozenset()
    with Reporter() as report:
        found, suggested = evaluate_names(
            stream,
            sought,
            common=common,
            known=Known(keys=covered, common=common),
            daily=daily,
            progress=None if json_ else lambda done, total: report("names", done, total),
        )
    if json_:
        show_json(as_data(found, [{"name": one.name, "day": one.day} for one in suggested]))
    else:
        _show(found)


def _lines(file: Path) -> list[str]:
    from trendbot.errors import ConfigError

    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: it must be UTF-8, one JSON object a line") from error


def _keys(choices: Choices, sought: set[str]) -> frozenset[str]:
    from trendbot.cli.theme_files import in_use
    from trendbot.core.names.finding import name_key
    from trendbot.core.names.known import keys_of_terms

    return keys_of_terms(in_use(choices).rules.terms) - {name_key(name) for name in sought}


def as_data(found: Judgement, suggested: list[dict[str, Any]]) -> dict[str, Any]:
    """Give a judgement as plain data, with the keys that scripts rely on."""
    return {
        "names": found.names,
        "suggestions": found.suggestions,
        "days": found.days,
        "per_day": found.suggestions / found.days if found.days else 0.0,
        "recall": _recall(found.part),
        "recall_exact": _recall(found.exact),
        "precision": found.precision_part,
        "precision_exact": found.precision_exact,
        "late": found.late,
        "missed": found.missed,
        "suggested": suggested,
    }


def _recall(recall: Recall) -> dict[str, float]:
    return {"same_day": recall.same_day, "two_days": recall.two_days, "ever": recall.ever}


def _show(found: Judgement) -> None:
    per_day = found.suggestions / found.days if found.days else 0.0
    facts: dict[str, object] = {
        "names sought": found.names,
        "put forward": f"{found.suggestions} in {found.days} days, {per_day:.1f} a day",
    }
    for title, recall in (("in part", found.part), ("exactly", found.exact)):
        facts[f"found {title}"] = (
            f"{100 * recall.same_day:.1f} % by the day, {100 * recall.two_days:.1f} % within two days, "
            f"{100 * recall.ever:.1f} % ever"
        )
    facts["precision"] = f"{100 * found.precision_part:.1f} % in part, {100 * found.precision_exact:.1f} % exactly"
    facts["late"] = ", ".join(found.late) or "none"
    facts["missed"] = ", ".join(found.missed) or "none"
    show_facts(facts)
