"""Feeds out: digests as Atom and JSON Feed, all of them, those of one theme, and a subscriber's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import Response

from trendbot.core import links
from trendbot.core.digests import DigestContent
from trendbot.core.tokens import Purpose, unseal
from trendbot.core.variants import content_of, variant_of
from trendbot.core.vocabulary import Cadence
from trendbot.errors import TokenError
from trendbot.store import digests
from trendbot.store.database import Session
from trendbot.store.digests import Digest
from trendbot.store.views import theme_titles
from trendbot.web.answers import Gone, Missing, To, as_json
from trendbot.web.people import person_of
from trendbot.web.site import Site

MOST = 15
_ATOM = "http://www.w3.org/2005/Atom"
_BAD_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A digest as a feed tells it."""

    digest: Digest
    content: DigestContent


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A feed: its name, its own address up to the ending, the page it belongs to, and what it tells."""

    title: str
    path: str
    page: str
    items: Sequence[Told]
    public: bool = True

    @property
    def updated(self) -> datetime | None:
        """When the newest digest was frozen."""
        return max((each.digest.frozen_at for each in self.items), default=None)


def everything(site: Site, request: Request) -> Response:
    """Return the feed of all digests."""
    items = site.app.database.read(_items, themes=(), cadence=None)
    return _answer(site, request, Feed(title=site.brand, path="/feed", page="/", items=items))


def of_theme(site: Site, request: Request) -> Response:
    """Return the feed of a theme: of each digest, what its readers are told."""
    slug = request.path_params["slug"]
    titles = site.app.database.read(theme_titles)
    if slug not in titles:
        raise Missing
    items = site.app.database.read(_items, themes=(slug,), cadence=Cadence.DAILY)
    title = f"{site.brand}: {titles[slug]}"
    return _answer(site, request, Feed(title=title, path=f"/themes/{slug}/feed", page=f"/themes/{slug}", items=items))


def personal(site: Site, request: Request) -> Response:
    """Return a subscriber's own feed: the themes and the cadence they chose."""
    token = request.path_params["token"]
    try:
        sealed = unseal(site.key, Purpose.FEED, token, now=site.now())
    except TokenError as error:
        raise Gone from error
    person = site.app.database.read(person_of, sealed.subject, sealed.version)
    wish = person.subscription.preferences
    items = site.app.database.read(_items, themes=wish.themes, cadence=wish.cadence or Cadence.DAILY)
    feed = Feed(title=f"{site.brand}, as you chose it", path=f"/feed/{token}", page="/", items=items, public=False)
    return _answer(site, request, feed)


def _items(session: Session, *, themes: Sequence[str], cadence: Cadence | None) -> tuple[Told, ...]:
    found = []
    for digest in digests.list_digests(session, cadence=cadence, limit=MOST):
        content = content_of(digest.content, variant_of(themes))
        if content is not None:
            found.append(Told(digest=digest, content=content))
    return tuple(found)


def _answer(site: Site, request: Request, feed: Feed) -> Response:
    answer = _json(site, feed) if request.url.path.endswith(".json") else _atom(site, feed)
    answer.headers["cache-control"] = "public, max-age=300" if feed.public else "private, max-age=300"
    answer.headers["x-robots-tag"] = "noindex"
    return answer


def _markup(site: Site, told: Told) -> str:
    context = {
        "digest": told.digest,
        "content": told.content,
        "to": To(site.url),
        "chart": None,
        "curves": [],
        "sample": False,
        "sample_note": "Sample: made-up news." if told.content.sample else "",
    }
    return site.app.renderer.render("web/feed_item.html.j2", context)


def _name(site: Site, digest: Digest) -> str:
    """Return the id of a digest, which stays when the site moves to another scheme or port."""
    host = urlsplit(site.url).hostname or "localhost"
    return f"tag:{host},2026:digest/{digest.cadence}/{digest.slot}"


def _atom(site: Site, feed: Feed) -> Response:
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _put(root, "id", f"{site.url}{feed.path}")
    _put(root, "title", feed.title)
    _put(root, "updated", _instant(feed.updated or site.now()))
    _put(root, "link", rel="self", type="application/atom+xml", href=f"{site.url}{feed.path}.atom")
    _put(root, "link", rel="alternate", type="text/html", href=f"{site.url}{feed.page}")
    _put(ET.SubElement(root, "author"), "name", site.brand)
    for told in feed.items:
        entry = ET.SubElement(root, "entry")
        _put(entry, "id", _name(site, told.digest))
        _put(entry, "title", _headline(told))
        _put(entry, "published", _instant(told.digest.frozen_at))
        _put(entry, "updated", _instant(told.digest.frozen_at))
        _put(entry, "link", rel="alternate", href=links.digest(site.url, told.digest.cadence, told.digest.slot))
        _put(entry, "summary", told.content.line)
        _put(entry, "content", _markup(site, told), type="html")
    data = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(data, media_type="application/atom+xml; charset=utf-8")


def _put(parent: ET.Element, name: str, text: str | None = None, /, **attributes: str) -> None:
    element = ET.SubElement(parent, name, {key: _BAD_XML.sub("", value) for key, value in attributes.items()})
    element.text = _BAD_XML.sub("", text) if text is not None else None


def _json(site: Site, feed: Feed) -> Response:
    tree = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": f"{site.url}{feed.page}",
        "feed_url": f"{site.url}{feed.path}.json",
        "language": "en",
        "authors": [{"name": site.brand}],
        "items": [
            {
                "id": _name(site, told.digest),
                "url": links.digest(site.url, told.digest.cadence, told.digest.slot),
                "title": _headline(told),
                "summary": told.content.line,
                "content_html": _markup(site, told),
                "date_published": _instant(told.digest.frozen_at),
                "tags": [section.title for section in told.content.sections],
            }
            for told in feed.items
        ],
    }
    return as_json(tree, media_type="application/feed+json")


def _headline(told: Told) -> str:
    return told.content.lead.headline if told.content.lead else told.digest.title


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
