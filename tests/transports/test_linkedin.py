from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.linkedin_api import Fault, Kind, LinkedinApi, linkedin_api, read

from trendbot.core.limits import escape_little, little_hashtag
from trendbot.core.pictures import Chart, Picture, PictureForm
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ChannelError, TransportError, UnreachableError
from trendbot.transports.base import Card, Message
from trendbot.transports.linkedin import LinkedinTransport
from trendbot.transports.linkedin_account import Kept, author_of

PAGE = "urn:li:organization:55"
CHART = Chart(
    key="k", alt="Open weights: 23 reports", pictures=(
        Picture(form=PictureForm.CARD, media_type="image/png", data=b"\x89PNG data"),
    ),
)  # fmt: skip
CARD = Card(url="https://news.example/1?a_b=(c)", title="Alder [24B] is *out*", description="A day in one line")
MESSAGE = Message(
    key="e1.c2.p0",
    kind=ChannelKind.LINKEDIN,
    address="55",
    cadence=Cadence.DAILY,
    slot="2026-11-15",
    number=3,
    title="trendbot daily, no. 3",
    part=0,
    parts=1,
    body=escape_little("Alder (24B) [open] {weights}\n\n• a_b ~ c") + "\n\n" + little_hashtag("openweights"),
    text=None,
    subject=None,
    composed_at=datetime(2026, 11, 15, 18, tzinfo=UTC),
    card=CARD,
    chart=CHART,
)


@dataclass
class Memory:
    """An account that lives in memory, on the server's clock."""

    api: LinkedinApi
    held: str = ""
    month: str = "202609"
    made: int = 0
    requests: dict[str, Kept] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.api.now

    async def token(self) -> str:
        return self.held

    async def rejected(self, token: str, why: str) -> None:
        self.refused.append((token, why))

    async def version(self) -> str:
        return self.month

    async def step_to(self, version: str) -> None:
        self.month = version

    async def count(self) -> int:
        self.made += 1
        return self.made

    async def calls(self) -> int:
        return self.made

    async def keep(self, key: str, body: str) -> None:
        self.requests[key] = Kept(body=body, first_at=self.api.now)

    async def kept(self, key: str) -> Kept | None:
        return self.requests.get(key)

    async def drop(self, key: str) -> None:
        self.requests.pop(key, None)


@pytest.fixture
async def api() -> AsyncIterator[LinkedinApi]:
    async with linkedin_api() as served:
        yield served


@pytest.fixture
def account(api: LinkedinApi) -> Memory:
    return Memory(api, held=api.grant())


@pytest.fixture
async def linkedin(api: LinkedinApi, account: Memory) -> AsyncIterator[LinkedinTransport]:
    transport = LinkedinTransport(account, base_url=api.base_url, timeout=0.5, pause=0.0)
    yield transport
    await transport.close()


async def refusal(linkedin: LinkedinTransport, message: Message = MESSAGE) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await linkedin.send(message)
    return caught.value


async def test_a_post_has_its_text_its_card_and_the_chart_as_thumbnail(
    api: LinkedinApi, linkedin: LinkedinTransport
) -> None:
    receipt = await linkedin.send(MESSAGE)
    (post,) = api.posts
    assert receipt.external_id == post.urn
    assert post.seen == "Alder (24B) [open] {weights}\n\n• a_b ~ c\n\n#openweights"
    card = post.content["article"]
    assert (card["source"], card["title"], card["description"]) == (CARD.url, CARD.title, CARD.description)
    assert api.images[card["thumbnail"]] == (PAGE, b"\x89PNG data")
    assert (post.author, post.visibility) == (PAGE, "PUBLIC")


async def test_the_chart_alone_can_be_the_picture(api: LinkedinApi, account: Memory) -> None:
    transport = LinkedinTransport(account, base_url=api.base_url, as_picture=True)
    await transport.send(MESSAGE)
    await transport.close()
    assert api.posts[0].content["media"]["altText"] == CHART.alt


