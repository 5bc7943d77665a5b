"""Which elements the fast reader may pass over, because feedparser makes nothing of them that we read."""

from __future__ import annotations

from typing import Any

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
DC = "{http://purl.org/dc/elements/1.1/}"
FEEDBURNER = "{http://rssnamespace.org/feedburner/ext/1.0}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
MEDIA = "{http://search.yahoo.com/mrss/}"

_CHANNEL_NAMES = """
description pubDate lastBuildDate generator docs ttl managingEditor webMaster copyright category cloud rating skipHours
skipDays
"""
CHANNEL_INERT = frozenset(_CHANNEL_NAMES.split())
ITEM_INERT = frozenset({"category", "comments", "source"})
CHANNEL_INERT_NAMED = frozenset(
    {DC + "date", DC + "creator", *(ITUNES + name for name in ("author", "summary", "subtitle"))}
)
"""Vocabularies' elements that speak of the feed alone where they stand in the channel."""
IMAGE_PARTS = frozenset({"url", "title", "link", "width", "height", "description"})
PERSON = frozenset({ATOM + "name", ATOM + "email", ATOM + "uri"})
ATOM_INERT = frozenset(
    ATOM + name for name in ("category", "contributor", "generator", "icon", "logo", "rights", "subtitle")
)

_NAMESPACES = (
    "http://purl.org/rss/1.0/modules/syndication/",
    "http://purl.org/rss/1.0/modules/slash/",
    "http://purl.org/syndication/thread/1.0",
    "http://wellformedweb.org/CommentAPI/",
    "http://webns.net/mvcb/",
    "com-wordpress:feed-additions:1",
    "http://a9.com/-/spec/opensearch/1.1/",
    "http://a9.com/-/spec/opensearchrss/1.0/",
    "http://schemas.google.com/g/2005",
    "https://podcastindex.org/namespace/1.0",
    "http://webfeeds.org/rss/1.0",
    "http://arxiv.org/schemas/atom",
    "http://www.youtube.com/xml/schemas/2015",
    "http://backend.userland.com/creativeCommonsRssModule",
    "http://www.w3.org/2003/01/geo/wgs84_pos#",
)
"""Vocabularies no element of which feedparser treats as one of the elements that we read."""
_ELEMENTS = frozenset(
    {
        *(MEDIA + name for name in ("content", "thumbnail", "keywords", "category", "copyright", "player", "hash")),
        *(MEDIA + name for name in ("group", "credit", "community", "statistics", "starRating", "rating")),
        *(DC + name for name in ("subject", "rights", "publisher", "format", "type", "identifier")),
        *(ITUNES + name for name in ("explicit", "image", "duration", "episode", "episodeType", "season", "block")),
        *(ITUNES + name for name in ("category", "type", "keywords", "owner")),
        FEEDBURNER + "info",
        FEEDBURNER + "feedburnerHostname",
        FEEDBURNER + "emailServiceId",
    }
)


def is_inert(node: Any, tag: object) -> bool:
    """Tell whether `node` and all in it may be passed over."""
    if not isinstance(tag, str) or not tag.startswith("{"):
        return False
    known = tag in _ELEMENTS or tag[1:].partition("}")[0] in _NAMESPACES
    if not known:
        return False
    return all(is_inert(part, part.tag) or tag == ITUNES + "owner" for part in node)
