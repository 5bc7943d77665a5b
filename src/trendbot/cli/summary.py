"""What a run did, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.out import near, plain, show_facts, show_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trendbot.core.trends import TrendReading
    from trendbot.jobs import RunSummary
    from trendbot.pipeline.compose import ComposeReport

SHOWN = 8
"""Failed feeds and files named in the summary at most; `trendbot feeds list --failing` has all."""


def show_summary(summary: RunSummary, *, json_: bool) -> None:
    """Print what a run did."""
    if json_:
        show_json(as_mapping(summary))
        return
    if summary.sample:
        from trendbot.sample import SAMPLE_NOTE

        click.echo(SAMPLE_NOTE)
    show_facts(
        {
            "feeds": _feeds(summary),
            "entries": _entries(summary),
            "tags": " · ".join(f"{slug} {count}" for slug, count in _most(summary.tag.by_theme)) or "none new",
            "stories": _stories(summary),
            "rising": _rises(summary.measure.rising, known=summary.measure.known),
            "digests": _digests(summary.digests),
            "took": f"{summary.seconds:.1f} s, {summary.cpu_seconds:.1f} s of processor time",
        }
    )
    _show_failed(summary)
    for problem in summary.problems:
        click.echo(f"problem: {plain(problem)}")
    _show_files(summary)


def _most(counts: Any) -> list[tuple[str, int]]:
    return sorted((pair for pair in counts.items() if pair[1]), key=lambda pair: (-pair[1], pair[0]))


def _feeds(summary: RunSummary) -> str:
    polled = summary.poll
    if not polled.asked:
        return f"none asked, {polled.not_due} not due yet (--force asks them all the same)"
    told = [
        f"{polled.asked} asked: {polled.changed} changed",
        f"{polled.unchanged} unchanged ({polled.not_modified} answered 304)",
        f"{len(polled.failed)} failed",
    ]
    if polled.not_due:
        told.append(f"{polled.not_due} not due")
    return f"{', '.join(told)}; {polled.bytes / 1e6:.1f} MB"


def _entries(summary: RunSummary) -> str:
    polled = summary.poll
    return (
        f"{polled.entries_new} new ({polled.entries_backlog} of them old already), "
        f"{polled.entries_edited} edited, {polled.entries_withdrawn} withdrawn; {summary.entries} in all"
    )


def _stories(summary: RunSummary) -> str:
    grouped = summary.group
    return f"{grouped.opened} opened, {grouped.joined} entries joined one, {grouped.merged} merged"


def _rises(readings: Iterable[TrendReading], *, known: bool) -> str:
    """Say what rose, each name once as it stood last."""
    best: dict[str, TrendReading] = {}
    for reading in readings:
        before = best.get(reading.name)
        if before is None or (reading.as_of, reading.score) > (before.as_of, before.score):
            best[reading.name] = reading
    rows = sorted(best.values(), key=lambda reading: -reading.score)
    told = [_rise(reading) for reading in rows[:SHOWN]]
    more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    none = "nothing rose beyond chance" if known else "too little is known of these days to say"
    return "; ".join(told + more) or none


def _rise(reading: TrendReading) -> str:
    days = "in a day" if reading.window_days == 1 else f"in {reading.window_days} days"
    return f"{reading.name}: {reading.current:g} reports {days}, usually {reading.baseline:.1f}"


def _digests(reports: Iterable[ComposeReport]) -> str:
    by_cadence: dict[str, list[ComposeReport]] = {}
    for report in reports:
        by_cadence.setdefault(report.cadence, []).append(report)
    return "; ".join(_several(group) for group in by_cadence.values()) or "none made, since no feed answered"


def _several(reports: list[ComposeReport]) -> str:
    numbers = [report.digest.number for report in reports if report.digest]
    if len(numbers) < len(reports) or len(numbers) == 1:
        return "; ".join(_digest(report) for report in reports)
    stories = sum(report.stories for report in reports)
    return f"{reports[0].cadence} no. {min(numbers)} to {max(numbers)} ({stories} stories)"


def _digest(report: ComposeReport) -> str:
    if report.waiting:
        how = f"`trendbot digests preview --cadence {report.cadence}` shows it"
        return f"{report.cadence} draft for {report.slot} ({report.stories} stories) {report.waiting}; {how}"
    if report.digest is None:
        return f"no {report.cadence} digest for {report.slot} (nothing to tell yet)"
    told = f"a quiet day, {report.stories} stories" if report.quiet else f"{report.stories} stories"
    age = "" if report.created else ", made before"
    return f"{report.cadence} no. {report.digest.number} for {report.slot} ({told}{age})"


def _show_failed(summary: RunSummary) -> None:
    failed = summary.poll.failed
    for feed in failed[:SHOWN]:
        click.echo(f"failed: {plain(feed.title)} {plain(feed.reason)} ({plain(feed.url)})")
    if len(failed) > SHOWN:
        click.echo(f"failed: {len(failed) - SHOWN} more, see `trendbot feeds list --failing`")


def _show_files(summary: RunSummary) -> None:
    files = summary.deliver.files
    if not files:
        click.echo(f"No editions yet; they will lie in {near(summary.editions)}.")
        return
    click.echo(f"\nThe editions lie in {near(summary.editions)}; look at {near(files[0])} first.")
    for file in files:
        click.echo(f"  {near(file)}")


def as_mapping(summary: RunSummary) -> dict[str, Any]:
    """Return the summary as what ``--json`` prints."""
    polled, grouped, sent = summary.poll, summary.group, summary.deliver
    return {
        "now": summary.now,
        "sample": summary.sample,
        "feeds": {
            "seeded": summary.feeds_seeded,
            "asked": polled.asked,
            "changed": polled.changed,
            "unchanged": polled.unchanged,
            "not_modified": polled.not_modified,
            "not_due": polled.not_due,
            "bytes": polled.bytes,
            "failed": [{"url": feed.url, "title": feed.title, "reason": feed.reason} for feed in polled.failed],
        },
        "entries": {
            "new": polled.entries_new,
            "backlog": polled.entries_backlog,
            "edited": polled.entries_edited,
            "withdrawn": polled.entries_withdrawn,
            "total": summary.entries,
        },
        "tags": dict(summary.tag.by_theme),
        "stories": {"opened": grouped.opened, "joined": grouped.joined, "merged": grouped.merged},
        "rising": summary.measure.rising,
        "digests": [_digest_mapping(report) for report in summary.digests],
        "deliveries": {
            "sent": sent.sent,
            "failed": sent.failed,
            "uncertain": sent.uncertain,
            "skipped": sent.skipped,
        },
        "editions": {"folder": summary.editions, "files": sent.files},
        "problems": summary.problems,
        "seconds": summary.seconds,
        "cpu_seconds": summary.cpu_seconds,
    }


def _digest_mapping(report: ComposeReport) -> dict[str, Any]:
    digest = report.digest
    return {
        "cadence": report.cadence,
        "slot": report.slot,
        "id": digest and digest.id,
        "number": digest and digest.number,
        "title": digest and digest.title,
        "created": report.created,
        "quiet": report.quiet,
        "stories": report.stories,
        "waiting": report.waiting,
    }
