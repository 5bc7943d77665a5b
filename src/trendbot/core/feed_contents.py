"""The feed doctor's checks on what entries say: dates, ids, links and texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import median

from trendbot.core.entries import AHEAD, believable
from trendbot.core.feed_findings import Check, Diagnosis, Grade, Patient, PollNote, Specimen, Symptom
from trendbot.core.urls import canonical_url

FEW = 5
"""Fewer entries than this prove nothing."""
MOST, HALF = 0.8, 0.5
OLD_NEWS = timedelta(days=7)
"""An entry dated so long before its first sight was not dated when it was published."""
BODY = 40
"""Characters below which a text is no text."""
SHRUNK = 0.25
"""A text shorter than this part of what used to be is a stub."""
STEADY = 60
"""Seconds by which two shifts of dates must differ to be two."""
LEAST_DAYS = 3
WALLS = (
    "subscribe to continue", "subscribers only", "for subscribers", "paid subscribers", "members only",
    "sign in to read", "log in to continue", "to read the full", "upgrade to paid", "already a subscriber",
    "subscribe to read", "become a member to",
)  # fmt: skip
"""Words with which texts end that stop at a paywall, in lower case."""


def _wrong_dates(patient: Patient) -> Iterator[Symptom]:
    """Find entries without a date, with a program's zero for a date, or with one in the future."""
    entries = patient.specimens
    if len(entries) < FEW:
        return
    ahead = [
        entry.published_at for entry in entries if entry.published_at and entry.published_at > entry.seen_at + AHEAD
    ]
    if ahead:
        evidence = f"{len(ahead)} of {len(entries)} entries came with a date in the future, up to {max(ahead):%Y-%m-%d}"
        grade = Grade.LOOK if len(ahead) >= MOST * len(entries) else Grade.NOTE
        yield grade, Diagnosis.WRONG_DATES, evidence, "nothing: the first sight counts instead"
    missing = sum(not _dated(entry) for entry in entries) - len(ahead)
    if missing >= MOST * len(entries):
        evidence = f"{missing} of {len(entries)} entries have no usable date (none, or a program's zero)"
        yield Grade.NOTE, Diagnosis.WRONG_DATES, evidence, "nothing: the first sight counts instead"


def _dated(entry: Specimen) -> bool:
    return any(believable(instant, entry.seen_at) for instant in (entry.published_at, entry.updated_at))


def _frozen_dates(patient: Patient) -> Iterator[Symptom]:
    """Find feeds whose entries all bear one date, or whose new entries bear old ones."""
    dated = [entry for entry in patient.specimens if entry.published_at is not None]
    if len(dated) < FEW:
        return
    instant, count = Counter(entry.published_at for entry in dated).most_common(1)[0]
    same = [entry for entry in dated if entry.published_at == instant]
    stale = instant is not None and max(entry.seen_at for entry in same) - instant > OLD_NEWS
    if count >= MOST * len(dated) and (stale or _seen_days(same) >= LEAST_DAYS):
        evidence = f"{count} of {len(dated)} entries bear one and the same date, {instant:%Y-%m-%d %H:%M}"
        yield Grade.LOOK, Diagnosis.FROZEN_DATES, evidence, _UNDATED_ADVICE
        return
    fresh = [entry for entry in dated if not entry.backlog]
    late = [(entry.seen_at - entry.published_at).days for entry in fresh if entry.published_at]
    old = [days for days in late if days > OLD_NEWS.days]
    if len(fresh) >= FEW and _seen_days(fresh) >= LEAST_DAYS and len(old) >= MOST * len(fresh):
        evidence = (
            f"{len(old)} of {len(fresh)} new entries were dated {median(late):g} days back (median) when they came"
        )
        advice = "late or wrongly dated, they can be taken for old news: prefer another address of this publisher"
        yield Grade.LOOK, Diagnosis.FROZEN_DATES, evidence, advice


_UNDATED_ADVICE = (
    "its dates mean nothing; its entries can be taken for old news: prefer another address of this publisher"
)


def _seen_days(entries: Sequence[Specimen]) -> int:
    return len({entry.seen_at.date() for entry in entries})


def _documents(patient: Patient) -> list[PollNote]:
    """Return the polls that brought a document from the same address as the document before."""
    found, address = [], None
    for poll in patient.polls:
        if poll.error is None:
            if poll.url == address:
                found.append(poll)
            address = poll.url
    return found


