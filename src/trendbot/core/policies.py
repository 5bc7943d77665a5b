"""Who lets a digest go, and when. Pure.

A digest is one content for all its channels, so the strictest policy among the kinds of its channels decides for all:
`approve` before `unless-objected` before `automatic`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

GRACE = timedelta(hours=1)
"""A draft that is made near its hour, or after it, can be objected to for this long at least."""


class Approval(enum.StrEnum):
    """How a digest is let go: at once, when a person approves it, or at an hour unless a person objects."""

    AUTOMATIC = "automatic"
    UNLESS_OBJECTED = "unless-objected"
    APPROVE = "approve"


class Verdict(enum.StrEnum):
    """What a person said of a draft."""

    APPROVED = "approved"
    OBJECTED = "objected"


class Step(enum.StrEnum):
    """What becomes of a draft now."""

    FREEZE = "freeze"
    WAIT_HOUR = "wait for the hour"
    WAIT_PERSON = "wait for a person"


_STRICT = tuple(Approval)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalPolicy:
    """A policy; `hour` is the UTC hour of the day from which a draft goes to which nobody objected."""

    approval: Approval = Approval.AUTOMATIC
    hour: int = 9


def strictest(policies: Iterable[ApprovalPolicy]) -> ApprovalPolicy:
    """Return the policy that decides for all of them; automatic where there is none."""
    return max(policies, key=lambda each: (_STRICT.index(each.approval), each.hour), default=ApprovalPolicy())


def goes_at(policy: ApprovalPolicy, drafted_at: datetime) -> datetime:
    """Return when a draft goes to which nobody objects: at the hour of its day, but an hour old at least."""
    hour = drafted_at.replace(hour=policy.hour, minute=0, second=0, microsecond=0)
    return max(hour, drafted_at + GRACE)


def next_step(policy: ApprovalPolicy, *, drafted_at: datetime, verdict: Verdict | None, now: datetime) -> Step:
    """Return what becomes of a draft now."""
    if verdict is Verdict.APPROVED:
        return Step.FREEZE
    if verdict is Verdict.OBJECTED or policy.approval is Approval.APPROVE:
        return Step.WAIT_PERSON
    if policy.approval is Approval.AUTOMATIC or now >= goes_at(policy, drafted_at):
        return Step.FREEZE
    return Step.WAIT_HOUR
