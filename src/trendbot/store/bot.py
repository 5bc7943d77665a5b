"""What the bot remembers: updates that it has handled, and where it is in a talk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from trendbot.store.schema import BotChat as ChatRow
from trendbot.store.schema import BotUpdate as UpdateRow

KEPT = timedelta(days=2)
"""How long handled updates are remembered: the Bot API hands out none that is older than a day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """The question that the bot asked a chat last (``zone``), and the number of the message it edits in place."""

    expects: str | None = None
    screen_id: int | None = None


def was_handled(session: Session, update_id: int, *, now: datetime) -> bool:
    """Say whether an update was handled to its end; numbers begin anew at random after a quiet week."""
    row = session.get(UpdateRow, update_id)
    return row is not None and row.at > now - KEPT


def note_handled(session: Session, update_id: int, *, now: datetime) -> None:
    """Remember that an update was handled to its end; forget those that cannot come again."""
    session.merge(UpdateRow(id=update_id, at=now))
    if update_id % 256 == 0:
        session.execute(delete(UpdateRow).where(UpdateRow.at < now - KEPT))
    session.flush()


def talk_with(session: Session, address: str) -> Talk:
    """Return where the bot is in the talk with a chat."""
    row = session.get(ChatRow, address)
    return Talk(expects=row.expects, screen_id=row.screen_id) if row else Talk()


def put_talk(session: Session, address: str, talk: Talk, *, now: datetime) -> None:
    """Remember where the bot is in the talk with a chat."""
    session.merge(ChatRow(address=address, expects=talk.expects, screen_id=talk.screen_id, at=now))
    session.flush()


def forget_talk(session: Session, address: str) -> None:
    """Forget the talk with a chat."""
    session.execute(delete(ChatRow).where(ChatRow.address == address))
