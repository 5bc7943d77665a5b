"""What the commands on digests and drafts print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from trendbot.cli.out import Column, plain, show_json, show_table
from trendbot.core.differences import Difference, differences
from trendbot.errors import NotFoundError

if TYPE_CHECKING:
    from trendbot.core.differences import Placed
    from trendbot.core.digests import DigestContent, DigestItem
    from trendbot.store.digest_acts import Draft
    from trendbot.store.digests import Digest, Edition

SIGNS = {"gained": "+", "lost": "-", "moved": "~", "worded": "*"}

STORIES = (
    Column(title="section", value=lambda told: told[0]),
    Column(title="story", value=lambda told: told[1].story_id, number=True),
    Column(title="score", value=lambda told: f"{told[1].score:.2f}", number=True),
    Column(title="source", value=lambda told: plain(told[1].lead.source)[:24]),
    Column(title="headline", value=lambda told: told[1].headline, wide=True),
)
CHANGED = (
    Column(title="", value=lambda each: SIGNS[each.kind]),
    Column(title="story", value=lambda each: each.story_id, number=True),
    Column(title="was", value=lambda each: _place(each.before)),
    Column(title="is", value=lambda each: _place(each.after)),
    Column(title="headline", value=lambda each: each.headline, wide=True),
)


def _place(placed: Placed | None) -> str:
    return f"{placed.section} {placed.position}" if placed else ""


def show_draft(draft: Draft, waits: str) -> None:
    """Print a draft: its stories with where they stand, and what it waits for."""
    content = draft.content
    click.echo(f"Draft: {plain(content.title)}\n{plain(content.line)}\n")
    if content.items():
        show_table(content.items(), STORIES)
    for told in content.items():
        for line in _sentences(told[1]):
            click.echo(line)
    for correction in content.corrections:
        click.echo(f"correction: {plain(correction.text)}")
    click.echo(f"\ncomposed {plain(draft.composed_at)} UTC; {plain(waits)}")
    for warning in warnings(draft, None):
        click.echo(f"warning: {warning}")


def _sentences(item: DigestItem) -> list[str]:
    marked = f"  (edited by {plain(item.edited.by)})" if item.edited else ""
    return [f"  {item.story_id}: {plain(each.text)} – {plain(each.source)}{marked}" for each in item.sentences]


def warnings(draft: Draft | None, story: int | None) -> list[str]:
    """Return what the proof gate holds against editors' words, of one story or of all."""
    items = [item for _, item in draft.content.items()] if draft is not None else []
    return [
        f"story {item.story_id}: the source does not bear out {plain(objection)}"
        for item in items
        if item.edited and story in (None, item.story_id)
        for objection in item.edited.objections
    ]


def show_differences(before: DigestContent, after: DigestContent, *, json_: bool) -> None:
    """Print what differs between two digests of the same days."""
    found = differences(before, after)
    if json_:
        show_json(found)
    elif not found.stories:
        click.echo("the same stories in the same places" if not found.same else "nothing differs")
    else:
        show_table(found.stories, CHANGED)
        click.echo("+ gained  - lost  ~ moved  * worded otherwise")


def rows_of(changes: Iterable[Difference]) -> list[Mapping[str, object]]:
    """Return differences as rows for JSON."""
    return [{"kind": each.kind, "story": each.story_id, "headline": each.headline} for each in changes]


# -- digests -----------------------------------------------------------------------------------------------------------


def show_edition(editions: Sequence[Edition], kind: str, *, raw: bool) -> None:
    """Print the editions of a kind as their readers see them, or with `raw` as the channel takes them.

    Raises:
        NotFoundError: there is none.

    """
    chosen = [edition for edition in editions if edition.kind == kind]
    if not chosen:
        there = ", ".join(dict.fromkeys(edition.kind for edition in editions)) or "none"
        raise NotFoundError(f"the digest has no {kind} edition; it has: {there}")
    for edition in chosen:
        if edition.subject:
            click.echo(f"Subject: {edition.subject}\n")
        for part in edition.parts if raw else as_read(edition):
            click.echo(part)


def as_read(edition: Edition) -> tuple[str, ...]:
    """Return the messages of an edition as text that a person reads."""
    from trendbot.core.limits import read_little, read_telegram
    from trendbot.core.vocabulary import ChannelKind

    if edition.kind is ChannelKind.LINKEDIN:
        return tuple(read_little(part) for part in edition.parts)
    if edition.kind is ChannelKind.TELEGRAM:
        return tuple(read_telegram(part).text for part in edition.parts)
    return (edition.text_body or "",)


def show_digest(digest: Digest, editions: Sequence[Edition]) -> None:
    """Print a digest as text, and which editions there are of it."""
    content = digest.content
    click.echo(f"{content.title}\n{content.line}\n")
    for told in content.items():
        item = told[1]
        edited = f"; edited by {item.edited.by}" if item.edited else ""
        click.echo(f"- {item.headline} ({item.lead.source}; {', '.join(item.themes) or 'no theme'}{edited})")
        click.echo(f"  {item.lead.url}")
    for correction in content.corrections:
        click.echo(f"- correction: {correction.text}")
    for edition in editions:
        more = "" if edition.variant == "all" else f" for {edition.variant}"
        verb = f"`trendbot digests show {digest.id} --kind {edition.kind}`"
        click.echo(f"\n{edition.kind}{more}: {len(edition.parts)} part(s), {verb}")
