"""`run --record DIR` and `replay DIR`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Cli
from tests.cli.site import Page, Site, feed

TITLES = ("Meta releases Llama 4 with open weights", "Mixture of experts halves the cost of inference")


def _editions(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_recording_gives_the_same_editions_each_time(cli: Cli, site: Site, tmp_path: Path) -> None:
    tape = tmp_path / "tape"
    site.pages["/one"] = Page(feed("one", *TITLES))
    site.pages["/two"] = Page(feed("two", "Llama 4 is out: Meta opens its weights"))
    opml = site.opml("/one", "/two")
    for now in ("2026-11-15T18:00Z", "2026-11-16T18:00Z"):
        said = cli("run", "--opml", opml, "--allow-private", "--now", now, "--record", tape, "--out", tmp_path / "live")
        assert said.code == 0, said.err
    fewer = tmp_path / "fewer.toml"
    fewer.write_text("[digest]\ndaily_stories = 1\n", encoding="utf-8")
    for name, more in (("first", ()), ("second", ("--compare", fewer))):
        said = cli("replay", tape, "--home", tmp_path / f"home-{name}", "--out", tmp_path / name, *more)
        assert said.code == 0, said.err
        assert ("overlap@10" in said.out) == bool(more)
    first = _editions(tmp_path / "first")
    assert first == _editions(tmp_path / "second")
    assert any(name.startswith("daily/2026-11-15") for name in first)
    assert any(name.startswith("daily/2026-11-16") for name in first) == any(
        (tmp_path / "live").glob("daily/2026-11-16")
    )


def test_a_replay_needs_an_empty_home_and_a_recording(cli: Cli, site: Site, tmp_path: Path) -> None:
    site.pages["/one"] = Page(feed("one", *TITLES))
    opml = site.opml("/one")
    assert cli("run", "--opml", opml, "--allow-private", "--record", tmp_path / "tape").code == 0
    used = cli("replay", tmp_path / "tape")
    assert (used.code, "replay into an empty home" in used.err) == (2, True)
    (tmp_path / "empty").mkdir()
    none = cli("replay", tmp_path / "empty", "--home", tmp_path / "other")
    assert (none.code, "name the folder of a recording" in none.err) == (2, True)
