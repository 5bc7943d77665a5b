"""compose: what is new → a frozen digest, its editions, and the deliveries that will carry them.

A digest is made once a slot. What was frozen is handed back as it is, however often one asks. The linters run before
anything is written; digest, story index, editions and deliveries are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trendbot.core.composing import build_content
from trendbot.core.digests import DigestContent, DigestItem, DigestPolicy, DigestRise, period_days, slot_of
from trendbot.core.editing import Hand, with_hand, without_dropped
from trendbot.core.limits import one_line
from trendbot.core.ranking import Candidate
from trendbot.core.retelling import Summarizer
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ConflictError
from trendbot.logs import get_logger
from trendbot.pipeline.retell import retell
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer
from trendbot.store import deliveries, digests, views
from trendbot.store.database import Database
from trendbot.store.digest_acts import Slot, choices_of
from trendbot.store.digests import Digest
from trendbot.store.errata import corrections_for
from trendbot.store.gathering import Gathered, gather

log = get_logger(__name__)

KINDS: dict[Cadence, tuple[ChannelKind, ...]] = {
    Cadence.DAILY: (ChannelKind.LINKEDIN, ChannelKind.TELEGRAM),
    Cadence.WEEKLY: (ChannelKind.EMAIL,),
}
"""What every cadence is rendered for; further channels add their kinds."""
KNOWN_RISES = 24
"""So many rises are kept with a digest, for the choices of themes."""
AUTOMATIC = "automatic"


@dataclass(frozen=True, kw_only=True, slots=True)
class ComposeReport:
    """What came of it: the slot's digest (None where there has never been anything to tell), and whether it is new.

    `waiting` says of a digest that lies on the desk as a draft what it waits for.
    """

    cadence: Cadence
    slot: str
    digest: Digest | None
    created: bool
    quiet: bool
    stories: int
    waiting: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A digest before it is frozen: as it stands, as the rules alone made it, and the kinds of channels it is for."""

    content: DigestContent
    machine: DigestContent
    kinds: tuple[ChannelKind, ...]


def compose(
    database: Database,
    renderer: Renderer,
    *,
    cadence: Cadence,
    now: datetime,
    policy: DigestPolicy,
    sample: bool = False,
    summarizer: Summarizer | None = None,
) -> ComposeReport:
    """Make and freeze the digest of the slot that `now` falls in, or hand back the one that is frozen.

    A `summarizer` may word what the proof gate then lets through.

    Raises:
        RenderError: a template is wrong or an edition breaks a channel's limit; nothing was written.

    """
    slot = slot_of(cadence, now, policy.timezone)
    frozen = database.read(digests.find_digest, cadence=cadence, slot=slot)
    if frozen:
        return _report(frozen, created=False)
    drawn = draw(database, cadence=cadence, now=now, policy=policy, sample=sample, summarizer=summarizer)
    if drawn is None:
        return ComposeReport(cadence=cadence, slot=slot, digest=None, created=False, quiet=True, stories=0)
    return freeze(database, renderer, drawn.content, drawn.kinds, now=now, by=AUTOMATIC)


def draw(
    database: Database,
    *,
    cadence: Cadence,
    now: datetime,
    policy: DigestPolicy,
    sample: bool = False,
    summarizer: Summarizer | None = None,
) -> Drawn | None:
    """Make what the digest of the slot would be at `now`, with what people decided about it; nothing is written.

    None where there has never been anything to tell.
    """
    gathered = database.read(gather, cadence=cadence, now=now, policy=policy)
    if gathered.period.opening and not gathered.candidates:
        return None
    hand = database.read(choices_of, Slot(cadence=cadence, slot=gathered.period.slot))
    corrections = database.read(corrections_for, cadence)
    machine = replace(content_of(gathered, policy, sample=sample), corrections=corrections)
    content = _by_hand(gathered, machine, policy, hand, sample=sample)
    return Drawn(
        content=retell(database, content, summarizer, now=now) if summarizer else content,
        machine=machine,
        kinds=tuple(dict.fromkeys((*KINDS[cadence], *gathered.kinds))),
    )


def _by_hand(
    gathered: Gathered, machine: DigestContent, policy: DigestPolicy, hand: Hand, *, sample: bool
) -> DigestContent:
    """Lay the editor's hand on what the rules made."""
    left = without_dropped(gathered.candidates, hand)
    composed = machine
    if len(left) < len(gathered.candidates):
        composed = content_of(replace(gathered, candidates=left), policy, sample=sample)

    def tell(candidate: Candidate) -> DigestItem | None:
        return content_of(replace(gathered, candidates=(candidate,)), policy, sample=sample).lead

    return with_hand(replace(composed, corrections=machine.corrections), hand, left, tell)


def freeze(
    database: Database,
    renderer: Renderer,
    content: DigestContent,
    kinds: Sequence[ChannelKind],
    *,
    now: datetime,
    by: str,
) -> ComposeReport:
    """Render a digest, check it, and freeze it with its editions and deliveries; or hand back the one that is frozen.

    Raises:
        RenderError: a template is wrong or an edition breaks a channel's limit; nothing was written.

    """
    editions = [render_edition(renderer, content, kind) for kind in kinds]
    try:
        return _report(
            database.write(deliveries.publish, content=content, editions=editions, now=now, by=by), created=True
        )
    except ConflictError:  # another process was faster: its digest stands
        frozen = database.read(digests.find_digest, cadence=content.cadence, slot=content.slot)
        if frozen is None:
            raise
        return _report(frozen, created=False)


def _report(digest: Digest, *, created: bool) -> ComposeReport:
    if created:
        log.info("digest_frozen", cadence=digest.cadence, slot=digest.slot, hash=digest.content_hash)
    return ComposeReport(
        cadence=digest.cadence,
        slot=digest.slot,
        digest=digest,
        created=created,
        quiet=digest.content.quiet,
        stories=len(digest.content.items()),
    )


def content_of(gathered: Gathered, policy: DigestPolicy, *, sample: bool) -> DigestContent:
    """Make what the rules alone make of what was gathered."""
    rising = rises(gathered.readings, days=period_days(gathered.period.cadence))
    return build_content(
        gathered.candidates,
        period=gathered.period,
        policy=policy,
        themes=gathered.themes,
        rising=rising[:KNOWN_RISES],
        told_to_some=gathered.told_to_some,
        readings=bool(gathered.readings),
        sample=sample,
    )


def rises(readings: tuple[views.Reading, ...], *, days: int) -> tuple[DigestRise, ...]:
    """Return what rose, as it stood last, the most surprising first; each name once.

    Readings over at least `days` go first: a week's digest speaks of a week where it can.
    """
    found: dict[str, DigestRise] = {}
    for reading in sorted(readings, key=lambda each: (each.window_days < days, -each.as_of.toordinal())):
        name = one_line(reading.name, 80)
        if reading.direction != "rising" or not name or name.casefold() in found:
            continue
        found[name.casefold()] = DigestRise(
            name=name,
            kind=reading.kind,
            slug=reading.slug,
            current=reading.current,
            usual=reading.baseline,
            low=reading.low,
            high=reading.high,
            window_days=reading.window_days,
            as_of=reading.as_of.isoformat(),
            score=round(reading.score, 4),
            days=reading.daily,
        )
    return tuple(found.values())
