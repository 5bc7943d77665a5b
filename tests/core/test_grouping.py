from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trendbot.core.grouping import (
    Background,
    Grouper,
    Item,
    Reason,
    Report,
    choose_lead,
    copies,
    news_since,
    pack,
    unpack,
)
from trendbot.core.grouping.agreement import agreement
from trendbot.core.grouping.background import word_hash
from trendbot.core.grouping.vectors import dot, length, stem, vectors
from trendbot.core.vocabulary import FeedKind
from trendbot.errors import ConfigError
from trendbot.pipeline.group import background
from trendbot.pipeline.judge_stories import judge_stories, labelled_items

AT = datetime(2026, 11, 15, 8, tzinfo=UTC)
WORDS = [
    word
    for line in (
        "acme borealis model open code launch chip export fine regulator court energy grid data centre voice image",
        "video school robot hospital bank copyright artist union strike investor round billion security",
        "leak benchmark paper",
    )
    for word in line.split()
]


def item(
    number: int, title: str, *, hours: float = 0, feed: int | None = None, summary: str = "", url: str = ""
) -> Item:
    return Item(
        entry_id=number,
        mark=f"{number:04}",
        feed_id=number if feed is None else feed,
        title=title,
        summary=summary,
        canonical_url=url,
        dated_at=AT + timedelta(hours=hours),
    )


def place(*items: Item) -> list[int]:
    grouper = Grouper(background())
    placed = [grouper.place(one, opening=number).story for number, one in enumerate(items)]
    return [grouper.resolve(story) for story in placed]


# -- joining -----------------------------------------------------------------------------------------------------------


def test_one_event_in_other_words_is_one_story() -> None:
    one, two, three = place(
        item(1, "Acme releases Borealis 3, an open model for code"),
        item(2, "Open code model Borealis 3 released by Acme", hours=2),
        item(3, "Regulator fines a chip maker over export papers", hours=3),
    )
    assert one == two != three


def test_the_same_page_is_one_story_whatever_it_is_called() -> None:
    url = "https://acme.example/borealis"
    one, two = place(
        item(1, "Introducing Borealis", url=url), item(2, "Acme's new thing is here at last", hours=90, url=url)
    )
    assert one == two


def test_one_feed_may_use_one_address_for_many_entries() -> None:
    url = "https://acme.example/changelog"
    one, two = place(
        item(1, "Version 3.1 mends the login page", feed=7, url=url),
        item(2, "Borealis learns to draw horses", feed=7, hours=30, url=url),
    )
    assert one != two


def test_the_same_headline_within_a_week_is_one_story_and_later_is_not() -> None:
    title = "The quiet week that was in open models"
    one, two, three = place(item(1, title), item(2, f"{title} | Model Wire", hours=100), item(3, title, hours=400))
    assert one == two != three


def test_an_entry_that_comes_late_still_joins() -> None:
    grouper = Grouper(background())
    first = grouper.place(item(1, "Acme releases Borealis 3, an open model for code", hours=48), opening=1)
    late = grouper.place(item(2, "Open code model Borealis 3 released by Acme", hours=0), opening=2)
    assert late.story == first.story
    assert late.reason is Reason.SIMILAR


def test_scripts_without_spaces_and_texts_without_words_are_survived() -> None:
    stories = place(
        item(1, "英伟达据悉收购初创公司 Kumo AI"),
        item(2, "英伟达据悉收购初创公司Kumo AI", hours=1),
        item(3, "金山办公推出AI笔记产品WPS笔记", hours=2),
        item(4, "!!!", hours=3),
        item(5, "", hours=4),
        item(6, "หุ่นยนต์ใหม่ของบริษัท", hours=5),
    )
    assert stories[0] == stories[1]
    assert len(set(stories)) == 5


def test_two_stories_that_turn_out_to_be_one_are_united_under_the_older_number() -> None:
    grouper = Grouper(background())
    titles = (
        "Zephyr earthquake shakes coastal town of Marlow",
        "Marlow mayor orders harbour evacuation after tremor",
        "Zephyr earthquake: Marlow harbour evacuation ordered by mayor after tremor shakes coastal town",
    )
    placed = [grouper.place(item(n, title, hours=n), opening=n) for n, title in enumerate(titles)]
    assert {grouper.resolve(one.story) for one in placed} == {0}


