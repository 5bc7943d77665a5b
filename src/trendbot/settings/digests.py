"""Settings of what is published: the brand, the digests, what ranks their stories, and who words them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, HttpUrl, SecretStr

from trendbot.settings.base import Count, Group, Seconds, Weight

Letting = Literal["automatic", "unless-objected", "approve"]


class BrandSettings(Group):
    """Who publishes: names and addresses that stand in every digest."""

    name: str = Field(
        default="trendbot", min_length=1, max_length=60, description="The newsletter's name, in titles and mail."
    )
    page_url: HttpUrl = Field(
        default=HttpUrl("https://www.linkedin.com/company/trendbot/"),
        description="The LinkedIn page that digests invite people to follow.",
    )
    site_url: HttpUrl | None = Field(default=None, description="The public address of the archive, where there is one.")
    postal_address: str = Field(
        default="", max_length=200, description="The sender's postal address, for the foot of mail."
    )


class ApprovalSettings(Group):
    """Who lets a digest go, by kind of channel; the strictest among a digest's channels decides for all of them."""

    linkedin: Letting = Field(
        default="automatic",
        description="Digests with a LinkedIn edition go at once, at `hour` unless objected to, or when approved.",
    )
    telegram: Letting = Field(default="automatic", description="The same for digests with a Telegram edition.")
    email: Letting = Field(default="automatic", description="The same for digests with an email edition.")
    hour: Annotated[int, Field(ge=0, le=23)] = Field(
        default=9, description="The UTC hour from which a draft goes to which nobody objected; never in its first hour."
    )


class DigestSettings(Group):
    """What a digest holds."""

    daily_minutes: Annotated[int, Field(ge=1, le=60)] = Field(
        default=3, description="Minutes that reading a daily digest may take; filled by worth for length."
    )
    weekly_minutes: Annotated[int, Field(ge=1, le=120)] = Field(
        default=6, description="Minutes that reading a weekly digest may take."
    )
    daily_stories: Annotated[int, Field(ge=1, le=30)] = Field(
        default=10, description="Stories in a daily digest at most."
    )
    weekly_stories: Annotated[int, Field(ge=1, le=60)] = Field(
        default=20, description="Stories in a weekly digest at most."
    )
    per_theme: Annotated[int, Field(ge=1, le=20)] = Field(default=3, description="Stories under one theme at most.")
    per_feed: Annotated[int, Field(ge=1, le=20)] = Field(default=2, description="Stories led by one feed at most.")
    approval: ApprovalSettings = ApprovalSettings()


class RankingSettings(Group):
    """What each part of a story's score weighs; the parts stand with every digest and in `why`."""

    publishers: Weight = Field(
        default=1.0, description="Worth of the number of independent publishers (its logarithm)."
    )
    reports: Weight = Field(default=0.6, description="Worth of the number of reports (its logarithm).")
    kinds: Weight = Field(default=0.6, description="Worth of each further kind of feed.")
    press: Weight = Field(default=0.8, description="Worth of a report by the press or a lab.")
    community: Weight = Field(default=-2.0, description="Worth of a story that only forums and posts tell.")
    first_party: Weight = Field(default=0.3, description="Worth of a lab's own word.")
    weight: Weight = Field(default=0.4, description="Worth of the weight of the story's weightiest feed above 1.")
    themes: Weight = Field(default=0.1, description="Worth of each theme, up to three.")
    off_theme: Weight = Field(default=-0.8, description="Worth of having no theme.")
    names: Weight = Field(default=0.45, description="Worth of each followed term that a report mentions, up to three.")
    surprise: Weight = Field(default=0.08, description="Worth of the surprise of the rising term that the title names.")
    action: Weight = Field(default=0.7, description="Worth of a title that says what somebody did.")
    figures: Weight = Field(default=0.2, description="Worth of a number in the title.")
    length: Weight = Field(
        default=0.5, description="Worth of a title above 180 characters: a post that says something."
    )
    brief: Weight = Field(default=-0.6, description="Worth of a title below 40 characters.")
    volume: Weight = Field(
        default=-0.4, description="Worth of how much its feeds publish in the period (the logarithm)."
    )
    reply: Weight = Field(default=-1.0, description="Worth of a post that answers somebody.")
    hashtags: Weight = Field(default=-0.45, description="Worth of each hashtag, up to three.")
    emoji: Weight = Field(default=-0.8, description="Worth of an emoji in the title.")
    link: Weight = Field(default=-1.0, description="Worth of a bare address in the title.")
    question: Weight = Field(default=-0.4, description="Worth of a title that asks.")
    personal: Weight = Field(
        default=-0.4, description="Worth of a title about its author, to its reader, or that teaches."
    )
    promotion: Weight = Field(default=-1.5, description="Worth of an advertisement.")
    routine: Weight = Field(default=-1.5, description="Worth of a bare version or a notice of operations.")
    freshness: Weight = Field(
        default=-0.6, description="Worth of each period that the newest report is old beyond the first."
    )


class SummarizeSettings(Group):
    """A language model that may word a sentence or two a story; everything it says goes through the proof gate."""

    enabled: bool = Field(default=False, description="Whether a model is asked; without one nothing is lost.")
    endpoint: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:11434/v1"),
        description="An OpenAI-compatible address, up to `/chat/completions`; a server of your own will do.",
    )
    model: str = Field(default="", max_length=128, description="The model's name at that address.")
    api_key: SecretStr | None = Field(default=None, description="The key that the address asks for, where it does.")
    seconds: Seconds = Field(
        default=45.0, le=600, description="Seconds that asking may delay a digest in all; then it goes without."
    )
    timeout: Seconds = Field(default=20.0, description="Seconds for one answer.")
    retries: Annotated[int, Field(ge=0, le=5)] = Field(default=1, description="How often one question is repeated.")
    max_tokens: Count = Field(default=60_000, description="Tokens that one digest may cost, in and out.")
    max_cost: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="Money that one digest may cost, in the money of the prices; 0 sets no bound."
    )
    price_in: Annotated[float, Field(ge=0)] = Field(default=0.0, description="The price of a million tokens sent.")
    price_out: Annotated[float, Field(ge=0)] = Field(default=0.0, description="The price of a million tokens answered.")
