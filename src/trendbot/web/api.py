"""The JSON API: what the pages show, read only, as ``openapi.py`` describes it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from trendbot.core import links
from trendbot.core.publishing import told_json
from trendbot.core.vocabulary import Cadence
from trendbot.store import archive, digests, stories, trends
from trendbot.store.archive import DigestLine
from trendbot.store.database import Session
from trendbot.store.search import LONGEST, search_stories
from trendbot.web import asked
from trendbot.web.answers import Missing, as_json
from trendbot.web.openapi import document
from trendbot.web.site import Site

_DEFAULT, _MOST = 20, 100


def openapi(site: Site, _request: Request) -> Response:
    """Return the description of this API."""
    return as_json(document(site.brand, site.url))


def list_digests(site: Site, request: Request) -> Response:
    """Return digests, the newest first."""
    named = request.query_params.get("cadence", "")
    if named and named not in tuple(Cadence):
        return _wrong("cadence is daily or weekly")
    lines = site.app.database.read(archive.list_lines, cadence=Cadence(named) if named else None, limit=_limit(request))
    return as_json({"digests": [_line(site, line) for line in lines]})


def get_digest(site: Site, request: Request) -> Response:
    """Return a digest with everything that it says."""
    cadence, slot = asked.slot(request.path_params["cadence"], request.path_params["slot"])
    digest = site.app.database.read(digests.find_digest, cadence=cadence, slot=slot)
    if digest is None:
        raise Missing
    facts = {"url": links.digest(site.url, cadence, slot), "frozen_at": digest.frozen_at, "hash": digest.content_hash}
    return as_json(facts | {"content": told_json(digest.content)})


def list_stories(site: Site, request: Request) -> Response:
    """Return stories, the one with the latest report first."""
    theme = request.query_params.get("theme", "")[:64]
    found = site.app.database.read(stories.list_stories, theme=theme or None, limit=_limit(request))
    return as_json({"stories": [asdict(one) | {"url": links.story(site.url, one.id)} for one in found]})


def get_story(site: Site, request: Request) -> Response:
    """Return a story with its reports."""
    story = site.app.database.read(stories.get_story, asked.number(request.path_params["story"]))
    reports = [
        {"title": one.title, "url": one.url, "source": one.feed_title, "at": one.dated_at, "lead": one.lead,
         "copy": one.copy_of is not None}
        for one in story.entries
    ]  # fmt: skip
    return as_json(
        {"id": story.id, "url": links.story(site.url, story.id), "title": story.title, "first_at": story.first_at,
         "last_at": story.last_at, "themes": story.themes, "reports": reports}
    )  # fmt: skip


def list_themes(site: Site, _request: Request) -> Response:
    """Return the themes with their reports of the last 28 days."""
    lines = site.app.database.read(archive.theme_lines, until=site.now().date(), days=28)
    return as_json({"themes": [asdict(line) | {"url": links.theme(site.url, line.slug)} for line in lines]})


def list_trends(site: Site, _request: Request) -> Response:
    """Return the readings of the newest day."""
    return as_json(site.app.database.read(_trends, site.now().date()))


def _trends(session: Session, today: date) -> dict[str, Any]:
    as_of = trends.newest_day(session, until=today)
    found = trends.list_readings(session, since=as_of, until=as_of) if as_of else ()
    kept = ("name", "kind", "slug", "window_days", "direction", "current", "baseline", "low", "high", "score")
    return {
        "as_of": as_of,
        "readings": [{name: getattr(one, name) for name in kept} for one in found if one.direction != "new"],
    }


def search(site: Site, request: Request) -> Response:
    """Return the stories that have all the words asked for, the best first."""
    words = request.query_params.get("q", "").replace("\0", "")[:LONGEST].strip()
    if not words:
        return _wrong("q holds the words to look for")
    hits = site.app.database.read(search_stories, words, limit=_limit(request))
    return as_json(
        {"stories": [{"id": hit.story_id, "url": links.story(site.url, hit.story_id), "title": hit.title,
                      "last_at": hit.last_at, "reports": hit.reports} for hit in hits]}
    )  # fmt: skip


def _limit(request: Request) -> int:
    return asked.limit(request.query_params.get("limit", ""), default=_DEFAULT, most=_MOST)


def _wrong(what: str) -> Response:
    return as_json({"error": "This cannot be read", "advice": what}, status=400)


def _line(site: Site, line: DigestLine) -> dict[str, Any]:
    return asdict(line) | {"url": links.digest(site.url, line.cadence, line.slot)}
