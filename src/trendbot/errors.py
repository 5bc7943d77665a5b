"""Every error that trendbot raises on purpose, in one tree.

    TrendbotError
    ├── ConfigError            a setting, a themes file, a feed list: what is wrong, where, the next step
    ├── StoreError
    │   ├── NotFoundError      no such row
    │   ├── ConflictError      the row exists, or changed under us
    │   ├── FrozenError        what was published is never rewritten
    │   └── SchemaError        the database is older or newer than this program
    ├── FeedError (url)
    │   ├── FetchError         (status, retry_after)
    │   └── ParseError
    ├── RenderError            a template, or a text that breaks a channel's hard limit
    ├── TransportError         (permanent, retry_after, outcome_known)
    │   ├── UnreachableError   the remote cannot be reached at all: nothing was sent, everything waits
    │   ├── RecipientError     this recipient can never be written to again (gone)
    │   └── ChannelError       a person has to mend the channel or the account first (whole)
    └── TokenError             a signed link that is wrong or has expired

The message of each is one line a person can act on: what, where, and the next step. Adapters turn foreign exceptions
into these with ``raise ... from``; what is expected (an unchanged feed, an unreachable host) is a value, not an error.
"""

from __future__ import annotations


class TrendbotError(Exception):
    """The root: anything the command line may print as one line."""


class ConfigError(TrendbotError):
    """Something a person wrote cannot be used; the message names the place and the next step."""


class StoreError(TrendbotError):
    """The database said no."""


class NotFoundError(StoreError):
    """No such row."""


class ConflictError(StoreError):
    """The row exists already, or another writer changed it first."""


class FrozenError(StoreError):
    """A frozen digest, edition or consent event was about to be changed."""


class SchemaError(StoreError):
    """The database's schema is not the one this program was written for."""


class FeedError(TrendbotError):
    """A feed failed; `url` is the address asked."""

    def __init__(self, message: str, *, url: str) -> None:
        super().__init__(message)
        self.url = url


class FetchError(FeedError):
    """The feed could not be fetched; `status` is the HTTP status, `retry_after` seconds to stay away."""

    def __init__(self, message: str, *, url: str, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, url=url)
        self.status = status
        self.retry_after = retry_after


class ParseError(FeedError):
    """The body is not a feed."""


class RenderError(TrendbotError):
    """A template failed, or its text breaks a hard limit of the channel."""


class TransportError(TrendbotError):
    """A message was not, or perhaps not, delivered.

    `permanent`: trying again is useless. `retry_after`: seconds to wait, where the remote said so; `pauses` are the
    budgets that wait with it, all of the message's own where None.
    `outcome_known`: False where the remote may have accepted the message before the answer was lost.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        retry_after: float | None = None,
        outcome_known: bool = True,
        pauses: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(message)
        self.pauses = pauses
        self.permanent = permanent
        self.retry_after = retry_after
        self.outcome_known = outcome_known


class UnreachableError(TransportError):
    """There is no way to the remote just now: nothing was sent, and no other message would get there either."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class RecipientError(TransportError):
    """The recipient refuses us: blocked by a person, or, where `gone`, not there any more."""

    def __init__(self, message: str, *, gone: bool) -> None:
        super().__init__(message, permanent=True)
        self.gone = gone


class ChannelError(TransportError):
    """Nothing can be sent until a person mends the channel, or where `whole` the account of all its channels."""

    def __init__(self, message: str, *, whole: bool) -> None:
        super().__init__(message, permanent=False)
        self.whole = whole


class AddressRefusedError(OSError):
    """The address lies in private, loopback or otherwise special space; an OSError, as network libraries expect."""


class TokenError(TrendbotError):
    """A signed token is malformed, forged, meant for another purpose, or expired."""
