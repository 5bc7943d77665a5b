"""The bot's phrases: every language has all of them, with the same fields, within what Telegram takes."""

from __future__ import annotations

import re
from dataclasses import fields as fields_of
from pathlib import Path
from string import Formatter

import pytest

import trendbot
from trendbot.bot.desk import COMMANDS, menu
from trendbot.core.limits import check_telegram
from trendbot.core.phrases import LANGUAGES, Words
from trendbot.core.weights import Weights

ENGLISH = LANGUAGES["en"]


def fields(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_a_translation_has_every_phrase_with_the_same_fields(language: str) -> None:
    phrases = LANGUAGES[language]
    assert list(phrases) == list(ENGLISH)
    assert {key: fields(text) for key, text in phrases.items()} == {key: fields(text) for key, text in ENGLISH.items()}
    same = {key for key, text in phrases.items() if text == ENGLISH[key] and re.search("[A-Za-z]{3}", text)}
    assert same <= {"start.title", "why.part", "why.reports", "taste.theme", "part.emoji"}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_phrases_are_valid_markup_whatever_fills_them(language: str) -> None:
    words = Words(language)
    for key, phrase in LANGUAGES[language].items():
        said = words.say(key, **dict.fromkeys(fields(phrase), "<b>&amp;\"'</a>"))
        assert check_telegram((said,)) == (), key


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_commands_and_buttons_fit(language: str) -> None:
    assert {name for name, _ in menu(language)} == set(COMMANDS)
    assert all(1 <= len(text) <= 256 for _, text in menu(language))
    words = Words(language)
    assert all(len(words.plain(key)) <= 24 for key in ENGLISH if key.startswith("button."))
    assert len(words.plain("months").split()) == 12


def test_every_part_of_a_score_has_a_name() -> None:
    assert {f"part.{field.name}" for field in fields_of(Weights)} | {"part.taste"} == {
        key for key in ENGLISH if key.startswith("part.")
    }


def test_every_phrase_that_is_asked_for_is_there() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("bot", "core", "pipeline")
        for path in (Path(trendbot.__file__).parent / folder).rglob("*.py")
        if "phrases" not in path.parts
    )
    asked = set(re.findall(r'\b(?:say|plain)\(\s*"([a-z_.]+)"', source))
    counted = {f"{key}.{form}" for key in re.findall(r'\bcount\("([a-z_.]+)"', source) for form in ("one", "many")}
    assert asked
    assert asked | counted <= set(ENGLISH)


def test_figures_are_written_as_the_language_writes_them() -> None:
    assert Words("en").number("-1.25") == "\u22121.25"
    assert Words("de").number("+0.90") == "+0,90"


def test_an_unknown_language_is_english() -> None:
    assert Words("xx").language == Words(None).language == Words("").language == "en"
    assert Words("de-AT").say("button.back") == "Zurück"
    assert Words("de").count("report", 1) == "1 Meldung"
    assert Words("de").count("report", 3) == "3 Meldungen"
