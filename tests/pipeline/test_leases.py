"""Who holds a claim, and whether that process still lives."""

from __future__ import annotations

import multiprocessing
import os

import pytest

from trendbot.pipeline.leases import is_dead, new_holder


def test_this_process_lives_and_no_two_polls_of_it_share_a_name() -> None:
    one, other = new_holder(), new_holder()
    assert one != other
    assert not is_dead(one)


def test_a_process_that_has_ended_is_dead() -> None:
    ended = multiprocessing.get_context("spawn").Process(target=os.getpid)
    ended.start()
    machine, _, started, part = new_holder().rsplit(":", 3)
    holder = f"{machine}:{ended.pid}:{started}:{part}"
    ended.join()
    assert is_dead(holder)


def test_another_process_under_an_old_number_is_not_the_holder() -> None:
    machine, pid, started, part = new_holder().rsplit(":", 3)
    assert is_dead(f"{machine}:{pid}:{int(started or 0) + 1}:{part}")


def test_of_other_machines_nothing_is_known() -> None:
    assert not is_dead("elsewhere:1:1:abc")


@pytest.mark.parametrize("holder", ["", "added", "a:b:c:d", "machine:12"])
def test_what_is_no_name_of_a_process_is_dead(holder: str) -> None:
    assert is_dead(holder)
