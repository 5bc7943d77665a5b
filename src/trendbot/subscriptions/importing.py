"""Bringing an existing list along: CSV in, each row with its proof of consent, and what became of each row out.

Columns: ``address``, ``consent_at`` (ISO 8601) and ``consent_text`` (what was agreed to, and where) are needed;
``language``, ``themes`` (slugs with spaces or semicolons between), ``cadence``, ``hour``, ``weekday`` and ``timezone``
may be there; any other column is not read. Nobody is imported who left, complained or bounced.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from trendbot.core.addresses import address_hash, normalise
from trendbot.core.consent import Preferences, follow
from trendbot.core.vocabulary import Cadence, ChannelKind, ConsentKind
from trendbot.errors import ConfigError
from trendbot.store import consent, subscribers
from trendbot.store.database import Session
from trendbot.store.subscribers import Subscription
from trendbot.subscriptions.acts import Act

NEEDED = ("address", "consent_at", "consent_text")


class Fate(StrEnum):
    """What became of a row."""

    IMPORTED = "imported"
    KNOWN = "known"
    LEFT = "left"
    SUPPRESSED = "suppressed"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the list: an address in its one spelling with its proof, or why it cannot be used."""

    line: int
    address: str = ""
    language: str = "en"
    preferences: Preferences = field(default_factory=Preferences)
    proof: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """How many rows met which fate, and the refused ones with line and reason."""

    counts: dict[Fate, int]
    refused: tuple[tuple[int, str], ...]


def read_rows(
    lines: Iterable[str], *, kind: ChannelKind, themes: Sequence[str], now: datetime, source: str
) -> list[Row]:
    """Read a CSV list with a head; `themes` are the known slugs, `source` names the list in the proof.

    Raises:
        ConfigError: it has no head, or the head lacks a needed column.

    """
    reader = csv.DictReader(lines, restval="", restkey="rest")
    try:
        head = [str(name).strip().lower() for name in reader.fieldnames or ()]
        if missing := [name for name in NEEDED if name not in head]:
            raise ConfigError(f"{source} lacks the column {missing[0]}: the first line names {', '.join(NEEDED)}")
        reader.fieldnames = head
        return [_row(reader.line_num, each, kind, themes, now, source) for each in reader]
    except csv.Error as error:
        raise ConfigError(f"{source}, line {reader.line_num}, is no CSV: {error}") from error


def _row(line: int, cells: dict[str, str], kind: ChannelKind, themes: Sequence[str], now: datetime, source: str) -> Row:
    address = normalise(kind, cells["address"])
    if address is None:
        return Row(line=line, problem="this is no address")
    agreed = _instant(cells["consent_at"])
    if agreed is None or agreed > now or not cells["consent_text"].strip():
        return Row(line=line, problem="no proof: consent_at is an instant of the past, consent_text what was agreed to")
    try:
        preferences = _preferences(cells, themes)
    except ValueError as error:
        return Row(line=line, problem=str(error))
    proof = f"{cells['consent_text'].strip()} [given {agreed.isoformat()}, imported from {source}]"
    return Row(
        line=line, address=address, language=cells.get("language") or "en", preferences=preferences, proof=proof[:4000]
    )


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text.strip())
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _preferences(cells: dict[str, str], themes: Sequence[str]) -> Preferences:
    bare = Preferences()
    asked = tuple(cells.get("themes", "").replace(";", " ").split())
    if unknown := [slug for slug in asked if slug not in themes]:
        raise ValueError(f"there is no theme {unknown[0]!r}")
    wish = Preferences(
        cadence=Cadence(cells.get("cadence") or Cadence.WEEKLY),
        hour=int(cells.get("hour") or bare.hour),
        weekday=(cells.get("weekday") or bare.weekday).lower()[:3],
        timezone=cells.get("timezone") or bare.timezone,
    )
    return wish.with_themes(asked, tuple(themes)) if asked else wish


def import_rows(
    session: Session, rows: Iterable[Row], *, kind: ChannelKind, channel_id: int, act: Act, key: bytes
) -> ImportReport:
    """Subscribe the rows with their proof; run again, it changes nothing."""
    counts: Counter[Fate] = Counter()
    refused = []
    for row in rows:
        fate = _import(session, row, kind, channel_id, act, key)
        counts[fate] += 1
        if row.problem:
            refused.append((row.line, row.problem))
    return ImportReport(counts={fate: counts[fate] for fate in Fate}, refused=tuple(refused))


def _import(session: Session, row: Row, kind: ChannelKind, channel_id: int, act: Act, key: bytes) -> Fate:
    if row.problem:
        return Fate.REFUSED
    if consent.suppression(session, address_hash(key, kind, row.address)) is not None:
        return Fate.SUPPRESSED
    who = subscribers.ensure_subscriber(session, kind=kind, address=row.address, language=row.language, now=act.now)
    before = subscribers.find_subscription(session, who.id, channel_id)
    status = follow(before.status if before else None, ConsentKind.IMPORTED)
    if status is None:
        return Fate.LEFT if before and follow(before.status, ConsentKind.CHANGED) is None else Fate.KNOWN
    consent.record_event(
        session,
        subscriber_id=who.id,
        channel_id=channel_id,
        event=ConsentKind.IMPORTED,
        method=act.method,
        wording=row.proof,
        now=act.now,
    )
    after = Subscription(
        subscriber_id=who.id,
        channel_id=channel_id,
        status=status,
        token_version=before.token_version if before else 1,
        preferences=row.preferences,
        paused_until=None,
        next_at=row.preferences.next_at(act.now),
        changed_at=act.now,
    )
    subscribers.put_subscription(session, after)
    return Fate.IMPORTED