async def test_pages_post_to_everybody_and_people_to_whom_they_want(api: LinkedinApi, account: Memory) -> None:
    transport = LinkedinTransport(account, base_url=api.base_url, visibility="CONNECTIONS")
    await transport.send(MESSAGE)
    await transport.send(replace(MESSAGE, key="e2.c2.p0", address="urn:li:person:p1"))
    await transport.close()
    assert [post.visibility for post in api.posts] == ["PUBLIC", "CONNECTIONS"]


async def test_a_quiet_day_is_text_alone(api: LinkedinApi, linkedin: LinkedinTransport) -> None:
    await linkedin.send(replace(MESSAGE, card=None, chart=None))
    assert api.posts[0].content == {}


async def test_a_text_that_would_be_cut_short_is_never_sent(api: LinkedinApi, linkedin: LinkedinTransport) -> None:
    error = await refusal(linkedin, replace(MESSAGE, body="Alder (24B)\n\nand more"))
    assert error.permanent
    assert api.posts == []
    assert read("Alder (24B)") == "Alder "


@pytest.mark.parametrize("kind", [Kind.DROP_AFTER, Kind.GARBAGE, Kind.DROP_BEFORE, Kind.BROKEN, Kind.HANG])
async def test_a_lost_answer_is_found_out_by_the_same_bytes_again(
    api: LinkedinApi, linkedin: LinkedinTransport, kind: Kind
) -> None:
    api.faults.extend([None, None, Fault(kind=kind)])
    receipt = await linkedin.send(MESSAGE)
    (post,) = api.posts
    assert receipt.external_id == post.urn
    assert api.calls["post"] == 2


@pytest.mark.parametrize("kind", [Kind.DROP_AFTER, Kind.DROP_BEFORE])
async def test_what_stays_unknown_is_asked_within_the_window_and_by_a_person_after_it(
    api: LinkedinApi, linkedin: LinkedinTransport, kind: Kind
) -> None:
    api.faults.extend([None, None, Fault(kind=kind), Fault(kind=Kind.DROP_BEFORE)])
    error = await refusal(linkedin)
    assert not error.outcome_known
    assert "https://www.linkedin.com/company/55/posts/" in str(error)
    start = api.now
    api.now = start + timedelta(minutes=9)
    with pytest.raises(TransportError, match="too late to ask") as caught:
        await linkedin.probe(MESSAGE)
    assert "company/55" in str(caught.value)
    api.now = start + timedelta(minutes=7)
    receipt = await linkedin.probe(MESSAGE)
    (post,) = api.posts
    assert receipt is not None
    assert receipt.external_id == post.urn


async def test_a_second_send_of_what_is_in_doubt_repeats_the_request_and_one_that_was_refused_makes_another(
    api: LinkedinApi, linkedin: LinkedinTransport
) -> None:
    api.faults.extend([None, None, Fault(kind=Kind.DROP_AFTER), Fault(kind=Kind.DROP_BEFORE)])
    assert not (await refusal(linkedin)).outcome_known
    receipt = await linkedin.send(MESSAGE)
    (post,) = api.posts
    assert receipt.external_id == post.urn
    assert api.calls["init"] == 1  # a new picture would have made it another post
    api.faults.extend([None, None, Fault(kind=Kind.ANSWER, status=429)])
    other = replace(MESSAGE, key="e2.c2.p0", body=escape_little("Birch (7B)"))
    assert (await refusal(linkedin, other)).outcome_known
    await linkedin.send(other)
    assert api.calls["init"] == 3
    assert len(api.posts) == 2


async def test_what_never_reached_the_post_surely_did_not_land(linkedin: LinkedinTransport) -> None:
    assert await linkedin.probe(MESSAGE) is None


