"""The rule lab's answer on the screen."""

from __future__ import annotations

from collections.abc import Sequence

import click

from trendbot.cli.marked import because, pieces_of, show_marked
from trendbot.cli.out import Column, plain, show_table
from trendbot.core.rule_lab import Comparison, Move, ThemeChange
from trendbot.core.scoring import Measure, Tally

COUNTS = (
    Column(title="theme", value=lambda row: row.theme),
    Column(title="before", value=lambda row: row.before, number=True),
    Column(title="after", value=lambda row: row.after, number=True),
    Column(title="gained", value=lambda row: row.gained or "", number=True),
    Column(title="lost", value=lambda row: row.lost or "", number=True),
)

SCORES = (
    Column(title="theme", value=lambda row: row[0]),
    Column(title="yes", value=lambda row: row[2].positives, number=True),
    Column(title="no", value=lambda row: row[2].fp + row[2].tn, number=True),
    Column(title="precision", value=lambda row: _percent(row[2].precision), number=True),
    Column(title="recall", value=lambda row: _percent(row[2].recall), number=True),
    Column(title="F1", value=lambda row: _percent(row[2].f1), number=True),
    Column(title="95 %", value=lambda row: _interval(row[2].f1), number=True),
    Column(title="was", value=lambda row: _percent(row[1].f1), number=True),
    Column(title="points", value=lambda row: _points(row[3]), number=True),
)

Row = tuple[str, Tally, Tally, float | None]


def show_comparison(found: Comparison, *, limit: int) -> None:
    """Print counts, scores against people, confused pairs, and up to `limit` entries gained and lost a theme."""
    show_table(found.themes, COUNTS)
    click.echo()
    _show_scores(found)
    _show_confused(found)
    moved = [theme for theme in found.themes if theme.gained or theme.lost]
    if not moved:
        click.echo("\nno entry changes its themes")
    for theme in moved if limit else ():
        _show_moves(theme, theme.gains[:limit], theme.gained, "gained")
        _show_moves(theme, theme.losses[:limit], theme.lost, "lost")


def _show_scores(found: Comparison) -> None:
    if not found.labelled:
        click.echo(
            "nobody has said yet what these entries are about, so nothing can be measured: `trendbot tag review`"
        )
        return
    rows: list[Row] = [(theme.theme, theme.old, theme.new, theme.points) for theme in found.themes]
    was, now = found.old.f1, found.new.f1
    rows.append(("all", found.old, found.new, 100 * (now.value - was.value) if was and now else None))
    click.echo(f"Against what people said of {found.labelled} of them:")
    show_table(rows, SCORES)
    if found.macro_after is not None and found.macro_before is not None:
        click.echo(f"mean F1 over the themes: {100 * found.macro_after:.1f}, was {100 * found.macro_before:.1f}")


def _show_confused(found: Comparison) -> None:
    for pair in found.confused[:5]:
        times = "once" if pair.count == 1 else f"{pair.count} times"
        click.echo(f"said {pair.said} where a person says {pair.meant}: {times}")


def _show_moves(theme: ThemeChange, moves: Sequence[Move], total: int, what: str) -> None:
    if not moves:
        return
    some = f", the latest {len(moves)}" if total > len(moves) else ""
    click.echo(f"\n{theme.theme}: {total} {what}{some}")
    for move in moves:
        show_move(move, theme.theme)


def show_move(move: Move, theme: str) -> None:
    """Print one entry that a theme gains or loses, its words marked."""
    entry = move.entry
    click.echo(f"  {entry.id}  {entry.day}  {plain(entry.feed)}{_said(move.person, theme)}")
    show_marked(pieces_of(entry.title, entry.body, move.evidence))
    told = because(move.evidence)
    click.echo(f"    {move.score_before:g} → {move.score_after:g}{f': {plain(told)}' if told else ''}")


def _said(person: bool | None, theme: str) -> str:
    if person is None:
        return ""
    return f"  a person says {'yes' if person else 'no'} to {theme}, and that stands"


def _percent(measure: Measure | None) -> str:
    return "–" if measure is None else f"{100 * measure.value:.1f}"


def _interval(measure: Measure | None) -> str:
    return "" if measure is None else f"{100 * measure.low:.0f}–{100 * measure.high:.0f}"


def _points(points: float | None) -> str:
    return "" if points is None else f"{points:+.1f}".replace("-", "−")
