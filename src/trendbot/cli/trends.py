"""`trendbot trends`: what is rising, what is falling, and how often that was right."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.evaluate_stories import FILE, read_lines
from trendbot.cli.evaluate_trends import figure_columns, figures, operating_points
from trendbot.cli.frame import Choices, Instant, Noun, as_json, pass_choices
from trendbot.cli.out import Column, plain, show_json, show_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trendbot.pipeline.backtest import HistoryJudged
    from trendbot.store.database import Session
    from trendbot.store.trends import KeptReading

_BARS = "▁▂▃▄▅▆▇█"


@click.group("trends", cls=Noun, invoke_without_command=True)
@click.option("--since", type=Instant(), help="All that rose or fell from that day on; default the newest day only.")
@click.option("--kind", type=click.Choice(["theme", "term"]), help="Themes or terms only.")
@click.option("--theme", metavar="SLUG", help="One theme only.")
@click.option("--chart", type=click.Path(dir_okay=False, path_type=Path), help="Draw the shares into an .svg or .png.")
@click.option("--dark", is_flag=True, help="Draw on a dark ground.")
@as_json
@click.pass_context
def command(context: click.Context, /, **wanted: Any) -> None:
    """Show what is rising and falling beyond chance, with the stories behind it."""
    if context.invoked_subcommand is None:
        _show(context.ensure_object(Choices), **wanted)


def _show(
    choices: Choices, *, since: datetime | None, kind: Any, theme: str | None, chart: Path | None, dark: bool,
    json_: bool,
) -> None:  # fmt: skip
    from trendbot.cli.opening import opened

    with opened(choices) as app:
        today = app.clock().date()
        first = since.date() if since else None
        found = app.database.read(_gathered, until=today, since=first, kind=kind, theme=theme)
        if chart is not None:
            lines = app.database.read(_lines, until=found["as_of"] or today, since=first, theme=theme)
    if chart is not None:
        from trendbot.render.trend_charts import draw_shares

        moved = {one.name for one in found["readings"] if one.direction in {"rising", "falling"}}
        draw_shares(lines, chart, title="Share of all reports, mean of 7 days", dark=dark, moved=moved)
    if json_:
        show_json(_as_data(found))
        return
    _print(found)
    if chart is not None:
        click.echo(f"\nchart: {chart}")


def _gathered(session: Session, *, until: date, since: date | None, kind: Any, theme: str | None) -> dict[str, Any]:
    from trendbot.store.trends import list_readings, most_discussed, newest_day, theme_index

    as_of = newest_day(session, until=until)
    if as_of is None:
        return {"as_of": None, "readings": (), "discussed": (), "index": {}}
    readings = list_readings(session, since=min(since or as_of, as_of), until=as_of, kind=kind, theme=theme)
    return {
        "as_of": as_of,
        "readings": readings,
        "discussed": () if theme or kind == "theme" else most_discussed(session, until=as_of),
        "index": {} if kind == "term" else theme_index(session, as_of=as_of),
    }


def _lines(session: Session, *, until: date, since: date | None, theme: str | None) -> Any:
    from trendbot.store.trends import list_readings, share_lines

    series: list[int] = []
    if theme:
        series = [one.series_id for one in list_readings(session, since=until, until=until, theme=theme)]
    return share_lines(session, since=since or until - timedelta(days=89), until=until, series=series)


def _as_data(found: dict[str, Any]) -> dict[str, Any]:
    readings: Sequence[KeptReading] = found["readings"]
    rising = [one for one in readings if one.direction == "rising"]
    falling = [one for one in readings if one.direction == "falling"]
    return {
        "as_of": found["as_of"],
        "nothing_significant": not rising and not falling,
        "rising": rising,
        "falling": falling,
        "new": [one.name for one in readings if one.direction in {"rising", "new"} and one.detail.get("new")],
        "first_named": [one for one in readings if one.direction == "new"],
        "still_rising": [one.name for one in rising if one.detail.get("still")],
        "steady": [one for one in readings if one.direction == "flat" and one.kind == "theme"],
        "most_discussed": found["discussed"],
        "index": found["index"],
    }


def sparkline(counts: Sequence[float]) -> str:
    """Draw counts as bars of one character each."""
    top = max(counts, default=0.0)
    return "".join(_BARS[round(count / top * (len(_BARS) - 1))] if top else _BARS[0] for count in counts)


def _times(one: KeptReading) -> str:
    """Say how many times the usual it is, within which bounds; of a name hardly known before there is no usual."""
    if one.detail.get("new"):
        return "new"
    if one.low is None or one.high is None:
        return f"{one.ratio:.1f}"
    return f"{one.ratio:.1f} ({one.low:.1f}–{one.high:.1f})"


_SHOWN = 14
COLUMNS = (
    Column(title="", value=lambda one: {"rising": "↑", "falling": "↓", "new": "+"}.get(one.direction, "·")),
    Column(title="name", value=lambda one: one.name, wide=True),
    Column(title="reports", value=lambda one: f"{one.current:.0f} in {one.window_days} d", number=True),
    Column(title="usual", value=lambda one: f"{one.baseline:.1f}", number=True),
    Column(title="times (95 %)", value=_times, number=True),
    Column(title="from", value=lambda one: one.detail.get("feeds", ""), number=True),
    Column(title=f"{_SHOWN} days", value=lambda one: sparkline(one.daily[-_SHOWN:])),
)


def _print(found: dict[str, Any]) -> None:
    if found["as_of"] is None:
        click.echo("too little is known of these days to say what is rising: two weeks with news are needed")
        return
    shown = [one for one in found["readings"] if one.direction in {"rising", "falling"}]
    if shown:
        show_table(shown, COLUMNS)
        if still := [plain(one.name) for one in shown if one.direction == "rising" and one.detail.get("still")]:
            click.echo(f"still rising from the days before: {', '.join(still)}")
        _print_stories(shown)
    else:
        click.echo(f"{found['as_of']}: nothing rose or fell beyond chance")
    if first := [one for one in found["readings"] if one.direction == "new"]:
        click.echo("\nnamed for the first time, by one publisher (no rise yet)")
        _print_stories(first)
    themes = [one for one in found["readings"] if one.direction == "flat" and one.kind == "theme"]
    if themes:
        click.echo("\nsteady themes")
        show_table(themes, COLUMNS)
    if found["discussed"]:
        click.echo("\nmost discussed in seven days (share of reports; not a rise)")
        show_table(found["discussed"], _DISCUSSED)
    _print_index(found["index"])


_DISCUSSED = (
    Column(title="name", value=lambda one: one.name, wide=True),
    Column(title="reports", value=lambda one: one.reports, number=True),
    Column(title="share", value=lambda one: f"{100 * one.share:.0f} %", number=True),
)


def _print_stories(shown: Sequence[KeptReading]) -> None:
    for one in shown:
        if one.stories:
            click.echo(f"\n{plain(one.name)}")
            for number, title in one.stories:
                click.echo(f"  story {number}: {plain(title)}")


def _print_index(index: dict[str, float | None]) -> None:
    from trendbot.store.trends import BASELINE_DAY

    known = {slug: value for slug, value in index.items() if value is not None}
    if known:
        told = ", ".join(f"{slug} {value:.0f}" for slug, value in known.items())
        click.echo(f"\nindex, {BASELINE_DAY} = 100: {told}")


@command.command("backtest")
@click.option("--events", "events_file", type=FILE, required=True, help="Events, one JSON object a line: term, day.")
@click.option("--since", type=Instant(), help="From then on (ISO 8601); default all that is stored.")
@as_json
@pass_choices
def backtest(choices: Choices, events_file: Path, since: datetime | None, json_: bool) -> None:
    """Show hits, misses, false alarms and lead over the stored days, read as they would have been read then."""
    from trendbot.cli.opening import opened
    from trendbot.pipeline.backtest import backtest_history
    from trendbot.pipeline.judge_trends import read_events

    events = read_events(read_lines(events_file), name=str(events_file))
    with opened(choices) as app:
        first = since.date() if since else date(1995, 1, 1)
        judged = backtest_history(app.database, events, since=first, until=app.clock().date())
    if json_:
        show_json(_backtest_data(judged))
        return
    show_table(operating_points(judged.at, judged.listed), (*figure_columns(), _false_alarms()))
    click.echo(f"\n{judged.covered} of {judged.events} events are in the {judged.days} stored days\n")
    for one in judged.listed.events:
        click.echo(f"{one.event.day}  {plain(one.event.term)}: {_lateness(one.late)}")


def _false_alarms() -> Column:
    return Column(title="false alarms", value=lambda row: f"{row[1].false_alarms:.2f}", number=True)


def _lateness(late: int | None) -> str:
    if late is None:
        return "missed"
    return "caught the same day" if late == 0 else f"caught {late} days later"


def _backtest_data(judged: HistoryJudged) -> dict[str, Any]:
    return {
        "since": judged.since,
        "until": judged.until,
        "days": judged.days,
        "events": judged.events,
        "covered": judged.covered,
        "at_alarms_per_day": {f"{rate:g}": figures(found) for rate, found in judged.at.items()},
        "listed": figures(judged.listed),
        "caught": [
            {"term": one.event.term, "day": one.event.day, "late": one.late, "score": one.score}
            for one in judged.listed.events
        ],
    }
