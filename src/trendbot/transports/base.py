"""What every transport is: something that sends one message and says what became of it.

The port, for whoever writes another one:

* `send` returns a `Receipt`, or raises: `TransportError` (its attributes say whether to try again, when, and whether
  the message may have arrived), `UnreachableError` where there is no way to the remote, `RecipientError` where this
  recipient can never be written to again, `ChannelError` where the channel or the whole account needs a person first.
  Whatever else it raises counts as an unknown outcome.
* `budgets` names the rates a message is sent under, the one shared by all first. The outbox waits for a turn in all of
  them before it claims the delivery, so that `send` never waits for a rate itself.
* A transport opens its connection at the first send and can be used again after `close`.
* `Edits`, `Probes`, `Checks`, `Signs` and `Narrow` are for those that can.
* An installed package adds a transport by an entry point of the group ``trendbot.transports``: its name is the
  transport's, its value a `Maker`. See ``docs/extending.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import socket
from typing import Any, Protocol, runtime_checkable

from trendbot.clock import Clock
from trendbot.core.delivering import LostAnswer
from trendbot.core.pictures import Chart
from trendbot.core.vocabulary import Cadence, ChannelKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A button below a message: an address to open, or `data` (at most 64 bytes) that comes back when it is pressed."""

    text: str
    url: str | None = None
    data: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A link shown as a card: plain text, nothing escaped."""

    url: str
    title: str
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailing:
    """What a mail has for its one reader alone.

    `foot` and `foot_markup` are put into the two bodies: why, preferences, the way out. `page` is the https address
    that takes the one click, `token` what it is known by; both empty where there is nothing to leave. `return_path` is
    where what cannot be delivered comes back to, empty for the sender's own. `stream` names what the mail belongs to.
    """

    foot: str = ""
    foot_markup: str = ""
    page: str = ""
    token: str = ""
    return_path: str = ""
    stream: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message for one outlet: `part` of `parts` (from 0) of the edition of digest `number` of `cadence` and `slot`.

    `body` is LinkedIn little text, Bot API HTML or the HTML of a mail; `text` its plain form where the edition has one.
    `key` is unique and never changes, so that a second try is known to be the same message. `topic` is a forum's,
    `photo` a PNG that goes with the text, `buttons` rows of buttons, `silent` that nobody's phone shall ring. `preface`
    stands at the top, in the body's markup (of a mail: plain text), where there is room: it names digests that came
    too late for this recipient. `chart` is what rose, in all its forms; `card` the link that a post shows. `mailing` is
    what a mail has for its reader alone. `content` is all that the digest says, as the pages' API tells it; only added
    transports and webhooks get it.
    """

    key: str
    kind: ChannelKind
    address: str
    cadence: Cadence
    slot: str
    number: int
    title: str
    part: int
    parts: int
    body: str
    text: str | None
    subject: str | None
    composed_at: datetime
    topic: int | None = None
    photo: bytes | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    silent: bool = False
    preface: str = ""
    chart: Chart | None = None
    card: Card | None = None
    mailing: Mailing | None = None
    content: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The remote's answer: its own id of the message, and the files written where there are any.

    `moved_to` is the recipient's new address, where the remote named one.
    """

    external_id: str | None = None
    files: tuple[Path, ...] = ()
    moved_to: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """A rate shared by all workers under a name: messages a second.

    `burst` is how many the remote takes in any second, however they are spread; 0 where it does not count so.
    """

    key: str
    rate: float
    burst: int = 0


class Transport(Protocol):
    """Speaks to one kind of remote."""

    name: str
    policy: LostAnswer
    """What to do where the answer was lost, unless the channel says otherwise."""
    harmless: bool
    """Whether sending the same message twice changes nothing."""

    def budgets(self, message: Message) -> tuple[Budget, ...]:
        """Return the rates that a message is sent under, the widest first."""
        ...

    async def send(self, message: Message) -> Receipt:
        """Send one message.

        Raises:
            TransportError: it was refused, or may not have arrived; its attributes say which.

        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Narrow(Protocol):
    """A transport that can have only so many messages on the way; a further one is not claimed."""

    @property
    def at_once(self) -> int:
        """How many."""
        ...


@runtime_checkable
class Edits(Protocol):
    """A transport that can change what it sent."""

    async def edit(self, message: Message, external_id: str) -> Receipt:
        """Put the message's body in place of what was sent under `external_id`; the same again is no error.

        Raises:
            TransportError: it cannot be changed (any more).

        """
        ...


@runtime_checkable
class Probes(Protocol):
    """A transport that can find out whether a message arrived whose answer was lost."""

    async def probe(self, message: Message) -> Receipt | None:
        """Return the receipt of a message that arrived, or None where it surely did not.

        Raises:
            TransportError: it cannot be told (now); the delivery stays uncertain.

        """
        ...


@runtime_checkable
class Checks(Protocol):
    """A transport that can find out whether an address can be written to, without writing."""

    async def check(self, address: str) -> str:
        """Say who we are there and what the place is called; an empty address asks only who we are.

        Raises:
            TransportError: the account, the address or the way there is not right.

        """
        ...


@runtime_checkable
class Signs(Protocol):
    """A transport whose messages are signed with a secret that the receiver must know."""

    def secret_for(self, address: str) -> str:
        """Return the secret of an address, as the receiver is to be given it."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """What a transport is made from.

    `options` is its own table of the settings, ``[plugins.NAME]``; values from the environment are texts. `sockets` is
    for aiohttp's `TCPConnector(socket_factory=...)`: it refuses private addresses with AddressRefusedError, unless
    `allow_private` stands among the options. `secret` gives 32 bytes for a purpose, always the same ones, which follow
    from the home's secret; it may raise StoreError.
    """

    options: Mapping[str, Any]
    user_agent: str
    clock: Clock
    sockets: Callable[[Any], socket]
    secret: Callable[[str], bytes]


Maker = Callable[[Setup], Transport | None]
"""Makes a transport; None where the options do not set it up. Nothing is opened before the first message."""
