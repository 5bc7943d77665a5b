"""Whether anything goes out in a composed digest that its sources do not say.

Run:      python benchmarks/grounding.py FOLDER [--digests 200]      (a minute or two)
FOLDER:   a folder of sets: every `items.jsonl` below it (title, summary, source, url a line), and the feed documents in
          `feeds_ai/files` where there are some.
Measures: composes so many digests of 60 random entries each, in stories of one to three, renders them for every channel
          and some choices of themes, and counts the numbers, dates and quotations that stand in a text and neither in
          the entries it tells nor among the counts that the digest was given. The check is its own: it shares no code
          with the proof gate. Yardstick in the same run: the same check where every entry's text is another's.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trendbot.core import limits
from trendbot.core.composing import Period, build_content
from trendbot.core.digests import DigestContent, DigestPolicy, Rendering, slot_of
from trendbot.core.ranking import Candidate, Report
from trendbot.core.telling import tellable
from trendbot.core.variants import select_for
from trendbot.core.vocabulary import Cadence, ChannelKind, FeedKind
from trendbot.errors import FeedError
from trendbot.fetch.parse import parse
from trendbot.paths import bundled
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer

NOW = datetime(2026, 11, 15, 18, tzinfo=UTC)
THEMES = {"tools": "Tools for people", "market": "Market and adoption", "trust": "Privacy and transparency"}
RENDERER = Renderer(bundled("templates"))
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_DATE = re.compile(
    r"\b(?:January|February|March|April|June|July|August|September|October|November|December|"
    r"Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b"
)
_QUOTED = re.compile(r"[“\"]([^”“\"]{8,})[”\"]")
_TAGS = re.compile(r"<[^>]*>")
_STYLE = re.compile(r"<(style|head)[^>]*>.*?</\1>", re.DOTALL)
_ADDRESS = re.compile(r"https?://\S+")

Entry = tuple[str, str, str, str]
"""Source, title, body, address."""


def entries_below(folder: Path) -> list[Entry]:
    """Read every set and every feed document below a folder."""
    found: list[Entry] = []
    for file in sorted(folder.glob("items_*/items.jsonl")) + sorted(folder.glob("clusters_*/items.jsonl")):
        for line in file.open(encoding="utf-8"):
            item = json.loads(line)
            found.append(
                (
                    str(item.get("source") or "-"),
                    item.get("title") or "",
                    item.get("summary") or "",
                    item.get("url") or "",
                )
            )
    for file in sorted((folder / "feeds_ai" / "files").rglob("*")):
        found.extend(_parsed(file))
    return [each for each in found if each[1].strip()]


def _parsed(file: Path) -> Iterator[Entry]:
    if not file.is_file():
        return
    try:
        feed = parse(file.read_bytes(), url="https://feeds.example/x")
    except FeedError:
        return
    for entry in feed.entries:
        yield feed.title or file.name, entry.title, entry.summary or entry.content, entry.url


def digest_of(entries: Sequence[Entry], draw: random.Random) -> tuple[DigestContent, dict[int, str]]:
    """Compose a digest of random entries; return it with what each entry says."""
    chosen = draw.sample(entries, min(60, len(entries)))
    texts: dict[int, str] = {}
    candidates = []
    number = 0
    while number < len(chosen):
        size = draw.choice([1, 1, 1, 2, 3])
        reports = [_report(place + 1, chosen[place], draw) for place in range(number, min(number + size, len(chosen)))]
        texts.update((number + place + 1, " ".join(chosen[number + place])) for place in range(len(reports)))
        candidates.append(
            Candidate(story_id=number + 1, title=reports[0].title, lead_entry_id=None, reports=tuple(reports))
        )
        number += size
    cadence = draw.choice(list(Cadence))
    content = build_content(
        tellable(candidates, told={}, languages=("en",)),
        period=Period(
            cadence=cadence,
            slot=slot_of(cadence, NOW),
            number=draw.randint(1, 99),
            start=NOW - timedelta(days=1),
            end=NOW,
            opening=False,
            reach_days=1,
            entries=len(chosen),
            feeds=len({each[0] for each in chosen}),
            followed=200,
        ),
        policy=DigestPolicy(per_feed=9),
        themes=THEMES,
        rising=[],
        readings=True,
        sample=False,
    )
    return content, texts


def _report(number: int, entry: Entry, draw: random.Random) -> Report:
    source, title, body, url = entry
    at = NOW - timedelta(minutes=draw.randint(1, 1400))
    return Report(
        entry_id=number,
        feed_id=zlib.crc32(source.encode()) % 1000,
        source=source,
        kind=FeedKind.NEWS,
        weight=1.0,
        language=None,
        title=title,
        body=body,
        url=url,
        canonical_url=url,
        dated_at=at,
        seen_at=at,
        backlog=False,
        themes={slug: 0.9 for slug in THEMES if draw.random() < 0.4},
    )


def visible(made: Rendering) -> str:
    """Return what a reader sees of an edition, without addresses."""
    if made.kind is ChannelKind.LINKEDIN:
        text = limits.read_little(made.parts[0])
    elif made.kind is ChannelKind.TELEGRAM:
        text = "\n".join(limits.read_telegram(part).text for part in made.parts)
    else:
        text = f"{made.subject}\n{made.text_body}\n{_TAGS.sub(' ', _STYLE.sub('', made.parts[0]))}"
    return _ADDRESS.sub("", text)


def unsupported(text: str, content: DigestContent, texts: dict[int, str]) -> dict[str, list[str]]:
    """Find what of an edition's text neither the told entries nor the digest's own counts bear out."""
    import html

    told = [item for _, item in content.items()]
    ids = {item.lead.entry_id for item in told} | {
        each.entry_id for item in told for each in (*item.sentences, *item.others)
    }
    said = html.unescape(html.unescape(" ".join(texts[key] for key in sorted(ids))))
    foot = content.foot
    counts = [foot.entries, foot.feeds, foot.followed, foot.minutes, content.number, len(told)]
    counts += [value for item in told for value in (item.more, item.publishers)]
    counts += [foot.card.blocked, foot.card.sentences, foot.card.extractive] if foot.card else []
    own = {f"{value:,}" for value in counts} | {"1", "15", "9", "2026", "12345"}
    known = own | set(_NUMBER.findall(said))
    flat = " ".join(said.split())
    text = html.unescape(text)
    dates = set(_DATE.findall(text)) - {"November", "Sunday"}
    quoted = [" ".join(each.split()).rstrip("…. ,") for each in _QUOTED.findall(text) if "\n" not in each]
    return {
        "numbers": [each for each in _NUMBER.findall(text) if each not in known and not _within(each, said)],
        "dates": [word for word in sorted(dates) if word.lower() not in said.lower()],
        "quotations": [each for each in quoted if each not in flat and each not in THEMES.values()],
    }


def _within(number: str, said: str) -> bool:
    """Tell whether a number stands in a text as part of a longer one that was cut or joined ("2026." or "3-4")."""
    return re.search(rf"(?<!\d){re.escape(number)}(?!\d)", said) is not None


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--digests", type=int, default=200)
    parser.add_argument("--show", action="store_true", help="print each text with a finding")
    given = parser.parse_args()
    entries = entries_below(given.folder)
    sums: Counter[str] = Counter()
    other: Counter[str] = Counter()
    sentences = editions = 0
    for seed in range(given.digests):
        draw = random.Random(seed)
        content, texts = digest_of(entries, draw)
        shuffled = dict(zip(texts, draw.sample(list(texts.values()), len(texts)), strict=True))
        for themes in ((), ("tools",), ("market", "trust")):
            told = select_for(content, themes)
            for kind in ChannelKind if told else ():
                made = render_edition(RENDERER, told, kind)
                for name, found in unsupported(visible(made), told, texts).items():
                    sums[name] += len(found)
                    if given.show and found:
                        print(seed, kind, told.variant, name, found)
                for name, found in unsupported(visible(made), told, shuffled).items():
                    other[name] += len(found)
                editions += 1
                sentences += sum(len(item.sentences) for _, item in told.items())
    print(f"{given.digests} digests, {editions} editions, {sentences:,} sentences, of {len(entries):,} entries")
    for name in ("numbers", "dates", "quotations"):
        print(f"{name:12} {sums[name]:5} unsupported      texts exchanged: {other[name]:6,}")


if __name__ == "__main__":
    main()
