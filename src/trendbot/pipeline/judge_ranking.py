"""Judge ranking: group and rank each day's items in memory and compare with an editor's picks."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from trendbot.classify.matcher import Matcher
from trendbot.core.grouping import Background, Grouper
from trendbot.core.picking import PicksMet, picks_met
from trendbot.core.ranking import Candidate, Report, rank
from trendbot.core.themes import ThemeSet
from trendbot.core.vocabulary import FeedKind
from trendbot.errors import ConfigError
from trendbot.pipeline.judge_stories import Labelled, labelled_items

_KINDS = {"social": FeedKind.COMMUNITY, "forum": FeedKind.COMMUNITY, "press": FeedKind.NEWS}
_NAMED = {kind.value: kind for kind in FeedKind}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pick:
    """That an editor picked an item on a day: grade 3 the lead, 2 in the summary, 1 cited."""

    id: str
    day: date
    grade: float


def read_picks(lines: Iterable[str], *, name: str) -> list[Pick]:
    """Read picks, one JSON object a line: id, day, grade.

    Raises:
        ConfigError: a line is no such object.

    """
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
                day = date.fromisoformat(str(row["day"])[:10])
                found.append(Pick(id=str(row["id"]), day=day, grade=float(row["grade"])))
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigError(f"{name} line {number} is no pick with id, day and grade: {error}") from error
    return found


def judge_ranking(
    lines: Sequence[str], picks: Sequence[Pick], rules: ThemeSet, background: Background, *, name: str
) -> PicksMet:
    """Rank the stories of the day before each day of picks (an editor writes in the morning) and compare.

    Raises:
        ConfigError: a line is no item.

    """
    items = sorted(labelled_items(lines, name=name), key=lambda one: (one.item.dated_at, one.id))
    grouper = Grouper(background)
    placed = [grouper.place(one.item, opening=number).story for number, one in enumerate(items)]
    story_of = {one.id: grouper.resolve(story) for one, story in zip(items, placed, strict=True)}
    rows = {str(row.get("id")): row for row in map(json.loads, filter(str.strip, lines))}
    days = {pick.day for pick in picks}
    matcher = Matcher(rules)
    by_day: dict[date, list[Labelled]] = defaultdict(list)
    for one in items:
        day = one.item.dated_at.date() + timedelta(days=1)
        if day in days:
            by_day[day].append(one)
    ranked = {day.isoformat(): _order(day, by_day[day], story_of, rows, matcher) for day in days}
    return picks_met(ranked, _grades(picks, story_of))


def _grades(picks: Sequence[Pick], story_of: Mapping[str, int]) -> dict[str, dict[str, float]]:
    grades: dict[str, dict[str, float]] = defaultdict(dict)
    for pick in picks:
        if pick.id in story_of:
            day, story = grades[pick.day.isoformat()], str(story_of[pick.id])
            day[story] = max(pick.grade, day.get(story, 0.0))
    return grades


def _order(
    day: date, items: Sequence[Labelled], story_of: Mapping[str, int], rows: Mapping[str, Any], matcher: Matcher
) -> list[str]:
    reports: dict[int, list[Report]] = defaultdict(list)
    for one in items:
        reports[story_of[one.id]].append(_report(one, rows[one.id], matcher))
    candidates = [
        Candidate(story_id=story, title=members[0].title, lead_entry_id=members[0].entry_id, reports=tuple(members))
        for story, members in reports.items()
    ]
    now = datetime.combine(day, time(), UTC)
    return [str(one.candidate.story_id) for one in rank(candidates, now=now, window_days=1.0)]


def _report(one: Labelled, row: Mapping[str, Any], matcher: Matcher) -> Report:
    kind = str(row.get("kind") or "news")
    said = matcher.annotate(one.item.title, one.item.summary[:1_000])
    return Report(
        entry_id=one.item.entry_id,
        feed_id=one.item.feed_id,
        source=str(row.get("source") or ""),
        kind=_KINDS.get(kind) or _NAMED.get(kind, FeedKind.NEWS),
        weight=1.0,
        language=None,
        title=one.item.title,
        body=one.item.summary,
        url=str(row.get("url") or ""),
        canonical_url=one.item.canonical_url,
        dated_at=one.item.dated_at,
        seen_at=one.item.dated_at,
        backlog=False,
        themes={verdict.theme: 1.0 for verdict in said.verdicts if verdict.applies},
        names=len({mention.term for mention in said.mentions}),
    )
