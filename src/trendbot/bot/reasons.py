"""Why a story is in a digest, and what a reader wants more or less of."""

from __future__ import annotations

import html

from trendbot.bot import news, telling
from trendbot.bot.answers import Answer, Show, Toast, answer
from trendbot.bot.telling import within
from trendbot.bot.visit import Visit, known
from trendbot.core.buttons import Button, Rows, data, in_rows
from trendbot.core.digests import DigestItem
from trendbot.core.limits import shorten
from trendbot.core.phrases import prefixed
from trendbot.core.taste import Taste, taste
from trendbot.errors import NotFoundError
from trendbot.store import digests, feedback
from trendbot.store.database import Session

MOST = 20
_PARTS = frozenset(prefixed("part."))


def why(session: Session, visit: Visit) -> Answer:
    """Answer why the stories of a digest are in it: the list, or the reasons of the one that was tapped."""
    digest_id, items = _told(session, visit)
    if digest_id is None:
        return answer(Show(text=visit.words.say("why.gone")))
    wanted = visit.press.number(1)
    item = next((each for each in items if each.story_id == wanted), None)
    return answer(_why_story(session, visit, digest_id, item) if item else _why_list(visit, digest_id, items))


def _told(session: Session, visit: Visit, place: int = 0) -> tuple[int | None, list[DigestItem]]:
    """Return a digest, that of the pressed button or the newest, and its stories on the visitor's themes."""
    number = visit.press.number(place)
    try:
        digest = digests.get_digest(session, number) if number else None
    except NotFoundError:
        return None, []
    digest = digest or news.newest_digest(session, visit.preferences.cadence)
    if digest is None:
        return None, []
    content = news.content_for(session, visit, digest) or digest.content
    return digest.id, [item for _, item in content.items()][:MOST]


def _why_list(visit: Visit, digest_id: int, items: list[DigestItem]) -> Show:
    words = visit.words
    lines = [
        f"{number}. {news.headline(item)} · {words.number(f'{item.score:.1f}')}" for number, item in enumerate(items, 1)
    ]
    buttons = [Button(text=str(number), data=data("why", digest_id, item.story_id))
               for number, item in enumerate(items, 1)]  # fmt: skip
    return Show(text=within([words.say("why.title"), words.say("why.how"), "", *lines]), rows=in_rows(buttons, 5))


def _why_story(session: Session, visit: Visit, digest_id: int, item: DigestItem) -> Show:
    words = visit.words
    reports = words.count("report", item.reports)
    lines = [
        words.say("why.story"),
        news.headline(item),
        "",
        words.say("why.reports", reports=reports, publishers=words.count("publisher", item.publishers)),
        *(f"• {_part(visit, name, points)}" for name, points in _sorted(item.parts)),
        words.say("why.sum", score=words.number(f"{item.score:.2f}")),
    ]
    names = [telling.name(visit, slug) for slug in item.themes]
    lines += [words.say("why.themes", themes=", ".join(names))] if names else []
    chosen = [telling.name(visit, slug) for slug in item.themes if slug in visit.preferences.themes]
    lines += [words.say("why.yours", themes=", ".join(chosen))] if chosen else []
    lines += _own_word(session, visit, item)
    back = Button(text=words.plain("button.back"), data=data("why", digest_id))
    return Show(text=within(lines), rows=(*_say_rows(visit, item), (back,)))


def _sorted(parts: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(parts.items(), key=lambda part: -abs(part[1]))


def _part(visit: Visit, name: str, points: float) -> str:
    label = visit.words.plain(f"part.{name}") if name in _PARTS else name
    return visit.words.say("why.part", name=label, points=visit.words.number(f"{points:+.2f}"))


def _own_word(session: Session, visit: Visit, item: DigestItem) -> list[str]:
    found = visitors_taste(session, visit).reasons(item.themes)
    if not found:
        return []
    reasons = ", ".join(
        f"{telling.name(visit, slug)} {visit.words.number(f'{points:+.2f}')}" for slug, points in found.items()
    )
    return [visit.words.say("why.taste", reasons=reasons)]


def visitors_taste(session: Session, visit: Visit) -> Taste:
    """Return what the visitor's words about stories add up to."""
    said = feedback.list_feedback(session, visit.subscriber.id) if visit.subscriber else ()
    return taste(said, visit.now)


# -- more and less -----------------------------------------------------------------------------------------------------


def more_or_less(session: Session, visit: Visit) -> Answer:
    """Answer with the stories of a digest, each with a plus and a minus."""
    digest_id, items = _told(session, visit)
    if digest_id is None:
        return answer(Show(text=visit.words.say("why.gone")))
    return answer(_taste_screen(session, visit, digest_id, items))


def _taste_screen(session: Session, visit: Visit, digest_id: int, items: list[DigestItem]) -> Show:
    words = visit.words
    said = {each.story_id: each.value for each in _said(session, visit)}
    rows: list[tuple[Button, ...]] = []
    for number, item in enumerate(items[:MOST], 1):
        value = said.get(item.story_id, 0)
        label = shorten(f"{number}. {html.unescape(item.headline)}", 40)
        rows.append(
            (
                Button(text=label, data=data("why", digest_id, item.story_id)),
                Button(text="● +" if value > 0 else "+", data=data("rate", item.story_id, int(value <= 0), digest_id)),
                Button(text="● −" if value < 0 else "−", data=data("rate", item.story_id, -int(value >= 0), digest_id)),
            )
        )
    return Show(text="\n".join([words.say("taste.title"), words.say("taste.how")]), rows=tuple(rows))


def _said(session: Session, visit: Visit) -> tuple[feedback.Feedback, ...]:
    return feedback.list_feedback(session, visit.subscriber.id) if visit.subscriber else ()


def say(session: Session, visit: Visit) -> Answer:
    """Keep what the visitor said of a story by a button under it; answer with a short word."""
    return answer(Toast(text=_kept(session, visit)))


def rate(session: Session, visit: Visit) -> Answer:
    """Keep what the visitor said of a story in the list; answer with the list as it is then."""
    visit = visit if visit.subscriber else known(session, visit)
    word = _kept(session, visit)
    digest_id, items = _told(session, visit, place=2)
    if digest_id is None:
        return answer(Toast(text=word))
    return answer(_taste_screen(session, visit, digest_id, items), Toast(text=word))


def _kept(session: Session, visit: Visit) -> str:
    visit = visit if visit.subscriber else known(session, visit)
    story, value = visit.press.number(0), visit.press.number(1)
    if story is None or value is None or visit.subscriber is None:
        return visit.words.plain("taste.gone")
    there = feedback.say_feedback(
        session, subscriber_id=visit.subscriber.id, story_id=story, value=value, now=visit.now
    )
    key = "taste.back" if value == 0 else "taste.more" if value > 0 else "taste.less"
    return visit.words.plain(key if there else "taste.gone")


def _say_rows(visit: Visit, item: DigestItem) -> Rows:
    words = visit.words
    return (
        (
            Button(text=words.plain("button.more"), data=data("say", item.story_id, 1)),
            Button(text=words.plain("button.less"), data=data("say", item.story_id, -1)),
        ),
    )
