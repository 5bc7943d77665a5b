"""Errata: what a digest told and its source has withdrawn or changed in substance since. Pure.

Publishers polish titles all day, and a correction for every new comma would hide the one that matters. So a change
counts only where what we quoted no longer stands at the source **and** the text that took its place says something
else: another number, date or name, the opposite, or that it was wrong. What was merely shortened, moved or worded anew
is no erratum. Withdrawing the whole entry always is.
"""

from __future__ import annotations

import enum
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from trendbot.core.digests import DigestContent, DigestItem
from trendbot.core.limits import TELEGRAM_UNITS, check_linkedin, escape_little, one_line, telegram_length
from trendbot.core.proofs import Fault, amounts, is_verbatim, names, objections, read_source
from trendbot.core.text import fold, sentences
from trendbot.core.wording import long_date

SAID, NOW = 240, 240
_SAME_CLAIM = 0.5
"""Two texts that share so many of the words that carry meaning are about one claim."""
_SAME_SENTENCE, _NEARLY_ALL = 0.6, 0.75
_TAKEN_BACK = re.compile(
    r"\b(?:correction|corrected|retract(?:s|ed|ion)|withdrawn|clarification|den(?:y|ies|ied)|hoax|untrue|"
    r"not true|no longer|false(?:ly)?|fabricated|debunked)\b",
    re.IGNORECASE,
)
_FACTS = frozenset((Fault.NUMBER, Fault.DATE, Fault.NAME, Fault.QUOTATION))
_PLAIN = frozenset(
    "a an the and or but of to in on at by for from as is are was were be been it its this that with has have had "  # noqa: SIM905
    "will would says said new".split()
)
_WORD = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*")


class Cause(enum.StrEnum):
    """Why there is an erratum."""

    WITHDRAWN = "withdrawn"
    CHANGED = "changed"
    EDITOR = "editor"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quoted:
    """What a digest told of an entry: the story and its headline, and the text that stands in or over the entry."""

    story_id: int
    entry_id: int
    headline: str
    text: str
    title: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """An entry as it reads."""

    title: str
    body: str
    source: str


def quoted_in(content: DigestContent) -> tuple[Quoted, ...]:
    """Return what a digest quotes of its entries, each text once: titles and sentences, an editor's words left out."""
    items = [*(item for _, item in content.items()), *content.stories]
    found = [quoted for item in items for quoted in _quoted(item)]
    return tuple(dict.fromkeys(found))


def _quoted(item: DigestItem) -> Iterable[Quoted]:
    mark = item.edited

    def quoted(entry: int, text: str, *, title: bool) -> Quoted:
        return Quoted(story_id=item.story_id, entry_id=entry, headline=item.headline, text=text, title=title)

    yield quoted(item.lead.entry_id, "" if mark and mark.headline else item.headline, title=True)
    for sentence in item.sentences if not (mark and mark.text) else ():
        if not sentence.machine:
            yield quoted(sentence.entry_id, sentence.text, title=False)


def change_in(quoted: Quoted, before: Page, now: Page) -> str | None:
    """Return what stands at the source instead of a text that was quoted from it, None where nothing that matters.

    `before` is the entry as it read when it was told.
    """
    if not quoted.text:
        return None
    source = read_source(now.title, now.body, now.source)
    back = _taken_back(before, now)
    if is_verbatim(quoted.text, source):
        return back
    rival = now.title if quoted.title else _nearest(quoted.text, now)
    shared = _shared(quoted.text, rival)
    if rival and shared >= _SAME_CLAIM and _says_otherwise(quoted.text, rival, now, shared):
        return one_line(rival, NOW)
    return back


def takes_back(text: str) -> bool:
    """Tell whether a text itself says that something was wrong or withdrawn."""
    return _TAKEN_BACK.search(text) is not None


def _taken_back(before: Page, now: Page) -> str | None:
    """Return the words by which a source takes something back, where they are new."""
    known = f"{before.title}\n{before.body}"
    for text in (now.title, *sentences(now.body)):
        found = _TAKEN_BACK.search(text)
        if found and not re.search(rf"\b{re.escape(found.group())}\b", known, re.IGNORECASE):
            return one_line(text, NOW)
    return None


def _nearest(text: str, now: Page) -> str:
    return max((now.title, *sentences(now.body)), key=lambda other: _shared(text, other), default="")


def _shared(one: str, other: str) -> float:
    ours, theirs = _words(one), _words(other)
    return 2 * len(ours & theirs) / max(1, len(ours) + len(theirs))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(fold(text))) - _PLAIN


def _says_otherwise(told: str, rival: str, now: Page, shared: float) -> bool:
    """Tell whether another number, date or name took the place of one that was told, or it was turned round."""
    against = objections(told, read_source(now.title, now.body, now.source))
    faults = {objection.fault for objection in against}
    if Fault.OPPOSITE in faults or (Fault.EXCHANGED in faults and shared >= _NEARLY_ALL):
        return True
    if Fault.NUMBER in faults and _new_numbers(told, rival):
        return True
    if shared < _SAME_SENTENCE:
        return False
    return bool(faults & _FACTS - {Fault.NUMBER}) and _new_names(told, rival)


def _new_numbers(told: str, rival: str) -> bool:
    ours = amounts(told)
    return any(not any(theirs.same(our) for our in ours) for theirs in amounts(rival))


def _new_names(told: str, rival: str) -> bool:
    """Tell whether the rival has a name or date that was not told, beside words that only begin a sentence."""
    ours = {fold(name) for name in names(told)} | _words(told)
    return any(fold(name) not in ours for name in names(rival)) or bool(_dates(rival) - _dates(told))


_DATES = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "  # noqa: SIM905
    "thursday friday saturday sunday".split()
)


def _dates(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(fold(text))) & _DATES


# -- words -------------------------------------------------------------------------------------------------------------


def correction_text(cause: Cause, *, told_on: date, said: str, source: str, now_says: str) -> str:
    """Return a correction as readers are told it."""
    quoted = f"On {long_date(told_on)} we told “{one_line(said, SAID).rstrip('.')}”"
    if cause is Cause.WITHDRAWN:
        return f"{quoted}. {source} has withdrawn it since."
    if cause is Cause.CHANGED:
        return f"{quoted}. {source} now says: “{one_line(now_says, NOW)}”"
    return f"{quoted}. {one_line(now_says, NOW)}"


def corrected_post(commentary: str, notes: Iterable[str]) -> str | None:
    """Return a LinkedIn post that was sent with corrections at its end, before its hashtags; None without room.

    A note that stands in the post already is not told again.
    """
    new = [f"Correction: {escape_little(note)}" for note in notes if escape_little(note) not in commentary]
    if not new:
        return commentary
    body, gap, tags = commentary.rstrip().rpartition("\n\n")
    if not tags.startswith("{hashtag|"):
        body, gap, tags = commentary.rstrip(), "", ""
    told = "\n".join(new)
    whole = f"{body}\n\n{told}{gap}{tags}"
    return None if check_linkedin(whole) else whole


def corrected(message: str, notes: Iterable[str]) -> str | None:
    """Return a Telegram message that was sent with corrections below it; None where it has no room for them."""
    below = "\n".join(f"<b>Correction.</b> {html.escape(note, quote=False)}" for note in notes)
    whole = f"{message.rstrip()}\n\n{below}"
    return whole if telegram_length(whole) <= TELEGRAM_UNITS else None
