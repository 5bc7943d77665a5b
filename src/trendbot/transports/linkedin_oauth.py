"""Connecting an account: LinkedIn's three-legged OAuth 2, renewal where it is granted, and whose account it is.

Only the scopes of what is configured are asked for: a member has to accept all or none. No secret is in an error.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

from trendbot.errors import ChannelError, ConfigError, TransportError, UnreachableError
from trendbot.transports.linkedin_errors import RECONNECT, Answer, read_answer

OAUTH = "https://www.linkedin.com/oauth/v2"
PERSON_SCOPES = ("openid", "profile", "w_member_social")
PAGE_SCOPES = ("w_organization_social",)
_TIMEOUT = aiohttp.ClientTimeout(total=15)
_LARGEST = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class OAuthApp:
    """The app of the developer portal: its id and secret, the registered address, and where LinkedIn is."""

    client_id: str
    client_secret: str
    redirect_uri: str
    oauth_url: str = OAUTH
    api_url: str = "https://api.linkedin.com"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.client_id!r})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What was granted; the seconds that the tokens live, and a renewal token where the app gets one."""

    access_token: str
    expires_in: int
    scope: str = ""
    refresh_token: str | None = None
    refresh_expires_in: int | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(expires_in={self.expires_in})"


def authorise_url(app: OAuthApp, *, scopes: tuple[str, ...], state: str) -> str:
    """Return the address at which a member says yes."""
    asked = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "state": state,
        "scope": " ".join(scopes),
    }
    return f"{app.oauth_url.rstrip('/')}/authorization?{urlencode(asked)}"


def code_from(answer: str, *, state: str) -> str:
    """Return the code in the address that LinkedIn sent the browser to (or in its query).

    Raises:
        ConfigError: the member said no, or the answer belongs to another question.

    """
    query = parse_qs(urlsplit(answer.strip()).query or answer.strip())
    first = {name: values[0] for name, values in query.items()}
    if not secrets.compare_digest(first.get("state", "").encode(), state.encode()):
        raise ConfigError("this answer belongs to another question: run `trendbot linkedin connect` again")
    if "code" not in first:
        why = first.get("error", "no code")[:80]
        raise ConfigError(f"LinkedIn granted nothing ({why!r}): run `trendbot linkedin connect` again")
    return first["code"]


async def exchange(app: OAuthApp, code: str) -> Grant:
    """Return what a code is worth; it is good once.

    Raises:
        TransportError: LinkedIn refuses it, or cannot be reached.

    """
    return await _granted(app, {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri})


async def renew(app: OAuthApp, refresh_token: str) -> Grant:
    """Return a new access token; the consent ends when it would have ended anyway.

    Raises:
        ChannelError: the consent is over.
        TransportError: LinkedIn cannot be reached.

    """
    return await _granted(app, {"grant_type": "refresh_token", "refresh_token": refresh_token})


async def person(app: OAuthApp, token: str) -> str:
    """Return the URN of the member whose token this is.

    Raises:
        TransportError: LinkedIn does not say.

    """
    answer = await _ask("GET", f"{app.api_url.rstrip('/')}/v2/userinfo", headers={"Authorization": f"Bearer {token}"})
    number = answer.body.get("sub")
    if not answer.ok or not isinstance(number, str):
        raise ChannelError(f"LinkedIn does not say who you are ({answer.status} {answer.code})", whole=True)
    return f"urn:li:person:{number}"


async def _granted(app: OAuthApp, form: Mapping[str, str]) -> Grant:
    whole = {**form, "client_id": app.client_id, "client_secret": app.client_secret}
    answer = await _ask("POST", f"{app.oauth_url.rstrip('/')}/accessToken", form=whole)
    if answer.lost:
        raise TransportError(f"LinkedIn broke ({answer.status}): try again", permanent=False)
    if not answer.ok:
        why = str(answer.body.get("error", ""))[:80]
        raise ChannelError(f"LinkedIn grants nothing ({answer.status} {why}): {RECONNECT}", whole=True)
    try:
        return _grant(answer.body)
    except (KeyError, TypeError, ValueError) as error:
        failed = TransportError(f"LinkedIn's grant cannot be read ({type(error).__name__})", permanent=False)
    raise failed


def _grant(body: Mapping[str, Any]) -> Grant:
    refresh = body.get("refresh_token")
    return Grant(
        access_token=str(body["access_token"]),
        expires_in=int(body["expires_in"]),
        scope=str(body.get("scope", "")),
        refresh_token=str(refresh) if refresh else None,
        refresh_expires_in=int(body["refresh_token_expires_in"]) if refresh else None,
    )


async def _ask(
    method: str, url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.request(method, url, data=form, headers=headers, allow_redirects=False) as got,
        ):
            return read_answer(got.status, dict(got.headers), await got.content.read(_LARGEST))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        failed = UnreachableError(f"LinkedIn cannot be reached ({type(error).__name__})")
    raise failed
