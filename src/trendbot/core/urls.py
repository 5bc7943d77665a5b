"""Addresses: which may be asked, and which two mean the same page.

The canonical form is for comparing only. It is never shown, never requested, and never the identity of an entry within
its feed.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

MAX_LENGTH = 2048
"""Longest address taken, in characters."""

_TRACKING_PREFIXES = ("utm_", "mc_", "pk_", "mtm_", "hsa_", "vero_", "oly_", "at_", "ss_")
_TRACKING_NAMES = """
fbclid gclid dclid gbraid wbraid msclkid yclid twclid ttclid igshid igsh mkt_tok _hsenc _hsmi hsctatracking ref ref_src
ref_url referrer source src cmpid cmp ncid ocid sr_share smid partner feature share si guccounter guce_referrer
guce_referrer_sig _ga _gl __twitter_impression amp outputtype ftag rss rssfeed from_rss traffic_source publication_id
isfreemail triedredirect r showwelcomeonshare
"""
_TRACKING = frozenset(_TRACKING_NAMES.split())
"""Query names that say where a reader came from, not what the page is."""
_SPYING = re.compile(r"(?:utm_\w+|fbclid|gclid|msclkid)(?:=|$)", re.IGNORECASE)
_SHORT_AND_MEANINGFUL = frozenset({"r", "source", "src", "share", "feature", "si", "amp", "rss", "ref", "partner"})
"""Dropped only where another parameter or a path names the page."""
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)
_AMP = re.compile(r"(?:/amp|\.amp(?:\.html)?)/?$", re.IGNORECASE)
_ARXIV = re.compile(r"^/(?:abs|pdf|html)/(?P<id>[\w.\-]+(?:/\d+)?)$")
_ARXIV_VERSION = re.compile(r"v\d+$|\.pdf$")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\<>\"{}|^`]")
_ORDINARY = re.compile(
    r"https?://[a-z0-9.-]{1,253}(?::\d{1,4})?(?:/[\w/.~!$&'()*+,;=:%-]{0,1000})?(?:\?[\w.~&=+%/-]{0,700})?", re.ASCII
)
"""Addresses that need no second look: most."""
_PLAIN = re.compile(r"https?://(?:www\.)?([a-z0-9](?:[a-z0-9-]*\.)+[a-z]{2,})((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)/?")
"""Addresses whose canonical form is made of two parts of them; a property test holds this to the long way."""
_SAFE_PATH = "/:@!$&'()*+,;=~-._"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def http_url(text: str, base: str = "") -> str:
    """Return `text` as an absolute http(s) address, or "" where it is none.

    Relative addresses are resolved against `base`. Addresses with user names, without a host, with control characters
    or longer than `MAX_LENGTH` are none. Spaces inside are escaped.
    """
    if _ORDINARY.fullmatch(text):
        return text
    text = _UNSAFE.sub(lambda bad: "" if bad[0] in "\t\r\n\x00" else quote(bad[0]), text.strip())
    if not text or len(text) > MAX_LENGTH:
        return ""
    try:
        url = urljoin(base, text) if base else text
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return ""
    return url if _acceptable(parts) and len(url) <= MAX_LENGTH else ""


def _acceptable(parts: SplitResult) -> bool:
    return parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and "@" not in parts.netloc


def feed_address(text: str) -> str:
    """Return the address a person typed for a feed, completed: ``feed:`` removed, ``https://`` put before a bare host.

    Returns "" where no http(s) address can be made of it.
    """
    text = re.sub(r"^feed:(?://)?(?=https?:)", "", text.strip(), flags=re.IGNORECASE)
    text = re.sub(r"^feed://", "http://", text, flags=re.IGNORECASE)
    if "://" not in text and re.match(r"^[\w.-]+\.[a-z]{2,}(?:[:/?]|$)", text, re.IGNORECASE):
        text = "https://" + text
    return http_url(text)


def host_of(url: str) -> str:
    """Return the host of `url` in lower case, "" where it has none; the port is not part of it."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def is_front_page(url: str) -> bool:
    """Tell whether `url` is a site's front page: no path, no query."""
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query


def site_of(url: str) -> str:
    """Return scheme and host of `url` (``https://example.org``), "" where it has none."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def canonical_url(url: str) -> str:
    """Return the form under which two addresses of one page compare equal; `url` itself where it is no http(s) address.

    http and https, ``www.``, letter case of the host, default ports, fragments, trailing slashes, index pages, AMP
    forms, tracking parameters and the order of parameters make no difference.
    """
    plain = _PLAIN.fullmatch(url)
    if plain and not _AMP.search(plain[2]) and not _INDEX.search(plain[2]) and not plain[1].endswith("arxiv.org"):
        return f"https://{plain[1]}{plain[2]}"
    return _canonical_url(url)


def without_tracking(url: str) -> str:
    """Return an address as it is, without the parameters that all call tracking (``utm_…``, ``fbclid``, ``gclid``)."""
    whole, hash_, fragment = url.partition("#")
    head, _, query = whole.partition("?")
    pairs = query.split("&")
    kept = [pair for pair in pairs if not _SPYING.match(pair)]
    if len(kept) == len(pairs):
        return url
    return head + ("?" if kept else "") + "&".join(kept) + hash_ + fragment


def _canonical_url(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url
    if parts.scheme.lower() not in _DEFAULT_PORTS or not parts.hostname:
        return url
    host = parts.hostname.lower().rstrip(".").removeprefix("www.")
    if port is not None and port not in _DEFAULT_PORTS.values():
        host = f"{host}:{port}"
    path = _canonical_path(host, parts.path)
    query = _canonical_query(parts.query, has_path=path not in ("", "/"))
    return f"https://{host}{path}{'?' + query if query else ''}"


def _canonical_path(host: str, path: str) -> str:
    path = quote(unquote(path), safe=_SAFE_PATH)
    path, shorter = path.rstrip("/"), ""
    while shorter != path:  # `/a/index.html/amp` has two endings to lose
        shorter, path = path, _AMP.sub("", _INDEX.sub("", path)).rstrip("/")
    if host.endswith("arxiv.org"):
        paper = _ARXIV.match(path)
        if paper:
            return "/abs/" + _ARXIV_VERSION.sub("", _ARXIV_VERSION.sub("", paper["id"]))
    return path


def _canonical_query(query: str, *, has_path: bool) -> str:
    if not query:
        return ""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return query
    kept = [(name, value) for name, value in pairs if not _is_tracking(name.lower(), has_path=has_path)]
    return urlencode(sorted(kept))


def _is_tracking(name: str, *, has_path: bool) -> bool:
    if name in _SHORT_AND_MEANINGFUL:
        return has_path
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)
