"""What a language model may be shown, and what of its answer may go out. Pure.

A model has no say in what is told, in which order, under which headline and with which link: it may word one or two
sentences of a story, and only from that story's own reports. It is taken to obey whoever wrote the reports; so what it
answers is held to rules that a planted order cannot meet: plain sentences, no address, no markup, nobody spoken to,
about the story's own title, and every number, date, name and quotation in the reports (``core/proofs.py``). What fails
is not mended: the publisher's own sentence stands.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from trendbot.core.digests import Audience, DigestContent, DigestItem, DigestSection, Sentence
from trendbot.core.limits import one_line
from trendbot.core.proofs import names, objections, read_source
from trendbot.core.summaries import content_words, is_news
from trendbot.core.text import fold, sentences
from trendbot.core.variants import card, texts
from trendbot.core.wording import minutes

PROMPT = 1
"""The version of the prompt: a new one makes kept answers stale."""
MACHINE = ", worded by machine"
"""What stands behind the source of a sentence that a model worded."""
REPORTS, CHARACTERS = 8, 600
"""What a model sees of a story: so many reports, so much of each."""
_SHORTEST = 20
LONGEST_WORDS, MOST_SENTENCES = 60, 2
_ADDRESS = re.compile(r"://|www\.|\b[\w-]+\.(?:com|org|net|io|ai|dev|example|me|co|info|xyz|app)\b|@\w", re.IGNORECASE)
_MARKUP = re.compile(r"[<>\[\]{}|`*#\\^~]|__|\bhttps?\b", re.IGNORECASE)
_SPOKEN_TO = re.compile(r"\b(?:you|your|yours|yourself|please|let's|click|subscribe|follow us)\b", re.IGNORECASE)
_OWN_VOICE = re.compile(r"\b(?:as an ai|language model i|i am|i'm|i cannot|we|our|us|my)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryReport:
    """One report of a story as it is shown to a model."""

    entry_id: int
    source: str
    title: str
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryText:
    """A story as it is shown to a model: `headline` is the digest's, the lead's report stands first."""

    story_id: int
    headline: str
    reports: tuple[StoryReport, ...]

    def shown(self) -> tuple[tuple[str, str], ...]:
        """Return what is shown of each report, as (source, text): one harmless line each, cut."""
        return tuple(
            (one_line(each.source, 60), one_line(f"{each.title}. {each.body[: CHARACTERS * 4]}", CHARACTERS))
            for each in self.reports[:REPORTS]
        )


class Summarizer(Protocol):
    """Words stories by a language model."""

    model: str

    def summarize(self, stories: Sequence[StoryText]) -> Mapping[int, str]:
        """Return what it says of each story by id, of as many as time and budget allow; raises nothing.

        It returns within a bound of its own, whatever the model's server does.
        """
        ...


def key_of(story: StoryText, model: str) -> str:
    """Return the key that an answer is kept by: the model, the prompt, and all that was shown."""
    told = json.dumps([PROMPT, model, story.headline, story.shown()], ensure_ascii=False)
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def stories_of(content: DigestContent, *, limit: int) -> tuple[DigestItem, ...]:
    """Return the stories of a digest to be worded: those told to all readers first, then the best of the others.

    Left out are updates, which tell only what is new, stories told by their headline alone, and an editor's own words.
    """
    shown = [content.lead] if content.lead else []
    shown += [item for section in content.sections for item in section.items]
    pool = [item for item in content.stories if item.audience is not Audience.SOME]
    found: dict[int, DigestItem] = {}
    for item in (*shown, *pool):
        if item.sentences and not item.update and not _edited(item):
            found.setdefault(item.story_id, item)
    return tuple(found.values())[:limit]


def _edited(item: DigestItem) -> bool:
    return getattr(item, "edited", None) is not None


def refusals(answer: str, story: StoryText) -> tuple[str, ...]:
    """Return why an answer may not go out; nothing for one that may."""
    found = [*_form(answer), *(["it says nothing of the headline"] if not _about(answer, story.headline) else [])]
    source = read_source(*(text for each in story.reports for text in (each.title, each.body, each.source)))
    claims = [f"{sentence[:60]!r}: {each}" for sentence in sentences(answer) for each in objections(sentence, source)]
    return tuple(found or claims)


def _form(answer: str) -> Iterable[str]:
    said = sentences(answer)
    if answer != one_line(answer, 1000) or not 1 <= len(said) <= MOST_SENTENCES:
        yield f"it is not one or {MOST_SENTENCES} plain sentences"
    if len(answer.split()) > LONGEST_WORDS:
        yield f"it has more than {LONGEST_WORDS} words"
    for pattern, what in (
        (_ADDRESS, "an address"),
        (_MARKUP, "markup"),
        (_SPOKEN_TO, "words to the reader"),
        (_OWN_VOICE, "a voice of its own"),
    ):
        if pattern.search(answer):
            yield f"it holds {what}"
    if not all(is_news(sentence, shortest=_SHORTEST) for sentence in said):
        yield "a sentence is no news"


def _about(answer: str, headline: str) -> bool:
    """Tell whether an answer names something that the headline names, or shares words with one that names nothing."""
    named = {fold(name) for name in names(headline)[1:] or names(headline)}
    said = fold(answer)
    return any(name in said for name in named) or len(set(content_words(answer)) & set(content_words(headline))) > 1


def retold(content: DigestContent, answers: Mapping[int, str], *, blocked: int) -> DigestContent:
    """Put a model's answers, which the gate let through, in the place of the publishers' sentences, and mark them.

    `blocked` answers did not get through: the report card counts them.
    """
    if not answers and not blocked:
        return content
    sections = tuple(
        replace(section, items=tuple(_retold(item, answers) for item in section.items)) for section in content.sections
    )
    lead = _retold(content.lead, answers) if content.lead else None
    told = [*([lead] if lead else []), *_items(sections), *content.also]
    stopped = (content.foot.card.blocked if content.foot.card else 0) + blocked
    return replace(
        content,
        lead=lead,
        sections=sections,
        stories=tuple(_retold(item, answers) for item in content.stories),
        foot=replace(content.foot, minutes=minutes(texts(told)), card=card(told, stopped)),
    )


def _items(sections: Iterable[DigestSection]) -> Iterable[DigestItem]:
    return (item for section in sections for item in section.items)


def _retold(item: DigestItem, answers: Mapping[int, str]) -> DigestItem:
    answer = answers.get(item.story_id)
    if answer is None or not item.sentences or item.update or _edited(item):
        return item
    source = f"{item.lead.source}{MACHINE}"
    said = Sentence(text=answer, entry_id=item.lead.entry_id, source=source, start=0, end=0, machine=True)
    return replace(item, sentences=(said,))
