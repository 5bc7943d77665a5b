"""A year of daily posts with faults, and texts of every kind read back, against the strict server of the tests.

    python benchmarks/linkedin.py [--days 365] [--texts 10000] [--seed 9]

Faults: answers lost before and after the post was taken (dropped, hung, garbage, 500), once, twice and all day; 429; a
server that is broken all day; two ends of a version month; a token that is revoked every 100 days; consent that ends
after 60 days, renewed two days late.
Measured so, with the defaults: 10,000 texts read back right, 22 s of CPU; 365 days with 227 on which something went
wrong, of which 309 have their post, none has two, and 56 have none, each of them told; 36 s of CPU.

Ends with 1 where a day was doubled, missing without an alert, or a text was read back as anything but what was meant.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.linkedin_api import LinkedinApi, linkedin_api
from tests.linkedin_year import ALPHABET, Play, posts_a_local_day
from tests.transports.test_linkedin import MESSAGE, Memory

from trendbot.core.limits import escape_little, little_hashtag
from trendbot.logs import configure_logging
from trendbot.store import migrate
from trendbot.store.database import Database
from trendbot.transports.linkedin import LinkedinTransport

PIECES = (
    *ALPHABET, "\\", "#AI ", "@[Someone](urn:li:person:1) ", "{hashtag|\\#|x}", "(b)~_*", "\n", "<b>", "[x](y)", "|{",
    "https://news.example/a_(b)~c?utm_source=x&y=%20#z ", "🇩🇪", "👩‍🔬", "e\u0301", "日本語", "word ", "№ 3 %&'\"–… ",
)  # fmt: skip


def _text(chance: random.Random) -> str:
    """Return a text with all fifteen reserved characters, by chance everything else, unlike any other."""
    body = [chance.choice(PIECES) for _ in range(chance.randint(10, 150))] + list("\\|{}@[]()<>#*_~")
    chance.shuffle(body)
    return f"No. {chance.getrandbits(64)}\n\n{''.join(body)}."


async def _texts(number: int, seed: int) -> tuple[int, int]:
    """Post texts and return how many were posted and how many were read back wrong."""
    chance, wrong = random.Random(seed), 0
    async with linkedin_api(LinkedinApi(quota=10**9)) as api:
        linkedin = LinkedinTransport(Memory(api, api.grant()), base_url=api.base_url, daily_calls=10**9)
        for each in range(number):
            text, tags = _text(chance), [f"Tag{chance.randint(0, 99)}" for _ in range(chance.randint(0, 5))]
            body = f"{escape_little(text)}\n\n{' '.join(map(little_hashtag, tags))}".rstrip()
            await linkedin.send(replace(MESSAGE, key=f"e{each}", body=body, card=None, chart=None))
            meant = f"{text}\n\n{' '.join('#' + tag for tag in tags)}".rstrip()
            wrong += api.posts[-1].seen != meant
        await linkedin.close()
        return len(api.posts), wrong


async def _year(days: int, seed: int, folder: Path) -> bool:
    with Database(f"sqlite:///{folder / 'year.db'}") as database:
        migrate.upgrade(database)
        async with linkedin_api(LinkedinApi(versions={"202510"})) as api:
            year = await Play(database, api, seed=seed).run(days)
            most = max(number for _, number in posts_a_local_day(api))
            kinds = {name.split(".")[1] if name.startswith("linkedin") else name.split(".")[-2] for name in year.told}
    print(f"{days} days: {sum(year.posts.values())} posts, faults {dict(year.faults)}")
    print(f"  days doubled {len(year.doubled)}, most on a day {most}, texts wrong {len(year.wrong)}")
    print(f"  days missing {len(year.missing)}, of these untold {len(year.silent)}")
    print(f"  told {len(year.told)} things: {', '.join(sorted(kinds))}")
    print(f"  settled by a person {year.by_hand}")
    return not (year.doubled or year.silent or year.wrong or most > 1)


def main() -> int:
    """Run both and print what came of it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--days", type=int, default=365)
    options.add_argument("--texts", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=9)
    asked = options.parse_args()
    configure_logging(level="critical")
    began = time.process_time()
    posted, wrong = asyncio.run(_texts(asked.texts, asked.seed))
    print(f"{posted} texts posted, {wrong} read back wrong; {time.process_time() - began:.0f} s CPU")
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        good = asyncio.run(_year(asked.days, asked.seed, Path(folder)))
    print(f"  {time.process_time() - began:.0f} s CPU")
    return 0 if good and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
