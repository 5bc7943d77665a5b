"""What is wrong with a feed, with the evidence and what to do about it.

    Patient (state, polls, posting days, newest entries) ──every check──► Findings, the worst first

Three grades: *bad* (nothing comes, somebody must act), *look* (something comes, but see to it) and *note* (a quirk that
is dealt with). The checks on addresses and polls stand here, those on what entries say in ``feed_contents.py``, the
words in ``feed_findings.py``. ``docs/feeds.md`` explains every finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from http import HTTPStatus
from statistics import median

from trendbot.core.feed_contents import CONTENT_CHECKS
from trendbot.core.feed_findings import Check, Diagnosis, Finding, Grade, Patient, Symptom
from trendbot.core.silence import IMPROBABLE, probability, rhythm
from trendbot.core.urls import host_of, is_front_page

DAY = timedelta(days=1)
DEAD_AFTER, DEAD_FAILURES = 3 * DAY, 4
"""Failing for so long, and so often in a row, is no hiccup any more."""
NEVER_AFTER = 7 * DAY
"""A feed that listed nothing for so long since it was added has nothing to list."""
DORMANT_AFTER = 180 * DAY
"""Silence after which a feed with too few entries for a rhythm is called silent."""
SURGE_TIMES, SURGE_LEAST = 3, 10
"""A surge is more than three times the usual day, and at least so many entries."""
REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS})


def examine(patient: Patient) -> tuple[Finding, ...]:
    """Return what the feed has, the worst first. A feed that is switched off is only asked why."""
    checks = (*_CHECKS, *CONTENT_CHECKS) if patient.enabled else (_switched_off,)
    found = [
        Finding(
            feed_id=patient.id, feed=patient.title, grade=grade, diagnosis=diagnosis, evidence=evidence, advice=advice
        )
        for check in checks
        for grade, diagnosis, evidence, advice in check(patient)
    ]
    return tuple(sorted(found, key=lambda finding: list(Grade).index(finding.grade)))


def ago(then: datetime | date, now: datetime) -> str:
    """Return how long ago `then` was, for people: minutes, hours or days."""
    if not isinstance(then, datetime):
        days = (now.date() - then).days
        return f"{days} days ago" if days != 1 else "yesterday"
    passed = now - then
    if passed < timedelta(hours=2):
        return f"{max(0, round(passed.total_seconds() / 60))} minutes ago"
    return f"{round(passed / timedelta(hours=1))} hours ago" if passed < 2 * DAY else f"{passed.days} days ago"


# -- is there an answer, and is it a feed? -----------------------------------------------------------------------------


def _search(patient: Patient) -> str:
    return f"look for its new address with `trendbot feeds doctor {patient.id} --discover`"


def _answers(patient: Patient) -> Iterator[Symptom]:
    """Find dead and failing feeds, and web pages in a feed's place."""
    if patient.gone_at is not None:
        said = "answered 410, gone for good," if patient.status == HTTPStatus.GONE else "declared itself ended"
        remove = f"{_search(patient)}, or remove it: `trendbot feeds remove {patient.id}`"
        yield Grade.BAD, Diagnosis.DEAD, f"{said} {ago(patient.gone_at, patient.now)}; it is asked no more", remove
        return
    if not patient.failures or not patient.error:
        return
    since = patient.succeeded_at or patient.added_at
    last = (
        f"last success {ago(since, patient.now)}"
        if patient.succeeded_at
        else f"never answered since it was added {ago(since, patient.now)}"
    )
    evidence = f"{patient.failures} failures in a row, {last}: {patient.error}"
    dead = patient.failures >= DEAD_FAILURES and patient.now - since >= DEAD_AFTER
    if "web page" in patient.error:
        grade = Grade.BAD if dead or patient.failures >= DEAD_FAILURES - 1 else Grade.LOOK
        yield grade, Diagnosis.WEB_PAGE, evidence, f"a login, a parked name or a moved feed: {_search(patient)}"
    elif dead:
        yield Grade.BAD, Diagnosis.DEAD, evidence, _remedy(patient)
    elif patient.failures > 1:
        yield Grade.LOOK, Diagnosis.FAILING, evidence, "wait; it is asked again, ever more rarely"


def _remedy(patient: Patient) -> str:
    """Say what to do about a dead feed, by what its server says."""
    if patient.status in REFUSALS:
        return "the publisher refuses programs or wants a login: ask them, or give the feed another user_agent"
    if patient.status == HTTPStatus.TOO_MANY_REQUESTS:
        return "the publisher throttles: poll less often, or use another address of the feed"
    if patient.mirrors:
        return f"its {len(patient.mirrors)} mirrors fail too; {_search(patient)}"
    return f"{_search(patient)}, or switch it off: `trendbot feeds disable {patient.id}`"


