"""Story memory: what earlier digests told, and what makes a told story news again. Pure.

A told story stays away until there is enough that is new about it; then it is told as an update, from the reports that
came after it was told and from nothing else. Telling it again moves the date from which things are new, so the same
news never brings it back twice. ``docs/decisions/0011-story-memory.md`` has the rule and its reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from trendbot.core.digests import DigestContent, DigestItem
from trendbot.core.ranking import Candidate, Report, choose_lead
from trendbot.core.text import normal_title

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


def retold(candidate: Candidate, headlines: frozenset[str]) -> bool:
    """Tell whether a story that was never told would appear under a headline that was: to a reader that is a repeat.

    `headlines` are in the form of ``core.text.normal_title``. Such stories are the same page posted again at another
    address after its story had ended, and standing titles.
    """
    return candidate.told_on is None and normal_title(choose_lead(candidate).title) in headlines


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


@dataclass(slots=True)
class Remembered:
    """What one run of digests told, oldest first, to count what it told twice."""

    stories: dict[int, date] = field(default_factory=dict)
    headlines: set[str] = field(default_factory=set)

    def add(self, content: DigestContent) -> int:
        """Take in the next digest; return how many of its stories, or their very headlines, were told before.

        An update that holds only what came after the story was told is no repeat.
        """
        day = date.fromisoformat(content.period_end[:10])
        items = [item for _, item in content.items()]
        repeats = sum(self._knows(item) for item in items)
        self.stories |= dict.fromkeys((item.story_id for item in items), day)
        self.headlines |= {normal_title(item.headline) for item in items}
        return repeats

    def _knows(self, item: DigestItem) -> bool:
        told = self.stories.get(item.story_id)
        if item.update and item.told_on is not None:
            return told is not None and told > date.fromisoformat(item.told_on)
        return told is not None or normal_title(item.headline) in self.headlines


def for_reader(content: DigestContent, told: Mapping[int, datetime]) -> DigestContent | None:
    """Return a digest without what one reader was told already, or None where nothing is left.

    `told` is when the reader was told each story last, by whichever digest or alert. A story that they know is left
    out, but for an update that holds only what came after that. An update of a story that they were never told is news
    to them and is not called an update. The headline that is next leads where the lead is left out.
    """
    lead = _new_to(content.lead, told) if content.lead is not None else None
    sections = tuple(
        replace(section, items=tuple(filter(None, (_new_to(item, told) for item in section.items))))
        for section in content.sections
    )
    also = tuple(filter(None, (_new_to(item, told) for item in content.also)))
    stories = tuple(filter(None, (_new_to(item, told) for item in content.stories)))
    if lead is None:
        left = [item for section in sections for item in section.items] or list(also)
        if not left:
            return None
        lead = left[0]
        sections = tuple(replace(each, items=tuple(item for item in each.items if item != lead)) for each in sections)
        also = tuple(item for item in also if item != lead)
    shown = tuple(section for section in sections if section.items)
    return replace(content, lead=lead, sections=shown, also=also, stories=stories)


def _new_to(item: DigestItem, told: Mapping[int, datetime]) -> DigestItem | None:
    at = told.get(item.story_id)
    if at is None:
        return replace(item, update=False, told_on=None) if item.update else item
    new = item.update and item.told_on is not None and at.date() <= date.fromisoformat(item.told_on)
    return item if new else None
