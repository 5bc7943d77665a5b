"""Homes on one PostgreSQL have one secret; another one is refused before it signs anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from trendbot.bootstrap import Access, open_app
from trendbot.clock import system_clock
from trendbot.errors import ConfigError
from trendbot.settings import load_settings
from trendbot.store.database import Database
from trendbot.store.same_secret import adopt_secret, require_same_secret
from trendbot.store.secret import home_secret

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Path, Path]:
    first, second = tmp_path / "first", tmp_path / "second"
    for home in (first, second):
        home.mkdir()
    return first, second


def test_the_first_home_says_and_others_follow(pg_database: Database, homes: tuple[Path, Path]) -> None:
    first, second = homes
    require_same_secret(pg_database, first)
    with pytest.raises(ConfigError, match="is missing: copy it"):
        require_same_secret(pg_database, second)
    assert not list(second.iterdir())  # none was made that would be wrong
    (second / "secret.key").write_bytes((first / "secret.key").read_bytes())
    require_same_secret(pg_database, second)


def test_another_secret_is_refused_until_it_is_adopted(pg_database: Database, homes: tuple[Path, Path]) -> None:
    first, second = homes
    require_same_secret(pg_database, first)
    home_secret(second)
    with pytest.raises(ConfigError, match="is not the one"):
        require_same_secret(pg_database, second)
    adopt_secret(pg_database, second)
    require_same_secret(pg_database, second)
    with pytest.raises(ConfigError, match="is not the one"):
        require_same_secret(pg_database, first)


def test_whoever_writes_is_asked(pg_url: str, homes: tuple[Path, Path]) -> None:
    for home, wrong in zip(homes, (False, True), strict=True):
        settings = load_settings(options={"home": home, "database_url": pg_url}, environment={})
        with open_app(settings, system_clock, access=Access.READ):
            pass
        if wrong:
            with pytest.raises(ConfigError, match="is missing"), open_app(settings, system_clock, access=Access.WRITE):
                raise AssertionError("it was opened")
        else:
            with open_app(settings, system_clock, access=Access.WRITE):
                pass


def test_of_homes_that_start_at_once_one_says(pg_url: str, tmp_path: Path) -> None:
    homes = [tmp_path / str(number) for number in range(6)]
    for home in homes:
        home.mkdir()
        home_secret(home)

    def refused(home: Path) -> bool:
        with Database(pg_url) as database:
            try:
                require_same_secret(database, home)
            except ConfigError:
                return True
            return False

    with ThreadPoolExecutor(len(homes)) as pool:
        assert sorted(pool.map(refused, homes)) == [False] + 5 * [True]


def test_on_sqlite_every_home_has_its_own(sqlite_database: Database, homes: tuple[Path, Path]) -> None:
    for home in homes:
        home_secret(home)
        require_same_secret(sqlite_database, home)
        with pytest.raises(ConfigError, match="nothing to adopt"):
            adopt_secret(sqlite_database, home)
