"""The bot under fire: presses from many chats while its process is killed with SIGKILL at random moments.

    python benchmarks/bot.py [KILLS]

A real `trendbot bot` talks with the strict Bot API server on loopback. People take and leave themes; the process is
killed and started again. At the end every chat must have exactly the themes that its presses lead to, and its consent
must be asked for once. Prints what went wrong (nothing, it is hoped) and how many answers were given twice: the small
word over the talk after a press, which Telegram takes a second time without harm.

Measured on 2026-11-26 (python benchmarks/bot.py 25): 25 kills, 300 presses in 20 chats; no chat with other themes than
were pressed, none that asked more than once, 199 answers given twice.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import builders  # noqa: E402
from tests.bot.conftest import UNBOUND  # noqa: E402
from tests.bot.test_updates import start  # noqa: E402
from tests.botapi import Limits  # noqa: E402
from tests.botapi.server import bot_api  # noqa: E402
from tests.botapi.talking import Talk, talking  # noqa: E402

from trendbot.clock import system_clock  # noqa: E402
from trendbot.core.vocabulary import ChannelKind  # noqa: E402
from trendbot.store import consent, subscribers  # noqa: E402
from trendbot.store.database import Database, sqlite_url  # noqa: E402
from trendbot.store.migrate import upgrade  # noqa: E402

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CHATS = range(50, 70)
THEMES = ("efficiency", "multimodal", "tools", "trust", "market")
AT_ONCE = 12


def enqueue_press(talk: Talk, chat: int, data: str) -> None:
    """Let a chat press a button."""
    screen = {"message_id": 1, "date": 1, "chat": {"id": chat, "type": "private"}, "text": "x"}
    person = {"id": chat, "is_bot": False, "first_name": "x"}
    talk.enqueue(callback_query={"id": "1", "from": person, "chat_instance": "1", "data": data, "message": screen})


async def fire(home: Path, kills: int) -> tuple[dict[int, set[str]], int, Talk]:
    """Press and kill; return what each chat wants in the end, how many presses that took, and the talk."""
    chance = random.Random(7)
    wanted: dict[int, set[str]] = {chat: set() for chat in CHATS}
    async with bot_api(limits=Limits(**UNBOUND)) as api:
        talk = talking(api, patience=300)
        process = start(home, api)
        for chat in CHATS:
            talk.enqueue(message=talk._message(chat, None, "en") | {"text": "/start"})
        await talk.handled(talk._number)
        for _ in range(kills):
            for _ in range(AT_ONCE):
                chat, theme, on = chance.choice(CHATS), chance.choice(THEMES), chance.random() < 0.5
                enqueue_press(talk, chat, f"theme:{theme}:{int(on)}")
                (wanted[chat].add if on else wanted[chat].discard)(theme)
            before = len(talk.notes)
            await talk.wake()
            while len(talk.notes) == before:  # noqa: ASYNC110  (the process at work is another one)
                await asyncio.sleep(0.01)
            await asyncio.sleep(chance.random() * 0.4)
            process.kill()
            process.communicate()
            process = start(home, api)
        await talk.handled(talk._number)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    return wanted, kills * AT_ONCE, talk


def found(session: Session, chat: int) -> tuple[set[str], int]:
    """Return the themes of a chat in the database, and how often it asked."""
    who = subscribers.find_subscriber(session, kind=ChannelKind.TELEGRAM, address=str(chat))
    channel = subscribers.personal_channel(session, ChannelKind.TELEGRAM)
    assert who
    assert channel
    subscription: Any = subscribers.find_subscription(session, who.id, channel)
    asked = [each.event for each in consent.list_events(session, who.id)].count("requested")  # type: ignore[arg-type]
    return set(subscription.preferences.themes), asked


def main(kills: int) -> None:
    """Fire, and count."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with Database(sqlite_url(home / "trendbot.db")) as database:
            upgrade(database)
            builders.add_day(database, system_clock())
        wanted, presses, talk = asyncio.run(fire(home, kills))
        with Database(sqlite_url(home / "trendbot.db")) as database:
            states = {chat: database.read(found, chat) for chat in CHATS}
    wrong = sum(states[chat][0] != themes for chat, themes in wanted.items())
    twice = sum(asked != 1 for _, asked in states.values())
    print(f"{kills} kills, {presses} presses in {len(CHATS)} chats")
    print(f"{wrong} chats with other themes than were pressed, {twice} that asked more than once")
    print(f"{len(talk.notes) - presses} answers given twice")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 25)
