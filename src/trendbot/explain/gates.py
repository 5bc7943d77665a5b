"""The gates between a story and a digest: each with what it asked, and whether the story passed.

A story that is not in a digest is taken through the same functions that composed it, one question at a time: is it
news of the period, may it be told, how does it rank, and which cap, lifted, would have let it in?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trendbot.core.composing import Period, choose_stories, rank_stories
from trendbot.core.digests import DigestPolicy, DigestRise
from trendbot.core.editing import Hand, Place
from trendbot.core.entries import Entry
from trendbot.core.memory import NEW_PUBLISHERS, STILL_REPORTING, Told, fresh_of, is_new_to
from trendbot.core.ranking import Candidate, Ranked, Selection, matters
from trendbot.core.telling import tellable
from trendbot.store import views
from trendbot.store.database import Session
from trendbot.store.digests import latest_digest
from trendbot.store.gathering import Gathered
from trendbot.store.memory import told_before

_LIFTED = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """One question that a story had to pass, and what was found."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a story fares with one digest: the gates it met in order, its place in the ranking, its score and parts."""

    gates: tuple[Gate, ...]
    rank: int | None = None
    of: int = 0
    score: float | None = None
    parts: dict[str, float] | None = None

    @property
    def kept_out_by(self) -> Gate | None:
        """Return the gate that it did not pass."""
        return next((gate for gate in self.gates if not gate.passed), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a standing is worked out from: the digest as it was gathered, its rules, its rises, the editor's hand."""

    gathered: Gathered
    policy: DigestPolicy
    rising: tuple[DigestRise, ...]
    hand: Hand


def standing_in(session: Session, asked: Asked, story_id: int, entries: Sequence[Entry], *, past: bool) -> Standing:
    """Take a story through the gates of a digest; `past`: one that is frozen, else the next."""
    candidate = next((each for each in asked.gathered.candidates if each.story_id == story_id), None)
    if candidate is None:
        return Standing(gates=_before_ranking(session, asked, story_id, entries))
    choice = asked.hand.get(story_id)
    if choice is not None and choice.place is Place.DROPPED:
        return Standing(gates=(_news(), Gate(name="editor", passed=False, detail=f"dropped by {choice.by}")))
    return _ranked(asked, candidate, past=past)


def _news() -> Gate:
    return Gate(name="news", passed=True, detail="news of the period, and not told before")


# -- before it is ranked -----------------------------------------------------------------------------------------------


def _before_ranking(session: Session, asked: Asked, story_id: int, entries: Sequence[Entry]) -> tuple[Gate, ...]:
    """Say why a story was no candidate at all."""
    period, policy = asked.gathered.period, asked.policy
    by: views.By = "dated" if period.opening else "seen"
    oldest = period.start if period.opening else period.end - timedelta(days=policy.max_age_days)
    found = views.list_candidates(session, since=period.start, until=period.end, by=by, oldest=oldest)
    raw = next((each for each in found if each.story_id == story_id), None)
    if raw is None:
        return (Gate(name="news", passed=False, detail=_no_news(entries, period, oldest)),)
    spoken = [each for each in tellable(found, told={}, languages=policy.languages) if each.story_id == story_id]
    if not spoken:
        return (_unspoken(raw, policy),)
    return (_memory(session, asked, spoken[0]),)


def _no_news(entries: Sequence[Entry], period: Period, oldest: datetime) -> str:
    """Say what keeps every report from being news of a period."""
    start, end, later = period.start, period.end, not period.opening
    reasons = {
        "withdrawn at the source": sum(entry.withdrawn_at is not None for entry in entries),
        "old already when its feed was added": later * sum(entry.backlog for entry in entries),
        "without a title": sum(not entry.title for entry in entries),
        "first seen after the digest": sum(entry.seen_at > end for entry in entries),
        "first seen before its period": later * sum(entry.seen_at <= start for entry in entries),
        f"dated before {oldest:%Y-%m-%d %H:%M}": sum(entry.dated_at < oldest for entry in entries),
    }
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count)
    told = told or "another feed had the page, under this title, more than a month before"
    whole = f"none of {len(entries)} reports is news" if len(entries) > 1 else "its one report is no news"
    return f"{whole} of {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC: {told}"


def _unspoken(raw: Candidate, policy: DigestPolicy) -> Gate:
    if tellable([raw], told={}, languages=()):
        spoken = sorted({report.language or "undeclared" for report in raw.reports})
        wanted = ", ".join(policy.languages)
        return Gate(name="language", passed=False, detail=f"no report reads as {wanted}; declared: {', '.join(spoken)}")
    return Gate(name="headline", passed=False, detail="no report has a title that can be a headline")


