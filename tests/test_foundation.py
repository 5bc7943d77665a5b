"""The modules at the bottom: clock, paths, logs."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
import structlog

from trendbot.clock import frozen_clock, stands_still, system_clock
from trendbot.logs import configure_logging, get_logger
from trendbot.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_the_clocks_are_aware_and_utc() -> None:
    assert system_clock().tzinfo is UTC
    berlin = timezone(timedelta(hours=1))
    clock = frozen_clock(datetime(2026, 11, 15, 7, tzinfo=berlin))
    assert clock() == clock() == datetime(2026, 11, 15, 6, tzinfo=UTC)
    assert clock().tzinfo is UTC
    assert stands_still(clock)
    assert not stands_still(system_clock)


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        frozen_clock(datetime(2026, 11, 15))  # noqa: DTZ001


def test_bundled_folders_are_there() -> None:
    assert (bundled("migrations") / "env.py").is_file()
    assert (bundled("seeds") / "themes.toml").is_file()
    assert bundled("templates").is_dir()


def test_json_logs_carry_facts_as_keys() -> None:
    stream = io.StringIO()
    configure_logging(level="info", style="json", stream=stream)
    get_logger("trendbot.test").info("feed_polled", feed_id=3)
    logging.getLogger("library").warning("as %s", "said")
    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (ours["event"], ours["feed_id"], ours["level"]) == ("feed_polled", 3, "info")
    assert (theirs["event"], theirs["level"]) == ("as said", "warning")


def test_text_logs_are_plain_where_no_one_watches_and_obey_the_level() -> None:
    stream = io.StringIO()
    configure_logging(level="warning", stream=stream)
    log = get_logger("trendbot.test")
    log.info("too_quiet")
    try:
        raise ValueError("broken")
    except ValueError:
        log.warning("entry_failed", entry_id=7, exc_info=True)
    said = stream.getvalue()
    assert "too_quiet" not in said
    assert "entry_failed" in said
    assert "ValueError: broken" in said
    assert "\x1b[" not in said


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_bots_token_is_taken_out_of_every_line(style: str) -> None:
    token = "123456789:AAF-secret_token-of-thirty-five-chars"
    stream = io.StringIO()
    configure_logging(level="debug", style=style, stream=stream)  # type: ignore[arg-type]
    logging.getLogger("some.library").info("POST https://api.example/bot%s/sendMessage", token)
    try:
        raise ValueError(f"https://api.example/bot{token}/x")
    except ValueError:
        get_logger("ours").exception("broke", url=f"/bot{token}/x")
    assert "broke" in stream.getvalue()
    assert token not in stream.getvalue()
