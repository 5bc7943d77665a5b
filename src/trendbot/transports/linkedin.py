"""LinkedIn, by the Posts API: a post with a link's card or with a picture; edits and deletes of what was posted.

There is no key by which LinkedIn would know a post again, so nothing is posted twice in another way: the exact request
is written down before it is sent. Where its answer is lost, the same bytes go again, and only within the window in
which LinkedIn refuses a duplicate: a 422 that names the post proves that it landed, a 201 that it had not. After that
window a person looks at the page.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from trendbot.core.delivering import LostAnswer
from trendbot.core.limits import check_linkedin, one_line
from trendbot.core.pictures import PictureForm
from trendbot.core.posting import Rhythm
from trendbot.errors import ChannelError, TransportError, UnreachableError
from trendbot.logs import get_logger
from trendbot.transports.base import Budget, Message, Receipt
from trendbot.transports.linkedin_account import Account, author_of, page_of
from trendbot.transports.linkedin_errors import Answer, duplicate, named_post
from trendbot.transports.linkedin_http import API, DAILY_CALLS, Api, LostError

log = get_logger(__name__)

KEY = "linkedin"
RATE = 1.0
WINDOW = timedelta(minutes=8)
"""How long after the first try the same bytes may go again: LinkedIn refuses duplicates for about ten minutes."""
TRIES = 2
TITLE, DESCRIPTION, ALT = 200, 300, 1000
"""Characters of a card and of a picture's description: far below what LinkedIn takes."""
_POSTS, _INIT = "/rest/posts", "/rest/images?action=initializeUpload"
_EVERYBODY = {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []}
_PAGE = "urn:li:organization:"
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