def _memory(session: Session, asked: Asked, candidate: Candidate) -> Gate:
    cadence = asked.gathered.period.cadence
    previous = latest_digest(session, cadence, before=asked.gathered.period.number)
    until = previous.number if previous else 0
    told = told_before(session, cadence, [candidate.story_id], until=until).get(candidate.story_id)
    again = "a story with this very headline was told before, under another number"
    return Gate(name="memory", passed=False, detail=_too_little(candidate, told) if told else again)


def _too_little(candidate: Candidate, told: Told) -> str:
    fresh = fresh_of(candidate, told)
    everyone = {report.publisher for report in fresh}
    joined = {report.publisher for report in fresh if is_new_to(report, told)}
    return (
        f"told on {told.on:%Y-%m-%d}; since then {len(everyone)} publishers reported, {len(joined)} of them new to it; "
        f"it returns with {NEW_PUBLISHERS} new ones, or with one where {STILL_REPORTING} go on"
    )


# -- rank and caps -----------------------------------------------------------------------------------------------------


def _ranked(asked: Asked, candidate: Candidate, *, past: bool) -> Standing:
    gathered = asked.gathered
    themes = tuple(gathered.themes)
    ranked = rank_stories(
        gathered.candidates, period=gathered.period, themes=themes, rising=asked.rising, weights=asked.policy.weights
    )
    own = next(each for each in ranked if each.candidate.story_id == candidate.story_id)
    place = ranked.index(own) + 1
    gates = (_news(), _chosen(asked, ranked, own, past=past) or _kept_out(asked, ranked, own))
    return Standing(gates=gates, rank=place, of=len(ranked), score=own.score, parts=own.parts)


def _chosen(asked: Asked, ranked: Sequence[Ranked], own: Ranked, *, past: bool) -> Gate | None:
    """Say of a story that is chosen what became of it."""
    if own not in _all(choose_stories(ranked, asked.policy, themes=tuple(asked.gathered.themes))):
        return None
    if not past:
        return Gate(name="choice", passed=True, detail="chosen as things stand, if the reading time holds it")
    detail = (
        f"chosen by today's tags, but the reader's {asked.policy.minutes} minutes were full with stories worth more"
    )
    return Gate(name="reading time", passed=False, detail=detail)


def _kept_out(asked: Asked, ranked: Sequence[Ranked], own: Ranked) -> Gate:
    """Find the cap that, lifted, lets the story in."""
    policy, themes = asked.policy, tuple(asked.gathered.themes)
    lifted = replace(policy, stories=_LIFTED, also=_LIFTED, per_theme=_LIFTED, per_feed=_LIFTED)

    def told(pool: Sequence[Ranked], rules: DigestPolicy) -> bool:
        return own in _all(choose_stories(pool, rules, themes=themes))

    if not told(ranked, lifted):
        return _never(asked, ranked, own, lifted)
    if not told(ranked, replace(lifted, per_feed=policy.per_feed)):
        detail = f"{policy.per_feed} better stories are led by {own.lead.publisher} already (per_feed)"
        return Gate(name="publisher cap", passed=False, detail=detail)
    if told(ranked, replace(policy, per_theme=_LIFTED)):
        detail = f"{policy.per_theme} better stories stand under {' and '.join(own.themes[:2])} (per_theme)"
        return Gate(name="theme cap", passed=False, detail=detail)
    detail = f"{policy.stories} stories and {policy.also} headlines ranked before it"
    return Gate(name="room", passed=False, detail=detail)


def _never(asked: Asked, ranked: Sequence[Ranked], own: Ranked, lifted: DigestPolicy) -> Gate:
    themes = tuple(asked.gathered.themes)
    for other in ranked:
        if other is own:
            break
        if own not in _all(choose_stories([other, own], lifted, themes=themes)) and matters(other):
            detail = (
                f"tells the same as “{other.lead.title[:80]}” (story {other.candidate.story_id}), which ranks higher"
            )
            if matters(own):
                return Gate(name="near repeat", passed=False, detail=detail)
    return Gate(name="merit", passed=False, detail=_without_merit(own))


def _without_merit(own: Ranked) -> str:
    kinds = [name for name in ("promotion", "routine") if name in own.parts]
    if kinds:
        return f"its title is taken for {' and '.join(kinds)}: it runs only where there is nothing else"
    if "personal" in own.parts and own.score > 0:
        return "of no theme, and its title teaches or speaks of its author"
    return "of no theme, and with no other merit (its score is not above 0)"


def _all(chosen: Selection) -> list[Ranked]:
    lead = [chosen.lead] if chosen.lead is not None else []
    return [*lead, *(each for _, items in chosen.sections for each in items), *chosen.also]
