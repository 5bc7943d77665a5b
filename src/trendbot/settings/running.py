"""Settings of the process that runs for years: when it does what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

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