async def test_a_refusal_after_a_lost_answer_tells_nothing(api: LinkedinApi, linkedin: LinkedinTransport) -> None:
    api.faults.extend([None, None, Fault(kind=Kind.DROP_AFTER), Fault(kind=Kind.ANSWER, status=429)])
    assert not (await refusal(linkedin)).outcome_known
    assert len(api.posts) == 1


async def test_a_duplicate_without_a_name_is_for_a_person(api: LinkedinApi, linkedin: LinkedinTransport) -> None:
    body = {"code": "DUPLICATE_POST", "message": "Duplicate"}
    api.faults.extend([None, None, Fault(kind=Kind.ANSWER, status=422, body=body)])
    assert not (await refusal(linkedin)).outcome_known


async def test_a_version_that_is_gone_is_stepped_over(
    api: LinkedinApi, linkedin: LinkedinTransport, account: Memory
) -> None:
    api.versions = {"202610"}
    await linkedin.send(MESSAGE)
    assert account.month == "202610"
    assert len(api.posts) == 1


async def test_no_version_at_all_stops_the_account(api: LinkedinApi, linkedin: LinkedinTransport) -> None:
    api.versions = set()
    error = await refusal(linkedin)
    assert isinstance(error, ChannelError)
    assert error.whole
    assert "linkedin.version" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "meant"),
    [
        (400, {"code": "INVALID_URN_ID", "message": "no"}, (TransportError, True, True)),
        (400, {"message": "Organization permissions must be used when"}, (ChannelError, False, True)),
        (400, {"code": "MEDIA_ASSET_WAITING_UPLOAD"}, (TransportError, False, True)),
        (401, {"code": "REVOKED_ACCESS_TOKEN"}, (ChannelError, False, True)),
        (403, {"code": "ACCESS_DENIED", "serviceErrorCode": 100}, (ChannelError, False, True)),
        (404, {"code": "NOT_FOUND"}, (TransportError, True, True)),
        (422, {"code": "FIELD_LENGTH_TOO_LONG"}, (TransportError, True, True)),
        (429, {"code": "TOO_MANY_REQUESTS"}, (TransportError, False, True)),
        (301, {}, (TransportError, True, True)),
    ],
)
async def test_every_refusal_has_its_meaning(
    api: LinkedinApi, linkedin: LinkedinTransport, status: int, body: dict[str, object],
    meant: tuple[type[TransportError], bool, bool],
) -> None:  # fmt: skip
    api.faults.extend([None, None, Fault(kind=Kind.ANSWER, status=status, body=body)])
    error = await refusal(linkedin)
    assert (type(error), error.permanent, error.outcome_known) == meant
    assert api.posts == []


async def test_a_pause_is_until_the_next_day_unless_it_says_how_long(
    api: LinkedinApi, linkedin: LinkedinTransport
) -> None:
    api.faults.append(Fault(kind=Kind.ANSWER, status=429))
    assert (await refusal(linkedin)).retry_after == 6 * 3600 + 60
    api.faults.append(Fault(kind=Kind.ANSWER, status=429, headers={"Retry-After": "30"}))
    assert (await refusal(linkedin)).retry_after == 30


async def test_the_days_quota_is_kept_without_asking(
    api: LinkedinApi, linkedin: LinkedinTransport, account: Memory
) -> None:
    account.made = 146
    error = await refusal(linkedin)
    assert error.retry_after == 6 * 3600 + 60
    assert sum(api.calls.values()) == 0


async def test_a_picture_that_is_refused_is_left_out_and_one_that_is_lost_is_tried_later(
    api: LinkedinApi, linkedin: LinkedinTransport
) -> None:
    api.faults.extend([None, Fault(kind=Kind.DROP_AFTER), Fault(kind=Kind.DROP_AFTER)])  # a PUT is tried twice
    lost = await refusal(linkedin)
    assert (lost.permanent, lost.outcome_known) == (False, True)
    api.faults.extend([None, Fault(kind=Kind.BROKEN)])
    broken = await refusal(linkedin)
    assert (broken.permanent, broken.outcome_known) == (False, True)
    api.faults.extend([None, Fault(kind=Kind.ANSWER, status=400)])
    await linkedin.send(MESSAGE)
    assert "thumbnail" not in api.posts[0].content["article"]


