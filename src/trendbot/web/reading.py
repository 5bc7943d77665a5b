"""The pages people read: front, archive, digests, stories, themes, trends, search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from trendbot.core import links, wording
from trendbot.core.digests import DigestContent, DigestRise
from trendbot.core.phrases import Words, prefixed
from trendbot.core.pictures import PictureForm
from trendbot.core.vocabulary import Cadence
from trendbot.explain import ToldIn, told_in
from trendbot.render.charts import usual_around
from trendbot.render.sparks import Spark, spark
from trendbot.store import archive, digests, stories, trends
from trendbot.store.database import Session
from trendbot.store.digests import Digest
from trendbot.store.entries import get_entry
from trendbot.store.search import LONGEST, search_stories, words_of
from trendbot.store.trends import KeptReading
from trendbot.store.views import theme_titles
from trendbot.web import asked, cards
from trendbot.web.answers import Missing, moved, page
from trendbot.web.site import Site

DAYS = 91
"""Days of a theme's curve."""
_LATELY = 30
_LEAST_DAYS = 28
_HITS = 20
_PARTS = frozenset(prefixed("part."))
_WORDS = Words("en")


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """What moved, or lies still, with its curve."""

    reading: KeptReading
    spark: Spark | None


# -- digests -----------------------------------------------------------------------------------------------------------


def front(site: Site, request: Request) -> Response:
    """Show the newest digest, the ones before it, and the way to subscribe."""
    found = site.app.database.read(_front)
    digest: Digest | None = found["digest"]
    modified = digest.frozen_at if digest else None
    return page(site, request, "front", modified=modified, **found, **_card(site, found))


def _front(session: Session) -> dict[str, Any]:
    newest = archive.list_lines(session, limit=9)
    daily = next((line for line in newest if line.cadence is Cadence.DAILY), next(iter(newest), None))
    digest = digests.get_digest(session, daily.id) if daily else None
    return {"newest": [line for line in newest if line is not daily][:8]} | _dressed(session, digest)


def _dressed(session: Session, digest: Digest | None) -> dict[str, Any]:
    """Return a digest with its chart, as the templates take it."""
    key = archive.chart_key(session, digest.id) if digest else None
    chart = digests.get_chart(session, digest.id, key) if digest and key else None
    return {
        "digest": digest,
        "content": digest.content if digest else None,
        "chart": chart,
        "curves": _rises(digest.content) if digest else [],
        "sample_note": wording.SAMPLE if digest and digest.content.sample else "",
    }


def _rises(content: DigestContent) -> list[tuple[DigestRise, Spark]]:
    """Return what rose with its curve, where its days are known."""
    drawn = (
        (rise, spark(rise.days, window=min(rise.window_days, 7), usual=usual_around(rise.usual)))
        for rise in content.rising
    )
    return [(rise, curve) for rise, curve in drawn if curve is not None]


def _card(site: Site, found: dict[str, Any]) -> dict[str, Any]:
    """Return the picture that stands for a page where its address is shared."""
    chart, digest = found["chart"], found["digest"]
    if digest is None:
        return {}
    if chart is None or chart.form(PictureForm.CARD) is None:
        return cards.picture(site, f"digests/{digest.cadence}/{digest.slot}", f"{digest.title}: {digest.content.line}")
    address = links.picture(site.url, digest.id, chart.key, PictureForm.CARD, "png")
    return {"picture": {"url": address, "alt": chart.alt}}


def digest_page(site: Site, request: Request) -> Response:
    """Show a digest: the web version of what was sent."""
    cadence, slot = asked.slot(request.path_params["cadence"], request.path_params["slot"])
    found = site.app.database.read(_digest, cadence, slot)
    return page(site, request, "digest", modified=found["digest"].frozen_at, **found, **_card(site, found))


def _digest(session: Session, cadence: Cadence, slot: str) -> dict[str, Any]:
    digest = digests.find_digest(session, cadence=cadence, slot=slot)
    if digest is None:
        raise Missing
    before, after = archive.neighbours(session, cadence, digest.number)
    return {"before": before, "after": after} | _dressed(session, digest)


def archive_page(site: Site, request: Request) -> Response:
    """Show the digests of a month, and the months there are."""
    named = request.path_params.get("month")
    month = asked.month(named) if named else None
    found = site.app.database.read(_month, month)
    return page(site, request, "archive", **found, **cards.picture(site, "site", f"The archive of {site.brand}"))


def _month(session: Session, month: date | None) -> dict[str, Any]:
    months = archive.list_months(session)
    if month is not None and month not in {first for first, _ in months}:
        raise Missing
    shown = month or (months[0][0] if months else None)
    lines = archive.list_lines(session, month=shown, limit=200) if shown else ()
    return {"months": months, "month": shown, "lines": lines}


def chart(site: Site, request: Request) -> Response:
    """Return a digest's chart in one of its forms."""
    given = request.path_params
    name, _, ending = given["file"].rpartition(".")
    if name not in tuple(PictureForm) or len(given["key"]) > 64:  # noqa: PLR2004
        raise Missing
    found = site.app.database.read(digests.get_chart, asked.number(given["digest"]), given["key"])
    picture = found.form(PictureForm(name)) if found else None
    if picture is None or not picture.media_type.startswith({"svg": "image/svg", "png": "image/png"}.get(ending, "-")):
        raise Missing
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(picture.data, media_type=picture.media_type, headers=headers)


# -- stories -----------------------------------------------------------------------------------------------------------


