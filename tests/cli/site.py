"""A web server of the tests' own on loopback, in a thread: pages by path, validators, broken and huge answers."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title><link>https://{name}.example/</link>
{items}</channel></rss>"""
ITEM = """<item><title>{title}</title><link>https://{name}.example/{number}</link><guid>{name}-{number}</guid>
<pubDate>Sun, 15 Nov 2026 {hour:02}:00:00 GMT</pubDate><description>{title}. The weights are open.</description></item>
"""


def feed(name: str, *titles: str) -> bytes:
    """A feed with these entries, dated through 15 November 2026."""
    items = "".join(
        ITEM.format(name=name, number=number, hour=number % 17, title=title) for number, title in enumerate(titles, 1)
    )
    return FEED.format(name=name, items=items).encode()


@dataclass
class Page:
    """What is answered at one path; `repeat` sends the body that many times."""

    body: bytes
    kind: str = "application/rss+xml"
    status: int = 200
    repeat: int = 1
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:12]}"'


@dataclass
class Site:
    """The server: put pages in, read `asked` (path, status) afterwards."""

    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    url: str = ""

    def opml(self, *paths: str) -> str:
        """Put in a list of these paths; return its address."""
        rows = "".join(f'<outline type="rss" text="Feed {path[1:]}" xmlUrl="{self.url}{path}"/>' for path in paths)
        self.pages["/feeds.opml"] = Page(f'<opml version="2.0"><body>{rows}</body></opml>'.encode(), "text/x-opml")
        return f"{self.url}/feeds.opml"

    def statuses(self, *paths: str) -> list[int]:
        return [status for path, status in self.asked if path in paths]


def serve() -> Iterator[Site]:
    """Run a site until the generator is closed."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = site.pages.get(self.path, Page(b"no such page\n", "text/plain", 404))
            known = page.status == 200 and self.headers.get("If-None-Match") == page.etag
            site.asked.append((self.path, 304 if known else page.status))
            self.send_response(304 if known else page.status)
            self.send_header("ETag", page.etag)
            for name, value in page.headers:
                self.send_header(name, value)
            if not known:
                self.send_header("Content-Type", page.kind)
                self.send_header("Content-Length", str(len(page.body) * page.repeat))
            self.end_headers()
            for _ in range(0 if known else page.repeat):
                self.wfile.write(page.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that hangs up is its own business."""

    with Server(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield site
        server.shutdown()
        thread.join()
