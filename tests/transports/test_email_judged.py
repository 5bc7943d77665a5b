"""The weekly mail as programs that are not ours see it: a spam filter, two MIME parsers, and everything it links to."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.mailing import kill_run, week
from tests.mailing import RENDERER, addresses, desk, transport, weekly_mail

from trendbot.core.delivering import LostAnswer
from trendbot.pipeline.dressing import dresser
from trendbot.pipeline.messages import message_of
from trendbot.render.letters import LETTERS, render_letter
from trendbot.store import deliveries

if TYPE_CHECKING:
    from trendbot.store.database import Database

SPAMASSASSIN, PERL = shutil.which("spamassassin"), shutil.which("perl")
MOST = 1.0


def mail_of(database: Database, *, chart: bool) -> bytes:
    """The bytes of a reader's mail, as they go out."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    weekly_mail(database, addresses(1), now=now, content=week(chart=chart))
    (row,) = database.read(deliveries.list_deliveries, limit=1)
    return transport(25).bytes_of(dresser(database, desk())(row, message_of(row)), row.address or "")


def run(words: Sequence[str], raw: bytes) -> str:
    done = subprocess.run(words, input=raw, capture_output=True, check=False, timeout=60)
    return done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")


@pytest.mark.skipif(SPAMASSASSIN is None, reason="spamassassin is not installed")
@pytest.mark.parametrize("chart", [False, True])
def test_a_spam_filter_has_nothing_against_it(database: Database, tmp_path: Path, chart: bool) -> None:
    assert SPAMASSASSIN is not None
    words = [SPAMASSASSIN, "-L", "-t", "--nocreate-prefs", "--prefspath", str(tmp_path / "prefs")]
    said = run(words, mail_of(database, chart=chart))
    score = re.search(r"X-Spam-Status: \w+, score=(-?[\d.]+)", said)
    assert score, said
    assert float(score[1]) <= MOST, said[-3000:]


@pytest.mark.skipif(
    PERL is None or subprocess.run([PERL, "-MEmail::MIME", "-e1"], capture_output=True, check=False).returncode != 0,
    reason="Perl's Email::MIME is not installed",
)
def test_another_parser_reads_the_same_mail(database: Database) -> None:
    program = (
        "use Email::MIME; local $/; my $m = Email::MIME->new(<STDIN>); binmode STDOUT, ':utf8';"
        "print $m->header('List-Unsubscribe'), qq{\\n};"
        "$m->walk_parts(sub { my $p = shift; print $p->content_type, qq{\\n};"
        "print $p->body_str if $p->content_type =~ m{^text/plain} });"
    )
    assert PERL is not None
    said = run([PERL, "-e", program], mail_of(database, chart=True))
    assert re.match(r"<https://digest\.example/u/\S+>, <mailto:leave@mail\.example\?subject=\S+>\n", said), said[:300]
    kinds = re.findall(r"^([a-z]+/[a-z]+)", said, re.MULTILINE)
    assert kinds[:4] == ["multipart/alternative", "text/plain", "multipart/related", "text/html"]
    assert set(kinds[4:]) <= {"image/png"}
    assert "Alder releases the weights" in said
    assert "Unsubscribe: https://digest.example/u/" in said


@pytest.mark.parametrize("name", LETTERS)
def test_letters_say_the_same_in_both_parts_and_keep_the_limits(name: str) -> None:
    context = {
        "brand": "The <Digest> & Co",
        "postal_address": "1 Wire Street",
        "link": "https://digest.example/confirm/" + "c" * 60,
        "days": 7,
        "cadence": "weekly",
        "on": "on “Tools & toys”",
        "first": "Sunday 22 November at 07:00 (Europe/Berlin)",
        "newest": "https://digest.example/digests/weekly/2026-W46",
    }
    letter = render_letter(RENDERER, name, context)
    assert context["link"] in letter.text
    assert "&lt;Digest&gt;" in letter.markup
    assert len(letter.markup) < 8000
    assert "<img" not in letter.markup


@pytest.mark.parametrize("policy", [LostAnswer.HOLD, LostAnswer.RESEND])
def test_a_sender_killed_again_and_again_misses_and_doubles_nobody_unsaid(tmp_path: Path, policy: LostAnswer) -> None:
    found = asyncio.run(kill_run(tmp_path, policy=policy, subscribers=60, kills=5, seed=3))
    assert found.kills > 1
    assert found.once + found.doubled + found.missing == 60
    assert found.unmarked_missing == 0
    assert found.same_id
    if policy is LostAnswer.HOLD:
        assert found.doubled == 0
    else:
        assert (found.missing, found.uncertain) == (0, 0)
