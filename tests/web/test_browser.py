"""The pages in a real browser, with and without JavaScript: people's ways through them, and what axe-core finds.

Needs Chromium on the machine (TRENDBOT_TEST_CHROMIUM names it where it has another name); skipped by name without.
axe-core looks at every page on a phone and at some on a desk; with TRENDBOT_TEST_BROWSER=full at all sizes, both ways.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.conftest import ADDRESS, NOW, People, served

from trendbot.core.vocabulary import SubscriptionStatus

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trendbot.bootstrap import App

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZES = {"phone": (360, 740), "tablet": (768, 1024), "desk": (1280, 900)}
PUBLIC = ("/", f"/digests/daily/{NOW.date()}", "/archive", "/stories/1", "/themes", "/themes/open-source", "/trends",
          "/search?q=weights", "/search", "/about", "/subscribe", "/subscribe/asked", "/nothing", "/u/x")  # fmt: skip


def _chromium() -> str | None:
    named = os.environ.get("TRENDBOT_TEST_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = _chromium()
    if path is None:
        pytest.skip("no Chromium on this machine (name it in TRENDBOT_TEST_CHROMIUM)")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield opened
        opened.close()


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def tab(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A fresh tab; what the page complains of, or asks others for, fails the test."""
    context = browser.new_context(
        java_script_enabled=request.param, timezone_id="Europe/Berlin", viewport={"width": 360, "height": 740}
    )
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    complaints: list[str] = []
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: None if "127.0.0.1" in asked.url else complaints.append(asked.url))
    yield opened
    context.close()
    assert complaints == []


def test_from_sign_up_to_confirmation_to_preferences_to_unsubscribe(tab: Any, server: str, app: App) -> None:
    people = People(app=app)
    tab.goto(server)
    tab.get_by_label("Your email address").fill(ADDRESS)
    tab.get_by_label("How often").select_option("daily")
    tab.get_by_role("button", name="Subscribe").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "Look into your mail"

    tab.goto(server + people.link())
    assert "a…@reader.example" in tab.inner_text("main")
    assert people.subscription().status is SubscriptionStatus.UNCONFIRMED  # type: ignore[union-attr]
    tab.get_by_role("button", name="Yes, send it to me").click()
    assert "You are subscribed" in tab.get_by_role("status").inner_text()

    tab.get_by_label("Market and adoption").check()
    tab.get_by_label("Every week").check()
    tab.get_by_label("Hour").select_option("18")
    tab.get_by_label("Time zone").select_option("Asia/Tokyo")
    tab.get_by_role("button", name="Save").click()
    assert tab.get_by_role("status").inner_text() == "Saved."
    wish = people.subscription().preferences  # type: ignore[union-attr]
    assert (wish.themes, wish.cadence, wish.hour, wish.timezone) == (("market",), "weekly", 18, "Asia/Tokyo")

    tab.get_by_label("For how long").select_option("2")
    tab.get_by_role("button", name="Pause").click()
    assert people.subscription().status is SubscriptionStatus.PAUSED  # type: ignore[union-attr]
    tab.get_by_role("button", name="Resume now").click()
    tab.get_by_role("button", name="Unsubscribe now").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "You are out"
    assert people.subscription().status is SubscriptionStatus.UNSUBSCRIBED  # type: ignore[union-attr]


def test_archive_trends_and_search(tab: Any, server: str) -> None:
    tab.goto(server)
    tab.get_by_role("link", name="Archive", exact=True).click()
    tab.get_by_role("link", name="Alder releases").first.click()
    assert "The Digest" in tab.title() or "trendbot" in tab.title()
    tab.get_by_role("link", name="4 reports, and why").first.click()
    assert tab.locator("#reports").inner_text() == "4 reports"
    tab.get_by_role("link", name="Open source and open weights").first.click()
    assert tab.locator("svg.spark").count() == 1
    tab.get_by_role("link", name="Trends", exact=True).click()
    assert "Rising" in tab.inner_text("main")
    tab.get_by_role("link", name="Search", exact=True).click()
    tab.get_by_label("Words in titles and summaries").fill("licence weights")
    tab.keyboard.press("Enter")
    assert tab.locator("#found").inner_text().startswith("Stories 1 to")


def test_the_script_fills_in_the_readers_zone(browser: Any, server: str) -> None:
    context = browser.new_context(timezone_id="Europe/Berlin")
    tab = context.new_page()
    tab.goto(f"{server}/subscribe")
    assert tab.get_by_label("Time zone").input_value() == "Europe/Berlin"
    context.close()


def test_the_keyboard_comes_everywhere(browser: Any, server: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.goto(server)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "To the text"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    reached = set()
    for _ in range(80):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
        if "The whole archive" in reached:
            break
    assert {"address", "cadence", "Subscribe", "The whole archive"} <= reached
    assert "website" not in reached
    context.close()


FULL = os.environ.get("TRENDBOT_TEST_BROWSER") == "full"
LOOKS = [(size, scheme) for size in SIZES for scheme in ("light", "dark")] if FULL else [
    ("phone", "light"), ("desk", "dark")
]  # fmt: skip


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_axe_finds_nothing_and_nothing_overflows(browser: Any, app: App, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    people = People(app=app)
    with served(app) as server:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        tab = context.new_page()
        pages = [*PUBLIC, *_personal(tab, server, people)]
        for path in pages if FULL or size == "phone" else pages[:2] + pages[-1:]:
            tab.goto(server + path)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
            found = axe.Axe().run(tab, options=_RULES)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            assert len(found.response["passes"]) > 15, path  # it looked
        context.close()


_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def _personal(tab: Any, server: str, people: People) -> list[str]:
    """Return the pages of somebody who subscribed, and that of a form that was sent wrongly."""
    tab.goto(f"{server}/subscribe")
    tab.get_by_label("Your email address").fill(ADDRESS)
    tab.get_by_role("button", name="Subscribe").click()
    confirm = people.link()
    tab.goto(server + confirm)
    tab.get_by_role("button", name="Yes, send it to me").click()
    return [confirm, tab.url.removeprefix(server)]
