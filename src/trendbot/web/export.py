"""A copy of the archive in files: the site asked, page by page, by following its own links."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from trendbot.errors import StoreError
from trendbot.web.app import create_app
from trendbot.web.front import Front
from trendbot.web.site import Site

_LINK = re.compile(r'(?:href|src|srcset|content)="([^"#]+)(?:#[^"]*)?"|<loc>([^<]+)</loc>')
_FIRST = ("/", "/sitemap.xml", "/robots.txt", "/feed.atom", "/feed.json", "/archive", "/themes", "/trends", "/about")


def export(site: Site, folder: Path) -> int:
    """Write every page that can be reached into a folder; return how many files.

    Raises:
        StoreError: a page could not be made, or a file not written.

    """
    try:
        return asyncio.run(_export(site, folder))
    except OSError as error:
        raise StoreError(f"the copy cannot be written into {folder} ({error.strerror}): name another") from error


async def _export(site: Site, folder: Path) -> int:
    front = create_app(site)
    queue, seen = deque(_FIRST), set(_FIRST)
    count = 0
    while queue:
        path = queue.popleft()
        status, headers, body = await ask(front, site.root + path)
        kind = headers.get("content-type", "")
        if status == 301:  # noqa: PLR2004
            body, kind = _signpost(headers["location"]), "text/html"
        elif status != 200:  # noqa: PLR2004
            raise StoreError(f"the page {path} answered {status}: see the log, then export again")
        _write(folder, path, kind, body)
        count += 1
        if kind.startswith(("text/html", "application/xml")):
            for found in _links(body.decode(), site):
                if found not in seen:
                    seen.add(found)
                    queue.append(found)
    return count


def _links(text: str, site: Site) -> list[str]:
    """Return the paths of the site's own pages that a page leads to."""
    found = []
    for first, second in _LINK.findall(text):
        address = (first or second).removeprefix(site.url)
        path = urlsplit(address).path
        if not address.startswith("/") or address.startswith("//"):
            continue
        path = path.removeprefix(site.root) if address == first or not second else path
        found.append(path or "/")
    return found


def _write(folder: Path, path: str, kind: str, body: bytes) -> None:
    named = unquote(path).lstrip("/")
    if ".." in Path(named).parts:
        raise StoreError(f"the page {path} has no place in a folder")
    file = folder / named / "index.html" if kind.startswith("text/html") else folder / named
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)


def _signpost(location: str) -> bytes:
    return f'<!doctype html><meta http-equiv="refresh" content="0; url={location}">\n'.encode()


async def ask(front: Front, path: str) -> tuple[int, dict[str, str], bytes]:
    """Ask an application for a page, in this process; return status, headers and body."""
    target = urlsplit(path)
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(target.path),
        "raw_path": target.path.encode(),
        "query_string": target.query.encode(),
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }
    answer: dict[str, Any] = {"body": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer["status"], answer["headers"] = message["status"], message["headers"]
        else:
            answer["body"] += message.get("body", b"")

    await front(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in answer["headers"]}
    return answer["status"], headers, answer["body"]
