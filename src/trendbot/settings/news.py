"""Settings of what is read: fetching, polling and themes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from trendbot.settings.base import Count, Group, Seconds


class FetchSettings(Group):
    """How strangers' servers are asked."""

    contact: str = Field(
        default="https://trendbot.example/bot",
        max_length=200,
        description="Where a publisher can complain; in the User-Agent.",
    )
    connections: Count = Field(default=64, le=512, description="Connections open at once, all hosts together.")
    per_host: Count = Field(default=2, le=16, description="Connections open at once to one host.")
    connect_timeout: Seconds = Field(default=10.0, description="Seconds to wait for a connection.")
    timeout: Seconds = Field(default=30.0, description="Seconds for one feed in all, redirects included.")
    max_bytes: Count = Field(default=10_000_000, description="Largest body taken, after decompression, in bytes.")
    allow_private: bool = Field(default=False, description="Ask private and loopback addresses too (intranets, tests).")


class PollingSettings(Group):
    """When feeds are asked again."""

    interval_minutes: Annotated[int, Field(ge=5, le=1440)] = Field(
        default=60, description="Shortest time between two polls of one feed, in minutes."
    )
    max_interval_hours: Annotated[int, Field(ge=1, le=744)] = Field(
        default=24, description="Longest time between two polls of a healthy feed, in hours."
    )
    host_gap_seconds: Annotated[float, Field(ge=0, le=60)] = Field(
        default=0.5,
        description="Seconds between the starts of two requests to one host; arXiv and Reddit get more in any case.",
    )
    backlog_hours: Annotated[int, Field(ge=1, le=8760)] = Field(
        default=48, description="Entries older than this when their feed is first polled are no news, in hours."
    )


class TaggingSettings(Group):
    """How themes are found."""

    encoder: Path | None = Field(
        default=None,
        description="The folder of a local encoder (sentence-transformers, BERT) for the learner; default none.",
    )
