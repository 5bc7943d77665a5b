from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from tests import builders
from tests.serving import serving

from trendbot.bootstrap import Access, open_app
from trendbot.clock import frozen_clock
from trendbot.core.vocabulary import Cadence
from trendbot.errors import ConfigError
from trendbot.jobs import desk_of
from trendbot.pipeline.desk import publish
from trendbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


def settings(home: Path, **summarize: Any) -> Settings:
    return load_settings(options={"home": home, "summarize": summarize}, environment={})


def test_no_model_is_asked_unless_one_is_configured(tmp_path: Path, now: datetime) -> None:
    with open_app(settings(tmp_path), frozen_clock(now), access=Access.MIGRATE) as app:
        assert app.summarizer is None


def test_a_model_without_a_name_is_refused(tmp_path: Path, now: datetime) -> None:
    with (
        pytest.raises(ConfigError, match=r"summarize\.model"),
        open_app(settings(tmp_path, enabled=True), frozen_clock(now), access=Access.MIGRATE),
    ):
        pass


def test_the_sample_week_is_shown_to_no_model(tmp_path: Path, now: datetime) -> None:
    asked = settings(tmp_path, enabled=True, model="m")
    with open_app(asked, frozen_clock(now), access=Access.MIGRATE, sample=True) as app:
        assert app.summarizer is None


def test_the_key_shows_in_no_text_of_the_settings(tmp_path: Path) -> None:
    assert "hush" not in repr(settings(tmp_path, enabled=True, model="m", api_key="hush"))


async def test_a_configured_model_words_what_the_run_publishes(tmp_path: Path, now: datetime) -> None:
    told = "The regulator has given four laboratories until 1 December to hand over their test reports."
    asked: list[str] = []

    async def words(request: web.Request) -> web.Response:
        prompt = (await request.json())["messages"]
        asked.append(request.headers["Authorization"])
        token = re.search(r'"id": "(\w+)"', prompt[0]["content"])
        assert token
        text = told if "headline: Regulator" in prompt[1]["content"] else "nothing"
        content = json.dumps({"id": token.group(1), "text": text})
        return web.json_response({"choices": [{"message": {"content": content}}]})

    async with serving(words) as url:
        given = settings(tmp_path, enabled=True, model="m", endpoint=f"{url}/v1", api_key="hush")
        with open_app(given, frozen_clock(now), access=Access.MIGRATE) as app:
            builders.add_day(app.database, now)
            report = await asyncio.to_thread(publish, desk_of(app), cadence=Cadence.DAILY, now=now)
    assert report.digest is not None
    content = report.digest.content
    assert set(asked) == {"Bearer hush"}
    assert content.foot.card is not None
    said = [sentence for _, item in content.items() for sentence in item.sentences]
    assert [sentence.text for sentence in said if sentence.machine] == [told]
    assert content.foot.card.blocked >= 1
