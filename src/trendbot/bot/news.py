"""What a visitor can read: the newest digest, a glimpse of it, what is rising, what a search finds.

Headlines and names come from strangers: each is one harmless line, escaped here.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import date

from trendbot.bot import telling
from trendbot.bot.answers import Answer, Photo, Post, answer
from trendbot.bot.visit import Visit
from trendbot.core import wording
from trendbot.core.buttons import digest_rows
from trendbot.core.digests import DigestContent, DigestItem
from trendbot.core.leanings import leanings_of
from trendbot.core.limits import plain_line
from trendbot.core.lines import linked
from trendbot.core.pictures import PictureForm
from trendbot.core.taste import taste
from trendbot.core.variants import content_of, variant_of
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.pipeline.editions import ensure_edition
from trendbot.render.environment import Renderer
from trendbot.store import digests, feedback, stories, trends
from trendbot.store.database import Database, Session
from trendbot.store.digests import Digest
from trendbot.store.search import Hit, search_stories
from trendbot.store.trends import KeptReading

GLIMPSE = 3
FOUND = 10
_SOURCE = 80
_SHOWN = 6


def newest_digest(session: Session, cadence: Cadence | None) -> Digest | None:
    """Return the newest digest of a cadence, else the newest there is."""
    wanted = digests.latest_digest(session, cadence) if cadence else None
    return wanted or next(iter(digests.list_digests(session, limit=1)), None)


def content_for(session: Session, visit: Visit, digest: Digest) -> DigestContent | None:
    """Return what of a digest the visitor is told, or None where that is nothing."""
    return content_of(digest.content, variant_for(session, visit))


def variant_for(session: Session, visit: Visit) -> str:
    """Return the visitor's choice: the themes, and what the words "more" and "less" add up to."""
    said = feedback.list_feedback(session, visit.subscriber.id) if visit.subscriber else ()
    chosen = (slug for slug in visit.preferences.themes if slug in visit.themes)
    return variant_of(chosen, leanings=leanings_of(taste(said, visit.now)))


def glimpse(session: Session, visit: Visit) -> list[str]:
    """Return a first look at the newest digest: a few headlines as lines of HTML."""
    digest = newest_digest(session, visit.preferences.cadence)
    content = content_for(session, visit, digest) if digest else None
    if content is None:
        return []
    return [f"• {headline(item)}" for _, item in content.items()[:GLIMPSE]]


def headline(item: DigestItem) -> str:
    """Return a story's headline as a link, with its source."""
    return linked(item.headline, item.lead.url, item.lead.source)


def latest(database: Database, renderer: Renderer, visit: Visit) -> Answer:
    """Answer with the newest digest that has something on the visitor's themes, as it is sent at the hour."""
    newest = database.read(_newest_digests, visit.preferences.cadence)
    variant = database.read(variant_for, visit)
    for digest in newest:
        edition = ensure_edition(database, digest.id, ChannelKind.TELEGRAM, variant, renderer, now=visit.now)
        if edition is not None:
            *first, last = edition.parts
            rows = digest_rows(visit.words, digest.id)
            return answer(*(Post(text=part) for part in first), Post(text=last, rows=rows))
    return answer(Post(text=visit.words.say("latest.nothing" if newest else "latest.none")))


def _newest_digests(session: Session, cadence: Cadence | None) -> list[Digest]:
    """Return the newest digest of a cadence, then those of the others: a quiet day may have nothing for a reader."""
    first = newest_digest(session, cadence)
    if first is None:
        return []
    others = (digests.latest_digest(session, each) for each in Cadence if each is not first.cadence)
    return [first, *(each for each in others if each)]


# -- trends ------------------------------------------------------------------------------------------------------------


def rising(database: Database, visit: Visit) -> Answer:
    """Answer with what rises and falls beyond chance, and with the newest digest's chart where it has one."""
    newest = database.read(trends.newest_day, until=visit.now.date())
    if newest is None:
        return answer(Post(text=visit.words.say("trends.unknown")))
    readings = database.read(trends.list_readings, since=newest, until=newest)
    text = trends_text(visit, newest, readings)
    chart = database.read(_chart) if any(each.direction == "rising" for each in readings) else None
    post = Post(text=text)
    return answer(post) if chart is None else answer(chart, post)


def trends_text(visit: Visit, newest: date, readings: Iterable[KeptReading]) -> str:
    """Return what rises and falls as a message."""
    words = visit.words
    day = words.plain("day", day=newest.day, month=words.plain("months").split()[newest.month - 1], year=newest.year)
    up = [_reading(visit, each) for each in readings if each.direction == "rising"][:_SHOWN]
    down = [_reading(visit, each) for each in readings if each.direction == "falling"][: _SHOWN // 2]
    lines = [words.say("trends.title", day=day), *(up or [words.say("trends.none")])]
    return telling.within([*lines, "", words.say("trends.falling"), *down] if down else lines)


def _reading(visit: Visit, reading: KeptReading) -> str:
    words = visit.words
    line = words.say(
        "trends.line",
        name=plain_line(reading.name, _SOURCE),
        current=words.count("report", round(reading.current)),
        window=words.count("day", reading.window_days),
        usual=words.number(wording.figure(reading.baseline)),
    )
    if reading.low is None or reading.high is None:
        return f"• {line}"
    low, high = (words.number(wording.figure(each)) for each in (reading.low, reading.high))
    span = words.say("trends.span", low=low, high=high)
    return f"• {line}\n  {span}"


def _chart(session: Session) -> Photo | None:
    """Return the chart of the newest daily digest, where one was drawn."""
    digest = digests.latest_digest(session, Cadence.DAILY)
    for edition in digests.list_editions(session, digest.id) if digest else ():
        chart = digests.chart_of(session, edition.id)
        picture = chart.form(PictureForm.CARD) if chart else None
        if chart and picture:
            return Photo(png=picture.data, caption=html.escape(plain_line(chart.alt, 900), quote=False))
    return None


# -- search ------------------------------------------------------------------------------------------------------------


def search(database: Database, visit: Visit) -> Answer:
    """Answer with the stories whose reports have all the words."""
    words = plain_line(visit.ask.words, 100)
    if not words:
        return answer(Post(text=visit.words.say("search.ask")))
    return answer(Post(text=database.read(_found, visit, words)))


def _found(session: Session, visit: Visit, words: str) -> str:
    hits = search_stories(session, words, limit=FOUND + 1)
    if not hits:
        return visit.words.say("search.none", words=words)
    key = "search.more" if len(hits) > FOUND else "search.title"
    title = visit.words.say(key, count=visit.words.count("story", min(len(hits), FOUND)), words=words)
    return telling.within([title, *(_hit(session, visit, each) for each in hits[:FOUND])])


def _hit(session: Session, visit: Visit, hit: Hit) -> str:
    entries = stories.get_story(session, hit.story_id).entries
    lead = next((each for each in entries if each.lead), entries[0])
    day = html.escape(telling.day(visit.words, hit.last_at, visit.preferences), quote=False)
    return f"• {linked(lead.title or hit.title, lead.url, lead.feed_title)}, {day}"
