"""How terms and suggested names are gathered and shown, and decided on with one key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.out import Column, plain, show_facts, show_json
from trendbot.core.names.choosing import WINDOW_DAYS
from trendbot.core.themes import Term
from trendbot.core.vocabulary import Annotator
from trendbot.pipeline.tag import rules_in_force
from trendbot.pipeline.terms import Who, accept, follow_names, known_names, reject
from trendbot.store import names
from trendbot.store.curation import Act, list_acts
from trendbot.store.terms import find_term, latest_entries, list_terms, own_terms
from trendbot.store.theme_acts import forget_readings
from trendbot.store.themes import list_themes

if TYPE_CHECKING:
    from trendbot.bootstrap import App


@dataclass(frozen=True, kw_only=True, slots=True)
class SuggestedName:
    """A name that awaits a decision, with the entry that shows it best."""

    name: str
    day: date
    entries: int
    feeds: int
    score: float
    entry_id: int | None
    example: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownTerm:
    """A term with all that is known of it; `themes` is theme → weight in the body."""

    name: str
    kind: str
    spellings: tuple[str, ...]
    themes: Mapping[str, float]
    own: bool
    muted: bool
    merged_into: str | None
    entries_30_days: int
    last_at: datetime | None
    latest: tuple[tuple[int, str], ...]
    acts: tuple[str, ...]


EXAMPLE = 90
"""Characters of a headline that are shown."""

SUGGESTED = (
    Column(title="name", value=lambda one: one.name),
    Column(title="day", value=lambda one: one.day),
    Column(title="entries", value=lambda one: one.entries, number=True),
    Column(title="feeds", value=lambda one: one.feeds, number=True),
    Column(title="score", value=lambda one: f"{one.score:.1f}", number=True),
    Column(title="for example", value=lambda one: shortened(one.example), wide=True),
)


def shortened(text: str) -> str:
    """Cut a headline to what a line holds."""
    return text if len(text) <= EXAMPLE else text[: EXAMPLE - 1].rsplit(" ", 1)[0] + "…"


def open_suggestions(app: App, *, days: int) -> list[SuggestedName]:
    """Read new entries, put forward the names of today, and give all of the last `days` that await a decision."""
    now = app.clock()
    follow_names(app.database, now=now)
    known = known_names(app.database, now=now)
    rejected = app.database.read(names.rejected_keys)
    since = now.date() - timedelta(days=days - 1)
    found = app.database.read(names.suggestions, since=since)
    waiting = [one for one in found if one.key not in rejected and not known.covers(one.text)]
    return [_shown(app, one) for one in waiting]


def _shown(app: App, one: names.Suggested) -> SuggestedName:
    reach = timedelta(days=WINDOW_DAYS + (app.clock().date() - one.day).days)
    example = app.database.read(names.example_of, one.text, since=app.clock() - reach)
    number, title = example or (None, "")
    facts = {"day": one.day, "entries": one.entries, "feeds": one.feeds, "score": one.score}
    return SuggestedName(name=one.text, entry_id=number, example=title, **facts)  # type: ignore[arg-type]


def decide(app: App, waiting: Sequence[SuggestedName], *, by: str) -> None:
    """Ask for one key a name: a theme's number accepts it with that theme, Enter without, r rejects, q leaves."""
    themes = app.database.read(list_themes)
    keys = "  ".join(f"{number} {theme.slug}" for number, theme in enumerate(themes, 1))
    click.echo(f"{keys}\nEnter no theme  r reject  s skip  q quit\n")
    for one in waiting:
        click.echo(f"{plain(one.name)}   {one.entries} entries, {one.feeds} feeds   {plain(shortened(one.example))}")
        key = click.getchar()
        if key in {"q", "Q", "\x1b", "\x04"}:
            return
        click.echo(f"  {_decide(app, one.name, key, [theme.slug for theme in themes], by)}")


