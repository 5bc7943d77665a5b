"""`trendbot evaluate trends` and `evaluate ranking`: rises against events, the order of stories against picks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.evaluate_stories import FILE, read_lines
from trendbot.cli.frame import Choices, as_json, pass_choices
from trendbot.cli.out import Column, show_facts, show_json, show_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trendbot.core.trends.backtest import Backtest
    from trendbot.pipeline.judge_trends import TrendsJudged

THEMES = click.option("--themes", metavar="FILE", type=FILE, help="The themes file whose terms are counted.")


@click.command("trends")
@click.option("--items", "files", type=FILE, required=True, multiple=True, help="Dated items; may be given again.")
@click.option("--events", "events_file", type=FILE, required=True, help="Events: term and day.")
@THEMES
@as_json
@pass_choices
def trends(choices: Choices, files: tuple[Path, ...], events_file: Path, themes: Path | None, json_: bool) -> None:
    """Measure how soon rises show events of public record, at equal rates of alarm.

    Items have one JSON object a line: title, summary, source, published, url, kind, feed_url, aggregator; events: term
    and day. An event that the items do not name within two days is not covered, and not counted. Three operating points
    are shown: the thresholds on the score alone that raise three and six alarms a day, for comparing scores, and the
    shipped listing rule, which is what the program calls rising or new.
    """
    from trendbot.cli.theme_files import in_use, loaded
    from trendbot.pipeline.judge_trends import judge_trends, read_events

    rules = (loaded(themes) if themes else in_use(choices)).rules
    lines = [line for file in files for line in read_lines(file)]
    events = read_events(read_lines(events_file), name=str(events_file))
    judged = judge_trends(lines, events, rules, name=str(files[0]))
    if json_:
        show_json(as_data(judged))
    else:
        _show(judged)


def as_data(judged: TrendsJudged) -> dict[str, Any]:
    """Give the result as plain data; the figures at three alarms a day stand at the top."""
    three = judged.at[3.0]
    return {
        "items": judged.items,
        "days": judged.days,
        "terms": judged.terms,
        "events": judged.events,
        "covered": judged.covered,
        "caught_same_day": three.caught_same_day,
        "caught_within_1": three.caught_within_1,
        "caught_within_2": three.caught_within_2,
        "at_alarms_per_day": {f"{rate:g}": figures(found) for rate, found in judged.at.items()},
        "listed": figures(judged.listed),
        "misses": [
            {"term": one.event.term, "day": one.event.day, "late": one.late}
            for one in three.events
            if one.late is None or one.late > 1
        ],
    }


def figures(found: Backtest) -> dict[str, float]:
    """Give the figures at one threshold as plain data."""
    return {
        "threshold": found.threshold,
        "alarms_per_day": found.alarms_per_day,
        "caught_same_day": found.caught_same_day,
        "caught_within_1": found.caught_within_1,
        "caught_within_2": found.caught_within_2,
        "repeats": found.repeats,
        "false_alarms": found.false_alarms,
    }


def operating_points(at: Mapping[float, Backtest], listed: Backtest) -> list[tuple[str, Backtest]]:
    """Name the operating points of a table of figures: by score alone at a rate of alarms, and as shipped."""
    rows = [(f"by score alone (≥ {found.threshold:.2f})", found) for _, found in sorted(at.items())]
    return [*rows, ("as shipped: rising or new", listed)]


def figure_columns() -> tuple[Column, ...]:
    """Return the columns of a table of figures: rows are (name, Backtest)."""
    shares = (("same day", "caught_same_day"), ("within 1", "caught_within_1"), ("within 2", "caught_within_2"))
    return (
        Column(title="operating point", value=lambda row: row[0]),
        Column(title="alarms a day", value=lambda row: f"{row[1].alarms_per_day:.2f}", number=True),
        *(Column(title=title, value=_share_of(name), number=True) for title, name in shares),
        Column(title="repeats", value=_share_of("repeats"), number=True),
    )


def _share_of(name: str) -> Any:
    return lambda row: f"{getattr(row[1], name):.3f}"


def _show(judged: TrendsJudged) -> None:
    show_table(operating_points(judged.at, judged.listed), figure_columns())
    click.echo(
        f"\n{judged.covered} of {judged.events} events are in these {judged.items} items of {judged.days} days; "
        f"{judged.terms} terms counted"
    )
    for name, found in (("as shipped", judged.listed), ("at three alarms a day", judged.at[3.0])):
        missed = [f"{one.event.term} {one.event.day}" for one in found.events if one.late is None or one.late > 1]
        click.echo(f"missed {name}: {', '.join(missed) or 'none'}")


@click.command("ranking")
@click.option("--items", "items_file", type=FILE, required=True, help="Dated items.")
@click.option("--picks", "picks_file", type=FILE, required=True, help="An editor's picks: id, day, grade.")
@THEMES
@as_json
@pass_choices
def ranking(choices: Choices, items_file: Path, picks_file: Path, themes: Path | None, json_: bool) -> None:
    """Measure how well the order of stories agrees with an editor's picks.

    Items have one JSON object a line: id, title, summary, source, published, url, kind; picks: id, day and grade (3 the
    lead, 2 in the summary, 1 cited). The picks of a day are from the items of the day before.
    """
    from trendbot.cli.theme_files import in_use, loaded
    from trendbot.pipeline.group import background
    from trendbot.pipeline.judge_ranking import judge_ranking, read_picks

    rules = (loaded(themes) if themes else in_use(choices)).rules
    picks = read_picks(read_lines(picks_file), name=str(picks_file))
    met = judge_ranking(read_lines(items_file), picks, rules, background(), name=str(items_file))
    if json_:
        show_json(met)
        return
    show_facts(
        {
            "days": met.days,
            "nDCG@10": f"{met.ndcg_at_10:.3f}",
            "P@10": f"{met.precision_at_10:.3f}",
            "recall@20 of the summary": f"{met.recall_at_20:.3f}",
            "MRR of the lead": f"{met.lead_mrr:.3f}",
        }
    )