class LinkedinTransport:
    """Posts for one account."""

    name = "linkedin"
    policy = LostAnswer.PROBE
    harmless = False

    def __init__(
        self,
        account: Account,
        *,
        base_url: str = API,
        visibility: str = "PUBLIC",
        as_picture: bool = False,
        rhythm: Rhythm | None = None,
        daily_calls: int = DAILY_CALLS,
        timeout: float = 6.0,
        pause: float = 1.0,
    ) -> None:
        """Post for `account`; `as_picture` shows the chart instead of the link's card, where there is one.

        `rhythm` says when; `timeout` are the seconds of one call, `pause` those before the same bytes go again.
        """
        self.api = Api(account=account, base_url=base_url, daily_calls=daily_calls, timeout=timeout)
        self.rhythm = rhythm
        self.overseer: Callable[[Any], Awaitable[Any]] | None = None
        self._account, self._visibility, self._as_picture, self._pause = account, visibility, as_picture, pause

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @property
    def as_picture(self) -> bool:
        """Whether a post shows its chart alone, not a link's card."""
        return self._as_picture

    def budgets(self, message: Message) -> tuple[Budget, ...]:  # noqa: ARG002
        """Return the account's."""
        return (Budget(key=KEY, rate=RATE),)

    async def send(self, message: Message) -> Receipt:
        """Post one message; one whose fate is not known, by the very request by which it may have landed.

        Raises:
            ChannelError: the account is not connected, or may not post there.
            TransportError: anything else; its attributes say what it means.

        """
        author = _author(message)
        if wrong := check_linkedin(message.body):
            raise TransportError(f"the post would be cut short: {wrong[0]}", permanent=True)
        kept = await self._account.kept(message.key)
        if kept is not None and self._account.now() - kept.first_at <= WINDOW:
            return await self._posted(message, kept.body, tries=TRIES, doubted=True)
        await self._account.drop(message.key)
        await self.api.room()
        body = json.dumps(await self._request(author, message), ensure_ascii=False)
        await self._account.keep(message.key, body)
        try:
            return await self._posted(message, body, tries=TRIES)
        except TransportError as error:
            if error.outcome_known:
                await self._account.drop(message.key)  # it surely is not there: the next try is a new one
            raise

    async def probe(self, message: Message) -> Receipt | None:
        """Send the very same request again, if LinkedIn would still refuse a duplicate; None where none was ever sent.

        Raises:
            TransportError: it cannot be told; a person has to look.

        """
        kept = await self._account.kept(message.key)
        if kept is None:
            return None
        if self._account.now() - kept.first_at > WINDOW:
            raise _ask_a_person(message, "its answer was lost, and it is too late to ask LinkedIn")
        return await self._posted(message, kept.body, tries=1, doubted=True)

    async def edit(self, message: Message, external_id: str) -> Receipt:
        """Put the message's text in place of a post's; its card and picture stay.

        Raises:
            TransportError: it cannot be changed.

        """
        await self.api.room(1)
        patch = {"patch": {"$set": {"commentary": message.body}}}
        extra = {"X-RestLi-Method": "PARTIAL_UPDATE"}
        answer = await self.api.call("POST", f"{_POSTS}/{quote(external_id, safe='')}", patch, extra=extra)
        if answer.status in _GONE:
            raise TransportError(f"{external_id} is not on LinkedIn any more: it was deleted", permanent=True)
        if not answer.ok:
            raise await self.api.refused(answer)
        return Receipt(external_id=external_id)

    async def delete(self, external_id: str) -> bool:
        """Delete a post; False where it was gone already.

        Raises:
            TransportError: it cannot be deleted.

        """
        extra = {"X-RestLi-Method": "DELETE"}
        answer = await self.api.call("DELETE", f"{_POSTS}/{quote(external_id, safe='')}", extra=extra)
        if not answer.ok and answer.status not in _GONE:
            raise await self.api.refused(answer)
        return answer.ok

    async def check(self, address: str) -> str:
        """Say for whom we may post and in which version month, by a call that publishes nothing.

        Raises:
            TransportError: the token, the author or the way there is not right.

        """
        author = _checked_author(address)
        answer = await self.api.call("POST", _INIT, {"initializeUploadRequest": {"owner": author}})
        if not answer.ok:
            raise await self.api.refused(answer)
        made = await self._account.calls()
        return f"{author}, version {await self._account.version()}, {made} of {self.api.daily_calls} calls today"

    async def close(self) -> None:
        """Close the connections; the next post opens them again."""
        await self.api.close()

    # -- the request ---------------------------------------------------------------------------------------------------

    async def _request(self, author: str, message: Message) -> dict[str, Any]:
        content = await self._content(author, message)
        return {
            "author": author,
            "commentary": message.body,
            "visibility": "PUBLIC" if author.startswith(_PAGE) else self._visibility,
            "distribution": _EVERYBODY,
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
            **({"content": content} if content else {}),
        }

    async def _content(self, author: str, message: Message) -> dict[str, Any]:
        """Return a picture, or a link's card with the chart as its thumbnail; nothing where there is neither."""
        chart = message.chart.form(PictureForm.CARD) if message.chart else None
        wants = message.card is not None or self._as_picture
        image = await self._image(author, chart.data) if chart and wants else None
        if image and message.chart and (self._as_picture or message.card is None):
            return {"media": {"id": image, "altText": one_line(message.chart.alt, ALT)}}
        if message.card is None:
            return {}
        card = {
            "source": message.card.url,
            "title": one_line(message.card.title, TITLE),
            "description": one_line(message.card.description, DESCRIPTION),
        }
        return {"article": {**card, **({"thumbnail": image} if image else {})}}

    async def _image(self, author: str, data: bytes) -> str | None:
        """Upload a picture; None where LinkedIn refuses it, for then the post goes without.

        Raises:
            TransportError: the way there or the account is not right; nothing was posted.

        """
        try:
            return await self._uploaded(author, data)
        except (ChannelError, UnreachableError):
            raise
        except LostError as error:
            raise TransportError(f"the picture did not get there: {error}", permanent=False) from error
        except TransportError as error:
            if not error.permanent:
                raise TransportError(str(error), permanent=False, retry_after=error.retry_after) from error
            log.warning("linkedin_picture_refused", reason=str(error))
            return None

    async def _uploaded(self, author: str, data: bytes) -> str:
        answer = await self.api.call("POST", _INIT, {"initializeUploadRequest": {"owner": author}})
        value = answer.body.get("value")
        if not answer.ok or not isinstance(value, Mapping):
            raise await self.api.refused(answer)
        put = await self.api.upload(str(value.get("uploadUrl")), data)
        if not put.ok:
            raise await self.api.refused(put)
        return str(value.get("image"))

    # -- the post ------------------------------------------------------------------------------------------------------

    async def _posted(self, message: Message, body: str, *, tries: int, doubted: bool = False) -> Receipt:
        """Send the very same bytes until an answer tells; `doubted` where an earlier try may have landed."""
        why = ""
        for number in range(tries):
            if number:
                await asyncio.sleep(self._pause)
            try:
                answer = await self.api.call("POST", _POSTS, body)
            except LostError as error:
                doubted, why = True, str(error)
                continue
            except TransportError as error:
                if doubted:
                    raise _ask_a_person(message, f"{why or 'its answer was lost'}; then {error}") from error
                raise
            if receipt := await self._receipt(message, answer, doubted=doubted):
                return receipt
            doubted, why = True, f"LinkedIn broke ({answer.status})"
        raise _ask_a_person(message, why)

    async def _receipt(self, message: Message, answer: Answer, *, doubted: bool) -> Receipt | None:
        """Return the receipt of a post that is there, or None where the answer does not tell."""
        if answer.ok:
            return Receipt(external_id=answer.headers.get("x-restli-id") or answer.headers.get("X-RestLi-Id"))
        if duplicate(answer):
            if post := named_post(answer):
                return Receipt(external_id=post)
            raise _ask_a_person(message, "LinkedIn calls it a duplicate and does not say of what")
        if answer.lost:
            return None
        refused = await self.api.refused(answer)
        if doubted:
            raise _ask_a_person(message, f"its answer was lost; then {refused}")
        raise refused


def _ask_a_person(message: Message, why: str) -> TransportError:
    """Return an unknown outcome that says where to look, and what to say of which delivery afterwards."""
    verb = f"`trendbot deliveries resolve {message.key} --sent` or `--again`"
    where = f"look at {page_of(_author(message))}, then say {verb}"
    return TransportError(f"{why}: {where}", permanent=False, outcome_known=False)


def _author(message: Message) -> str:
    return _checked_author(message.address)


def _checked_author(address: str) -> str:
    """Return the author's URN of a channel's address.

    Raises:
        ChannelError: it is none.

    """
    try:
        return author_of(address)
    except ValueError as error:
        raise ChannelError(f"{error}; mend it with `trendbot channels set NAME --to …`", whole=False) from error
