"""The sample week: made-up feeds, and a small web server that publishes them as of any instant.

    seeds/sample/*.toml ── load_sample() ──> SampleWeek ── document(feed, at=…) ──> bytes
                                                 └────────── SampleServer(week) ──> http://127.0.0.1:…/feeds.opml

The week exists so that the whole program can be seen and tested without a network: the feeds go through the same
fetching and parsing as real ones. What it says is invented, and whatever is made from it carries `SAMPLE_NOTE`.

A walk through the week, with the program's clock standing where the server's does::

    async with SampleServer(load_sample()) as server:
        for moment in server.week.moments:
            server.set_now(moment)
            ...  # poll the feeds listed at server.opml_url
"""

from __future__ import annotations

from trendbot.sample.documents import Document, document, opml
from trendbot.sample.history import PastEntry, load_history
from trendbot.sample.server import SampleServer
from trendbot.sample.week import SAMPLE_NOTE, FeedFormat, SampleEntry, SampleFeed, SampleWeek, load_sample

__all__ = [
    "SAMPLE_NOTE",
    "Document",
    "FeedFormat",
    "PastEntry",
    "SampleEntry",
    "SampleFeed",
    "SampleServer",
    "SampleWeek",
    "document",
    "load_history",
    "load_sample",
    "opml",
]
