"""Which stories may be told, and under which headline: languages, labels, publishers' names. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from trendbot.core import language
from trendbot.core.digests import DigestRise
from trendbot.core.language import Tongue
from trendbot.core.limits import one_line, plain_line
from trendbot.core.memory import Told, returning
from trendbot.core.ranking import Candidate, Report
from trendbot.core.text import fold

HEADLINE = 200
SOURCE = 60
_LABEL = re.compile(r"^(?:\[[^\]]{1,24}\]\s*)+(?=\S)")
_TAIL = re.compile(r"^(.{12,}\S)\s+[|–—-]\s+([^|–—]{2,40})$")
_NO_HEADLINE = re.compile(r"\W*(?:v?\d[\d.]*\S*|\w+)\W*")
_NO_NEWS = re.compile(
    r"^(?:click here|sign up|subscribe|register (?:now|today)|buy now|last chance|save \d|"
    r"ignore (?:all )?(?:the )?previous)\b",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"\b(?:don|isn|doesn|aren|wasn|didn|couldn|shouldn|wouldn|haven|hasn)$|(?<=[a-z,:] )(?:the|an|and|or)$"
)
"""A title that ends so was cut, at an apostrophe or at a length."""
_COLON = re.compile(r"^(Introducing|Announcing|Meet|Presenting):\s+(?=\S)", re.IGNORECASE)
_ONE_SENTENCE = 120
"""Characters: a longer title is a post, and keeps its full stop."""
_FULL_STOP = re.compile(r"(?:(?<=[a-z\d)%”\"’'])|(?<=[A-Z]{2}))\.$")
_ABBREVIATED = re.compile(
    r"(?:\b(?:inc|corp|ltd|co|llc|jr|sr|etc|vs|no|st|dr|mr|ms)|(?:^|[\s(.])[a-z]|\.)\.$", re.IGNORECASE
)
_ADDRESS = re.compile(r"\b(?:\w+://|www\.)[^\s()<>\[\]]+", re.IGNORECASE)
_EMPTY = re.compile(r"\s*(?:\(\s*\)|\[\s*\]|<\s*>)")
_NAMELESS = frozenset(
    "ai blog news feed rss atom home posts articles latest updates updatesandnews research engineering rssfeed all "  # noqa: SIM905
    "blogposts newsroom releases changelog stories untitled index allposts recentposts machinelearning "
    "technology".split()
)
"""Folded titles of feeds that do not say whose they are."""
_QUERY = re.compile(r"\w=\S")
"""In the title of a feed: it says what was asked for, not who answers."""
_JOINTS = re.compile(r"\s+(?:[|–—-]|::)\s+")


def tellable(
    candidates: Iterable[Candidate], *, told: Mapping[int, Told], languages: Sequence[str]
) -> tuple[Candidate, ...]:
    """Return the stories that may be told: with a report in one of the languages, and new or with enough that is new.

    Reports in other languages, and those whose title is empty after cleaning, are left out of their story. A title that
    does not give its language away is taken for what the other entries of its feed are, among the `candidates`.
    """
    kept: list[Candidate | None] = []
    candidates = tuple(candidates)
    known = _spoken(candidates, languages)
    for candidate in candidates:
        reports = tuple(
            known[report.entry_id] for report in candidate.reports if report.entry_id in known and headline_of(report)
        )
        if not reports:
            continue
        spoken, before = replace(candidate, reports=reports), told.get(candidate.story_id)
        kept.append(returning(spoken, before) if before else spoken)
    return tuple(each for each in kept if each is not None)


def headline_of(report: Report) -> str:
    """Return the title as a headline: without a label in front ("[News]") and its publisher's name behind.

    Empty where the title is a single word or a version number, was cut, or calls on the reader: that is no headline.
    Addresses in it go: programs would make links of them. So does a full stop at the end, and a colon after
    "Introducing".
    """
    title = _without_addresses(_LABEL.sub("", one_line(report.title, 1000)))
    tail = _TAIL.match(title)
    if tail and _folded(tail.group(2)) in _folded(report.source + report.publisher):
        title = tail.group(1)
    title = _COLON.sub(r"\1 ", title.rstrip())
    if len(title) <= _ONE_SENTENCE and not _ABBREVIATED.search(title):
        title = _FULL_STOP.sub("", title)
    weak = _NO_HEADLINE.fullmatch(title) or _NO_NEWS.search(title) or _CUT.search(title.casefold())
    return "" if weak else plain_line(title, HEADLINE)


def source_of(report: Report) -> str:
    """Return the publisher's name: of a feed title in several parts the one that the site's own name is in.

    A title that names nobody ("AI", "Blog", "search_query=…") gives way to the site's own.
    """
    title = _without_addresses(one_line(report.source, 200))
    label = _folded(report.publisher.split(" ")[0].rpartition(".")[0].rpartition(".")[2])
    named = [part for part in _JOINTS.split(title) if label and label in _folded(part)]
    query = _QUERY.search(title)
    if (query or (not named and _folded(title) in _NAMELESS)) and label not in ("", "localhost"):
        return plain_line(report.publisher.split(" ")[0], SOURCE)
    return plain_line(named[0] if named else title, SOURCE) or "unnamed feed"


def _without_addresses(title: str) -> str:
    """Drop addresses, and the brackets and dashes they leave empty."""
    if "://" not in title and "www." not in title.lower():
        return title
    return _EMPTY.sub("", _ADDRESS.sub("", title)).strip(" :|–—-,;")


def _folded(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text)))


def newest(candidate: Candidate) -> datetime:
    """Return the date of a story's newest report."""
    return max(report.dated_at for report in candidate.reports)