def _rewritten_dates(patient: Patient) -> Iterator[Symptom]:
    """Find feeds that date all entries anew at every fetch: their shifts against the first sight keep changing."""
    shifted = [poll for poll in _documents(patient) if poll.known >= LEAST_DAYS and poll.redated >= HALF * poll.known]
    shifts: list[int] = []
    for shift in sorted(poll.shift_s for poll in shifted if poll.shift_s is not None):
        if not shifts or shift - shifts[-1] > STEADY:
            shifts.append(shift)
    if len(shifted) > 1 and len(shifts) > 1:
        last = shifted[-1]
        evidence = (
            f"{last.redated} of {last.known} known entries bore new dates at the last fetch, and so in "
            f"{len(shifted)} fetches, differently each time"
        )
        yield Grade.NOTE, Diagnosis.REWRITTEN_DATES, evidence, "nothing: the date at first sight is kept"


def _changing_ids(patient: Patient) -> Iterator[Symptom]:
    """Find feeds that give known entries new ids."""
    documents = _documents(patient)
    churned = [poll for poll in documents if poll.renamed >= FEW and poll.renamed >= HALF * poll.known]
    if churned:
        last = churned[-1]
        evidence = (
            f"{last.renamed} of {last.known} known entries came under new ids on {last.at:%Y-%m-%d}, "
            f"as in {len(churned)} of {len(documents)} fetches"
        )
        advice = "nothing: they are recognised by link, title and date"
        yield Grade.NOTE, Diagnosis.CHANGING_IDS, evidence, advice


def _repeats(patient: Patient) -> Iterator[Symptom]:
    """Find feeds that bring one thing as several entries: same title, same date, other id and link."""
    dated = [(entry.title.casefold(), entry.published_at) for entry in patient.specimens if entry.published_at]
    twice = len(dated) - len(set(dated))
    if twice >= FEW and twice >= SHRUNK * len(dated):
        evidence = (
            f"{twice} of the newest {len(dated)} entries repeat title and date of another under another id and link"
        )
        advice = f"its ids and links change: prefer another address, or `trendbot feeds disable {patient.id}`"
        yield Grade.LOOK, Diagnosis.REPEATS, evidence, advice


def _shared_links(patient: Patient) -> Iterator[Symptom]:
    """Find feeds whose entries lead to one page, or nowhere."""
    entries = patient.specimens
    if len(entries) < FEW:
        return
    address, count = Counter(canonical_url(entry.url) if entry.url else "" for entry in entries).most_common(1)[0]
    if count >= max(FEW, HALF * len(entries)):
        where = f"lead to the same page, {address}" if address else "have no link"
        evidence = f"{count} of {len(entries)} entries {where}"
        advice = "readers cannot reach the single entry: prefer another address of this publisher"
        yield Grade.LOOK, Diagnosis.SHARED_LINK, evidence, advice


def _texts(patient: Patient) -> Iterator[Symptom]:
    """Find paywalls, texts that shrank to stubs, and feeds that never gave more than headlines."""
    entries = sorted(patient.specimens, key=lambda entry: entry.seen_at)
    if len(entries) < FEW:
        return
    newest = [entry for entry in entries[-10:] if not entry.backlog] or entries[-10:]
    walled = [entry for entry in newest if any(words in entry.end.casefold() for words in WALLS)]
    if len(walled) >= max(LEAST_DAYS, HALF * len(newest)):
        evidence = (
            f"{len(walled)} of the newest {len(newest)} entries end at a paywall (“…{walled[-1].end[-60:].strip()}”)"
        )
        yield (
            Grade.LOOK,
            Diagnosis.STUBS,
            evidence,
            "only what stands before the wall is read; weigh it lower or drop it",
        )
        return
    before, after = _halves(entries)
    if before > 10 * BODY and after < SHRUNK * before:
        evidence = f"its texts shrank from {before:,} to {after:,} characters (medians)"
        yield Grade.LOOK, Diagnosis.STUBS, evidence, "look whether the publisher now shows stubs; weigh it lower if so"
        return
    bare = [entry for entry in entries if entry.length < BODY or entry.same_as_title]
    if len(bare) >= MOST * len(entries):
        evidence = f"{len(bare)} of {len(entries)} entries have no text beside the title"
        yield (
            Grade.NOTE,
            Diagnosis.HEADLINES,
            evidence,
            "themes and summaries have only the title to go by; prefer a fuller feed",
        )


def _halves(entries: Sequence[Specimen]) -> tuple[int, int]:
    """Return the median lengths of texts among the older entries and among the newest five that are no backlog."""
    fresh = [entry for entry in entries if not entry.backlog]
    newest = fresh[-FEW:]
    older = [entry for entry in entries if entry not in newest]
    if len(newest) < FEW or len(older) < FEW:
        return 0, 0
    return round(median(entry.length for entry in older)), round(median(entry.length for entry in newest))


CONTENT_CHECKS: tuple[Check, ...] = (
    _wrong_dates,
    _frozen_dates,
    _rewritten_dates,
    _changing_ids,
    _repeats,
    _shared_links,
    _texts,
)
