"""Reading beside the event loop: on a thread, in processes, and what happens to a reader that does not come back."""

from __future__ import annotations

import asyncio
import multiprocessing

from tests.serving import item, rss

from trendbot.core.entries import ParsedFeed
from trendbot.fetch.parsing import LARGE, MUCH, Parsers

URL = "https://site.example/feed"
JUDGED = rss(item(1, text="<b>not escaped</b>"))
"""A document that only the reference reader may read."""


async def read(parsers: Parsers, body: bytes) -> ParsedFeed | str:
    return await parsers.parse(body, url=URL, content_type="application/rss+xml")


async def test_a_little_is_read_on_a_thread_and_much_in_processes() -> None:
    with Parsers(processes=2) as parsers:
        few = await asyncio.gather(*(read(parsers, rss(item(number))) for number in range(3)))
        assert not multiprocessing.active_children()
        many = await asyncio.gather(*(read(parsers, rss(item(number))) for number in range(MUCH * 2)))
        assert multiprocessing.active_children()
    for number, parsed in enumerate([*few, *many]):
        assert isinstance(parsed, ParsedFeed)
        assert parsed.entries[0].title == f"Report {number if number < 3 else number - 3}"


async def test_a_large_document_that_needs_the_reference_reader_goes_to_a_process() -> None:
    with Parsers(processes=1) as parsers:
        small = await read(parsers, JUDGED)
        assert not multiprocessing.active_children()
        large = await read(parsers, JUDGED + b"<!--" + b"x " * LARGE + b"-->")
        assert multiprocessing.active_children()
    assert isinstance(small, ParsedFeed)
    assert isinstance(large, ParsedFeed)
    assert small.entries == large.entries


async def test_what_takes_too_long_is_a_reason() -> None:
    with Parsers(timeout=0) as parsers:
        assert await read(parsers, rss(item(1))) == "took longer than 0 s to read"


async def test_a_reader_that_dies_takes_one_document_along() -> None:
    big = JUDGED + b"<!--" + b"x " * LARGE + b"-->"
    with Parsers(processes=1) as parsers:
        assert isinstance(await read(parsers, big), ParsedFeed)
        (reader,) = multiprocessing.active_children()
        reader.kill()
        reader.join()
        assert not reader.is_alive()
        assert await read(parsers, big) == "cannot be read"
        assert isinstance(await read(parsers, big), ParsedFeed)


async def test_no_feed_is_a_reason() -> None:
    with Parsers() as parsers:
        assert await read(parsers, b"<html></html>") == "is a web page, not a feed"
