from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trendbot.core.ranking import Candidate, Report, choose_lead, matters, rank, select
from trendbot.core.titles import is_routine
from trendbot.core.vocabulary import FeedKind
from trendbot.core.weights import Weights

NOW = datetime(2026, 11, 15, 18, tzinfo=UTC)


def report(entry_id: int, title: str = "A model learns to read maps", **given_values) -> Report:
    values = {
        "feed_id": entry_id,
        "source": f"Feed {entry_id}",
        "kind": FeedKind.NEWSLETTER,
        "weight": 1.0,
        "language": "en",
        "body": "",
        "url": f"https://x.example/{entry_id}",
        "canonical_url": f"https://site{given_values.get('feed_id', entry_id)}.example/{entry_id}",
        "dated_at": NOW - timedelta(hours=1),
        "seen_at": NOW,
        "backlog": False,
        "themes": {"tools": 0.9},
    }
    return Report(entry_id=entry_id, title=title, **values | given_values)


def story(story_id: int, *reports: Report, surprise: float = 0.0) -> Candidate:
    kept = reports or (report(story_id, f"Story {story_id} alpha{story_id} beta{story_id} gamma{story_id}"),)
    return Candidate(story_id=story_id, title=kept[0].title, lead_entry_id=None, reports=tuple(kept), surprise=surprise)


def score(candidate: Candidate) -> float:
    return rank([candidate], now=NOW, window_days=1)[0].score


def test_the_parts_add_up_to_the_score() -> None:
    (ranked,) = rank([story(1, report(1), report(2, kind=FeedKind.NEWS), surprise=5)], now=NOW, window_days=1)
    assert ranked.score == pytest.approx(sum(ranked.parts.values()), abs=1e-3)
    assert set(ranked.parts) >= {"publishers", "kinds", "press", "surprise", "themes"}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (story(1, report(1), report(2)), story(2, report(1))),
        (story(1, report(1), report(2)), story(2, report(1, feed_id=5), report(2, feed_id=5))),
        (story(1, report(1, kind=FeedKind.LAB)), story(2, report(1))),
        (story(1, report(1, weight=1.8)), story(2, report(1))),
        (story(1, report(1), surprise=4), story(2, report(1))),
        (story(1, report(1)), story(2, report(1, themes={}))),
        (story(1, report(1)), story(2, report(1, "How I built a model that reads maps"))),
        (story(1, report(1)), story(2, report(1, dated_at=NOW - timedelta(days=2)))),
        (story(1, report(1)), story(2, report(1, kind=FeedKind.COMMUNITY))),
        (story(1, report(1, names=2)), story(2, report(1))),
        (story(1, report(1, "Alder releases a model that reads maps")), story(2, report(1))),
        (story(1, report(1)), story(2, report(1, "@someone A model learns to read maps"))),
        (story(1, report(1)), story(2, report(1, "A model learns to read maps #AI #BigData"))),
        (story(1, report(1)), story(2, report(1, "A model learns to read maps \U0001f680"))),
        (story(1, report(1)), story(2, report(1, "A model learns to read maps https://t.example/x"))),
        (story(1, report(1)), story(2, report(1, "Can a model learn to read maps?"))),
        (story(1, report(1)), story(2, report(1, "A webinar on models that read maps: register now"))),
        (story(1, report(1)), story(2, report(1, "maps-model v1.4.2"))),
    ],
    ids=["more feeds", "independent feeds", "press", "weight", "surprise", "a theme", "not personal", "fresher",
         "not talk alone", "names", "action", "no reply", "no hashtags", "no emoji", "no link", "no question",
         "no promotion", "no bare version"],
)  # fmt: skip
def test_what_counts_for_a_story(better: Candidate, worse: Candidate) -> None:
    assert score(better) > score(worse)


def test_a_feed_that_publishes_much_says_less_with_each() -> None:
    loud = [story(number, report(number, feed_id=99)) for number in range(10, 20)]
    ranked = rank([*loud, story(1, report(1))], now=NOW, window_days=1)
    assert ranked[0].candidate.story_id == 1


def test_weights_are_what_the_operator_says() -> None:
    press, plain = story(2, report(2, kind=FeedKind.NEWS)), story(1, report(1))
    assert rank([plain, press], now=NOW, window_days=1)[0].candidate is press
    unlike = Weights(press=-5.0)
    assert rank([plain, press], now=NOW, window_days=1, weights=unlike)[0].candidate is plain


@pytest.mark.parametrize(
    "title", ["v1.4.2", "ollama v0.5.1", "langchain==0.3.1", "transformers 4.57.0", "Release 2.1", "0.9.3-rc1"]
)
def test_bare_versions_are_told_from_names(title: str) -> None:
    assert is_routine(title)
    assert not is_routine("Gemini 2.0"), "a model's name is no version of a package"
    assert not is_routine("OpenAI releases GPT-5.2 to all")


@pytest.mark.parametrize("title", ["Save 30% off our AI course: use code AI30", "maps-model v1.4.2"])
def test_advertisements_and_bare_versions_never_reach_the_headlines(title: str) -> None:
    made = chosen([story(1), story(2, report(2, title, kind=FeedKind.NEWS))])
    assert made.lead is not None
    assert made.lead.candidate.story_id == 1
    assert made.also == ()
    assert made.sections == ()


def test_what_is_like_what_was_chosen_stands_back() -> None:
    first = story(1, report(1, "Alder opens the weights of its model Borealis", weight=1.9))
    like = story(2, report(2, "Rivals of Alder answer Borealis with cheaper weights", weight=1.12))
    other = story(3, report(3, "A regulator fines the maker of a chatbot for children", weight=1.1))
    made = chosen([first, like, other], stories=1)
    assert [each.candidate.story_id for each in made.also] == [3, 2]


