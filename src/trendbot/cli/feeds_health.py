"""`trendbot feeds doctor|scorecard|discover|move|mirror`: how feeds do, what they are worth, and where they went."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.frame import Choices, Instant, Verb, as_json, pass_choices
from trendbot.cli.out import Column, plain, show_json, show_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trendbot.bootstrap import App
    from trendbot.core.feed_findings import Finding, Patient
    from trendbot.core.feeds import Feed, FeedSeed
    from trendbot.core.scorecard import Card, Scorecard
    from trendbot.pipeline.follow import Suggestion
    from trendbot.settings import Settings

allow_private = click.option("--allow-private", is_flag=True, help="Ask private and loopback addresses too.")
stop_clock = click.option("--now", type=Instant(), metavar="INSTANT", help="Stop the clock at this instant (ISO 8601).")
NO_FEEDS = "no feeds: `trendbot feeds add URL`"
GRADES = ("bad", "look", "note")


def asking(private: bool) -> dict[str, Any]:
    """Return the settings that `--allow-private` sets."""
    return {"fetch": {"allow_private": True if private else None}}


# -- doctor ------------------------------------------------------------------------------------------------------------


@click.command(cls=Verb)
@click.argument("feeds", metavar="[ID|URL]...", nargs=-1)
@click.option("--discover", "search", is_flag=True, help="Ask the sites of lost feeds for their new addresses.")
@click.option("--least", type=click.Choice(GRADES), default="note", show_default=True, help="The mildest grade shown.")
@allow_private
@stop_clock
@as_json
@pass_choices
def doctor(
    choices: Choices,
    feeds: tuple[str, ...],
    search: bool,
    least: str,
    allow_private: bool,
    now: datetime | None,
    json_: bool,
) -> None:
    """Examine the feeds (default all): what is wrong, how one sees it, and what to do.

    Reads what earlier polls noted; asks nobody unless told to --discover. Ends with 1 where a feed is bad: nothing
    comes from it any more.
    """
    from trendbot.cli.opening import opened
    from trendbot.core.feed_health import examine
    from trendbot.store.feed_health import patients
    from trendbot.store.feeds import get_feed

    with opened(choices, options=asking(allow_private), now=now) as app:
        only = [app.database.read(get_feed, feed).id for feed in feeds] if feeds else None
        found = app.database.read(patients, now=app.clock(), only=only)
        findings = [finding for patient in found for finding in examine(patient)]
        suggestions = asyncio.run(_searched(app, found, findings)) if search else ()
    shown = [finding for finding in findings if GRADES.index(finding.grade) <= GRADES.index(least)]
    shown.sort(key=lambda finding: GRADES.index(finding.grade))
    if json_:
        show_json({"feeds": len(found), "findings": shown, "suggestions": suggestions})
    else:
        _show_findings([one for one in shown if feeds or one.grade != "note"], suggestions)
        _show_notes([] if feeds else [one for one in shown if one.grade == "note"])
        click.echo(_in_all(found, findings))
    if any(finding.grade == "bad" for finding in findings):
        raise click.exceptions.Exit(1)


async def _searched(app: App, found: Sequence[Patient], findings: Sequence[Finding]) -> tuple[Suggestion, ...]:
    from trendbot.pipeline.follow import search_lost

    async with app.fetcher:
        return await search_lost(app.fetcher, found, findings)


def _show_findings(findings: Sequence[Finding], suggestions: Sequence[Suggestion]) -> None:
    """Print each finding as three lines: what, the evidence, the next step."""
    better = {suggestion.feed_id: suggestion for suggestion in suggestions}
    for finding in findings:
        steps = [finding.evidence, f"→ {finding.advice}"]
        if finding.feed_id in better and finding.grade != "note":
            steps[1] = f"→ {_suggested(better[finding.feed_id])}"
        _show_block(finding.grade, f"{finding.diagnosis}  {plain(finding.feed)}  (feed {finding.feed_id})", steps)


def _show_notes(notes: Sequence[Finding]) -> None:
    """Print the notes, which ask nothing of anybody, by what was found: a line of feeds each."""
    kinds: dict[str, list[Finding]] = {}
    for note in notes:
        kinds.setdefault(note.diagnosis, []).append(note)
    for kind, found in kinds.items():
        names = ", ".join(f"{plain(note.feed)} ({note.feed_id})" for note in found)
        _show_block("note", f"{kind}  {len(found)} feeds", [names])
    if notes:
        click.echo("      more on a feed's notes: `trendbot feeds doctor ID`")


def _suggested(suggestion: Suggestion) -> str:
    newest = f", the newest of {suggestion.newest_at:%Y-%m-%d}" if suggestion.newest_at else ""
    return (
        f"found {suggestion.url} ({suggestion.entries} entries{newest}) at {suggestion.found_at}: "
        f"`trendbot feeds move {suggestion.feed_id} {suggestion.url}`"
    )


def _show_block(grade: str, head: str, lines: Sequence[str]) -> None:
    if not sys.stdout.isatty():
        click.echo(f"{grade:<5} {head}")
        for line in lines:
            click.echo(f"      {plain(line)}")
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    style = {"bad": "bold dark_orange3", "drop": "bold dark_orange3", "note": "dim"}.get(grade, "bold")
    console.print(Text.assemble((f"{grade:<5}", style), " ", (head, "bold" if grade != "note" else "")))
    for line in lines:
        console.print(Padding(Text(plain(line)), (0, 0, 0, 6)))


def _in_all(found: Sequence[Patient], findings: Sequence[Finding]) -> str:
    """Sum up: how many feeds have which worst grade."""
    worst: dict[int, int] = {}
    for finding in findings:
        grade = GRADES.index(finding.grade)
        worst[finding.feed_id] = min(grade, worst.get(finding.feed_id, grade))
    counts = Counter(worst.values())
    well = sum(patient.enabled for patient in found) - sum(patient.enabled and patient.id in worst for patient in found)
    off = sum(not patient.enabled for patient in found)
    parts = [f"{counts[0]} bad", f"{counts[1]} to look at", f"{counts[2]} with a note", f"{well} well"]
    return f"{len(found)} feeds: " + ", ".join([*parts, f"{off} off"] if off else parts)


# -- scorecard ---------------------------------------------------------------------------------------------------------


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _time(time: timedelta | None) -> str:
    from trendbot.core.scorecard import spell

    return "" if time is None else spell(time)


def _mix(card: Card) -> str:
    return ", ".join(f"{slug} {count}" for slug, count in card.themes[:2])


def _timed(count: int, time: timedelta | None) -> str:
    return f"{count} ({_time(time)})" if time is not None else str(count)


NARROW = (
    Column(title="", value=lambda card: card.advice),
    Column(title="id", value=lambda card: card.feed_id, number=True),
    Column(title="feed", value=lambda card: card.feed[:40], wide=True),
    Column(title="stories", value=lambda card: card.stories, number=True),
    Column(title="original", value=lambda card: _percent(card.originals), number=True),
    Column(title="first (by)", value=lambda card: _timed(card.first, card.lead), number=True),
    Column(title="echoes (by)", value=lambda card: _timed(card.echoes, card.lag), number=True),
    Column(title="told", value=lambda card: card.told, number=True),
)
"""What fits a terminal of 80 columns."""
WIDE = (
    *NARROW,
    Column(title="led", value=lambda card: card.led, number=True),
    Column(title="entries", value=lambda card: card.entries, number=True),
    Column(title="on theme", value=lambda card: _percent(card.on_theme), number=True),
    Column(title="mostly", value=lambda card: card.themes[0][0] if card.themes else ""),
)
WHOLE = (
    *WIDE[:-1],
    Column(title="themes", value=_mix),
    Column(title="why", value=lambda card: card.reason),
)
"""For what is read by programs or wide of any terminal."""
WIDE_FROM = 110


def _show_cards(cards: Sequence[Card]) -> None:
    """Print the cards as far as the terminal is wide, and why the worst of them should go."""
    rows = sorted(cards, key=_worth)
    if not sys.stdout.isatty():
        show_rows(rows, WHOLE, json_=False, nothing=NO_FEEDS)
        return
    wide = shutil.get_terminal_size().columns >= WIDE_FROM
    show_rows(rows, WIDE if wide else NARROW, json_=False, nothing=NO_FEEDS)
    for card in rows:
        if card.advice != "keep" and card.entries:
            _show_block(card.advice, f"{plain(card.feed)}  (feed {card.feed_id})", [card.reason])


PAIRS = (
    Column(title="feed", value=lambda pair: pair.feed, wide=True),
    Column(title="is in", value=lambda pair: pair.other, wide=True),
    Column(title="shared", value=lambda pair: pair.shared, number=True),
    Column(title="share", value=lambda pair: _percent(pair.share), number=True),
    Column(title="later", value=lambda pair: _percent(pair.behind), number=True),
    Column(title="ids", value=lambda pair: f"{pair.feed_id} {pair.other_id}"),
)


@click.command(cls=Verb)
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="The period looked at.")
@click.option("--pairs", is_flag=True, help="Show the pairs of feeds that report the same instead.")
@stop_clock
@as_json
@pass_choices
def scorecard(choices: Choices, days: int, pairs: bool, now: datetime | None, json_: bool) -> None:
    """Show what each feed is worth: who is first, who repeats, what is told, and whether to keep it.

    Of a feed's stories, "original" is the share it had alone or first; it was "first" by a median time before the
    next report, and "echoes" came by a median time after the first. "told" stories were in a digest, "led" ones by an
    entry of this feed.
    """
    from trendbot.cli.opening import opened

    with opened(choices, now=now) as app:
        card = _scored(app, days)
    if pairs:
        nothing = "no two feeds report mostly the same"
        show_rows(card.pairs, PAIRS, json_=json_, nothing=nothing)
    elif json_:
        show_json(card)
    else:
        _show_cards(card.cards)
        if not card.digests:
            click.echo(f"no digest was frozen in these {days} days, so nothing is known of what is told")


def _scored(app: App, days: int) -> Scorecard:
    from trendbot.core.scorecard import score
    from trendbot.store.scorecard import score_facts

    now = app.clock()
    since = now - timedelta(days=days)
    facts = app.database.read(score_facts, since=since, until=now)
    return score(facts.tallies, facts.reports, facts.told, digests=facts.digests, since=since)


def _worth(card: Card) -> tuple[bool, int, int, int, str]:
    """Order cards: what to drop and to watch first, then by what reached readers; what said nothing last."""
    return (not card.entries, *_value(card))


def _value(card: Card) -> tuple[int, int, int, str]:
    return ("drop", "watch", "keep").index(card.advice), -card.told, -card.first, card.feed.casefold()


# -- discover, move, mirror --------------------------------------------------------------------------------------------


@click.command(cls=Verb)
@click.argument("url")
@allow_private
@as_json
@pass_choices
def discover(choices: Choices, url: str, allow_private: bool, json_: bool) -> None:
    """Show which feeds a site offers, without following any. Ends with 1 where none is found."""
    address = an_address(url, "URL")
    rows, problem = asyncio.run(_offered(choices.settings(asking(allow_private)), address))
    show_rows(rows, OFFERED, json_=json_, nothing=f"{address} {problem}")
    if not rows:
        raise click.exceptions.Exit(1)


async def _offered(settings: Settings, address: str) -> tuple[list[dict[str, Any]], str]:
    """Return the feed found first, then the others that the page names, and what was in the way."""
    from trendbot.bootstrap import fetcher_for
    from trendbot.fetch.discover import discover as look

    async with fetcher_for(settings) as fetcher:
        found = await look(fetcher, address)
    rows: list[dict[str, Any]] = []
    if found.feed:
        feed = found.feed
        rows.append({"url": feed.url, "title": feed.title, "how": feed.how, "entries": len(feed.parsed.entries)})
    rows += [{"url": link.url, "title": link.title, "how": link.how, "entries": None} for link in found.others]
    return rows, found.problem


OFFERED = (
    Column(title="feed", value=lambda row: row["url"]),
    Column(title="title", value=lambda row: row["title"], wide=True),
    Column(title="found", value=lambda row: row["how"]),
    Column(title="entries", value=lambda row: row["entries"], number=True),
)


@click.command(cls=Verb)
@click.argument("feed", metavar="ID|URL")
@click.argument("address", metavar="NEW_URL")
@pass_choices
def move(choices: Choices, feed: str, address: str) -> None:
    """Give a feed a new address and ask it again; its entries stay, and what is old there is no news."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.store.following import move_feed

    with opened(choices, Access.BESIDE) as app:
        moved = app.database.write(move_feed, feed, an_address(address, "NEW_URL"), now=app.clock())
    click.echo(f"feed {moved.id} moved to {moved.url}")


