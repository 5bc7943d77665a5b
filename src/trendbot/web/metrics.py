"""Figures for Prometheus: what was answered, and how far the home has come."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from trendbot import __version__
from trendbot.pipeline.linkedin_account import Health
from trendbot.store.archive import Standing

_BUCKETS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0)


class Metrics:
    """The figures of one running site; each has a registry of its own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._answers = Counter(
            "trendbot_web_answers", "Answers by endpoint and status.", ("endpoint", "status"), registry=registry
        )
        self._seconds = Histogram(
            "trendbot_web_seconds", "Seconds to make an answer that was not kept.", registry=registry, buckets=_BUCKETS
        )
        self._kept = Counter("trendbot_web_kept", "Answers that were ready.", registry=registry)
        self._amounts = Gauge("trendbot_stored", "What is stored, by kind.", ("kind",), registry=registry)
        self._people = Gauge("trendbot_subscriptions", "Subscriptions by standing.", ("status",), registry=registry)
        self._outbox = Gauge("trendbot_deliveries", "Deliveries by status.", ("status",), registry=registry)
        self._digested = Gauge("trendbot_newest_digest_time_seconds", "When a digest was frozen.", registry=registry)
        self._polled = Gauge("trendbot_newest_poll_time_seconds", "When a feed answered last.", registry=registry)
        self._took = Gauge("trendbot_day", "What a day's runs took, in all.", ("what",), registry=registry)
        self._ran = Gauge("trendbot_run_time_seconds", "When a job last ended.", ("job",), registry=registry)
        self._failed = Gauge("trendbot_run_failed", "Whether a job's last run failed.", ("job",), registry=registry)
        self._run_took = Gauge("trendbot_run", "What a job's last run took.", ("job", "what"), registry=registry)
        self._linkedin = Gauge("trendbot_linkedin", "How the LinkedIn account stands.", ("what",), registry=registry)
        Gauge("trendbot_build", "The running version.", ("version",), registry=registry).labels(__version__).set(1)

    def note(self, endpoint: str, status: int, seconds: float | None) -> None:
        """Count an answer; `seconds` None where it was ready."""
        self._answers.labels(endpoint, str(status)).inc()
        if seconds is None:
            self._kept.inc()
        else:
            self._seconds.observe(seconds)

    def text(self, standing: Standing, linkedin: Health | None = None) -> bytes:
        """Return the exposition in the text format; `linkedin` None where nobody posts there."""
        self._linkedin.clear()
        for name in ("connected", "days_left", "dead", "closed", "calls_today") if linkedin else ():
            self._linkedin.labels(name).set(getattr(linkedin, name))
        for kind in ("entries", "stories", "digests"):
            self._amounts.labels(kind).set(getattr(standing, kind))
        for status, count in standing.subscriptions.items():
            self._people.labels(status).set(count)
        for status, count in standing.deliveries.items():
            self._outbox.labels(status).set(count)
        self._digested.set(_seconds(standing.newest_digest_at))
        self._polled.set(_seconds(standing.newest_poll_at))
        self._footprint(standing)
        return generate_latest(self._registry)

    def _footprint(self, standing: Standing) -> None:
        for what in ("bytes", "asked", "unchanged", "cpu_seconds", "joules"):
            self._took.labels(what).set(getattr(standing.day, what))
        for run in standing.runs:
            self._ran.labels(run.job).set(_seconds(run.finished_at))
            self._failed.labels(run.job).set(run.error is not None)
            for what in ("bytes", "cpu_seconds", "joules"):
                if what in run.counts:
                    self._run_took.labels(run.job, what).set(run.counts[what])


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0
