"""`trendbot why`: the evidence of every stage for one entry or story, in one screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from trendbot.cli.frame import Choices, Verb, as_json, pass_choices
from trendbot.cli.out import Column, plain, show_json, show_rows

if TYPE_CHECKING:
    from trendbot.explain import LeftOut, Several, ToldIn, Why
    from trendbot.store.stories import StoryReport
    from trendbot.store.tags import TagRow

WIDTH = 80
_NAME = 10
_REPORTS = 8
_LISTED = 20
COLUMNS = (
    Column(title="entry", value=lambda entry: entry.id, number=True),
    Column(title="dated (UTC)", value=lambda entry: entry.dated_at),
    Column(title="feed", value=lambda entry: plain(entry.feed_title)[:24]),
    Column(title="title", value=lambda entry: entry.title, wide=True),
)


@click.command("why", cls=Verb)
@click.argument("asked", metavar="ENTRY|STORY", nargs=-1, required=True)
@click.option("--story", "as_story", is_flag=True, help="The number is a story's (as `s12` says too).")
@as_json
@pass_choices
def command(choices: Choices, asked: tuple[str, ...], as_story: bool, json_: bool) -> None:
    """Say why an entry or story was told, or what kept it out.

    Name an entry by its number, a story as `s12`, either by an address or by words of a title. Shown are the feed and
    the poll that brought it, the words that tagged it and who won, its story with how each report came there, the parts
    of its score, the gates, the digests that told it, and how their messages fared.
    """
    from trendbot.cli.opening import opened
    from trendbot.explain import Several, explain
    from trendbot.pipeline.compose import rises

    with opened(choices) as app:
        why = app.database.read(
            explain,
            " ".join(asked),
            now=app.clock(),
            policies=app.digests,
            rises=lambda readings, days: rises(readings, days=days),
            as_story=as_story,
        )
    if isinstance(why, Several):
        _several(why, json_=json_)
    elif json_:
        show_json(why)
    else:
        show_why(why)


def _several(found: Several, *, json_: bool) -> None:
    """List the entries that were perhaps meant, and fail."""
    from trendbot.errors import ConflictError

    show_rows(found.entries[:_LISTED], COLUMNS, json_=json_, nothing="")
    raise ConflictError(f"{len(found.entries)} entries have these words: ask by number")


def show_why(why: Why) -> None:
    """Print the evidence, stage by stage, no line wider than a small terminal."""
    entry = why.entry
    _wrap(f"Entry {entry.id}: {entry.title}", hanging=2)
    _wrap(entry.url, hanging=2, start="  ")
    _fact("polled", _polled(why))
    _fact("dated", _dated(why))
    _tags(why)
    _story(why)
    for told in why.told:
        _told(told)
    for left in why.left_out:
        _left(left)
    for act in why.acts:
        _fact("by hand", f"act {act.act}, {plain(act.made_at)}, {act.made_by}: {act.kind} {act.note}".rstrip())


def _fact(name: str, text: str) -> None:
    _wrap(text, hanging=_NAME, start=name.ljust(_NAME))


def _wrap(text: str, *, hanging: int, start: str = "") -> None:
    click.echo(
        click.wrap_text(plain(text), width=WIDTH, initial_indent=start, subsequent_indent=" " * hanging)
        or start.rstrip()
    )


# -- poll, tag ---------------------------------------------------------------------------------------------------------


def _polled(why: Why) -> str:
    entry, poll = why.entry, why.poll
    start = f"by {entry.feed_title} (feed {entry.feed_id}), first seen {plain(entry.seen_at)} UTC"
    if poll is None:
        return f"{start}; the poll is no longer kept"
    return f"{start}, in a document of {poll.listed} entries, {poll.new} of them new (status {poll.status})"


def _dated(why: Why) -> str:
    entry = why.entry
    said = f"the feed says {plain(entry.published_at)}" if entry.published_at else "the feed names no date"
    notes = ["old already when its feed was added" if entry.backlog else ""]
    notes += [f"edited {plain(entry.edited_at)} (revision {entry.revision})" if entry.edited_at else ""]
    notes += [f"withdrawn {plain(entry.withdrawn_at)}" if entry.withdrawn_at else ""]
    return "; ".join([f"{plain(entry.dated_at)} UTC; {said}", *filter(None, notes)])


def _tags(why: Why) -> None:
    from trendbot.cli.marked import as_line, pieces_of

    entry = why.entry
    winners = {tag.theme: tag for tag in why.themes}
    _fact("themes", ", ".join(winners) or "none")
    evidence = [item for tag in why.tags if tag.applies for item in tag.evidence]
    if evidence:
        marked = as_line(pieces_of(entry.title, entry.summary or entry.content[:1_000], evidence, around=60))
        _fact("words", marked)
    for tag in sorted(why.tags, key=lambda one: (one.theme, one.annotator)):
        winner = winners.get(tag.theme)
        wins = winner is not None and winner.annotator is tag.annotator
        if tag.applies or winner is not None:
            _fact("", f"{tag.theme}: {_says(tag)}{' – wins' if wins else ''}")


def _says(tag: TagRow) -> str:
    from trendbot.cli.marked import because, because_words
    from trendbot.core.vocabulary import Annotator

    who = {Annotator.RULE: "the rules", Annotator.MODEL: "the learner"}.get(tag.annotator, tag.made_by)
    sure = f" {tag.confidence:.2f}" if tag.confidence is not None else ""
    told = because_words(tag.evidence) if tag.annotator is Annotator.MODEL else because(tag.evidence)
    reason = tag.reason or told
    return f"{'yes' if tag.applies else 'no'} by {who}{sure}{f' ({reason})' if reason else ''}"


# -- group -------------------------------------------------------------------------------------------------------------


def _story(why: Why) -> None:
    from trendbot.core.wording import counted

    story = why.story
    if story is None:
        _fact("story", "none yet: `trendbot run` groups it")
        return
    held = ", shaped by a person" if story.held else ""
    made = f"{counted(len(story.entries), 'report')} by {counted(story.feeds, 'feed')}"
    _fact("story", f"{story.id}, {made}{held}: {story.title}")
    own = [each for each in story.entries if each.entry_id == why.entry.id]
    others = [each for each in story.entries if each.entry_id != why.entry.id]
    for report in [*own, *others[:_REPORTS]]:
        _fact("", _report(report, own=report in own))
    if len(others) > _REPORTS:
        _fact("", f"and {len(others) - _REPORTS} more: `trendbot stories show {story.id}`")


def _report(report: StoryReport, *, own: bool) -> str:
    similarity = f" {report.similarity:.2f}" if report.similarity is not None else ""
    copy = f", copies {report.copy_of}" if report.copy_of is not None else ""
    who = "this one" if own else f"entry {report.entry_id}, {report.feed_title}"
    lead = ", the lead" if report.lead else ""
    return f"{who}: {report.reason}{similarity}{copy}{lead}"


# -- rank, gates, digests ----------------------------------------------------------------------------------------------


def _told(told: ToldIn) -> None:
    where = "for readers of some themes" if told.section == "some" else f"{told.section}, number {told.position}"
    since = f", as new since {told.update_since}" if told.update_since else ""
    by = f", edited by {told.edited_by}" if told.edited_by else ""
    _fact("told in", f"digest {told.digest_id}, {told.cadence} {told.slot}: {where}{since}{by}")
    if told.score is not None:
        _fact("  score", _sum(told.parts, told.score))
    for proof in told.proofs:
        stands = "word for word" if proof.verbatim else "; ".join(proof.objections) or "in other words, proved"
        _fact("  proof", f"“{proof.text[:120]}{'…' if len(proof.text) > 120 else ''}” entry {proof.entry_id}: {stands}")  # noqa: PLR2004
    if told.card is not None:
        blocked = f"{told.card.blocked} blocked" if told.card.blocked else "none blocked"
        _fact("  gate", f"{told.card.grounded} of {told.card.sentences} sentences of the digest proved, {blocked}")
    sent = ", ".join(f"{count} {status}" for status, count in sorted(told.deliveries.items()))
    _fact("  sent", sent or "no deliveries")


def _left(left: LeftOut) -> None:
    standing = left.standing
    which = f"digest {left.digest_id}, {left.cadence} {left.slot}" if left.digest_id else f"the next {left.cadence} one"
    gate = standing.kept_out_by
    _fact("not in" if gate else "due in", f"{which}{f': kept out by {gate.name}' if gate else ''}")
    for each in standing.gates:
        _fact("  gate", f"{'passed' if each.passed else 'stopped'}, {each.name}: {each.detail}")
    if standing.rank is not None and standing.parts is not None and standing.score is not None:
        _fact("  rank", f"{standing.rank} of {standing.of} stories")
        _fact("  score", _sum(standing.parts, standing.score))


def _sum(parts: dict[str, float], score: float) -> str:
    return f"{' '.join(_terms(parts.items()))} = {score:+.2f}"


def _terms(parts: Iterable[tuple[str, float]]) -> list[str]:
    return [f"{name} {value:+.2f}" for name, value in sorted(parts, key=lambda pair: -abs(pair[1]))] or [
        "nothing +0.00"
    ]
