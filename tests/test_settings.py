"""Settings: where they come from, which source wins, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from trendbot.errors import ConfigError
from trendbot.settings import default_home, load_settings


def test_defaults_need_nothing_but_a_home(tmp_path: Path) -> None:
    settings = load_settings(options={"home": tmp_path}, environment={})
    assert settings.database_address == f"sqlite:///{tmp_path / 'trendbot.db'}"
    assert settings.editions == tmp_path / "editions"
    assert not settings.fetch.allow_private


def test_option_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    (tmp_path / "trendbot.toml").write_text(
        '[digest]\nper_theme = 4\nper_feed = 5\ndaily_stories = 6\n[brand]\nname = "Night Desk"\n'
    )
    settings = load_settings(
        options={"home": tmp_path, "digest": {"per_theme": 9, "per_feed": None}},
        environment={"TRENDBOT_DIGEST__PER_THEME": "7", "TRENDBOT_DIGEST__PER_FEED": "8"},
    )
    assert (settings.digest.per_theme, settings.digest.per_feed, settings.digest.daily_stories) == (9, 8, 6)
    assert settings.digest.weekly_stories == 20
    assert settings.brand.name == "Night Desk"


def test_home_from_environment(tmp_path: Path) -> None:
    assert load_settings(environment={"TRENDBOT_HOME": str(tmp_path)}).home == tmp_path


def test_default_home_follows_the_desktop_standard(tmp_path: Path) -> None:
    assert default_home({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "trendbot"
    assert default_home({}) == Path.home() / ".local" / "share" / "trendbot"


def test_a_setting_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "address"
    secret.write_text("postgresql://user:pass@127.0.0.1/news\n")
    settings = load_settings(environment={"TRENDBOT_HOME": str(tmp_path), "TRENDBOT_DATABASE_URL_FILE": str(secret)})
    assert settings.database_address == "postgresql://user:pass@127.0.0.1/news"


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(options={"home": Path("here"), "out": "there"}, environment={})
    assert (settings.home, settings.out) == (tmp_path / "here", tmp_path / "there")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("colour = 3\n", "unknown setting colour"),
        ("[fetch]\ntimeouts = 3\n", "unknown setting fetch.timeouts"),
        ("[fetch]\ntimeout = 'soon'\n", "setting fetch.timeout"),
        ("[digest]\nper_theme = 0\n", "setting digest.per_theme"),
        ("[fetch\n", "not valid TOML"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, toml: str, said: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(toml)
    with pytest.raises(ConfigError, match=said) as caught:
        load_settings(options={"home": tmp_path}, config=file, environment={})
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["TRENDBOT_COLOUR", "TRENDBOT_FETCH__TIMEOUTS", "TRENDBOT_FETCH_TIMEOUT"])
def test_an_unknown_variable_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load_settings(options={"home": tmp_path}, environment={name: "3"})


def test_a_wrong_value_in_the_environment_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"fetch\.connections"):
        load_settings(options={"home": tmp_path}, environment={"TRENDBOT_FETCH__CONNECTIONS": "many"})


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_settings(options={"home": tmp_path}, config=tmp_path / "nowhere.toml", environment={})
    with pytest.raises(ConfigError, match="TRENDBOT_DATABASE_URL_FILE"):
        load_settings(environment={"TRENDBOT_HOME": str(tmp_path), "TRENDBOT_DATABASE_URL_FILE": "/nowhere"})


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "binary.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"binary\.toml"):
        load_settings(options={"home": tmp_path}, config=file, environment={})


def test_settings_are_frozen(tmp_path: Path) -> None:
    settings = load_settings(options={"home": tmp_path}, environment={})
    with pytest.raises(ValueError, match="frozen"):
        settings.home = Path("/elsewhere")  # type: ignore[misc]
