from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.language import Tongue, balance, tongue_of
from trendbot.core.ranking import Candidate, Report
from trendbot.core.telling import tellable
from trendbot.core.vocabulary import FeedKind

NOW = datetime(2026, 11, 15, 18, tzinfo=UTC)


def report(entry_id: int, title: str, body: str = "", *, language: str | None = None, feed: int = 1) -> Report:
    return Report(
        entry_id=entry_id,
        feed_id=feed,
        source="Feed",
        kind=FeedKind.NEWS,
        weight=1.0,
        language=language,
        title=title,
        body=body,
        url=f"https://x.example/{entry_id}",
        canonical_url=f"https://x.example/{entry_id}",
        dated_at=NOW,
        seen_at=NOW,
        backlog=False,
    )


def told(*reports: Report) -> dict[str, str]:
    """Return the titles that are told in an English digest, and the text below each."""
    candidates = [
        Candidate(story_id=each.entry_id, title=each.title, lead_entry_id=None, reports=(each,)) for each in reports
    ]
    found = tellable(candidates, told={}, languages=("en",))
    return {each.reports[0].title: each.reports[0].body for each in found}


@pytest.mark.parametrize(
    "title",
    [
        "xAI joins SpaceX",
        "Groq Names Simon Edwards CFO",
        "GPT‑OSS Improvements: Prompt Caching & Lower Pricing",
        "Cohere Labs Launches Tiny Aya, Making Multilingual AI Accessible",
        "Supreme Court Overturns Roe v. Wade After Fifty Years",
        "Google A.I. System Wins Gold In International Math Olympiad",
        "OpenAI o3-mini System Card",
        "Inside big tech's quest for human-level A.I.",
        "Mistral Large 3 NeMo: Le Chat Pro, Codestral Mamba, Ministral 8B",
        "Nestlé, L'Oréal, Société Générale test Mistral agents",
    ],
)
@pytest.mark.parametrize("language", [None, "en", "en-US"])
def test_a_short_english_title_full_of_names_is_told(title: str, language: str | None) -> None:
    assert told(report(1, title, title, language=language)) == {title: title}


@pytest.mark.parametrize(
    "title",
    [
        "Java-Anwendungsserver: Red Hat gibt WildFly 10 frei und warnt vor Fehlern",
        "Die Bundesregierung will künstliche Intelligenz fördern",
        "Cohere ouvre un bureau à Montréal",
        "Reações dos partidos ao veto de Marcelo",
        "Promotoria abre inquérito para apurar suspeita",
        "Google presenta su nuevo modelo de inteligencia artificial",
        "Meta lancia il nuovo modello per le aziende italiane",
        "Nieuwe regels voor het gebruik van AI in de zorg",
        "Polski model językowy jest już dostępny dla wszystkich",
        "Đề xuất ưu tiên bố trí nguồn lực ngân sách",
        "Yeni yapay zeka modeli için büyük bir adım",
        "코히어, 서울에 APAC 허브 설립 발표",
        "实时安全，逐词响应 Qwen3",
    ],
)
def test_a_title_in_another_language_is_not_told(title: str) -> None:
    assert told(report(1, title)) == {}


def test_a_declared_language_takes_more_to_overrule() -> None:
    title = "Mistral AI - KI für Deutschland"
    assert told(report(1, title)) == {}
    assert title in told(report(1, title, language="en"))
    assert told(report(1, "Quel est le véritable enjeu de la conférence sur le climat", language="en")) == {}
    assert told(report(1, "The model learns to read", language="de")) == {}


def test_a_title_that_says_nothing_is_what_its_text_is() -> None:
    german = "Der Hersteller hat das neue Modell vorgestellt und will es bis zum Herbst verkaufen."
    assert told(report(1, "Apple Watch Ultra 3", german)) == {}
    assert told(report(1, "Apple Watch Ultra 3", "The maker wants to sell it from autumn on."))


def test_a_title_that_says_nothing_is_what_its_feed_is() -> None:
    german = [report(at, f"Der Konzern und die Kunden: das sagt Nummer {at}") for at in range(2, 6)]
    english = [report(at, f"The company and its customers: what number {at} says", feed=2) for at in range(12, 16)]
    found = told(
        report(1, "Heise Show: Apple Watch"), *german, report(11, "Tech Weekly: Apple Watch", feed=2), *english
    )
    assert "Heise Show: Apple Watch" not in found
    assert "Tech Weekly: Apple Watch" in found


def test_a_text_in_another_language_than_its_title_is_left_out() -> None:
    chinese = "这篇文章介绍了一个新的开源模型, 以及它的性能。"
    assert told(report(1, "How a forged badge got into the building", chinese)) == {
        "How a forged badge got into the building": ""
    }


@given(st.text(max_size=300), st.text(max_size=600), st.booleans())
def test_any_text_is_judged(title: str, body: str, declared: bool) -> None:
    assert tongue_of(title, body, declared=declared) in set(Tongue)
    assert balance(title) == balance(title + " ")
