"""What the settings say in the plain values that the parts take."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from trendbot import __version__
from trendbot.bootstrap.zones import refuse_unknown_zone
from trendbot.core.digests import DigestPolicy
from trendbot.core.policies import Approval, ApprovalPolicy
from trendbot.core.polling import PollPolicy
from trendbot.core.retelling import Summarizer
from trendbot.core.retention import Retention
from trendbot.core.slots import Timetable
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.core.weights import Weights
from trendbot.errors import ConfigError
from trendbot.fetch.http import Fetcher

if TYPE_CHECKING:
    from trendbot.settings import Settings


def fetcher_for(settings: Settings) -> Fetcher:
    """Return a fetcher as the settings have it; it is to be opened with `async with`."""
    asked = settings.fetch
    return Fetcher(
        user_agent=f"trendbot/{__version__} (+{asked.contact})",
        connections=asked.connections,
        per_host=asked.per_host,
        connect_timeout=asked.connect_timeout,
        timeout=asked.timeout,
        max_bytes=asked.max_bytes,
        allow_private=asked.allow_private,
    )


def poll_policy(settings: Settings) -> PollPolicy:
    """Return when feeds are asked again."""
    return PollPolicy(
        interval=timedelta(minutes=settings.polling.interval_minutes),
        max_interval=timedelta(hours=settings.polling.max_interval_hours),
        backlog_age=timedelta(hours=settings.polling.backlog_hours),
        connections=settings.fetch.connections,
        per_host=settings.fetch.per_host,
        host_gap=timedelta(seconds=settings.polling.host_gap_seconds),
    )


def retention_of(settings: Settings) -> Retention:
    """Return how long what is past is kept."""
    asked = settings.retention

    def days(count: int) -> timedelta | None:
        return timedelta(days=count) if count else None

    return Retention(
        texts=days(asked.texts), entries=days(asked.entries), messages=days(asked.messages), runs=days(asked.runs)
    )


def approval_policies(settings: Settings) -> dict[ChannelKind, ApprovalPolicy]:
    """Return who lets digests go, by kind of channel."""
    asked = settings.digest.approval
    return {
        kind: ApprovalPolicy(approval=Approval(getattr(asked, kind.value)), hour=asked.hour) for kind in ChannelKind
    }


def timetables_of(settings: Settings) -> dict[Cadence, Timetable]:
    """Return when digests are due.

    Raises:
        ConfigError: there is no such time zone.

    """
    asked = settings.schedule
    return {
        Cadence.DAILY: timetable_of(settings, Cadence.DAILY, hour=asked.daily_hour, late_hours=asked.daily_late_hours),
        Cadence.WEEKLY: timetable_of(
            settings, Cadence.WEEKLY, hour=asked.weekly_hour, late_hours=asked.weekly_late_hours
        ),
    }


def timetable_of(settings: Settings, cadence: Cadence, *, hour: int, late_hours: int) -> Timetable:
    """Return the timetable of a job in the zone of the schedule.

    Raises:
        ConfigError: there is no such time zone.

    """
    asked = settings.schedule
    refuse_unknown_zone("schedule.timezone", asked.timezone)
    late = timedelta(hours=late_hours)
    return Timetable(cadence=cadence, hour=hour, timezone=asked.timezone, late=late, weekday=asked.weekly_day)


def digest_policy(settings: Settings, cadence: Cadence) -> DigestPolicy:
    """Return what the digests of a cadence may hold, as the settings have it."""
    digest, brand = settings.digest, settings.brand
    return DigestPolicy(
        minutes=digest.daily_minutes if cadence is Cadence.DAILY else digest.weekly_minutes,
        stories=digest.daily_stories if cadence is Cadence.DAILY else digest.weekly_stories,
        per_theme=digest.per_theme,
        per_feed=digest.per_feed,
        brand=brand.name,
        page_url=str(brand.page_url),
        site_url=str(brand.site_url) if brand.site_url else None,
        postal_address=brand.postal_address,
        timezone=settings.schedule.timezone,
        weights=Weights(**settings.ranking.model_dump()),
    )


def summarizer_for(settings: Settings) -> Summarizer | None:
    """Return what words stories by a language model, where one is configured."""
    asked = settings.summarize
    if not asked.enabled:
        return None
    if not asked.model:
        raise ConfigError("setting summarize.enabled needs summarize.model: name the model that the endpoint serves")
    from trendbot.summarize.llm import LlmSummarizer, Terms

    return LlmSummarizer(
        Terms(
            endpoint=str(asked.endpoint),
            model=asked.model,
            api_key=asked.api_key.get_secret_value() if asked.api_key else None,
            seconds=asked.seconds,
            timeout=asked.timeout,
            retries=asked.retries,
            max_tokens=asked.max_tokens,
            max_cost=asked.max_cost,
            price_in=asked.price_in,
            price_out=asked.price_out,
        )
    )