def _moved(patient: Patient) -> Iterator[Symptom]:
    """Find permanent redirects: those about to be followed for good, and those that must not be."""
    target = patient.moved_to
    if not target or patient.stand_in:
        return
    evidence = f"redirects for good to {target}, for {patient.moved_polls} polls now"
    if is_front_page(target) and host_of(target) != host_of(patient.url):
        advice = f"that is another site's front page, where closed sites lead: {_search(patient)}"
        yield Grade.BAD, Diagnosis.MOVED, evidence, advice
    else:
        yield Grade.NOTE, Diagnosis.MOVED, evidence, "nothing: the new address is taken over when it has held"


def _switched_off(patient: Patient) -> Iterator[Symptom]:
    """Say why the machine switched a feed off; what a person switched off needs no word."""
    if patient.error and patient.error.startswith("moved to "):
        advice = f"remove the double: `trendbot feeds remove {patient.id}`"
        yield Grade.LOOK, Diagnosis.MOVED, f"switched off: {patient.error}", advice


def _stood_in(patient: Patient) -> Iterator[Symptom]:
    """Report that a mirror is asked instead."""
    if patient.stand_in and patient.stand_in_since:
        reason = f" ({patient.stand_in_reason})" if patient.stand_in_reason else ""
        evidence = (
            f"its own address fails{reason}; since {patient.stand_in_since:%Y-%m-%d} {patient.stand_in} stands in"
        )
        advice = "nothing: its own address is tried once a day; a mirror can be late and its dates coarse"
        yield Grade.LOOK, Diagnosis.STAND_IN, evidence, advice


# -- does it still say anything? ---------------------------------------------------------------------------------------


def _silent(patient: Patient) -> Iterator[Symptom]:
    """Find feeds that answer and have nothing to say. Time in which we did not reach the feed is no silence."""
    heard = patient.succeeded_at
    if heard is None or patient.gone_at:
        return
    if not patient.days:
        if heard - patient.added_at >= NEVER_AFTER:
            evidence = f"answers, but never listed an entry since it was added {ago(patient.added_at, patient.now)}"
            yield Grade.LOOK, Diagnosis.EMPTY, evidence, _search(patient)
        return
    last = max(patient.days)
    what = f"answers, but its newest entry is of {last} ({ago(last, patient.now)})"
    habit = rhythm(patient.days)
    if habit is None:
        if heard.date() - last >= DORMANT_AFTER:
            yield Grade.LOOK, Diagnosis.SILENT, f"{what}; it posts too rarely for a rhythm", _silence_advice(patient)
        return
    chance = probability(habit, heard.date())
    if chance < IMPROBABLE:
        usual = "a day" if habit.usual_gap == 1 else f"{habit.usual_gap} days"
        habits = f"usually {usual} apart, longest pause {habit.longest_gap} days"
        evidence = f"{what}; {habits}; a silence so long has a chance of {_odds(chance)}"
        yield Grade.BAD, Diagnosis.SILENT, evidence, _silence_advice(patient)


def _odds(chance: float) -> str:
    return f"1 in {round(1 / chance):,}" if chance > 1e-6 else "less than 1 in a million"  # noqa: PLR2004


def _silence_advice(patient: Patient) -> str:
    where = patient.site_url or patient.url
    return f"look at {where}: where there is news, {_search(patient)}; else `trendbot feeds disable {patient.id}`"


def _surging(patient: Patient) -> Iterator[Symptom]:
    """Find feeds that list far more new entries than on any usual day."""
    fresh = sum(patient.fresh.values())
    before = {day: count - patient.fresh.get(day, 0) for day, count in patient.days.items()}
    past = [count for day, count in before.items() if count and day < patient.now.date()]
    if past and fresh >= SURGE_LEAST and fresh > max(SURGE_TIMES * median(past), *past):
        evidence = f"{fresh} new entries within a day; usually {median(past):g} on a posting day, {max(past)} at most"
        advice = (
            f"see whether they are news: `trendbot entries list --feed {patient.id}`; a repaired archive or spam is not"
        )
        yield Grade.LOOK, Diagnosis.SURGE, evidence, advice


_CHECKS: tuple[Check, ...] = (_answers, _moved, _stood_in, _silent, _surging)
