"""Subscribing by the web: asking, confirming, preferring, pausing, taking along, leaving, and what nobody is told."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from tests.web.conftest import ADDRESS, NOW

from trendbot.core.tokens import Purpose, seal
from trendbot.core.vocabulary import Cadence, ChannelKind, ConsentKind, SubscriptionStatus, SuppressionReason
from trendbot.store import subscribers
from trendbot.store.channels import remove_channel
from trendbot.subscriptions import Act, suppress

if TYPE_CHECKING:
    from starlette.testclient import TestClient
    from tests.web.conftest import People

    from trendbot.bootstrap import App
from trendbot.web.site import Site


def test_from_sign_up_to_unsubscribed(client: TestClient, people: People, site: Site) -> None:
    asked = client.post(
        "/subscribe",
        data={"address": "Ann@Reader.example", "themes_shown": "1", "themes": ["tools", "trust", "nonsense"],
              "cadence": "daily", "hour": "7", "timezone": "Europe/Berlin"},
    )  # fmt: skip
    assert (asked.status_code, asked.headers["location"]) == (303, "/subscribe/asked")
    found = people.subscription()
    assert found is not None
    assert found.status is SubscriptionStatus.UNCONFIRMED
    assert found.preferences.themes == ("tools", "trust")
    assert (found.preferences.cadence, found.preferences.hour) == (Cadence.DAILY, 7)

    link = people.link()
    assert "Is this right?" in client.get(link).text
    assert people.subscription() == found  # looking changed nothing
    confirmed = client.post(link)
    assert confirmed.status_code == 303
    mine = confirmed.headers["location"]
    assert [event[:2] for event in people.events()] == [(ConsentKind.REQUESTED, "web"), (ConsentKind.CONFIRMED, "web")]
    assert {event[2] for event in people.events()} == {site.wording}
    assert {event[3] for event in people.events()} == {"8.8.8.0/24"}
    assert "You are subscribed" in client.get(mine).text
    assert client.post(link).status_code == 303  # twice is once
    assert len(people.events()) == 2

    path = mine.partition("?")[0]
    saved = client.post(path, data={"themes_shown": "1", "cadence": "weekly", "hour": "18", "act": "save"})
    assert saved.status_code == 303
    assert "Saved." in client.get(saved.headers["location"]).text
    after = people.subscription()
    assert after is not None
    assert after.preferences.themes == ()
    assert (after.preferences.cadence, after.preferences.hour) == (Cadence.WEEKLY, 18)
    assert after.preferences.timezone == "Europe/Berlin"

    leave = f"/u/{seal(site.key, Purpose.UNSUBSCRIBE, _public_id(site.app))}"
    assert "One press" in client.get(leave).text
    assert people.subscription() == after
    assert client.post(leave).status_code == 200
    gone = people.subscription()
    assert gone is not None
    assert gone.status is SubscriptionStatus.UNSUBSCRIBED
    assert people.events()[-1][:2] == (ConsentKind.WITHDRAWN, "web")
    assert client.get(path).status_code == 410  # its links ended with it
    assert client.post(path, data={"hour": "3"}).status_code == 410


def _public_id(app: App) -> str:
    found = app.database.read(subscribers.find_subscriber, kind=ChannelKind.EMAIL, address=ADDRESS)
    assert found
    return found.public_id


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart"])
def test_one_click_takes_both_encodings_and_is_the_same_twice(
    client: TestClient, people: People, preferences: str, site: Site, encoding: str
) -> None:
    leave = f"/u/{seal(site.key, Purpose.UNSUBSCRIBE, _public_id(site.app), version=1)}"
    how = {"data": {"List-Unsubscribe": "One-Click"}} if encoding == "urlencoded" else {
        "files": {"List-Unsubscribe": (None, "One-Click")}
    }  # fmt: skip
    answers = [client.post(leave, **how) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    assert not any("set-cookie" in answer.headers or "location" in answer.headers for answer in answers)
    assert [event[:2] for event in people.events()][2:] == [(ConsentKind.WITHDRAWN, "one-click")]
    assert preferences
    unknown = client.post("/u/nobody_1_0_x", **how)
    assert (unknown.status_code, unknown.text) == (200, answers[0].text)


def test_a_token_is_good_for_its_own_purpose_alone(client: TestClient, preferences: str, site: Site) -> None:
    token = preferences.rpartition("/")[2]
    assert client.get(f"/confirm/{token}").status_code == 410
    assert client.get(f"/feed/{token}.atom").status_code == 410
    assert client.get(preferences[:-1] + ("A" if preferences[-1] != "A" else "B")).status_code == 410
    old = seal(site.key, Purpose.CONFIRM, _public_id(site.app), expires_at=NOW)
    assert client.post(f"/confirm/{old}").status_code == 410


def test_who_confirms_is_welcomed_once_and_who_leaves_hears_it_once(client: TestClient, people: People) -> None:
    client.post("/subscribe", data={"address": ADDRESS})
    confirm = people.link()
    for _ in range(2):
        client.post(confirm)
    subject, text = people.letters()[-1]
    assert subject == "Welcome: The Digest by email"
    assert "once a week, on every theme." in text
    assert re.search(r"The first one comes on \w+day \d+ \w+ at \d\d:00 \(", text)
    assert "/digests/weekly/" in text
    leave = re.search(r'action="(/u/[^"]+)"', client.get(people.link()).text) or pytest.fail("no way out")
    for _ in range(2):
        client.post(leave[1])
    assert [each for each, _ in people.letters()][-1:] == ["You are unsubscribed from The Digest"]
    assert "/subscribe" in people.letters()[-1][1]


def test_nobody_is_told_whether_an_address_is_known(client: TestClient, people: People, app: App, site: Site) -> None:
    act = Act(method="operator", now=NOW)
    app.database.write(
        suppress, kind=ChannelKind.EMAIL, address="complained@reader.example", reason=SuppressionReason.COMPLAINED,
        act=act, key=site.key,
    )  # fmt: skip
    client.post("/subscribe", data={"address": ADDRESS})
    client.post(people.link())
    answers = [
        client.post("/subscribe", data={"address": address})
        for address in ("new@reader.example", ADDRESS, "complained@reader.example")
    ]
    assert {(answer.status_code, answer.headers["location"], answer.text) for answer in answers} == {
        (303, "/subscribe/asked", "")
    }
    assert [subject for subject, _ in people.letters()][1:] == [
        "Welcome: The Digest by email",
        "Confirm: The Digest by email",
        "You get The Digest already",
    ]


def test_who_asks_too_often_gets_no_further_mail(client: TestClient, people: People) -> None:
    for _ in range(5):
        assert client.post("/subscribe", data={"address": ADDRESS}).status_code == 303
    assert len(people.letters()) == 3
    for number in range(20):
        client.post("/subscribe", data={"address": f"a{number}@reader.example"})
    assert len(people.letters()) == 10  # of one network in an hour


def test_what_only_machines_fill_in_leads_nowhere(client: TestClient, people: People) -> None:
    answer = client.post("/subscribe", data={"address": ADDRESS, "website": "https://spam.example"})
    assert answer.status_code == 303
    assert people.letters() == []
    assert people.subscription() is None


@pytest.mark.parametrize(
    "form",
    [{}, {"address": "no address"}, {"address": "a@b"}, {"address": "a\r\nBcc: c@d.example"},
     {"address": ADDRESS, "hour": "99"}, {"address": ADDRESS, "timezone": "../../etc/passwd"},
     {"address": ADDRESS, "cadence": "hourly"}, {"address": ADDRESS, "weekday": "someday"}],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_the_form(client: TestClient, people: People, form: dict[str, str]) -> None:
    answer = client.post("/subscribe", data=form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert people.letters() == []


def test_a_pause_ends_when_it_was_said(client: TestClient, people: People, preferences: str) -> None:
    client.post(preferences, data={"act": "pause", "weeks": "2"})
    paused = people.subscription()
    assert paused is not None
    assert paused.status is SubscriptionStatus.PAUSED
    assert paused.paused_until is not None
    assert (paused.paused_until - NOW).days == 14
    assert "Paused until 29 November 2026" in client.get(preferences).text
    client.post(preferences, data={"act": "resume"})
    resumed = people.subscription()
    assert resumed is not None
    assert resumed.status is SubscriptionStatus.CONFIRMED


def test_take_along_and_delete(client: TestClient, people: People, preferences: str) -> None:
    answer = client.get(f"{preferences}/data.json")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert json.loads(answer.text)["addresses"][0]["address"] == ADDRESS
    refused = client.post(f"{preferences}/erase")
    assert refused.status_code == 422
    assert people.subscription() is not None
    assert "is gone" in client.post(f"{preferences}/erase", data={"sure": "yes"}).text
    assert people.subscription() is None
    assert client.get(preferences).status_code == 410


def test_the_page_leads_to_the_chat_and_to_a_feed(client: TestClient, preferences: str) -> None:
    text = client.get(preferences).text
    assert "https://t.me/digest_bot?start=" in text
    feed = text.partition("https://digest.example/feed/")[2].partition('"')[0]
    answer = client.get(f"/feed/{feed}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"].startswith("private")


def test_personal_pages_are_kept_by_nobody(client: TestClient, people: People, preferences: str) -> None:
    for path in (preferences, f"{preferences}/data.json", people.link(), "/u/x"):
        answer = client.get(path)
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_where_no_list_takes_mail_nobody_is_told_to_wait_for_one(client: TestClient, people: People, app: App) -> None:
    app.database.write(remove_channel, "list")
    assert "This site sends no mail" in client.get("/subscribe").text
    assert "By email" not in client.get("/subscribe").text
    assert "This site sends no mail" in client.post("/subscribe", data={"address": ADDRESS}).text
    about = client.get("/about").text
    assert "/feed.atom" in about
    assert '/subscribe"' not in about
    assert people.subscription() is None
