"""What the review screen shows, as styled text. Nothing here knows of Textual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from trendbot.cli.marked import because_words
from trendbot.cli.out import harmless, plain
from trendbot.core.learning_curve import Forecast, Point
from trendbot.core.marking import Piece, mark
from trendbot.core.queueing import doubt
from trendbot.core.scoring import Tally
from trendbot.core.themes import Field
from trendbot.core.vocabulary import Annotator

if TYPE_CHECKING:
    from trendbot.pipeline.machine_view import Verdict
    from trendbot.pipeline.review import Progress, Sheet
    from trendbot.store.themes import ThemeRow

ACCENT, FALLING, MUTED, INK = "#FF9A62", "#86B4F2", "#A3A8B3", "#ECEAE6"
FOR, AGAINST = f"bold {ACCENT}", f"underline {FALLING}"
BODY = 1_200
"""Characters of a text on the screen."""
WORTH_TELLING = 0.05
"""Probability from which a theme without any evidence is explained."""
BARS = "▁▂▃▄▅▆▇█"

KEYS_A_LINE = 7
"""Keys in the first line at the bottom, so that no key is parted from its word at 80 columns."""
KEYS = (
    ("1–8", "theme"),
    ("0", "none"),
    ("enter", "save"),
    ("s", "whole story"),
    ("k", "skip"),
    ("u", "undo"),
    ("w", "why"),
    ("p", "progress"),
    ("/", "search"),
    ("?", "help"),
    ("q", "quit"),
)


def _pieces(text: Text, pieces: Sequence[Piece], *, style: str = "") -> None:
    for piece in pieces:
        marked = style if piece.weight is None else (FOR if piece.weight >= 0 else AGAINST)
        text.append(harmless(piece.text), style=marked)


def entry_text(sheet: Sheet) -> Text:
    """Give an entry with the words marked that decided."""
    past = sheet.past
    evidence = [item for verdict in sheet.machine.values() for item in verdict.evidence]
    text = Text()
    text.append(f"{plain(past.feed_title)} · {past.dated_at:%-d %b %Y} · entry {sheet.id}\n\n", style=MUTED)
    _pieces(text, mark(past.read.title, evidence, Field.TITLE), style=f"bold {INK}")
    body = past.read.body
    if body and body != past.read.title:
        text.append("\n\n")
        _pieces(text, mark(body[:BODY], evidence, Field.BODY))
        if len(body) > BODY:
            text.append(" …", style=MUTED)
    text.append(f"\n\n{plain(past.url)}", style=MUTED)
    if len(sheet.mates) > 1:
        text.append(f"\n{len(sheet.mates)} reports of one story: s answers for all", style=MUTED)
    return text


def themes_text(
    themes: Sequence[ThemeRow], sheet: Sheet, answer: Mapping[str, bool], *, whole_story: bool, told: str = ""
) -> Text:
    """Give the themes with their keys, the answer so far, and what the machine holds likely."""
    text = Text()
    asked = most_doubtful(sheet)
    for key, theme in enumerate(themes, 1):
        yes = answer.get(theme.slug, False)
        verdict = sheet.machine.get(theme.slug)
        changed = yes != _held(sheet, theme.slug)
        text.append(f"{key if key < 10 else ' '} ", style=f"bold {INK}")  # noqa: PLR2004 - there are nine such keys
        text.append("[x] " if yes else "[ ] ", style=FOR if yes else MUTED)
        text.append(f"{theme.slug:<14.14}", style=f"bold {INK}" if yes else "")
        text.append("*" if changed else " ", style=FOR)
        likely = f"{100 * verdict.probability:4.0f}" if verdict else "    "
        text.append(likely, style=ACCENT if theme.slug == asked else MUTED)
        text.append("\n")
    text.append("\n% likely, by the machine\n", style=MUTED)
    if any(answer.get(t.slug, False) != _held(sheet, t.slug) for t in themes):
        text.append("* you say otherwise\n", style=MUTED)
    if whole_story:
        text.append(f"\nfor all {len(sheet.mates)} of the story\n", style=FOR)
    if told:
        text.append(f"\n{plain(told)}", style=INK)
    return text


def _held(sheet: Sheet, slug: str) -> bool:
    verdict = sheet.machine.get(slug)
    return verdict is not None and verdict.applies


def most_doubtful(sheet: Sheet) -> str:
    """Give the theme that the machine is least sure of; empty where it says nothing."""
    if not sheet.machine:
        return ""
    return max(sheet.machine, key=lambda slug: doubt(sheet.machine[slug].probability))


def why_text(themes: Sequence[ThemeRow], sheet: Sheet) -> Text:
    """Say of each theme who decided and by which words."""
    text = Text("\n\n")
    spoken = [(theme.slug, sheet.machine[theme.slug]) for theme in themes if theme.slug in sheet.machine]
    telling = [(slug, v) for slug, v in spoken if v.evidence or v.probability >= WORTH_TELLING]
    if not telling:
        text.append("No rule and no learner found anything here.\n", style=MUTED)
    for slug, verdict in sorted(telling, key=lambda item: -item[1].probability):
        text.append(f"{slug}: ", style=f"bold {INK}")
        who = "learner" if verdict.by is Annotator.MODEL else "rules"
        text.append(f"{'yes' if verdict.applies else 'no'}, {verdict.probability:.0%} likely, by the {who}\n")
        text.append(_reasons(verdict), style=MUTED)
    if sheet.person:
        said = ", ".join(f"{slug} {'yes' if yes else 'no'}" for slug, yes in sheet.person.items())
        text.append(f"a person said: {said}\n", style=FOR)
    return text


def _reasons(verdict: Verdict) -> str:
    lines = []
    if verdict.evidence:
        score = f" = {verdict.score:g}" if verdict.score is not None else ""
        lines.append(f"  rules: {plain(because_words(verdict.evidence))}{score}\n")
    if verdict.heaviest:
        words = ", ".join(f"{plain(item.word)} {item.weight:+.2f}" for item in verdict.heaviest[:6])
        lines.append(f"  learner: {words}\n")
    return "".join(lines)


def status_text(*, place: int, of: int, sheet: Sheet | None, done: int) -> Text:
    """Give the line at the top: where we are, and what is most in doubt."""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(" trendbot review ", style=f"bold {INK}")
    if sheet is not None:
        text.append(f" {place} of {of}", style=MUTED)
        slug = most_doubtful(sheet)
        if slug:
            text.append(f"  is it {slug}? {sheet.machine[slug].probability:.0%}", style=ACCENT)
    text.append(f"  {done} done", style=MUTED)
    return text


def keys_text(keys: Sequence[tuple[str, str]] = KEYS) -> Text:
    """Give the keys at the bottom."""
    text = Text(overflow="fold")
    for place, (key, does) in enumerate(keys):
        text.append("\n" * (place == KEYS_A_LINE))
        text.append(key, style=f"bold {ACCENT}")
        text.append(f"\u00a0{does.replace(' ', chr(0xA0))}  ", style=MUTED)
    return text


def progress_text(progress: Progress, *, measuring: bool = False) -> Text:
    """Say how far the reviewing is: examples and agreement by theme, the curve, the way to go."""
    text = Text()
    text.append(f"{progress.read} entries read by people, {progress.random} of them drawn at random\n\n", style=INK)
    text.append(f"{'theme':<14}{'examples':>9}{'F1 on the random ones':>24}\n", style=MUTED)
    for slug, number in progress.positives.items():
        text.append(f"{slug:<14.14}{number:>9}{_f1(progress.by_theme[slug]):>24}\n")
    text.append(f"{'all together':<23}{_f1(progress.agreement):>24}\n", style=f"bold {INK}")
    if measuring:
        text.append("\nmeasuring how the learner does on entries it has not seen …", style=MUTED)
        return text
    text.append(_curve(progress.points))
    for ahead in progress.forecasts:
        text.append(_told(ahead))
    return text


def _f1(tally: Tally) -> str:
    f1 = tally.f1
    return f"{100 * f1.value:.0f}  ({100 * f1.low:.0f}–{100 * f1.high:.0f})" if f1 and tally.positives else "–"


def _curve(points: Sequence[Point]) -> Text:
    text = Text()
    if len(points) > 1:
        text.append("\nlearning curve  ", style=MUTED)
        text.append("".join(BARS[min(7, int(point.f1 * 8))] for point in points), style=ACCENT)
        told = ", ".join(f"{100 * point.f1:.0f} after {point.labels}" for point in points)
        text.append(f"\nF1 on entries not learnt from: {told}\n", style=MUTED)
    return text


def _told(told: Forecast) -> Text:
    text = Text()
    text.append(f"until F1 is {100 * told.aim:.0f}: ", style=MUTED)
    if told.more is None:
        text.append(f"{told.why}\n")
    else:
        reached = f"reached{', ' if told.why else ''}{told.why}"
        text.append(f"about {_round(told.more):,} labels left\n" if told.more else f"{reached}\n", style=f"bold {INK}")
    return text


def _round(number: int) -> int:
    """Round to two figures: a forecast knows no better."""
    unit: int = 10 ** max(0, len(str(number)) - 2)
    return round(number / unit) * unit


HELP = """\
You read an entry and say what it is about. The marked words are what
the rules went by.

  1–8     switch a theme on or off; it begins as the machine has it
  0       none of the themes
  enter   that is right: save, and show the next
  s       say the same of every report of this story
  k       skip: not now
  u       take back the last answer
  w       why: which words of rules and learner
  p       how far you are, and how many labels are left
  /       review entries with these words; empty for the queue
  ↑ ↓     scroll the text
  q       quit; everything answered is saved already

What you say stands: no run of the machine changes it. Every answer is
in `trendbot tag log` and can be undone later, too. After each batch
the machine learns and asks what it is least sure of; a fifth is drawn
at random, which is how progress is measured honestly.
"""
