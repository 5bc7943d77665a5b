"""Why: the evidence of every stage for one entry or story, gathered in one reading.

    poll ─▶ tag ─▶ group ─▶ rank ─▶ gates ─▶ told in ─▶ delivered

Nothing is worked out here that another stage decided: what a digest kept is read from it, and what a digest left out
is put through the functions that composed it, as they are now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from trendbot.core.digests import SOME, DigestItem, DigestPolicy, DigestRise, slot_of
from trendbot.core.entries import Entry
from trendbot.core.feed_findings import PollNote
from trendbot.core.proofs import is_verbatim, objections, read_source
from trendbot.core.report_card import ReportCard
from trendbot.core.text import fold
from trendbot.core.urls import canonical_url
from trendbot.core.vocabulary import Cadence
from trendbot.errors import NotFoundError
from trendbot.explain.gates import Asked, Gate, Standing, standing_in
from trendbot.store.curation import Act, list_acts
from trendbot.store.database import Session
from trendbot.store.digest_acts import Slot, choices_of
from trendbot.store.digests import Digest, Telling, first_digest_after, tellings_of
from trendbot.store.entries import get_entries, get_entry, list_entries
from trendbot.store.gathering import gather
from trendbot.store.lookups import find_by_address, find_story_of, merged_into
from trendbot.store.poll_history import polls_of
from trendbot.store.stories import Story, get_story
from trendbot.store.tags import EffectiveTag, TagRow, effective_tags, tags_of
from trendbot.store.views import Reading

MOST = 20
"""Titles listed where words fit several."""
_SLACK = timedelta(minutes=10)

Rises = Callable[[tuple[Reading, ...], int], tuple[DigestRise, ...]]
"""What rose, from trend readings and the days of a period."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A sentence that was told, the entry it is from, and what the proof gate says of it."""

    text: str
    entry_id: int
    source: str
    verbatim: bool
    objections: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldIn:
    """A digest that told the story: where, with which score, which sentences, and how its messages fared."""

    digest_id: int
    cadence: Cadence
    slot: str
    number: int
    period_end: datetime
    section: str
    position: int
    score: float | None
    parts: dict[str, float]
    proofs: tuple[Proof, ...]
    card: ReportCard | None
    update_since: str | None
    edited_by: str | None
    deliveries: dict[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A digest that did not tell the story, or the next one if it were composed now (`digest_id` None)."""

    digest_id: int | None
    cadence: Cadence
    slot: str
    standing: Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Why:
    """All that is known of how an entry came to be told or not; `entry` is the story's lead where a story was asked."""

    entry: Entry
    poll: PollNote | None
    themes: tuple[EffectiveTag, ...]
    tags: tuple[TagRow, ...]
    acts: tuple[Act, ...]
    story: Story | None
    told: tuple[ToldIn, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Several:
    """The entries that words fit, the latest first, where they fit more than one."""

    entries: tuple[Entry, ...]


def explain(
    session: Session,
    asked: str,
    *,
    now: datetime,
    policies: Mapping[Cadence, DigestPolicy],
    rises: Rises,
    as_story: bool = False,
) -> Why | Several:
    """Gather the evidence for an entry or a story.

    `asked` is an entry's number, a story's (``s12``, or any number with `as_story`), an address, or words of a title.

    Raises:
        NotFoundError: nothing fits.

    """
    found = find(session, asked, as_story=as_story)
    if isinstance(found, Several):
        return found
    entry, story = found, find_story_of(session, found.id)
    tags = tuple(tags_of(session, [entry.id]))
    told = told_in(session, story) if story else ()
    return Why(
        entry=entry,
        poll=_poll(session, entry),
        themes=effective_tags(session, [entry.id]).get(entry.id, ()),
        tags=tags,
        acts=tuple(list_acts(session, subject=f"entry:{entry.id}", limit=10)),
        story=story,
        told=told,
        left_out=_left_out(session, story, told, now, policies, rises) if story else (),
    )


# -- what is asked about -----------------------------------------------------------------------------------------------


def find(session: Session, asked: str, *, as_story: bool = False) -> Entry | Several:
    """Return the entry that is meant, the lead where a story is; or the entries that it may be.

    Raises:
        NotFoundError: nothing fits.

    """
    wanted = asked.strip()
    number = re.fullmatch(r"(?:(s|story:?|e|entry:?)\s*)?#?(\d{1,12})", wanted, re.IGNORECASE)
    if number and (as_story or (number[1] or "").lower().startswith("s")):
        return _lead(session, get_story(session, int(number[2])))
    if number:
        return get_entry(session, int(number[2]))
    if re.match(r"https?://", wanted, re.IGNORECASE):
        return _at(session, wanted)
    return _titled(session, wanted)


def _lead(session: Session, story: Story) -> Entry:
    lead = next((each for each in story.entries if each.lead), story.entries[0] if story.entries else None)
    if lead is None:
        raise NotFoundError(f"story {story.id} has no entries any more: see `trendbot stories list`")
    return get_entry(session, lead.entry_id)


def _at(session: Session, address: str) -> Entry:
    found = find_by_address(session, address, canonical_url(address))
    if not found:
        raise NotFoundError(f"no entry has the address {address[:120]}: try words of its title")
    return found[0]


def _titled(session: Session, words: str) -> Entry | Several:
    """Return the entry whose title has all the words; of several in one story, the story's lead."""
    pieces = fold(words).split()
    if not pieces:
        raise NotFoundError("nothing was asked: give a number, an address or words of a title")
    every = list_entries(session, search=words, limit=500)
    found = [entry for entry in every if all(piece in fold(entry.title) for piece in pieces)]
    if not found:
        raise NotFoundError(f"no title has the words {words[:80]!r}: see `trendbot entries list --search`")
    exact = [entry for entry in found if fold(entry.title) == " ".join(pieces)]
    found = exact or found
    if len(found) == 1:
        return found[0]
    stories = [find_story_of(session, entry.id) for entry in found[:MOST]]
    one = stories[0]
    if one is not None and len(found) <= MOST and all(story and story.id == one.id for story in stories):
        return _lead(session, one)
    return Several(entries=tuple(found))


# -- the evidence ------------------------------------------------------------------------------------------------------


def _poll(session: Session, entry: Entry) -> PollNote | None:
    """Return the poll that brought an entry, where it is still kept."""
    notes = polls_of(session, [entry.feed_id]).get(entry.feed_id, ())
    near = [note for note in notes if note.new and abs(note.at - entry.seen_at) <= _SLACK]
    return min(near, key=lambda note: abs(note.at - entry.seen_at), default=None)


def told_in(session: Session, story: Story) -> tuple[ToldIn, ...]:
    """Return the digests that told a story, the first one first: where, with which score, by which sentences."""
    ids = [story.id, *merged_into(session, story.id)]
    return tuple(_told_in(session, telling, set(ids)) for telling in tellings_of(session, ids))


def _told_in(session: Session, telling: Telling, ids: set[int]) -> ToldIn:
    digest = telling.digest
    every = (*(item for _, item in digest.content.items()), *digest.content.stories)
    item = next((each for each in every if each.story_id in ids), None)
    return ToldIn(
        digest_id=digest.id,
        cadence=digest.cadence,
        slot=digest.slot,
        number=digest.number,
        period_end=digest.period_end,
        section=telling.section,
        position=telling.position,
        score=item.score if item else None,
        parts=dict(item.parts) if item else {},
        proofs=_proofs(session, item) if item else (),
        card=digest.content.foot.card,
        update_since=item.told_on if item else None,
        edited_by=item.edited.by if item and item.edited else None,
        deliveries=telling.deliveries,
    )


def _proofs(session: Session, item: DigestItem) -> tuple[Proof, ...]:
    """Hold the told sentences against their entries as they read now."""
    entries = {each.id: each for each in get_entries(session, {sentence.entry_id for sentence in item.sentences})}
    found = []
    for sentence in item.sentences:
        entry = entries.get(sentence.entry_id)
        source = read_source(*((entry.title, entry.summary or entry.content, entry.feed_title) if entry else ()))
        found.append(
            Proof(
                text=sentence.text,
                entry_id=sentence.entry_id,
                source=sentence.source,
                verbatim=is_verbatim(sentence.text, source),
                objections=tuple(str(each) for each in objections(sentence.text, source)),
            )
        )
    return tuple(found)


def _left_out(
    session: Session,
    story: Story,
    told: tuple[ToldIn, ...],
    now: datetime,
    policies: Mapping[Cadence, DigestPolicy],
    rises: Rises,
) -> tuple[LeftOut, ...]:
    """Say of each cadence what kept the story out of its first digest, or the reports since out of the one after."""
    entries = get_entries(session, [each.entry_id for each in story.entries])
    found = []
    for cadence in Cadence:
        known = [each.period_end for each in told if each.cadence is cadence and each.section != SOME]
        new = [entry.seen_at for entry in entries if not known or entry.seen_at > max(known)]
        if not new:
            continue
        digest = first_digest_after(session, cadence, min(new))
        found.append(_missed(session, story, entries, digest, cadence, now, policies[cadence], rises))
    return tuple(found)


def _missed(
    session: Session,
    story: Story,
    entries: tuple[Entry, ...],
    digest: Digest | None,
    cadence: Cadence,
    now: datetime,
    policy: DigestPolicy,
    rises: Rises,
) -> LeftOut:
    at, number = (digest.period_end, digest.number) if digest else (now, None)
    gathered = gather(session, cadence=cadence, now=at, policy=policy, number=number)
    slot = digest.slot if digest else slot_of(cadence, at, policy.timezone)
    asked = Asked(
        gathered=gathered,
        policy=policy,
        rising=rises(gathered.readings, gathered.period.reach_days),
        hand=choices_of(session, Slot(cadence=cadence, slot=slot)),
    )
    standing = standing_in(session, asked, story.id, entries, past=digest is not None)
    return LeftOut(digest_id=digest.id if digest else None, cadence=cadence, slot=slot, standing=standing)


__all__ = ["Gate", "LeftOut", "Proof", "Several", "Standing", "ToldIn", "Why", "explain", "find", "told_in"]
