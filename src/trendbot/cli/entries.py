"""`trendbot entries`: what the feeds said."""

from __future__ import annotations

from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import click

from trendbot.cli.frame import Choices, Instant, Noun, as_json, pass_choices
from trendbot.cli.out import Column, jsonable, show_facts, show_json, show_rows

if TYPE_CHECKING:
    from trendbot.store.database import Session
    from trendbot.store.tags import TagRow


@click.group("entries", cls=Noun)
def command() -> None:
    """List, show and import entries."""


COLUMNS = (
    Column(title="id", value=lambda row: row["id"], number=True),
    Column(title="dated (UTC)", value=lambda row: row["dated_at"][:16].replace("T", " ")),
    Column(title="feed", value=lambda row: row["feed_title"]),
    Column(title="title", value=lambda row: row["title"], wide=True),
    Column(title="themes", value=lambda row: ", ".join(row["themes"])),
)


@command.command("list")
@click.option("--since", type=Instant(), help="Dated then or later (ISO 8601).")
@click.option("--until", type=Instant(), help="Dated before then (ISO 8601).")
@click.option("--feed", type=int, metavar="ID", help="Of one feed.")
@click.option("--theme", metavar="SLUG", help="Of one theme.")
@click.option("--search", metavar="WORDS", help="With all of these words in title or summary.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@as_json
@pass_choices
def list_(choices: Choices, /, json_: bool, feed: int | None, **wanted: Any) -> None:
    """List entries, the latest first."""
    from trendbot.cli.opening import opened

    with opened(choices) as app:
        rows = app.database.read(_rows, feed_id=feed, **wanted)
    show_rows(rows, COLUMNS, json_=json_, nothing="no such entries")


def _rows(session: Session, /, **wanted: Any) -> list[dict[str, Any]]:
    """Return entries with the slugs of their effective tags."""
    from trendbot.errors import NotFoundError
    from trendbot.store.entries import list_entries
    from trendbot.store.tags import effective_tags
    from trendbot.store.themes import list_themes

    theme = wanted.get("theme")
    if theme is not None and theme not in {known.slug for known in list_themes(session, enabled_only=False)}:
        raise NotFoundError(f"no such theme: {theme}; see `trendbot themes list`")
    entries = list_entries(session, **wanted)
    tags = effective_tags(session, [entry.id for entry in entries])
    return [{**jsonable(entry), "themes": [tag.theme for tag in tags.get(entry.id, ())]} for entry in entries]


@command.command()
@click.argument("entry", type=int, metavar="ID")
@as_json
@pass_choices
def show(choices: Choices, entry: int, json_: bool) -> None:
    """Show one entry: what its feed said, and every annotator's tags with the words that made them."""
    from trendbot.cli.opening import opened
    from trendbot.store.entries import get_entry
    from trendbot.store.tags import tags_of

    with opened(choices) as app:
        found = app.database.read(get_entry, entry)
        tags = app.database.read(tags_of, [entry])
    if json_:
        show_json({**jsonable(found), "tags": tags})
        return
    show_facts(
        {
            "title": found.title,
            "feed": f"{found.feed_title} (feed {found.feed_id})",
            "address": found.url,
            "dated": found.dated_at,
            "published": found.published_at or "not said",
            "first seen": f"{found.seen_at:%Y-%m-%d %H:%M}{', old already' if found.backlog else ''}",
            "edited": found.edited_at or "never",
            "withdrawn": found.withdrawn_at or "no",
        }
    )
    if found.summary:
        click.echo(f"\n{_wrapped(found.summary)}")
    for tag in tags:
        click.echo(f"\n{tag.theme}: {'yes' if tag.applies else 'no'}, says the {tag.annotator}{_because(tag)}")


def _wrapped(text: str) -> str:
    from trendbot.cli.out import plain

    return click.wrap_text("\n\n".join(plain(line) for line in text.split("\n")), width=78, preserve_paragraphs=True)


def _because(tag: TagRow) -> str:
    from trendbot.cli.out import plain

    words = [str(evidence.text) for evidence in tag.evidence]
    told = f" ({tag.confidence:.2f})" if tag.confidence is not None else ""
    return plain(f"{told}{': ' if words or tag.reason else ''}{tag.reason or ', '.join(dict.fromkeys(words))}")


@command.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"))
@click.option("--now", type=Instant(), help="Take this instant for now (ISO 8601).")
@pass_choices
def import_(choices: Choices, file: IO[str], now: datetime | None) -> None:
    """Take dated items from a JSONL FILE (- for standard input): source, url, title, summary, published.

    Each source becomes a feed that is not polled. Repeating an import adds nothing.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.store.entries import import_entries

    with opened(choices, Access.BESIDE, now=now) as app:
        report = app.database.write(import_entries, file, now=app.clock())
    for problem in report.problems[:10]:
        click.echo(f"not taken: {problem}", err=True)
    if len(report.problems) > len(report.problems[:10]):
        click.echo(f"not taken: {len(report.problems) - 10} lines more", err=True)
    click.echo(f"{report.entries} entries taken from {report.feeds} sources, {report.known} were known")
