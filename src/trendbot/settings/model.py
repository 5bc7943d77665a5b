"""All settings in one frozen tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr

from trendbot.settings.base import Group
from trendbot.settings.channels import LinkedinSettings, TelegramSettings, WebhookSettings, WebSettings
from trendbot.settings.digests import BrandSettings, DigestSettings, RankingSettings, SummarizeSettings
from trendbot.settings.email import EmailSettings
from trendbot.settings.news import FetchSettings, PollingSettings, TaggingSettings
from trendbot.settings.running import RetentionSettings, ScheduleSettings


class Settings(Group):
    """Everything an operator can set; see ``docs/reference/settings.md``."""

    home: Path = Field(description="The folder that holds all state.")
    database_url: str | None = Field(default=None, description="The database; default a SQLite file in the home.")
    out: Path | None = Field(default=None, description="Where editions are written; default `editions` in the home.")
    themes: Path | None = Field(default=None, description="Your own themes file; default the one that ships.")
    templates: Path | None = Field(default=None, description="A folder whose templates replace those that ship.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="How much is logged."
    )
    log_format: Literal["text", "json"] = Field(default="text", description="Log lines for people or for machines.")
    log_to: Literal["file", "stderr"] = Field(
        default="file", description="Log into `trendbot.log` in the home, or to standard error, as containers want it."
    )
    credentials_key: SecretStr | None = Field(
        default=None,
        description="What seals the tokens of accounts in the database; default the home's `secret.key`.",
    )
    operator_channel: str = Field(
        default="",
        max_length=63,
        description="The channel that is told when something needs you; default none.",
    )
    brand: BrandSettings = BrandSettings()
    fetch: FetchSettings = FetchSettings()
    polling: PollingSettings = PollingSettings()
    digest: DigestSettings = DigestSettings()
    ranking: RankingSettings = RankingSettings()
    tagging: TaggingSettings = TaggingSettings()
    summarize: SummarizeSettings = SummarizeSettings()
    telegram: TelegramSettings = TelegramSettings()
    linkedin: LinkedinSettings = LinkedinSettings()
    email: EmailSettings = EmailSettings()
    web: WebSettings = WebSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    retention: RetentionSettings = RetentionSettings()
    webhook: WebhookSettings = WebhookSettings()
    plugins: dict[str, dict[str, Any]] = Field(
        default={}, description="What installed plugins are set up with, a table each: `[plugins.NAME]`."
    )

    @property
    def database_address(self) -> str:
        """The database in force."""
        return self.database_url or f"sqlite:///{self.home / 'trendbot.db'}"

    @property
    def editions(self) -> Path:
        """The folder in force for editions."""
        return self.out or self.home / "editions"