def test_a_story_shaped_by_a_person_is_never_united() -> None:
    grouper = Grouper(background())
    grouper.load(1, [item(1, "Borealis 3 released by Acme today")], first_at=AT, curated=True)
    grouper.load(2, [item(2, "Borealis 3 released by Acme")], first_at=AT)
    placed = grouper.place(item(3, "Acme: Borealis 3 released today", hours=1), opening=3)
    assert placed.absorbed == ()


# -- determinism -------------------------------------------------------------------------------------------------------


def stream(seed: int, size: int = 160) -> list[Item]:
    """Make up a stream in which events are told by several feeds in their own words, some of them days later."""
    rng = random.Random(seed)
    events = [rng.sample(WORDS, 7) for _ in range(size // 5)]
    found = []
    for number in range(size):
        event = rng.choice(events[max(0, number // 5 - 6) : number // 5 + 1])
        told = " ".join(rng.sample(event, 5) + rng.sample(WORDS, 1))
        url = f"https://page.example/{rng.randrange(12)}" if rng.random() < 0.1 else ""
        found.append(item(number, told, hours=number * 2.5, feed=rng.randrange(9), url=url))
    return found


def groups(stories: dict[int, int]) -> set[frozenset[int]]:
    found: dict[int, set[int]] = {}
    for entry, story in stories.items():
        found.setdefault(story, set()).add(entry)
    return {frozenset(members) for members in found.values()}


@pytest.mark.parametrize("seed", range(4))
def test_a_grouper_filled_from_the_store_goes_on_like_one_that_never_stopped(seed: int) -> None:
    items = stream(seed)
    whole = Grouper(background())
    placed = {one.entry_id: whole.place(one, opening=one.entry_id).story for one in items}
    expected = {entry: whole.resolve(story) for entry, story in placed.items()}

    stored: dict[int, int] = {}
    by_id = {one.entry_id: one for one in items}
    for cut in range(0, len(items), 23):
        grouper = Grouper(background())
        members: dict[int, list[Item]] = {}
        for entry, story in stored.items():
            members.setdefault(story, []).append(by_id[entry])
        for story, its in sorted(members.items(), reverse=True):
            latest = sorted(its, key=lambda one: (one.dated_at, one.entry_id))[-grouper.grouping.members :]
            grouper.load(story, latest, first_at=min(one.dated_at for one in its))
        for story, its in members.items():
            for one in its:
                if one.canonical_url:
                    grouper.note_url(one, story)
        for one in items[cut : cut + 23]:
            stored[one.entry_id] = grouper.place(one, opening=one.entry_id).story
        stored = {entry: grouper.resolve(story) for entry, story in stored.items()}
    assert stored == expected


def test_what_runs_long_is_bounded() -> None:
    grouper = Grouper(background())
    for number in range(400):
        grouper.place(
            item(number, f"{WORDS[number % 7]} alpha{number} beta{number} gamma{number}", hours=number * 6),
            opening=number,
        )
    assert len(grouper.numbers) <= 7 * 24 / 6 + 2


# -- words -------------------------------------------------------------------------------------------------------------


def test_vectors_have_length_one_and_exact_sums() -> None:
    made = vectors("Acme's GPT-5.2 rivals cost $2.5 billion", "A summary of the matter.", background())
    assert length(made.title) == pytest.approx(1, abs=1e-5)
    assert {"acme", "gpt-5.2", "gpt", "5.2", "rival"} <= set(made.title)
    assert dot(made.title, made.body) > 0
    assert all((value * 2**20).is_integer() for value in made.body.values())


@pytest.mark.parametrize(
    ("word", "expected"),
    [("releases", "releas"), ("released", "releas"), ("releasing", "releas"), ("companies", "company"),
     ("planned", "plan"), ("boxes", "box"), ("glass", "glass"), ("gpt-5s", "gpt-5s"), ("bus", "bus"), ("k2.5", "k2.5")],
)  # fmt: skip
def test_stems(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_the_table_of_words_survives_packing_and_says_when_it_is_damaged() -> None:
    table = Background(documents=100, counts={word_hash("model"): 40, word_hash("acme"): 3})
    again = unpack(pack(table))
    assert again == table
    assert again.weight("model") < again.weight("acme") < again.weight("unheard")
    for damaged in (b"", b"nonsense" * 9, pack(table)[:-4], b"X" + pack(table)[1:]):
        with pytest.raises(ConfigError):
            unpack(damaged)


# -- lead, copies, news ------------------------------------------------------------------------------------------------


def report(
    number: int, title: str, *, hours: float = 0, summary: str = "", kind: FeedKind = FeedKind.NEWS, **more: object
) -> Report:
    said = {"weight": 1.0, "withdrawn": False, **more}
    return Report(
        entry_id=number, feed_id=number, kind=kind, title=title, summary=summary, dated_at=AT + timedelta(hours=hours),
        **said,  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_lead_is_the_title_nearest_to_all() -> None:
    reports = [
        report(1, "Why I am worried about Borealis"),
        report(2, "Acme releases Borealis 3, an open model for code"),
        report(3, "Borealis 3, open code model, released"),
        report(4, "Thoughts?", kind=FeedKind.COMMUNITY),
    ]
    assert choose_lead(reports) in {2, 3}
    assert choose_lead([]) is None


def test_a_withdrawn_entry_is_no_lead_and_weight_decides_between_two() -> None:
    two = [report(1, "Acme opens a lab in Oslo", withdrawn=True), report(2, "Oslo gets an Acme lab")]
    assert choose_lead(two) == 2
    weighed = [report(1, "Acme opens an Oslo lab"), report(2, "Acme opens an Oslo lab", hours=1, weight=2.0)]
    assert choose_lead(weighed) == 2


def test_syndicated_copies_are_known_and_are_no_news() -> None:
    text = "The regulator said on Monday that it would fine the company over papers that were missing from its exports."
    reports = [
        report(1, "Chip maker fined over exports", summary=text),
        report(2, "Chip maker fined over exports", hours=2, summary=text),
        report(
            3, "Shares fall after the fine", hours=3, summary="Investors sold the stock within minutes of the news."
        ),
    ]
    assert copies(reports) == {2: 1}
    assert news_since(reports, AT + timedelta(hours=1)) == (3,)


# -- agreement ---------------------------------------------------------------------------------------------------------


def test_agreement_by_hand() -> None:
    found = agreement([("a", 1), ("a", 1), ("b", 1), ("c", 2)])
    assert found.b3_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert found.b3_recall == 1.0
    assert (found.pairwise_precision, found.pairwise_recall) == (pytest.approx(1 / 3), 1.0)
    assert found.multi_precision == pytest.approx(2 / 3)
    perfect = agreement([("a", 1), ("a", 1), ("b", 2)])
    assert (perfect.b3_f1, perfect.multi_f1, perfect.pairwise_f1) == (1, 1, 1)
    assert perfect.singletons_b3_f1 == pytest.approx(2 * (2 / 3) / (1 + 2 / 3))


SETS = ("clusters_googlenews", "clusters_lastweekinai", "clusters_scoop_ainews", "clusters_allsides")


def test_real_sets_are_grouped_well_with_one_setting(shared_data: Path) -> None:
    scores = []
    for name in SETS:
        lines = []
        for line in (shared_data / name / "items.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            lines.append(json.dumps({**row, "story": row.get("strict_cluster") or row["cluster"]}))
        found = judge_stories(labelled_items(lines, name=name), background()).agreement
        assert found.b3_f1 > found.singletons_b3_f1, name
        scores.append(found.b3_f1)
    assert sum(scores) / len(scores) >= 0.90


def test_a_poll_may_answer_in_any_order(shared_data: Path) -> None:
    """Shuffled within the poll (here: a day), the same entries under other ids make the same stories."""
    rows = [
        json.loads(line)
        for line in (shared_data / "clusters_googlenews" / "items.jsonl").read_text("utf-8").splitlines()
    ]
    scores = set()
    for seed in range(3):
        polled = [{**row, "story": row["cluster"], "published": row["published"][:11] + "12:00:00Z"} for row in rows]
        random.Random(seed).shuffle(polled)
        lines = [json.dumps({**row, "id": f"{number:06}"}) for number, row in enumerate(polled)]
        scores.add(judge_stories(labelled_items(lines, name="set"), background()).agreement.b3_f1)
    assert len(scores) == 1


# -- one feed, numbers, pages ------------------------------------------------------------------------------------------


def test_a_feed_that_dumps_its_archive_makes_no_story_of_it() -> None:
    names = ("Small 4", "OCR 4", "Voxtral", "Forge", "Connectors", "Studio", "Search Toolkit", "Physics")
    told = "Latest news from the makers of the models, in one list for all:"
    dumped = [
        item(10 * feed + n, f"[News] Acme {name}", feed=feed, summary=f"{told} {name}")
        for feed in (1, 2)
        for n, name in enumerate(names)
    ]
    stories = place(*dumped)
    assert len(set(stories)) == len(names)
    assert stories[: len(names)] == stories[len(names) :]


def test_a_feeds_second_report_joins_where_many_tell_the_event() -> None:
    told = [
        item(n, f"Harbour of Marlow shut after Zephyr earthquake, {word}", feed=n) for n, word in enumerate(WORDS[:8])
    ]
    again = item(99, "Zephyr earthquake keeps harbour of Marlow shut for days", feed=3, hours=5)
    stories = place(*told, again)
    assert len(set(stories)) == 1
    alone = place(told[3], again)
    assert alone[0] != alone[1]


def test_titles_with_other_numbers_are_further_apart() -> None:
    grouper = Grouper(background())
    grouper.place(item(1, "Acme ships Borealis 3.1 for phones"), opening=1)
    other = grouper.place(item(2, "Acme brings Borealis 3.2 to phones", hours=1), opening=2)
    same = grouper.place(item(3, "Acme brings Borealis 3.1 to phones", hours=1), opening=3)
    assert same.story == 1
    assert other.similarity is None or other.similarity < (same.similarity or 0)


def test_the_page_of_a_changelog_is_no_event() -> None:
    url = "https://acme.example/changelog"
    stories = place(
        item(1, "Update of 21 May", feed=1, url=url),
        item(2, "Update of 21 May", feed=2, hours=1, url=url),
        item(3, "Update of 22 May: horses are drawn", feed=1, hours=24, url=url),
        item(4, "Update of 22 May: horses are drawn", feed=2, hours=25, url=url),
        item(5, "Login mended on telephones", feed=3, hours=26, url=url),
    )
    assert stories[0] == stories[1]
    assert stories[2] == stories[3]
    assert len({stories[0], stories[2], stories[4]}) == 3


def test_a_page_that_is_named_anew_stays_one_story() -> None:
    url = "https://acme.example/borealis"
    one, two = place(
        item(1, "Acme opens Borealis, a model for code", feed=7, url=url),
        item(2, "Updated: Borealis opens to all, says Acme", feed=7, hours=30, url=url),
    )
    assert one == two


def test_a_thousand_entries_at_one_address_stay_cheap() -> None:
    grouper = Grouper(background())
    for number in range(300):
        title = f"{WORDS[number % 30]} {WORDS[number * 7 % 30]} {number}"
        grouper.place(item(number, title, feed=1, hours=number / 10, url="https://acme.example/log"), opening=number)
    assert max(len(sights) for sights in grouper.addresses.values()) <= 50


def test_a_small_story_joins_one_that_has_grown_near_to_it() -> None:
    rows = [
        item(0, "Zephyr earthquake shakes coastal town of Marlow"),
        item(1, "Harbour evacuated, says mayor", hours=1, summary="Boats left the harbour by noon."),
        item(
            2, "Marlow: harbour evacuated after Zephyr earthquake", hours=2, summary="Boats left by noon, says mayor."
        ),
    ]
    assert len(set(place(*rows[:2]))) == 2
    assert len(set(place(*rows))) == 1
