"""Settings of the process that runs for years: when it does what, and what it keeps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from trendbot.settings.base import Group


class ScheduleSettings(Group):
    """When `trendbot serve` does what."""

    timezone: str = Field(default="UTC", max_length=64, description="The zone of the hours here: Europe/Berlin.")
    daily_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        default=6, description="The hour at which the daily digest is made."
    )
    weekly_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        default=7, description="The hour at which the weekly digest is made."
    )
    weekly_day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = Field(
        default="sun", description="The weekday of the weekly digest."
    )
    daily_late_hours: Annotated[int, Field(ge=1, le=23)] = Field(
        default=12, description="A daily digest that was missed is still made so many hours later."
    )
    weekly_late_hours: Annotated[int, Field(ge=1, le=160)] = Field(
        default=72, description="A weekly digest that was missed is still made so many hours later."
    )
    backup_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        default=3, description="The hour of housekeeping: a backup, and removing what is old."
    )
    backups: Annotated[int, Field(ge=0, le=366)] = Field(
        default=7, description="Backups kept in `backups` in the home; 0 makes none."
    )


class RetentionSettings(Group):
    """How many days what is past is kept, 0 for ever; what was told, judged or pinned stays in any case."""

    texts: Annotated[int, Field(ge=0)] = Field(
        default=60, description="Days that the full text of an entry is kept, 30 at least; title and summary stay."
    )
    entries: Annotated[int, Field(ge=0)] = Field(
        default=400, description="Days that entries are kept, and stories of which nothing is left; 300 at least."
    )
    messages: Annotated[int, Field(ge=0)] = Field(
        default=180, description="Days that messages to subscribers are kept in the outbox; 30 at least."
    )
    runs: Annotated[int, Field(ge=0)] = Field(
        default=400, description="Days that runs are recorded; polls and housekeeping for 30 at most."
    )

    @field_validator("entries")
    @classmethod
    def _trends_reach_back(cls, days: int) -> int:
        return _at_least(days, 300)

    @field_validator("texts", "messages")
    @classmethod
    def _digests_reach_back(cls, days: int) -> int:
        return _at_least(days, 30)


def _at_least(days: int, least: int) -> int:
    if 0 < days < least:
        raise ValueError(f"should be {least} at least, or 0 for ever")
    return days