def days_for(candidates: Iterable[Candidate], *, now: datetime, enough: int) -> int:
    """Return how many whole days before `now` one must reach for the newest report of `enough` stories, or of all."""
    dates = sorted((newest(candidate) for candidate in candidates), reverse=True)[:enough]
    return math.ceil((now - dates[-1]) / timedelta(days=1)) if dates else 0


def _spoken(candidates: Sequence[Candidate], languages: Sequence[str]) -> dict[int, Report]:
    """Return the reports in one of the languages, by entry; a text in another one than its title's is left out."""
    reports = [report for candidate in candidates for report in candidate.reports]
    if not languages:
        return {report.entry_id: report for report in reports}
    wanted = [report for report in reports if _declared(report) in ("", *languages)]
    if "en" not in languages:
        return {report.entry_id: report for report in wanted}
    english = [report for report in wanted if _declared(report) in ("", "en")]
    found = {report.entry_id: _tongue(report) for report in english}
    feeds = language.leanings((report.feed_id, found[report.entry_id]) for report in english)
    return {
        report.entry_id: _in_one_language(report) if report.entry_id in found else report
        for report in wanted
        if _is_english(report, found.get(report.entry_id, Tongue.ENGLISH), feeds)
    }


def _declared(report: Report) -> str:
    return (report.language or "").split("-")[0].split("_")[0].lower()


def _tongue(report: Report) -> Tongue:
    return language.tongue_of(report.title, report.body, declared=_declared(report) == "en")


def _is_english(report: Report, tongue: Tongue, feeds: Mapping[int, bool]) -> bool:
    """Tell whether a report passes for English; where it leaves that open, by what its feed is in."""
    if tongue is Tongue.UNKNOWN:
        return _declared(report) == "en" or feeds[report.feed_id]
    return tongue is Tongue.ENGLISH


def _in_one_language(report: Report) -> Report:
    return replace(report, body="") if report.body and language.is_other(report.body) else report


def surprised(candidates: Iterable[Candidate], rising: Iterable[DigestRise]) -> tuple[Candidate, ...]:
    """Give each story the surprise of the most surprising rising term that its title names."""
    terms = [(re.compile(rf"(?<!\w){re.escape(fold(each.name))}(?!\w)"), each.score) for each in rising]
    return tuple(
        replace(
            candidate,
            surprise=max((score for term, score in terms if term.search(fold(candidate.title))), default=0.0),
        )
        for candidate in candidates
    )
