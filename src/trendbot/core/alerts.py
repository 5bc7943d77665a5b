"""Alerts: what is worth one, and who gets it. Pure.

Two things are worth an alert. A theme or term that **rises** beyond chance and did not in the days before
(``core/trends``). And a story that **spreads**: so many publishers report it within a day as on one day of four weeks
only one story is reported by; the threshold is read off the stories of these weeks, so a busy time raises it by itself.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trendbot.core.consent import Preferences
from trendbot.core.hours import is_quiet
from trendbot.core.lines import escaped, linked
from trendbot.core.phrases import Words
from trendbot.core.taste import Taste
from trendbot.core.wording import figure

WINDOW = timedelta(hours=24)
"""A story spreads within this time."""
KNOWN = timedelta(days=28)
GOOD_FOR = timedelta(hours=6)
"""An alert that could not go within this time is none any more."""
LEAST = 4
"""Publishers below which no story is an alert, however quiet the weeks were."""
_UNWANTED = -0.25
"""A story that a reader's own words put below this is no alert for that reader."""
_KEY = "alert"
_LONGEST_SUBJECT = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Headline:
    """A story's headline as it stands in an alert."""

    title: str
    url: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rise:
    """What rose, with its numbers: reports in so many days, against the usual."""

    name: str
    current: float
    usual: float
    days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """Something worth an alert: the story it is about, `publishers` and `reports` of the last day, and the rise if any.

    `headlines` are the story's and, behind a rise, those of a few more.
    """

    story_id: int
    themes: frozenset[str]
    feeds: frozenset[int]
    publishers: int
    reports: int
    headlines: tuple[Headline, ...]
    rise: Rise | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """A subscriber who asked for alerts: wishes, taste, how many came today, which stories were told already."""

    preferences: Preferences
    taste: Taste
    today: int
    told: frozenset[int]


def spread_threshold(sizes: Sequence[int], *, days: int) -> int:
    """Return how many publishers make a story an alert: more than the `days`-th largest story of `days` days had."""
    if days < 1 or len(sizes) < days:
        return LEAST
    return max(LEAST, sorted(sizes, reverse=True)[days - 1] + 1)


def wants(reader: Reader, alert: Alert, *, now: datetime) -> bool:
    """Say whether a reader gets an alert now."""
    wish = reader.preferences
    if reader.today >= wish.alerts or alert.story_id in reader.told:
        return False
    if is_quiet(now, timezone=wish.timezone, quiet=wish.quiet):
        return False
    if wish.themes and alert.themes.isdisjoint(wish.themes):
        return False
    return reader.taste.points(alert.themes, alert.feeds) > _UNWANTED


def key_of(story_id: int, language: str) -> str:
    """Return the key of an alert's notice in a language: one a story, for ever."""
    return f"{_KEY}.{story_id}.{language}"


def story_of(key: str) -> int | None:
    """Return the story that an alert's key names, or None where it is no alert's."""
    kind, _, rest = key.partition(".")
    number = rest.partition(".")[0]
    return int(number) if kind == _KEY and number.isdecimal() else None


def body(alert: Alert, words: Words) -> str:
    """Return an alert as Bot API HTML."""
    if alert.rise is None:
        first = words.say("alert.story")
        facts = words.say(
            "alert.spread",
            publishers=words.count("publisher", alert.publishers),
            window=words.count("hours", int(WINDOW.total_seconds() // 3600)),
            reports=words.count("report", alert.reports),
        )
    else:
        first = words.say("alert.title", name=html.unescape(escaped(alert.rise.name)))
        facts = words.say(
            "alert.line",
            current=words.count("report", round(alert.rise.current)),
            window=words.count("day", alert.rise.days),
            usual=words.number(figure(alert.rise.usual)),
        )
    told = [f"• {linked(each.title, each.url, each.source)}" for each in alert.headlines]
    return "\n".join([first, facts, *told, "", words.say("alert.why")])


def subject(alert: Alert) -> str:
    """Return what an alert is called in a list of messages."""
    named = alert.rise.name if alert.rise else next((each.title for each in alert.headlines), "")
    return named[:_LONGEST_SUBJECT]