def _decide(app: App, name: str, key: str, slugs: Sequence[str], by: str) -> str:
    who = Who(by=by, now=app.clock())
    if key == "r":
        reject(app.database, [name], who=who)
        return "rejected"
    chosen = slugs[int(key) - 1] if key.isdecimal() and 0 < int(key) <= len(slugs) else None
    if chosen is None and key not in {"\r", "\n"}:
        return "skipped"
    kind = "model" if any(character.isdigit() for character in name) else "term"
    accept(app.database, name, kind=kind, aliases=(), themes={chosen: 1.0} if chosen else {}, who=who)
    return f"accepted, {chosen}" if chosen else "accepted"


def gather(app: App, name: str) -> ShownTerm:
    """Gather what is known of a term.

    Raises:
        NotFoundError: there is none of that name.

    """
    now = app.clock()
    kept = app.database.read(find_term, name)
    rules = rules_in_force(app.database, None, now=now).themes
    term = next((term for term in rules.terms if term.name == kept), None)
    rows = app.database.read(list_terms, since=now - timedelta(days=30), search=kept, limit=100_000)
    row = next(row for row in rows if row.name == kept)
    mine = next((own for own in app.database.read(own_terms) if own.name == kept), None)
    acts = app.database.read(list_acts, subject=f"term:{kept}")
    return ShownTerm(
        name=kept,
        kind=row.kind,
        spellings=tuple(phrase.source for phrase in term.condition.any.phrases) if term else (),
        themes=_weights(term),
        own=mine is not None,
        muted=row.muted,
        merged_into=row.merged_into,
        entries_30_days=row.entries,
        last_at=row.last_at,
        latest=tuple(app.database.read(latest_entries, kept)),
        acts=tuple(f"{act.act} {act.kind} by {act.made_by}, {plain(act.made_at)}" for act in acts),
    )


def _weights(term: Term | None) -> dict[str, float]:
    return {slug: body for slug, _, body in term.themes} if term else {}


def show_term(shown: ShownTerm) -> None:
    """Print a term."""
    facts: dict[str, object] = {
        "term": shown.name,
        "kind": shown.kind,
        "spellings": ", ".join(shown.spellings),
        "themes": ", ".join(f"{slug} {weight:g}" for slug, weight in shown.themes.items()) or "none",
        "kept by": "people" if shown.own else "the themes file",
        "state": f"counted as {shown.merged_into}" if shown.merged_into else "muted" if shown.muted else "counted",
        "entries": f"{shown.entries_30_days} in 30 days",
    }
    show_facts(facts)
    for title, lines in (("latest", [f"{number}  {title}" for number, title in shown.latest]), ("log", shown.acts)):
        for line in lines:
            click.echo(f"{title}  {plain(line)}")


def tell_act(act: Act | None, *, json_: bool) -> None:
    """Print what a decision changed."""
    if json_:
        show_json(act)
    elif act is None:
        click.echo("nothing to change: it stood so already")
    else:
        for change in act.changes:
            click.echo(f"{plain(change.subject.partition(':')[2])}: {state_in_words(change.after)}")
        click.echo(f"act {act.act}: `trendbot terms undo {act.act}` takes it back")


def state_in_words(state: Mapping[str, Any]) -> str:
    """Say what a person decided on a term."""
    own = state["own"]
    words = ["rejected"] if state["rejected"] else ["muted"] if state["muted"] else []
    if own and own["merged_into"]:
        words.append(f"counted as {own['merged_into']}")
    elif own:
        also = f", also {', '.join(own['aliases'])}" if own["aliases"] else ""
        themes = f" for {', '.join(own['themes'])}" if own["themes"] else ""
        words.append(f"{own['kind'] or 'added to'}{themes}{also}")
    return "; ".join(words) or "as the themes file has it"


def count_anew(app: App, *, since: datetime, quiet: bool) -> None:
    """Read the entries since an instant again, so that they know the terms of now."""
    from trendbot.cli.theme_files import tag_anew

    app.database.write(forget_readings, Annotator.RULE, since=since)
    report = tag_anew(app, since=since, quiet=quiet)
    if not quiet:
        click.echo(f"{report.entries} entries read again")
