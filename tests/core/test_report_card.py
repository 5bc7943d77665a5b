"""What a digest says of what making it took."""

from __future__ import annotations

import dataclasses
import json

import pytest
from tests.contents import full

from trendbot.core import wording
from trendbot.core.digests import from_json, to_json
from trendbot.core.report_card import Footprint, footprint_of


def test_what_runs_took_adds_up_and_runs_that_do_not_say_so_are_left_out() -> None:
    polls = {"bytes": 1_500_000, "feeds_asked": 40, "feeds_not_modified": 30, "cpu_seconds": 4.25}
    took = footprint_of([polls, polls, {"cpu_seconds": 3.5}, {"digests": 1}])
    assert took == Footprint(bytes=3_000_000, asked=80, unchanged=60, cpu_seconds=12.0)
    assert (took.share_unchanged, took.joules) == (0.75, 120.0)
    assert footprint_of([{"digests": 1}, {}]) is None
    assert footprint_of([{"cpu_seconds": 1.0}]) == Footprint(cpu_seconds=1.0)


@pytest.mark.parametrize(
    ("took", "words"),
    [
        (None, ""),
        (Footprint(cpu_seconds=1.4), "It took 0.0 MB of feeds, 1 s of a processor, about 14 J."),
        (
            Footprint(bytes=3_000_000, asked=80, unchanged=60, cpu_seconds=412.0),
            "It took 3.0 MB of feeds, 75% of 80 questions answered unchanged, 412 s of a processor, about 4.1 kJ.",
        ),
    ],
)
def test_the_foot_says_so_in_a_sentence(took: Footprint | None, words: str) -> None:
    assert wording.footprint(took) == words


@pytest.mark.parametrize("took", [None, Footprint(bytes=1, asked=2, unchanged=1, cpu_seconds=0.1)])
def test_a_digest_keeps_it(took: Footprint | None) -> None:
    content = full()
    content = dataclasses.replace(content, foot=dataclasses.replace(content.foot, footprint=took))
    assert from_json(json.loads(json.dumps(to_json(content)))).foot == content.foot


def test_a_digest_from_before_has_none() -> None:
    tree = to_json(full())
    del tree["foot"]["footprint"]
    assert from_json(tree).foot.footprint is None
