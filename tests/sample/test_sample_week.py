"""The sample week: that it contains what it claims to."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest
from defusedxml import ElementTree

from trendbot.errors import ConfigError
from trendbot.paths import bundled
from trendbot.sample import (
    FeedFormat,
    SampleEntry,
    SampleFeed,
    SampleWeek,
    document,
    load_history,
    load_sample,
)

THEMES = {"efficiency", "multimodal", "open-source", "training", "environment", "market", "tools", "trust"}
BURST = "sorrel-3"
NAMES = ("Phi-2", "mixture-of-experts", "27 times", "Claude 3", "Gemini 1.5 Pro", "Llama 3.1", "RLHF", "green AI")
NAMES += ("79.80%", "Advanced Data Analysis", "Artifacts", "federated learning", "Federated learning", "Explainable AI")


@pytest.fixture(scope="module")
def week() -> SampleWeek:
    return load_sample()


@pytest.fixture(scope="module")
def feeds(week: SampleWeek) -> dict[str, SampleFeed]:
    return {feed.slug: feed for feed in week.feeds}


@pytest.fixture(scope="module")
def entries(week: SampleWeek) -> list[SampleEntry]:
    """The entries of the week itself, without those of the days before."""
    return [entry for feed in week.feeds for entry in feed.entries if entry.at >= week.start]


@pytest.fixture(scope="module")
def hostile(feeds: dict[str, SampleFeed]) -> tuple[SampleEntry, ...]:
    return feeds["loose-wire"].entries


def entry_at(feed: SampleFeed, ending: str) -> SampleEntry:
    return next(entry for entry in feed.entries if entry.link.endswith(ending))


# ── the week ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_week_runs_from_monday_to_sunday_with_two_polls_a_day(week: SampleWeek) -> None:
    assert week.days == tuple(date(2026, 11, 9) + timedelta(days=n) for n in range(7))
    assert len(week.moments) == 14
    assert list(week.moments) == sorted(week.moments)
    assert week.start < week.moments[0]
    assert week.clock == week.moments[-1] < week.end


def test_there_are_enough_feeds_and_entries(week: SampleWeek, entries: list[SampleEntry]) -> None:
    assert sum(feed.live for feed in week.feeds) >= 14
    assert len(entries) >= 190


def test_everything_has_been_published_by_the_last_moment(week: SampleWeek, entries: list[SampleEntry]) -> None:
    assert max(moment for entry in entries for moment in entry.changes()) <= week.clock


def test_entries_are_in_the_order_of_their_appearance(week: SampleWeek) -> None:
    for feed in week.feeds:
        times = [entry.at for entry in feed.entries]
        assert times == sorted(times)
        assert all(at.utcoffset() == timedelta() for at in times)


def test_slugs_and_titles_of_feeds_are_unique(week: SampleWeek) -> None:
    assert len({feed.slug for feed in week.feeds}) == len({feed.title for feed in week.feeds}) == len(week.feeds)


def test_all_kinds_of_format_and_several_languages_occur(week: SampleWeek) -> None:
    assert {feed.format for feed in week.feeds} == set(FeedFormat)
    assert {feed.language for feed in week.feeds} >= {"en", "de", "fr"}
    assert len({feed.kind for feed in week.feeds}) >= 6


def test_every_host_is_one_that_nobody_can_own(week: SampleWeek, hostile: tuple[SampleEntry, ...]) -> None:
    addresses = [feed.site for feed in week.feeds]
    addresses += [entry.link for feed in week.feeds for entry in feed.entries if entry.link.startswith("https:")]
    assert all((urlsplit(address).hostname or "").endswith(".example") for address in addresses)
    text = " ".join(entry.title + entry.summary for entry in hostile)
    assert all(host.endswith(".example") for host in re.findall(r"https?://([\w.]+)", text))


def test_weekdays_are_busy_and_sunday_is_quiet(week: SampleWeek, entries: list[SampleEntry]) -> None:
    daily = Counter(entry.at.date() for entry in entries)
    *weekdays, _, sunday = (daily[day] for day in week.days)
    assert min(weekdays) >= 25
    assert sunday <= min(weekdays) * 0.6
    assert sunday == min(daily.values())


# ── themes and stories ────────────────────────────────────────────────────────────────────────────────────────────


def test_every_theme_has_ten_entries_on_at_least_five_days(entries: list[SampleEntry]) -> None:
    for theme in THEMES:
        tagged = [entry for entry in entries if theme in entry.themes]
        assert len(tagged) >= 10, theme
        assert len({entry.at.date() for entry in tagged}) >= 5, theme


def test_no_other_theme_is_named_and_some_entries_have_none(entries: list[SampleEntry]) -> None:
    assert {theme for entry in entries for theme in entry.themes} == THEMES
    assert any(not entry.themes for entry in entries)


def test_the_names_that_themes_live_by_occur(entries: list[SampleEntry], week: SampleWeek) -> None:
    text = " ".join(f"{entry.title} {entry.summary}" for feed in week.feeds for entry in feed.entries)
    for name in NAMES:
        assert name in text, name


def test_many_stories_are_reported_by_three_feeds_or_more(week: SampleWeek) -> None:
    reporters = defaultdict(set)
    for feed in week.feeds:
        for entry in feed.entries:
            reporters[entry.story].add(feed.slug)
    del reporters[None]
    shared = {story: slugs for story, slugs in reporters.items() if len(slugs) >= 3}
    assert len(shared) >= 15
    assert len({len(slugs) for slugs in shared.values()}) >= 4
    assert set(reporters) - set(shared) == {"quillon-rumour"}


def test_some_reports_are_copied_word_for_word_under_another_address(entries: list[SampleEntry]) -> None:
    seen = defaultdict(set)
    for entry in entries:
        seen[entry.title, entry.summary].add(entry.link)
    assert sum(len(links) > 1 for links in seen.values()) >= 2


def test_the_aggregator_repeats_addresses_with_campaign_parameters(
    week: SampleWeek, feeds: dict[str, SampleFeed]
) -> None:
    links = {entry.link for feed in week.feeds for entry in feed.entries}
    for entry in feeds["skim"].entries:
        address, _, query = entry.link.partition("?")
        assert address in links
        assert query.startswith("utm_source=skim")


def test_the_release_bursts_on_the_last_two_days(week: SampleWeek, entries: list[SampleEntry]) -> None:
    daily = Counter(entry.at.date() for entry in entries if "open-source" in entry.themes)
    before = [daily[day] for day in week.days[:5]]
    assert min(daily[day] for day in week.days[5:]) >= 3 * max(before)
    reports = [entry for entry in entries if entry.story == BURST]
    assert {entry.at.date() for entry in reports} == set(week.days[5:])
    assert len(reports) >= 20
    assert not any("Sorrel 3" in entry.title for entry in entries if entry.at.date() < week.days[5])


# ── what happens to entries ───────────────────────────────────────────────────────────────────────────────────────


def test_a_correction_replaces_the_wording_when_it_is_made(feeds: dict[str, SampleFeed]) -> None:
    feed = feeds["ledger-loom"]
    entry = entry_at(feed, "/stories/4476")
    assert entry.edited_at is not None
    before, after = (
        feedparser.parse(document(feed, at=at).body) for at in (entry.edited_at - timedelta(1), entry.edited_at)
    )
    old, new = (next(e for e in parsed.entries if e.id == entry.guid) for parsed in (before, after))
    assert "€24 billion" in old.title
    assert "€21 billion" in new.title
    assert "€21 billion" in new.summary
    assert old.published == new.published


def test_a_withdrawn_entry_leaves_the_feed(feeds: dict[str, SampleFeed]) -> None:
    feed = feeds["inference-post"]
    entry = next(entry for entry in feed.entries if entry.withdrawn_at)
    assert entry.withdrawn_at is not None
    assert entry not in feed.latest(entry.at - timedelta(seconds=1))
    assert entry in feed.latest(entry.at)
    assert entry not in feed.latest(entry.withdrawn_at)
    assert feed.modified(entry.withdrawn_at) == entry.withdrawn_at


def test_an_unread_feed_shows_its_latest_thirty(feeds: dict[str, SampleFeed], week: SampleWeek) -> None:
    for feed in feeds.values():
        latest = feed.latest(week.clock)
        assert latest == sorted(latest, key=lambda entry: entry.at, reverse=True)
        assert len(latest) <= 30


# ── what a careless or hostile publisher sends ────────────────────────────────────────────────────────────────────


def test_dates_are_missing_impossible_far_off_and_ancient(week: SampleWeek) -> None:
    dates = {entry.date for feed in week.feeds for entry in feed.entries} - {None}
    assert "" in dates
    assert "0001-01-01T00:00:00Z" in dates
    assert any("2027" in text for text in dates)
    assert any("+2600" in text for text in dates)


@pytest.mark.parametrize(
    "trick",
    ["<script>", "onerror=", "javascript:", "<iframe", "<style>", "\u202e", "\u2066", "\u200b", "\u2060", "\ufeff",
     "Ignore all previous instructions", "&amp;amp;", "&notanentity;", "\r\nBcc: ", "{{ config }}", "%s"],
)  # fmt: skip
def test_hostile_text_occurs(hostile: tuple[SampleEntry, ...], trick: str) -> None:
    assert any(trick in entry.title + entry.summary for entry in hostile)


def test_hostile_text_survives_to_the_reader_of_the_document(feeds: dict[str, SampleFeed], week: SampleWeek) -> None:
    channel = ElementTree.fromstring(document(feeds["loose-wire"], at=week.clock).body).find("channel")
    assert channel is not None
    titles = [item.findtext("title") for item in channel.iter("item")]
    assert [entry.title for entry in feeds["loose-wire"].latest(week.clock)] == titles


def test_titles_of_three_thousand_characters_bad_links_and_a_reused_guid_occur(
    hostile: tuple[SampleEntry, ...],
) -> None:
    assert max(len(entry.title) for entry in hostile) >= 3000
    assert {"javascript:alert(document.domain)", "http://"} <= {entry.link for entry in hostile}
    assert max(Counter(entry.guid for entry in hostile).values()) == 2


def test_the_files_hold_no_invisible_characters() -> None:
    for path in (bundled("seeds") / "sample").rglob("*.toml"):
        assert not re.search(
            "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x09\x0b-\x1f]", path.read_text("utf-8")
        )


# ── broken data ───────────────────────────────────────────────────────────────────────────────────────────────────

META = 'title = "t"\nfirst_day = 2026-11-09\nlast_day = 2026-11-09\npoll_at = [07:00:00]\n'
FEED = '[feed]\nslug = "a"\ntitle = "A"\nsite = "https://a.example"\nabout = "x"\nformat = "rss"\nkind = "news"\n'
FEED += 'language = "en"\nweight = 1.0\n'


def written(folder: Path, meta: str, feed: str) -> Path:
    (folder / "feeds").mkdir()
    (folder / "sample.toml").write_text(meta, encoding="utf-8")
    (folder / "feeds" / "a.toml").write_text(feed, encoding="utf-8")
    return folder


def test_a_sample_of_ones_own_can_be_loaded(tmp_path: Path) -> None:
    week = load_sample(written(tmp_path, META, FEED))
    assert [feed.slug for feed in week.feeds] == ["a"]
    assert b"<title>A</title>" in document(week.feeds[0], at=week.clock).body


@pytest.mark.parametrize(
    ("meta", "feed", "complaint"),
    [
        (META, FEED + "weigth = 2.0\n", "unknown key weigth"),
        (META, FEED + '[[entry]]\nlinks = "/a"\n', "unknown key links"),
        (META, FEED.replace('"rss"', '"pdf"'), "pdf"),
        (META, "[feed\n", "cannot be read"),
        ("", FEED, "first_day"),
    ],
)
def test_broken_sample_data_is_refused_by_name(tmp_path: Path, meta: str, feed: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load_sample(written(tmp_path, meta, feed))


def test_a_missing_sample_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sample\.toml cannot be read"):
        load_sample(tmp_path)


def test_the_source_data_are_toml_of_readable_size() -> None:
    for path in (bundled("seeds") / "sample").rglob("*.toml"):
        assert tomllib.loads(path.read_text(encoding="utf-8"))
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


# -- the weeks before --------------------------------------------------------------------------------------------------


def test_the_weeks_before_are_the_same_each_time_old_and_made_up(week: SampleWeek) -> None:
    past = load_history(week)
    assert past == load_history(week)
    assert len(past) > 400
    assert len({one.entry.guid for one in past}) == len(past)
    english = {feed.slug for feed in week.feeds if feed.live and feed.language == "en"}
    assert {one.feed for one in past} == english
    dates = [one.entry.published_at for one in past if one.entry.published_at]
    assert len(dates) == len(past)
    assert max(dates) < week.start - timedelta(days=1)
    assert (week.start - min(dates)).days >= 28
    assert all(".example/" in one.entry.url for one in past)
    assert not any("{" in one.entry.title + one.entry.summary for one in past)


def test_a_broken_history_is_said_in_one_line(week: SampleWeek, tmp_path: Path) -> None:
    (tmp_path / "history.toml").write_text("orgs = []", encoding="utf-8")
    with pytest.raises(ConfigError, match="restore it"):
        load_history(week, tmp_path)
