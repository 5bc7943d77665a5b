"""Whatever strangers send, no answer is a failure of ours: the API by its own description, forms and paths at random.

TRENDBOT_TEST_FUZZ names how many examples each property gets; a few in the usual run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.homes import Homes
from tests.web.conftest import URL, site_over

from trendbot.web.app import create_app
from trendbot.web.openapi import document

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = int(os.environ.get("TRENDBOT_TEST_FUZZ", "12"))
calm = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory, _web_database: Homes) -> Iterator[TestClient]:
    from trendbot.bootstrap import Access, open_app
    from trendbot.clock import system_clock
    from trendbot.settings import load_settings

    home = tmp_path_factory.mktemp("hostile")
    with (
        pytest.MonkeyPatch.context() as environment,
        _web_database.database_of(home, environment),
        open_app(load_settings(options={"home": home}), system_clock, access=Access.READ) as app,
        TestClient(
            create_app(site_over(app)), base_url=URL, raise_server_exceptions=False, follow_redirects=False
        ) as made,
    ):
        yield made


schema = schemathesis.openapi.from_dict(document("The Digest", URL))


@schema.parametrize()
@calm
def test_the_api_answers_as_it_says(case: Any, stranger: TestClient) -> None:
    sent = case.as_transport_kwargs()
    answer = stranger.request(
        sent["method"], f"/api/v1{case.formatted_path}", params=sent.get("params"), headers=_plain(sent.get("headers"))
    )
    assert answer.status_code < 500
    described = schema.raw_schema["paths"][case.path]["get"]["responses"]
    if case.method == "GET":
        assert str(answer.status_code) in described or answer.status_code == 404
        case.operation.validate_response(_response(answer, case)) if str(answer.status_code) in described else None


def _plain(headers: Any) -> dict[str, str]:
    return {name: value for name, value in dict(headers or {}).items() if value.isascii() and value.isprintable()}


def _response(answer: Any, case: Any) -> Any:
    from schemathesis.core.transport import Response

    return Response(
        status_code=answer.status_code,
        headers={name: [value] for name, value in answer.headers.items()},
        content=answer.content,
        request=None,
        elapsed=0.1,
        verify=False,
    )


_NAMES = st.sampled_from(
    ["address", "themes", "themes_shown", "cadence", "hour", "weekday", "timezone", "act", "weeks", "sure", "website"]
)
_FORMS = st.dictionaries(
    _NAMES | st.text(max_size=10),
    st.text(max_size=40) | st.sampled_from(["ann@reader.example", "daily", "pause", "resume", "1", "Europe/Berlin"]),
    max_size=8,
)
_PATHS = st.sampled_from(
    ["/subscribe", "/confirm/{}", "/preferences/{}", "/preferences/{}/erase", "/u/{}", "/telegram/webhook"]
)
_TOKENS = st.from_regex(r"[A-Za-z0-9_-]{0,120}", fullmatch=True) | st.just("a_1_zzzzzzzzzzzz_x") | st.just("____")


@calm
@given(path=_PATHS, token=_TOKENS, form=_FORMS, multipart=st.booleans())
def test_no_form_breaks_anything(
    stranger: TestClient, path: str, token: str, form: dict[str, str], multipart: bool
) -> None:
    how: dict[str, Any] = (
        {"files": {name: (None, value) for name, value in form.items()}} if multipart else {"data": form}
    )
    assert stranger.post(path.format(token), **how).status_code < 500


_KINDS = st.sampled_from(
    [
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary=\x00",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-99",
    ]
)
_PAGES = (
    "/{}",
    "/stories/{}",
    "/themes/{}",
    "/themes/{}/feed.json",
    "/digests/{}/x",
    "/digests/daily/{}",
    "/archive/{}",
    "/feed/{}.atom",
    "/preferences/{}",
    "/charts/{}/k/card.png",
    "/charts/1/{}/card.png",
    "/assets/{}",
)


@calm
@given(body=st.binary(max_size=300), kind=_KINDS)
def test_no_body_breaks_anything(stranger: TestClient, body: bytes, kind: str) -> None:
    for content in (body, b"--x\r\n" + body + b"\r\n--x--\r\n"):
        answer = stranger.post("/subscribe", content=content, headers={"content-type": kind.encode("latin-1")})
        assert answer.status_code < 500


@calm
@given(
    path=st.text(st.characters(codec="utf-8", exclude_characters="\r\n\t#?"), max_size=60), query=st.text(max_size=60)
)
def test_no_path_and_no_question_breaks_anything(stranger: TestClient, path: str, query: str) -> None:
    for page in _PAGES:
        assert stranger.get(page.format(quote(path, safe=""))).status_code < 500, page
    assert stranger.get("/search", params={"q": query, "from": query}).status_code < 500
