"""The outbox under fire: a broadcast to thousands of subscribers, its process killed again and again.

    python benchmarks/outbox.py --kill [--subscribers 5000] [--kills 200] [--policy hold|resend] [--rate 200]

A strict Bot API server of our own runs in this process and remembers what it accepted. The sender is a child process on
the same database; it is killed with SIGKILL at random moments (after so many messages, at most) and started again until
nothing is left. Then every subscriber is counted: who has the digest once, twice, not at all, and whose row says
*uncertain*. Both policies are run unless one is named. The full form takes about five minutes for both on two cores;
the tests run a small one. Measured so: under `hold` 4,739 of 5,000 once, none twice, 261 missing, all of them among 774
rows that say uncertain; under `resend` 4,657 once, 343 twice, none missing; no 429. Rates are raised, since the
promise does not depend on them.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.killing import COLUMNS, Count, Killing, counted, unsure_addresses  # noqa: E402
from tests.botapi import TOKEN, BotApi, Limits, bot_api  # noqa: E402
from tests.outbox import broadcast, numbers, sender  # noqa: E402

from trendbot.core.delivering import LostAnswer  # noqa: E402
from trendbot.store.database import Database, sqlite_url  # noqa: E402
from trendbot.store.migrate import upgrade  # noqa: E402

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.outbox", "telegram", "trendbot.transports.telegram_bot"])


@dataclass(frozen=True, kw_only=True)
class Outcome(Count):
    """How many subscribers have the digest how often, and what their rows say."""

    policy: LostAnswer
    subscribers: int
    kills: int
    caused: int
    seconds: float

    def line(self) -> str:
        """Return the row of the table."""
        return (
            f"| {self.policy} | {self.subscribers} | {self.kills} | {self.cells()} | {self.caused} | "
            f"{self.seconds:.0f} s |"
        )


HEAD = (
    f"| policy | subscribers | kills | {COLUMNS} | 429s | took |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


async def kill_run(
    folder: Path, *, policy: LostAnswer, subscribers: int, kills: int, rate: float, seed: int
) -> Outcome:
    """Broadcast, killing the sender at random moments, until nothing is left to send."""
    started = time.monotonic()
    file = folder / f"{policy}.db"
    with Database(sqlite_url(file)) as database:
        upgrade(database)
        broadcast(database, subscribers=subscribers, policy=policy, now=datetime.now(UTC) - timedelta(minutes=1))
    limits = Limits(overall=10 * rate, per_chat=1000, burst=1000)
    async with bot_api(limits=limits) as api:
        killing = Killing(
            start=lambda: _start(api, file, rate),
            arrived=lambda: len(api.sent),
            file=file,
            chance=random.Random(seed),
        )
        done = await killing.run(messages=subscribers, kills=kills)
    unsure = {int(address or 0) for address in unsure_addresses(file, 10 * subscribers)}
    return Outcome(
        policy=policy,
        subscribers=subscribers,
        kills=done,
        **asdict(counted(Counter(sent.chat_id for sent in api.sent), numbers(subscribers), unsure)),
        caused=limits.caused,
        seconds=time.monotonic() - started,
    )


def _start(api: BotApi, file: Path, rate: float) -> multiprocessing.process.BaseProcess:
    """Start a sender: forked from a process that has imported everything, so that a start costs little."""
    process = FORKS.Process(target=sender, args=(file, api.base_url, TOKEN, rate))
    process.start()
    return process


def main() -> None:
    """Run what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kill", action="store_true", help="the kill test")
    parser.add_argument("--subscribers", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--policy", type=LostAnswer, choices=[LostAnswer.HOLD, LostAnswer.RESEND])
    parser.add_argument("--rate", type=float, default=200.0, help="messages a second that the sender may send")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    if not asked.kill:
        parser.error("say what to run: --kill")
    print(HEAD)
    for policy in [asked.policy] if asked.policy else [LostAnswer.HOLD, LostAnswer.RESEND]:
        with tempfile.TemporaryDirectory() as folder:
            outcome = asyncio.run(
                kill_run(
                    Path(folder), policy=policy, subscribers=asked.subscribers, kills=asked.kills, rate=asked.rate,
                    seed=asked.seed,
                )
            )  # fmt: skip
        print(outcome.line(), flush=True)


if __name__ == "__main__":
    main()
