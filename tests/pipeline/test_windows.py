"""How many messages may be on the way: few at first, more with every answer, one again after trouble."""

from __future__ import annotations

from trendbot.pipeline.windows import FEW, FULL, Window


def answered(window: Window, times: int, *, took: float = 0.01, now: float = 10.0) -> None:
    for _ in range(times):
        window.answer(took=took, well=True, now=now)


def test_it_grows_with_every_answer_and_shrinks_to_one_after_trouble() -> None:
    window = Window(most=3)
    assert window.room(10.0) == 1
    answered(window, 1)
    assert window.room(10.0) == 2
    answered(window, 9)
    assert window.room(10.0) == 3
    window.answer(took=0.01, well=False, now=10.0)
    assert window.room(10.0) == 1


def test_a_narrow_remote_that_is_quick_is_kept_busy() -> None:
    window = Window(most=4, narrow=True)
    answered(window, 100)
    assert window.room(10.1) == FULL * 4
    assert window.room(10.3) == 4  # no answer for a while
    answered(window, 1, took=1.0)
    assert window.room(10.0) == 4


def test_what_is_on_the_way_takes_room_and_a_few_places_are_not_worth_a_transaction() -> None:
    window = Window(most=8)
    answered(window, 100)
    for _ in range(7):
        window.enter()
    assert window.room(10.0) == 0
    window.leave()
    assert window.room(10.0) == 2


def test_the_fastest_answer_is_known_after_a_few_and_forgotten_slowly() -> None:
    window = Window(most=8)
    answered(window, FEW - 1, took=0.3)
    assert window.fastest == 0
    answered(window, 1, took=0.05)
    assert window.fastest == 0.05
    answered(window, 1, took=0.5)
    assert 0.05 < window.fastest < 0.06
    answered(window, 100, took=0.4)
    assert 0.2 < window.fastest <= 0.4
