"""The pictures that stand for pages where their address is shared (Open Graph), drawn when they are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from trendbot.core.wording import counted, figure, long_date
from trendbot.render.cards import Card, draw_card, draws_cards
from trendbot.store import archive, digests, stories, trends
from trendbot.store.database import Session
from trendbot.web import asked
from trendbot.web.answers import Missing
from trendbot.web.site import Site

_KEPT = "public, max-age=3600"
_CURVE_DAYS = 91
_NAMED = 3


def picture(site: Site, path: str, alt: str) -> dict[str, Any]:
    """Return what a page's template says of its picture; nothing where none can be drawn."""
    return {"picture": {"url": f"{site.url}/cards/{path}.png", "alt": alt}} if draws_cards() else {}


def of_digest(site: Site, request: Request) -> Response:
    """Draw the card of a digest in which nothing rose, and which has no chart therefore."""
    cadence, slot = asked.slot(request.path_params["cadence"], request.path_params["slot"])
    digest = site.app.database.read(digests.find_digest, cadence=cadence, slot=slot)
    if digest is None:
        raise Missing
    lead = digest.content.lead
    return _answer(site, Card(kicker=digest.title, title=lead.headline if lead else digest.content.line))


def of_story(site: Site, request: Request) -> Response:
    """Draw the card of a story."""
    story = site.app.database.read(stories.get_story, asked.number(request.path_params["story"]))
    reports = f"{counted(len(story.entries), 'report')} from {counted(story.feeds, 'source')}"
    return _answer(site, Card(kicker=f"Story · {long_date(story.last_at.date())}", title=story.title, note=reports))


def of_theme(site: Site, request: Request) -> Response:
    """Draw the card of a theme, with its curve."""
    return _answer(site, site.app.database.read(_theme, site, request.path_params["slug"]))


def _theme(session: Session, site: Site, slug: str) -> Card:
    as_of = trends.newest_day(session, until=site.now().date()) or site.now().date()
    lines = archive.theme_lines(session, until=as_of, days=_CURVE_DAYS, slug=slug[:64])
    if not lines:
        raise Missing
    readings = trends.list_readings(session, since=as_of, until=as_of, theme=lines[0].slug)
    reading = readings[0] if readings else None
    usual = f", usually {figure(reading.baseline)}" if reading else ""
    count = counted(round(reading.current if reading else sum(lines[0].daily[-7:])), "report")
    window = counted(reading.window_days if reading else 7, "day")
    return Card(
        kicker="Theme",
        title=lines[0].title,
        note=f"{count} in {window}{usual}",
        series=lines[0].daily if any(lines[0].daily) else (),
        moved=any(each.direction == "rising" for each in readings),
    )


def of_trends(site: Site, _request: Request) -> Response:
    """Draw the card of the trends: what rises, by name."""
    return _answer(site, site.app.database.read(_trends, site))


def _trends(session: Session, site: Site) -> Card:
    as_of = trends.newest_day(session, until=site.now().date())
    if as_of is None:
        return Card(kicker="Trends", title="What rises and falls in AI news")
    found = trends.list_readings(session, since=as_of, until=as_of)
    names = [each.name for each in found if each.direction == "rising"]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    title = f"Rising: {', '.join(names[:_NAMED])}{more}" if names else "Nothing rose beyond chance"
    return Card(kicker="Trends", title=title, note=f"up to {long_date(as_of)}")


def of_site(site: Site, _request: Request) -> Response:
    """Draw the card of the archive and of every page that has none of its own."""
    months = site.app.database.read(archive.list_months)
    count = counted(sum(number for _, number in months), "digest")
    note = f"{count} since {months[-1][0]:%B %Y}" if months else ""
    return _answer(site, Card(kicker="Archive", title="AI news, every sentence with its source", note=note))


def _answer(site: Site, card: Card) -> Response:
    drawn = draw_card(replace(card, brand=site.brand))
    if drawn is None:
        raise Missing
    return Response(drawn, media_type="image/png", headers={"cache-control": _KEPT})
