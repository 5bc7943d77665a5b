"""compose: what is new → a frozen digest, its editions, and the deliveries that will carry them.

A digest is made once a slot. What was frozen is handed back as it is, however often one asks. The linters run before
anything is written; digest, story index, editions and deliveries are written in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trendbot.core.composing import build_content
from trendbot.core.digests import DigestContent, DigestPolicy, DigestRise, period_days, slot_of
from trendbot.core.limits import one_line
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ConflictError
from trendbot.logs import get_logger
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer
from trendbot.store import deliveries, digests, views
from trendbot.store.database import Database
from trendbot.store.digests import Digest
from trendbot.store.gathering import Gathered, gather

log = get_logger(__name__)

KINDS: dict[Cadence, tuple[ChannelKind, ...]] = {
    Cadence.DAILY: (ChannelKind.LINKEDIN, ChannelKind.TELEGRAM),
    Cadence.WEEKLY: (ChannelKind.EMAIL,),
}
"""What every cadence is rendered for; further channels add their kinds."""
RISES = 3
AUTOMATIC = "automatic"


@dataclass(frozen=True, kw_only=True, slots=True)
class ComposeReport:
    """What came of it: the slot's digest (None where there has never been anything to tell), and whether it is new."""

    cadence: Cadence
    slot: str
    digest: Digest | None
    created: bool
    quiet: bool
    stories: int


def compose(
    database: Database,
    renderer: Renderer,
    *,
    cadence: Cadence,
    now: datetime,
    policy: DigestPolicy,
    sample: bool = False,
) -> ComposeReport:
    """Make and freeze the digest of the slot that `now` falls in, or hand back the one that is frozen.

    Raises:
        RenderError: a template is wrong or an edition breaks a channel's limit; nothing was written.

    """
    slot = slot_of(cadence, now)
    frozen = database.read(digests.find_digest, cadence=cadence, slot=slot)
    if frozen:
        return _report(frozen, created=False)
    gathered = database.read(gather, cadence=cadence, now=now, policy=policy)
    if gathered.period.opening and not gathered.candidates:
        return ComposeReport(cadence=cadence, slot=slot, digest=None, created=False, quiet=True, stories=0)
    content = _content(gathered, policy, sample=sample)
    editions = [render_edition(renderer, content, kind) for kind in dict.fromkeys((*KINDS[cadence], *gathered.kinds))]
    try:
        return _report(
            database.write(deliveries.publish, content=content, editions=editions, now=now, by=AUTOMATIC), created=True
        )
    except ConflictError:  # another process was faster: its digest stands
        frozen = database.read(digests.find_digest, cadence=cadence, slot=slot)
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


def _content(gathered: Gathered, policy: DigestPolicy, *, sample: bool) -> DigestContent:
    rising = rises(gathered.readings, days=period_days(gathered.period.cadence))
    return build_content(
        gathered.candidates,
        period=gathered.period,
        policy=policy,
        themes=gathered.themes,
        rising=rising[:RISES],
        terms=[rise for rise in rising if rise.kind == "term"],
        readings=bool(gathered.readings),
        sample=sample,
    )


def rises(readings: tuple[views.Reading, ...], *, days: int) -> tuple[DigestRise, ...]:
    """Return what rose, the most surprising first; each name once.

    Readings over at least `days` go first: a week's digest speaks of a week where it can.
    """
    found: dict[str, DigestRise] = {}
    for reading in sorted(readings, key=lambda each: each.window_days < days):
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
        )
    return tuple(found.values())
