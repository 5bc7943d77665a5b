"""retell: a composed digest → the same, with sentences that a language model worded and the proof gate let through.

Off unless a model is configured. What the model said before of the very same texts is not asked again, whether it was
let through or refused. Whatever fails (no answer, too late, too dear, refused) leaves the publishers' own sentences.
"""

from __future__ import annotations

from datetime import datetime

from trendbot.core.digests import DigestContent, DigestItem
from trendbot.core.retelling import StoryReport, StoryText, Summarizer, key_of, refusals, retold, stories_of
from trendbot.logs import get_logger
from trendbot.store import retellings
from trendbot.store.database import Database
from trendbot.store.retellings import Retelling

log = get_logger(__name__)

MOST = 24
"""Stories of a digest that are worded at most: those for all readers, then the best of the others."""


def retell(database: Database, content: DigestContent, summarizer: Summarizer, *, now: datetime) -> DigestContent:
    """Return the digest with what the model may say of its stories; it takes no longer than the summarizer's bound."""
    items = stories_of(content, limit=MOST)
    wanted = {key_of(story, summarizer.model): story for story in _texts(database, items)}
    known = database.read(retellings.kept_retellings, list(wanted))
    fresh = _asked(summarizer, {key: story for key, story in wanted.items() if key not in known})
    if fresh:
        database.write(retellings.keep_retellings, fresh, now=now)
    every = [*known.values(), *fresh]
    passed = {wanted[each.key].story_id: each.text for each in every if not each.refused}
    return retold(content, passed, blocked=sum(bool(each.refused) for each in every))


def _asked(summarizer: Summarizer, stories: dict[str, StoryText]) -> list[Retelling]:
    """Ask about stories; return the answers with what the gate says of each."""
    if not stories:
        return []
    try:
        answers = summarizer.summarize(tuple(stories.values()))
    except Exception:
        log.exception("summarizer_broke")
        return []
    found = []
    for key, story in stories.items():
        if text := answers.get(story.story_id):
            refused = "; ".join(refusals(text, story))
            if refused:
                log.info("retelling_refused", story=story.story_id, why=refused[:300])
            found.append(Retelling(key=key, model=summarizer.model, text=text[:2000], refused=refused[:1000]))
    return found


def _texts(database: Database, items: tuple[DigestItem, ...]) -> list[StoryText]:
    ids = {item.story_id: _entries(item) for item in items}
    wanted = sorted({entry for entries in ids.values() for entry in entries})
    reports = database.read(retellings.reports_by_id, wanted)
    return [
        StoryText(story_id=item.story_id, headline=item.headline, reports=told)
        for item in items
        if (told := _known(ids[item.story_id], reports))
    ]


def _entries(item: DigestItem) -> list[int]:
    """Return the entries that a story is told from, the lead first."""
    quoted, others = (each.entry_id for each in item.sentences), (each.entry_id for each in item.others)
    return list(dict.fromkeys((item.lead.entry_id, *quoted, *others)))


def _known(entries: list[int], reports: dict[int, StoryReport]) -> tuple[StoryReport, ...]:
    return tuple(reports[entry] for entry in entries if entry in reports)