def test_the_order_does_not_depend_on_the_order_of_arrival() -> None:
    stories = [story(number) for number in range(1, 9)]
    assert rank(stories, now=NOW, window_days=1) == rank(reversed(stories), now=NOW, window_days=1)


def test_the_title_nearest_to_all_titles_leads() -> None:
    candidate = story(
        1,
        report(1, "Wow, this changes everything for all of us"),
        report(2, "Alder opens the weights of its model"),
        report(3, "Alder opens model weights to all"),
    )
    assert choose_lead(candidate).entry_id in (2, 3)


def test_a_question_stands_back() -> None:
    candidate = story(1, report(1, "Did Alder just open its model?"), report(2, "Alder opens its newest model"))
    assert choose_lead(candidate).entry_id == 2


def chosen(candidates: list[Candidate], **given_values: int):
    values = {"stories": 10, "also": 8, "per_theme": 3, "per_feed": 2} | given_values
    return select(rank(candidates, now=NOW, window_days=1), order=("tools",), **values)


THEMES = ("tools", "trust", "market", "training")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.lists(st.sampled_from(THEMES), max_size=3), st.integers(0, 40)), max_size=40
    ),
    st.integers(1, 12),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_the_caps_hold_whatever_comes(news: list, stories: int, per_theme: int, per_feed: int) -> None:
    candidates = [
        story(
            number,
            report(
                number,
                f"Number{number} word{number * 7} thing{number * 13} event{number}",
                feed_id=feed,
                themes=dict.fromkeys(themes, 0.9),
                dated_at=NOW - timedelta(hours=hours),
            ),
        )
        for number, (feed, themes, hours) in enumerate(news, start=1)
    ]
    made = chosen(candidates, stories=stories, per_theme=per_theme, per_feed=per_feed)
    told = [each for _, items in made.sections for each in items]
    everything = [*([made.lead] if made.lead else []), *told, *made.also]
    assert (made.lead is None) == (not candidates)
    assert bool(made.lead) + len(told) <= max(stories, 1)
    assert all(len(items) <= per_theme for _, items in made.sections)
    assert all(items for _, items in made.sections)
    feeds = [each.lead.feed_id for each in everything]
    assert all(feeds.count(feed) <= per_feed for feed in feeds)
    ids = [each.candidate.story_id for each in everything]
    assert len(ids) == len(set(ids))


def test_near_repeats_run_once() -> None:
    twins = [story(number, report(number, "Alder opens the weights of its model today")) for number in (1, 2)]
    made = chosen(twins)
    assert made.lead is not None
    assert made.sections == ()
    assert made.also == ()


def test_a_story_without_a_theme_is_told_among_the_headlines() -> None:
    first = story(1)
    second = story(2, replace(report(2, "Something else entirely happens", kind=FeedKind.NEWS), themes={}))
    alone = story(3, replace(report(3, "A canteen of its own opens"), themes={}))
    made = chosen([first, second, alone])
    assert [each.candidate.story_id for each in made.also] == [2]


@pytest.mark.parametrize(("ahead", "leads"), [(0.3, 1), (0.9, 2)], ids=["nearly", "much"])
def test_a_story_of_a_theme_leads_where_it_is_nearly_as_good(ahead: float, leads: int) -> None:
    themed = story(1, report(1, "A canteen for machines opens"))
    other = story(2, report(2, "Something else entirely happens", kind=FeedKind.NEWS, themes={}))
    plain = {each.candidate.story_id: each for each in rank([themed, other], now=NOW, window_days=1)}
    level = Weights().press + plain[1].score - plain[2].score
    ranked = rank([themed, other], now=NOW, window_days=1, weights=Weights(press=level + ahead))
    assert ranked[0].candidate is other
    assert led(ranked) == leads


def test_what_lists_an_issue_or_teaches_leads_only_where_nothing_near_is_news() -> None:
    contents = "Alder Opens Its Model, Birch Buys a Lab, Maps for Everyone"
    issue = story(1, *(report(n, contents, kind=FeedKind.NEWS) for n in range(1, 6)))
    ranked = rank([issue, story(2, report(9, "A canteen for machines opens"))], now=NOW, window_days=1)
    assert ranked[0].candidate is issue
    assert led(ranked) == 2
    assert led(ranked[:1]) == 1


def led(ranked):
    lead = select(ranked, order=("tools",), stories=5, also=4, per_theme=3, per_feed=2).lead
    assert lead is not None
    return lead.candidate.story_id


@pytest.mark.parametrize(
    ("title", "themes", "counts"),
    [
        ("Cedar buys Birch for $3 billion", {}, True),
        ("Mastering maps: the firm Cedar buys Birch for $3 billion", {}, False),
        ("Mastering maps: the firm Cedar buys Birch for $3 billion", {"tools": 0.9}, True),
        ("v1.4.2: Cedar buys Birch", {"tools": 0.9}, False),
        ("Save 30% off: Cedar buys Birch", {"tools": 0.9}, False),
    ],
)
def test_what_has_merit(title: str, themes: dict[str, float], counts: bool) -> None:
    wires = [report(number, title, kind=FeedKind.NEWS, themes=themes) for number in range(2, 9)]
    (only,) = rank([story(1, *wires)], now=NOW, window_days=1)
    assert only.score > 0
    assert matters(only) is counts
