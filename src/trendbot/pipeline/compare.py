"""Two rankings or rule sets over the same past digests: what each would have told, held side by side.

    frozen digest ─▶ gathered as it was due then ─▶ composed by A, composed by B ─▶ core/differences.py

Each digest is composed alone: what counts as told before is what really was told. So a side that would have told a
story sooner tells it twice; such repeats are counted across the digests compared. Stories, and tags where no themes
file is given, are those of today. Nothing is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from trendbot.classify.matcher import Matcher
from trendbot.core.differences import Differences, differences
from trendbot.core.digests import DigestContent, DigestPolicy
from trendbot.core.memory import Remembered
from trendbot.core.ranking import Candidate, Report
from trendbot.core.themes import ThemeSet
from trendbot.core.vocabulary import Cadence
from trendbot.pipeline.compose import content_of
from trendbot.store import digests
from trendbot.store.database import Database
from trendbot.store.digests import Digest
from trendbot.store.gathering import Gathered, gather

_BODY = 1_000

Progress = Callable[[int, int], None]
"""Told digests done and digests in all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """One side of a comparison: a ranking's settings and, where they differ, the themes; None tells what was told.

    With `themes` every entry is tagged anew by the rules of that file alone: no learner, and no person's word.
    """

    name: str
    policies: Mapping[Cadence, DigestPolicy] | None
    themes: ThemeSet | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A past digest under both rules, with the stories that each had told in an earlier one of those compared."""

    digest_id: int
    cadence: Cadence
    slot: str
    stories_a: int
    stories_b: int
    differences: Differences
    repeats_a: int = 0
    repeats_b: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """All that was compared, the oldest first; `overlap` is the mean of the digests' overlaps at ten."""

    a: str
    b: str
    digests: tuple[Compared, ...]

    @property
    def overlap(self) -> float:
        """Return the mean share of the first ten stories that the two have in common; 1 where nothing was compared."""
        every = [each.differences.overlap for each in self.digests]
        return sum(every) / len(every) if every else 1.0

    def count(self, kind: str) -> int:
        """Return how many stories were gained, lost or moved in all."""
        return sum(len(each.differences.of(kind)) for each in self.digests)

    @property
    def repeats(self) -> tuple[int, int]:
        """Return how many stories A and B told twice, each against its own earlier digests of the same cadence."""
        return sum(each.repeats_a for each in self.digests), sum(each.repeats_b for each in self.digests)


def compare(
    database: Database,
    a: Rules,
    b: Rules,
    *,
    cadence: Cadence | None = None,
    since: datetime | None = None,
    limit: int = 30,
    progress: Progress | None = None,
) -> Comparison:
    """Compose the latest `limit` digests of the past under both rules and compare them."""
    found = database.read(digests.list_digests, cadence=cadence, limit=limit)
    past = sorted((one for one in found if since is None or one.period_end >= since), key=lambda one: one.period_end)
    readers = {rules.name: _reader(rules) for rules in (a, b)}
    told: dict[tuple[str, Cadence], Remembered] = defaultdict(Remembered)
    compared = []
    for number, digest in enumerate(past, start=1):
        sides = [recomposed(database, digest, rules, readers[rules.name]) for rules in (a, b)]
        again = [told[side, digest.cadence].add(content) for side, content in zip("ab", sides, strict=True)]
        compared.append(_one(digest, sides, again))
        if progress is not None:
            progress(number, len(past))
    return Comparison(a=a.name, b=b.name, digests=tuple(compared))


Tagger = Callable[[Report], Mapping[str, float]]


def _one(digest: Digest, sides: Sequence[DigestContent], repeats: Sequence[int]) -> Compared:
    first, second = sides
    return Compared(
        digest_id=digest.id,
        cadence=digest.cadence,
        slot=digest.slot,
        stories_a=len(first.items()),
        stories_b=len(second.items()),
        differences=differences(first, second),
        repeats_a=repeats[0],
        repeats_b=repeats[1],
    )


def recomposed(database: Database, digest: Digest, rules: Rules, tagger: Tagger | None = None) -> DigestContent:
    """Return a past digest as the rules would have made it."""
    if rules.policies is None:
        return digest.content
    policy = rules.policies[digest.cadence]
    gathered = database.read(gather, cadence=digest.cadence, now=digest.period_end, policy=policy, number=digest.number)
    if rules.themes is not None and tagger is not None:
        gathered = _retagged(gathered, rules.themes, tagger)
    return content_of(gathered, policy, sample=digest.content.sample)


def _retagged(gathered: Gathered, themes: ThemeSet, tagger: Tagger) -> Gathered:
    titles = {theme.slug: theme.title for theme in themes.themes}
    return replace(gathered, themes=titles, candidates=_tagged(gathered.candidates, tagger))


def _tagged(candidates: Sequence[Candidate], tagger: Tagger) -> tuple[Candidate, ...]:
    return tuple(
        replace(each, reports=tuple(replace(report, themes=dict(tagger(report))) for report in each.reports))
        for each in candidates
    )


def _reader(rules: Rules) -> Tagger | None:
    """Return what tags a report by a themes file, each text once."""
    if rules.themes is None:
        return None
    matcher = Matcher(rules.themes)

    @cache
    def read(title: str, body: str) -> Mapping[str, float]:
        said = matcher.annotate(title, body)
        return {verdict.theme: verdict.confidence or 1.0 for verdict in said.verdicts if verdict.applies}

    return lambda report: read(report.title, report.body[:_BODY])