@click.command(cls=Verb)
@click.argument("feed", metavar="ID|URL")
@click.argument("addresses", metavar="[MIRROR]...", nargs=-1)
@pass_choices
def mirror(choices: Choices, feed: str, addresses: tuple[str, ...]) -> None:
    """Name addresses that stand in for a feed while its own is down, in order; none ends it."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.store.following import set_mirrors

    mirrors = [an_address(address, "MIRROR") for address in addresses]
    with opened(choices, Access.BESIDE) as app:
        changed = app.database.write(set_mirrors, feed, mirrors)
    click.echo(f"feed {changed.id} has {len(changed.mirrors)} mirrors: {changed.title}")


def an_address(text: str, hint: str) -> str:
    """Return an address that a person typed, completed; wrong use where it is none."""
    from trendbot.core.urls import feed_address

    address = feed_address(text)
    if not address:
        raise click.BadParameter(f"{text!r} is no http(s) address", param_hint=hint)
    return address


def followed(app: App, seed: FeedSeed) -> Feed:
    """Find the feed of an address, follow it and store what it says.

    Raises:
        FeedError: there is none, or nobody answers.

    """
    return asyncio.run(_followed(app, seed))


async def _followed(app: App, seed: FeedSeed) -> Feed:
    from trendbot.errors import FeedError
    from trendbot.pipeline.follow import follow

    async with app.fetcher:
        result = await follow(app.database, app.fetcher, seed, clock=app.clock, policy=app.polling)
    if result.feed is None:
        problem = result.discovery.problem
        raise FeedError(f"{seed.url} {problem}; name its feed, or take it unasked with --as-is", url=seed.url)
    for link in result.discovery.others:
        click.echo(f"the page also offers {link.url} {plain(link.title)}".rstrip(), err=True)
    return result.feed


VERBS = (doctor, scorecard, discover, move, mirror)
"""Registered by ``feeds.py``."""