def story_page(site: Site, request: Request) -> Response:
    """Show a story: every report of it, what is new since it was told, and why it was told."""
    number = asked.number(request.path_params["story"])
    found = site.app.database.read(_story, number)
    if found["story"].id != number:
        return moved(f"{site.root}/stories/{found['story'].id}")
    card = cards.picture(site, f"stories/{number}", found["story"].title)
    return page(site, request, "story", modified=found["story"].last_at, **found, **card)


def _story(session: Session, number: int) -> dict[str, Any]:
    story = stories.get_story(session, number)
    told = told_in(session, story)
    since = max((one.period_end for one in told), default=None)
    if since is not None:
        story = stories.get_story(session, number, since=since)
    lead = next((one for one in story.entries if one.lead), None) or next(iter(story.entries), None)
    return {
        "story": story,
        "lead": lead,
        "entry": get_entry(session, lead.entry_id) if lead else None,
        "told": told,
        "since": since,
        "parts": _parts(told),
        "reasons": REASONS,
        "themes": theme_titles(session),
    }


def _parts(told: tuple[ToldIn, ...]) -> list[tuple[str, float]]:
    """Return what made the score of the last telling, the weightiest first, each named for people."""
    scored = [one for one in told if one.score is not None]
    parts = scored[-1].parts if scored else {}
    named = [(_WORDS.plain(f"part.{name}") if name in _PARTS else name, points) for name, points in parts.items()]
    return sorted(((name, points) for name, points in named if round(points, 2)), key=lambda part: -abs(part[1]))


REASONS: Mapping[str, str] = {
    "opened": "the first of them",
    "same address": "the same page",
    "same title": "the same title",
    "similar": "alike in its words",
}
"""Why a report is part of its story, for people; others are told as they are."""


# -- themes and trends -------------------------------------------------------------------------------------------------


def themes_page(site: Site, request: Request) -> Response:
    """Show all themes with their curves."""
    today = site.now().date()
    as_of = site.app.database.read(trends.newest_day, until=today) or today
    lines = site.app.database.read(archive.theme_lines, until=as_of, days=DAYS)
    curves = [(line, spark(line.daily, width=240, height=48)) for line in lines]
    card = cards.picture(site, "site", site.brand)
    return page(site, request, "themes", curves=curves, days=DAYS, as_of=as_of, **card)


def theme_page(site: Site, request: Request) -> Response:
    """Show a theme: its curve, how it moves, its latest stories."""
    found = site.app.database.read(_theme, request.path_params["slug"], site.now().date())
    theme, week = found["theme"], wording.counted(found["week"], "report")
    card = cards.picture(
        site, f"themes/{theme.slug}", f"{theme.title}: {week} up to {wording.long_date(found['as_of'])}"
    )
    return page(site, request, "theme", **found, **card)


def _theme(session: Session, slug: str, today: date) -> dict[str, Any]:
    as_of = trends.newest_day(session, until=today)
    lines = archive.theme_lines(session, until=as_of or today, days=DAYS, slug=slug[:64])
    if not lines:
        raise Missing
    readings = trends.list_readings(session, since=as_of, until=as_of, theme=lines[0].slug) if as_of else ()
    reading = readings[0] if readings else None
    daily = _known(lines[0].daily)
    return {
        "theme": lines[0],
        "as_of": as_of or today,
        "reading": reading,
        "spark": spark(daily, usual=usual_around(reading.baseline) if reading else None, width=640, height=140),
        "days": len(daily),
        "stories": stories.list_stories(session, theme=lines[0].slug, limit=_LATELY),
        "week": round(reading.current if reading else sum(daily[-7:])),
    }


def _known(daily: tuple[float, ...]) -> tuple[float, ...]:
    """Return the days since the first report, four weeks at least: nothing is known of those before."""
    first = next((place for place, count in enumerate(daily) if count), len(daily))
    return daily[min(first, max(0, len(daily) - _LEAST_DAYS)) :]


def trends_page(site: Site, request: Request) -> Response:
    """Show what rises and falls beyond chance, and what is told most."""
    found = site.app.database.read(_trends, site.now().date())
    return page(site, request, "trends", **found, **cards.picture(site, "trends", "What rises in AI news"))


def _trends(session: Session, today: date) -> dict[str, Any]:
    as_of = trends.newest_day(session, until=today)
    if as_of is None:
        return {"as_of": None, "rising": [], "falling": [], "steady": [], "discussed": ()}
    found = trends.list_readings(session, since=as_of, until=as_of, days=28 + 6)
    moved_ = {way: [_curve(one) for one in found if one.direction == way] for way in ("rising", "falling")}
    flat = [_curve(one) for one in found if one.kind == "theme" and one.direction not in moved_]
    return {
        "as_of": as_of,
        **moved_,
        "steady": flat,
        "discussed": trends.most_discussed(session, until=as_of),
    }


def _curve(reading: KeptReading) -> Curve:
    window = min(reading.window_days, 7)
    return Curve(reading=reading, spark=spark(reading.daily, window=window, usual=usual_around(reading.baseline)))


# -- search ------------------------------------------------------------------------------------------------------------


def search_page(site: Site, request: Request) -> Response:
    """Show the stories that have the words asked for."""
    words = request.query_params.get("q", "").replace("\0", "")[:LONGEST].strip()
    start = asked.offset(request.query_params.get("from", ""), most=200)
    found = site.app.database.read(search_stories, words, limit=_HITS + 1, offset=start) if words else ()
    return page(
        site, request, "search", words=words, hits=found[:_HITS], start=start, read=bool(words_of(words)),
        next=start + _HITS if len(found) > _HITS else None,
    )  # fmt: skip


def about(site: Site, request: Request) -> Response:
    """Say how the digest is made, and what is kept of its readers."""
    return page(site, request, "about", wording=site.wording, **cards.picture(site, "site", site.brand))
