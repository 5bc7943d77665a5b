"""What the commands on tags print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.marked import because, pieces_of, show_marked
from trendbot.cli.out import Column, plain, show_facts, show_json, show_table
from trendbot.core.entries import Entry
from trendbot.core.vocabulary import Annotator
from trendbot.errors import TrendbotError
from trendbot.store.curation import Act, Change, list_acts
from trendbot.store.entries import get_entry
from trendbot.store.label_files import LabelImport
from trendbot.store.tags import EffectiveTag, TagRow, effective_tags, tags_of

if TYPE_CHECKING:
    from trendbot.pipeline.tag import TagReport
    from trendbot.store.database import Session
    from trendbot.store.models import StoredModel


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """An entry with all that anyone says of its themes, who wins, and what was done to it."""

    entry: Entry
    themes: tuple[EffectiveTag, ...]
    tags: tuple[TagRow, ...]
    acts: tuple[Act, ...]


def gather(session: Session, entry_id: int) -> Shown:
    """Read what is known of an entry's themes.

    Raises:
        NotFoundError: there is no such entry.

    """
    return Shown(
        entry=get_entry(session, entry_id),
        themes=effective_tags(session, [entry_id]).get(entry_id, ()),
        tags=tuple(tags_of(session, [entry_id])),
        acts=tuple(list_acts(session, subject=f"entry:{entry_id}", limit=10)),
    )


WHO = {Annotator.RULE: "the rules", Annotator.MODEL: "the learner"}
"""Machines by what they are; people have names."""

WORDS = (
    Column(title="theme", value=lambda tag: tag.theme),
    Column(title="says", value=lambda tag: "yes" if tag.applies else "no"),
    Column(title="who", value=lambda tag: WHO.get(tag.annotator, tag.made_by)),
    Column(title="sure", value=lambda tag: "" if tag.confidence is None else f"{tag.confidence:.2f}", number=True),
    Column(title="score", value=lambda tag: "" if tag.score is None else f"{tag.score:g}", number=True),
    Column(title="because", value=lambda tag: tag.reason or because(tag.evidence), wide=True),
)


def show_entry(shown: Shown) -> None:
    """Print an entry, its words marked, and who says what of it."""
    entry = shown.entry
    show_facts(
        {
            "entry": f"{entry.id}, {plain(entry.dated_at)}, {entry.feed_title}",
            "address": entry.url,
            "themes": ", ".join(tag.theme for tag in shown.themes) or "none",
        }
    )
    evidence = [item for tag in shown.tags for item in tag.evidence]
    click.echo()
    show_marked(pieces_of(entry.title, entry.summary or entry.content[:1_000], evidence, around=120), indent=0)
    if shown.tags:
        click.echo()
        show_table(shown.tags, WORDS)
    for act in shown.acts:
        click.echo(f"\nact {act.act}, {plain(act.made_at)}, {plain(act.made_by)}: {changes_in_words(act)}")


SIGNS = {True: "+", False: "−", None: "?"}
"""A yes, a no, a word withdrawn."""
ALL = {True: "yes to all", False: "no to all", None: "all withdrawn"}
MANY = 5


def changes_in_words(act: Act) -> str:
    """Say what an act changed, in a line: ``entry 12 +tools −market``; the first few of many."""
    told = [_change_in_words(change) for change in act.changes[:3]]
    more = len(act.changes) - len(told)
    note = f" ({plain(act.note)})" if act.note else ""
    return "; ".join(told) + (f" and {more} more" if more > 0 else "") + note


def _change_in_words(change: Change) -> str:
    subject = change.subject.replace(":", " ", 1)
    if change.subject.startswith("term:"):
        from trendbot.cli.terms_view import state_in_words

        return f"{subject}: {state_in_words(change.after)}"
    if not change.subject.startswith("entry:"):
        return f"{subject} {_facts(change.before)} → {_facts(change.after)}"
    before, after = (_yes_and_no(state) for state in (change.before, change.after))
    changed = [slug for slug in {**before, **after} if before.get(slug) != after.get(slug)]
    words = {after.get(slug) for slug in changed}
    if len(changed) >= MANY and len(words) == 1:
        return f"{subject}: {ALL[words.pop()]}"
    noes = [slug for slug in changed if after.get(slug) is False]
    folded = noes if len(noes) >= MANY else []
    said = " ".join(SIGNS[after.get(slug)] + slug for slug in changed if slug not in folded) or "read"
    return f"{subject} {said}{f', no to {len(folded)} others' if folded else ''}"


def _yes_and_no(state: Mapping[str, Any]) -> dict[str, bool]:
    return {slug: tag["applies"] for slug, tag in state.get("tags", {}).items()}


def _facts(state: Mapping[str, Any]) -> str:
    return ", ".join(plain(str(value)[:40]) for value in state.values() if value not in (None, [], {})) or "nothing"


def tell_act(act: Act | None, *, json_: bool) -> None:
    """Say what an act changed, and how it is taken back."""
    if json_:
        show_json(act)
    elif act is None:
        click.echo("that is what people said already; nothing changed")
    else:
        click.echo(f"{changes_in_words(act)}  (act {act.act}; `trendbot tag undo {act.act}` takes it back)")


def tell_import(report: LabelImport, *, json_: bool) -> None:
    """Say what an import of labels did."""
    if json_:
        show_json(report)
        return
    for problem in report.problems[:10]:
        click.echo(f"not taken: {problem}", err=True)
    act = f" (act {report.act}; `trendbot tag undo {report.act}` takes it back)" if report.act else ", as known before"
    click.echo(f"labels for {report.entries} entries{act}")
    if report.unknown:
        click.echo(f"{report.unknown} lines name entries that are not stored; --add stores them")


LEARNT = (
    Column(title="theme", value=lambda row: row["theme"]),
    Column(title="examples", value=lambda row: row["positives"], number=True),
    Column(title="precision", value=lambda row: _share(row["precision"]), number=True),
    Column(title="recall", value=lambda row: _share(row["recall"]), number=True),
    Column(title="F1", value=lambda row: _share(row["f1"]), number=True),
)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def tell_lesson(told: str, stored: StoredModel | None, report: TagReport, *, json_: bool) -> None:
    """Say what the learner learnt, how well it does on entries it had not seen, and how many it read."""
    themes = [{"theme": slug, **figures} for slug, figures in stored.metrics.items()] if stored else []
    if json_:
        entries = report.entries + report.relearnt
        show_json({"told": told, "learner": stored.version if stored else None, "entries": entries, "themes": themes})
        return
    click.echo(told)
    if stored is not None:
        show_table(themes, LEARNT)
        click.echo(f"{report.entries + report.relearnt} entries read by {stored.version}")


def tell_retag(report: TagReport, *, json_: bool) -> None:
    """Say how many entries were read, and what the operator must know.

    Raises:
        TrendbotError: the themes file is broken, and the last good one was used; or the learner is.

    """
    if json_:
        show_json(report)
    else:
        click.echo(f"{report.entries} entries tagged anew")
        themes = ", ".join(f"{slug} {number}" for slug, number in report.by_theme.items() if number)
        if themes:
            click.echo(themes)
        if report.relearnt:
            click.echo(f"{report.relearnt} entries read anew by the learner ({report.learner})")
    if report.learner_problem:
        raise TrendbotError(report.learner_problem)
    if report.problem:
        raise TrendbotError(f"the last good themes were used, for {report.problem}")
