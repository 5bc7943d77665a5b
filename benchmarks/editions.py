"""What 100,000 subscribers cost who choose among eight themes: one rendering a choice, and bytes spliced for each.

Run:      python benchmarks/editions.py [--subscribers 100000]      (two minutes)
Measures: CPU seconds to find every subscriber's edition and to have the bytes of a mail for each, where editions are
          rendered once a choice (255 of them) and the recipient's own bytes are spliced into the choice's mail.
Yardstick in the same run: one rendering and one `EmailMessage` for each subscriber, measured on a sample.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests import builders

from trendbot.core.digests import DigestPolicy
from trendbot.core.variants import select_for, themes_of, variant_of
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.pipeline.editions import ensure_edition
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer
from trendbot.store import digests
from trendbot.store.database import Database, sqlite_url
from trendbot.store.digests import Edition
from trendbot.store.migrate import upgrade
from trendbot.transports.mime import MailAddress, build_mail

NOW = datetime(2026, 11, 15, 18, tzinfo=UTC)
SENDER = MailAddress(name="trendbot", address="digest@trendbot.example")
PLACE = "recipient-000000@reader.example"
"""Stands in a choice's mail where the recipient's address goes; as long as any of those used here."""
SAMPLE = 300


def mail_of(edition: Edition, recipient: str) -> bytes:
    """Return the bytes of a mail."""
    return build_mail(
        sender=SENDER,
        recipient=MailAddress(name="Reader", address=recipient),
        subject=edition.subject or "",
        text=edition.text_body or "",
        markup=edition.parts[0],
        sent_at=NOW,
        key=f"e{edition.id}.c1.p0",
        list_name="daily",
    )


def main() -> None:
    """Print the figures, the ratio last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subscribers", type=int, default=100_000)
    given = parser.parse_args()
    choices = [chosen for size in range(1, 9) for chosen in combinations(sorted(builders.THEMES), size)]
    chance = random.Random(7)
    readers = [chance.choice(choices) for _ in range(given.subscribers)]
    renderer = Renderer(bundled("templates"))
    with tempfile.TemporaryDirectory() as scratch, Database(sqlite_url(Path(scratch) / "bench.db")) as database:
        upgrade(database)
        builders.add_day(database, NOW)
        digest = compose(database, renderer, cadence=Cadence.DAILY, now=NOW, policy=DigestPolicy()).digest
        if digest is None:
            raise SystemExit("no digest")
        started = time.process_time()
        made: dict[str, Edition | None] = {}
        for variant in {variant_of(chosen) for chosen in choices}:
            made[variant] = ensure_edition(database, digest.id, ChannelKind.EMAIL, variant, renderer)
        rendered = time.process_time() - started
        kept = sum(each.kind is ChannelKind.EMAIL for each in database.read(digests.list_editions, digest.id))
        print(f"{len(choices)} choices: {kept} renderings, {rendered:.2f} CPU s, {1000 * rendered / kept:.1f} ms each")

        started = time.process_time()
        wholes = {variant: mail_of(edition, PLACE) for variant, edition in made.items() if edition}
        size = skipped = 0
        for number, chosen in enumerate(readers):
            whole = wholes.get(variant_of(chosen))
            if whole is None:
                skipped += 1
                continue
            size += len(whole.replace(PLACE.encode(), f"recipient-{number:06}@reader.example".encode()))
        spliced = rendered + time.process_time() - started
        sent = given.subscribers - skipped
        print(
            f"spliced: {sent:,} mails of {size / sent / 1000:.1f} kB, {skipped:,} with nothing to tell: {spliced:.2f} s"
        )

        started = time.process_time()
        for number, chosen in enumerate(readers[:SAMPLE]):
            told = select_for(digest.content, themes_of(variant_of(chosen)))
            if told is None:
                continue
            one = render_edition(renderer, told, ChannelKind.EMAIL)
            edition = next(each for each in made.values() if each)
            build_mail(
                sender=SENDER,
                recipient=MailAddress(name="Reader", address=f"recipient-{number:06}@reader.example"),
                subject=one.subject or "",
                text=one.text_body or "",
                markup=one.parts[0],
                sent_at=NOW,
                key=f"e{edition.id}.c1.p0",
                list_name="daily",
            )
        single = (time.process_time() - started) / SAMPLE
        print(
            f"one by one: {1000 * single:.1f} ms each, {single * given.subscribers:.0f} CPU s for all (from {SAMPLE})"
        )
        messages = time.process_time()
        for number in range(SAMPLE):
            mail_of(edition, f"recipient-{number:06}@reader.example")
        message = (time.process_time() - messages) / SAMPLE
        print(f"one EmailMessage each, rendering apart: {1000 * message:.2f} CPU ms each")
        print(f"ratio to one EmailMessage each: {message * given.subscribers / spliced:.0f}x")


if __name__ == "__main__":
    main()