async def test_no_way_there_is_no_doubt(account: Memory) -> None:
    transport = LinkedinTransport(account, base_url="http://127.0.0.1:9")
    error = await refusal(transport)
    await transport.close()
    assert isinstance(error, UnreachableError)


async def test_the_token_goes_to_no_other_host_and_into_no_error(
    api: LinkedinApi, linkedin: LinkedinTransport, account: Memory
) -> None:
    value = {"value": {"uploadUrl": "http://evil.example/put", "image": "urn:li:image:1"}}
    api.faults.append(Fault(kind=Kind.ANSWER, status=200, body=value))
    await linkedin.send(MESSAGE)
    assert "thumbnail" not in api.posts[0].content["article"]
    api.tokens.clear()
    error = await refusal(linkedin, replace(MESSAGE, key="e2.c2.p0"))
    assert isinstance(error, ChannelError)
    assert account.held not in str(error)


async def test_a_post_is_edited_and_deleted_once(api: LinkedinApi, linkedin: LinkedinTransport) -> None:
    receipt = await linkedin.send(MESSAGE)
    urn = str(receipt.external_id)
    await linkedin.edit(replace(MESSAGE, body=escape_little("Corrected (twice)")), urn)
    assert api.posts[0].seen == "Corrected (twice)"
    assert await linkedin.delete(urn)
    assert not await linkedin.delete(urn)
    assert api.alive() == []
    with pytest.raises(TransportError, match="it was deleted") as caught:
        await linkedin.edit(MESSAGE, urn)
    assert caught.value.permanent


async def test_an_edit_without_calls_left_waits_for_the_next_day(
    api: LinkedinApi, linkedin: LinkedinTransport, account: Memory
) -> None:
    account.made = 150
    with pytest.raises(TransportError, match="quota") as caught:
        await linkedin.edit(MESSAGE, "urn:li:share:1")
    assert (caught.value.permanent, caught.value.retry_after) == (False, 6 * 3600 + 60)
    assert sum(api.calls.values()) == 0


async def test_checking_publishes_nothing(api: LinkedinApi, linkedin: LinkedinTransport) -> None:
    assert await linkedin.check("55") == f"{PAGE}, version 202609, 1 of 150 calls today"
    assert api.posts == []
    with pytest.raises(ChannelError):
        await linkedin.check("urn:li:organization:99")
    with pytest.raises(ChannelError, match="no author"):
        await linkedin.check("nobody")


def test_an_author_is_a_number_or_a_urn_and_never_doubled() -> None:
    assert author_of("55") == author_of(PAGE) == PAGE
    with pytest.raises(ValueError, match="no author"):
        author_of("urn:li:organization:urn:li:organization:55")


RESERVED = "\\|{}@[]()<>#*_~"
PIECES = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12),
    st.text(alphabet=RESERVED, max_size=6),
    st.sampled_from(["#tag", "@[Alder](urn:li:organization:1)", "{hashtag|\\#|x}", "https://a.example/b_(c)?d=~e#f",
                     "😀👩‍🔬", "\\", "e\u0301", "\n\n"]),
)  # fmt: skip


@given(st.lists(PIECES, max_size=12), st.lists(st.from_regex(r"[a-zA-Z0-9äß]{1,12}", fullmatch=True), max_size=5))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_text_reads_back_as_it_was_meant(pieces: list[str], tags: list[str]) -> None:
    text = "".join(pieces)
    commentary = escape_little(text) + "\n\n" + " ".join(little_hashtag(tag) for tag in tags)
    assert read(commentary) == text + "\n\n" + " ".join(f"#{tag}" for tag in tags)
