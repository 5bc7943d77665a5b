"""names: what new entries call things, counted day by day, and the names that are worth a person's minute.

entries not yet read ─find_names→ names ─▶ daily counts ─choose→ at most five a day, none twice
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from trendbot.core.names.choosing import DAILY, LEAST, Candidate, Choice, Policy, choose
from trendbot.core.names.finding import Common, find_names, lower_words, parse_common
from trendbot.core.names.known import Known
from trendbot.core.text import normal_title
from trendbot.logs import get_logger
from trendbot.paths import bundled
from trendbot.store import names
from trendbot.store.database import Database
from trendbot.store.names import NamesOf, Suggested, Text

log = get_logger(__name__)

BATCH = 1_000


def common_words() -> Common:
    """Return the words that ship with the program as no names.

    Raises:
        ConfigError: the installation lacks its seeds.

    """
    return parse_common((bundled("seeds") / "common_words.txt").read_text(encoding="utf-8"))


def harvest_names(database: Database, *, now: datetime, common: Common, batch: int = BATCH) -> int:
    """Count the names of every entry that was not read for them yet; return how many entries were read.

    Entries older than what counts are passed over. One batch is one transaction: stopped at any instruction, the next
    run goes on where this one ended.
    """
    since = now - timedelta(days=names.REACH)
    read = 0
    while texts := database.read(names.texts_to_read, since=since, limit=batch):
        database.write(names.add_names, names_of(texts, common))
        read += len(texts)
    if read:
        database.write(names.forget_names, now.date())
    log.info("names_harvested", entries=read)
    return read


def names_of(texts: Iterable[Text], common: Common) -> list[NamesOf]:
    """Read entries for names; copies of a headline on one day count once, and what cannot be read has no names."""
    told: set[tuple[date, str]] = set()
    found = []
    for text in texts:
        entry = NamesOf(id=text.id, day=text.day, feed=text.feed)
        try:
            headline = (text.day, normal_title(text.title))
            if not headline[1] or headline not in told:
                entry = _read(text, common)
            told.add(headline)
        except Exception:
            log.exception("entry_not_read_for_names", entry_id=text.id)
        found.append(entry)
    return found


def _read(text: Text, common: Common) -> NamesOf:
    fields = (text.title,) if text.body == text.title else (text.title, text.body)
    return NamesOf(
        id=text.id, day=text.day, feed=text.feed, names=find_names(fields, common), lower=lower_words(fields)
    )


def suggest_names(
    database: Database, *, day: date, known: Known, limit: int = DAILY, policy: Policy | None = None
) -> list[Suggested]:
    """Put forward the names that surge on a day, at most `limit` in all of it; return all that were, best first.

    What was put forward or rejected before, and what `known` covers, is left out.
    """
    earlier = [one for one in database.read(names.suggestions, since=day) if one.day == day]
    if len(earlier) < limit:
        chosen = _choose(database, day, known, limit - len(earlier), policy or Policy())
        database.write(names.keep_suggestions, chosen, day)
    return [one for one in database.read(names.suggestions, since=day) if one.day == day]


def _choose(database: Database, day: date, known: Known, limit: int, policy: Policy) -> Sequence[Choice]:
    settled = database.read(names.settled_keys)

    def is_settled(candidate: Candidate) -> bool:
        return candidate.key in settled or known.covers(candidate.text)

    exposure = database.read(names.exposure, day)
    return choose(
        database.read(names.candidates, day, least=LEAST),
        exposure=exposure.window,
        baseline_exposure=exposure.baseline,
        settled=is_settled,
        policy=policy,
        limit=limit,
    )
