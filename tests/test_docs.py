"""The documentation is held against the code: settings, commands, errors, tables, links."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from tests import reference

from trendbot import errors
from trendbot.store.schema import Base

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")
MAIN_VERBS = re.compile(r"^ {4}trendbot ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)


def read(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "page"), [("cli", reference.cli_page), ("settings", reference.settings_page)])
def test_the_reference_says_what_the_code_says(name: str, page: object) -> None:
    assert callable(page)
    assert read(f"reference/{name}.md") == page(), "run `make docs`"


def test_every_setting_is_described() -> None:
    assert all(field.description for _, field in reference.settings())


def test_every_command_is_described() -> None:
    described = [(path, command.help) for path, command in reference.commands()]
    assert all(text for _, text in described)
    assert len(described) > 15


@pytest.mark.parametrize("name", [name for name, kind in inspect.getmembers(errors, inspect.isclass)])
def test_every_error_is_in_the_reference(name: str) -> None:
    if issubclass(getattr(errors, name), errors.TrendbotError):
        assert f"| `{name}` |" in read("reference/errors.md")


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_every_table_is_in_the_data_model(table: str) -> None:
    assert f"`{table}`" in read("data-model.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_commands_that_pages_show_exist() -> None:
    known = {path.removeprefix("trendbot ") for path, _ in reference.commands()}
    for page in PAGES:
        for noun, verb in MAIN_VERBS.findall(page.read_text(encoding="utf-8")):
            assert noun in known or f"{noun} {verb}" in known, f"{page.name}: trendbot {noun} {verb}"


def test_the_readme_begins_with_the_two_commands() -> None:
    top = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:12]
    assert any(line.strip().startswith("make run") for line in top)
    assert any(line.strip().startswith("make test") for line in top)


def test_the_targets_that_pages_show_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    used = re.findall(
        r"(?:^ *|`)make ([a-z-]+)", "\n".join(page.read_text(encoding="utf-8") for page in PAGES), re.MULTILINE
    )
    assert set(used) <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert len(set(used)) > 3
