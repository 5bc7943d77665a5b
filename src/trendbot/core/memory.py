"""Story memory: what earlier digests told, and what makes a told story news again. Pure.

A told story stays away until there is enough that is new about it; then it is told as an update, from the reports that
came after it was told and from nothing else. Telling it again moves the date from which things are new, so the same
news never brings it back twice. ``docs/decisions/0011-story-memory.md`` has the rule and its reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from trendbot.core.ranking import Candidate, Report

NEW_PUBLISHERS = 3
"""So many publishers that had not reported a story bring it back."""
STILL_REPORTING = 6
"""Or one such, where so many publishers in all have new pages about it: the story goes on."""
_LATE = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """When a story was told last, and who had reported it by then, under which titles."""

    at: datetime
    publishers: frozenset[str] = frozenset()
    feeds: frozenset[int] = frozenset()
    titles: tuple[str, ...] = ()

    @property
    def on(self) -> date:
        """The UTC day on which it was told."""
        return self.at.date()


def returning(candidate: Candidate, told: Told) -> Candidate | None:
    """Return a told story as an update that holds only its new reports, or None where too little is new."""
    fresh = fresh_of(candidate, told)
    joined = {report.publisher for report in fresh if is_new_to(report, told)}
    everyone = {report.publisher for report in fresh}
    enough = len(joined) >= NEW_PUBLISHERS or (joined and len(everyone) >= STILL_REPORTING)
    return replace(candidate, reports=fresh, told_on=told.on, known=told.titles) if enough else None


def fresh_of(candidate: Candidate, told: Told) -> tuple[Report, ...]:
    """Return what is new of a told story.

    New is what was first seen after the story was told, is no backlog of a newly added feed, and is dated no more than
    a day before the telling.
    """
    return tuple(
        report
        for report in candidate.reports
        if report.seen_at > told.at and not report.backlog and report.dated_at > told.at - _LATE
    )


def is_new_to(report: Report, told: Told) -> bool:
    """Tell whether neither the report's publisher nor its feed had reported the story when it was told."""
    return report.publisher not in told.publishers and report.feed_id not in told.feeds
