"""Content → editions: rendered, packed into messages, and checked by the channel's linter."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from trendbot.core import limits
from trendbot.core.digests import DigestContent, Rendering
from trendbot.core.pictures import Chart
from trendbot.core.variants import ALL
from trendbot.core.vocabulary import ChannelKind
from trendbot.errors import RenderError
from trendbot.render import contexts
from trendbot.render.charts import draw_chart
from trendbot.render.environment import CUT, Renderer
from trendbot.render.letters import inlined

_LEAD = 2
"""So many blocks of a message are its head and its lead."""
LINKEDIN = ("linkedin/post.j2",)
TELEGRAM = ("telegram/digest.html.j2",)
MAIL = ("email/digest/subject.txt.j2", "email/digest/body.txt.j2", "email/digest/body.html.j2")


def render_edition(renderer: Renderer, content: DigestContent, kind: ChannelKind) -> Rendering:
    """Render a digest, whole or narrowed to a choice of themes, for a kind of channel; check it against its limits.

    Raises:
        RenderError: a template is wrong, or the text breaks a hard limit; the message names rule and line.

    """
    chart = draw_chart(content)
    rendering, problems = _KINDS[kind](renderer, content, chart)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        of = content.title if content.variant == ALL else f"{content.title} ({content.variant})"
        raise RenderError(f"the {kind} edition of {of!r} breaks a limit, {problems[0]}{more}")
    return replace(rendering, chart=chart)


Outcome = tuple[Rendering, Sequence[limits.Problem]]


def _linkedin(renderer: Renderer, content: DigestContent, _: Chart | None) -> Outcome:
    """Render the post with as many stories as fit into it."""
    for lines in range(contexts.POST_LINES - 1, -1, -1):
        outcome = _post(renderer, content, lines)
        if not any(problem.rule == "length" for problem in outcome[1]):
            break
    return outcome


def _post(renderer: Renderer, content: DigestContent, lines: int) -> Outcome:
    commentary = renderer.render_little(LINKEDIN[0], contexts.linkedin(content, card=True, lines=lines))
    paste = renderer.render(LINKEDIN[0], contexts.linkedin(content, card=False, lines=lines)) + "\n"
    rendering = Rendering(
        kind=ChannelKind.LINKEDIN,
        variant=content.variant,
        subject=None,
        parts=(commentary,),
        text_body=paste,
        template_hash=renderer.template_hash(LINKEDIN),
    )
    return rendering, (*limits.check_linkedin(commentary), *limits.check_paste(paste))


def _telegram(renderer: Renderer, content: DigestContent, chart: Chart | None) -> Outcome:
    """Render the messages; where there is a chart, the first has the lead alone, to stand below it."""
    blocks = renderer.render(TELEGRAM[0], contexts.base(content)).split(CUT)
    caption = _caption(blocks) if chart else ""
    rest = blocks[_LEAD:] if caption else blocks
    parts = (*filter(None, (caption,)), *limits.pack(rest, limit=limits.TELEGRAM_UNITS, measure=_weight))
    if chart and _weight("".join(blocks).strip()) <= limits.TELEGRAM_CAPTION:
        parts = limits.pack(blocks, limit=limits.TELEGRAM_CAPTION, measure=_weight)
    rendering = Rendering(
        kind=ChannelKind.TELEGRAM,
        variant=content.variant,
        subject=None,
        parts=parts,
        text_body=None,
        template_hash=renderer.template_hash(TELEGRAM),
    )
    return rendering, limits.check_telegram(parts)


def _caption(blocks: Sequence[str]) -> str:
    """Return the head and the lead as one message that fits below a photo; empty where they do not fit."""
    packed = limits.pack(blocks[:_LEAD], limit=limits.TELEGRAM_CAPTION, measure=_weight)
    fits = len(packed) == 1 and _weight(packed[0]) <= limits.TELEGRAM_CAPTION
    return packed[0] if fits else ""


def _weight(message: str) -> int:
    """Length in units, or what the number of entities is worth where that binds first."""
    read = limits.read_telegram(message)
    per_entity = limits.TELEGRAM_UNITS / limits.TELEGRAM_ENTITIES
    return max(limits.utf16_length(read.text), math.ceil(read.entities * per_entity))


def _mail(renderer: Renderer, content: DigestContent, chart: Chart | None) -> Outcome:
    """Render the mail with as many stories as fit into it."""
    while True:
        outcome = _whole_mail(renderer, content, chart)
        shorter = contexts.shorter(content) if any(problem.rule == "size" for problem in outcome[1]) else None
        if shorter is None:
            return outcome
        content = shorter


def _whole_mail(renderer: Renderer, content: DigestContent, chart: Chart | None) -> Outcome:
    context = contexts.mail(content, chart)
    subject, text, markup = (renderer.render(name, context) for name in MAIL)
    rendering = Rendering(
        kind=ChannelKind.EMAIL,
        variant=content.variant,
        subject=subject,
        parts=(inlined(markup),),
        text_body=text + "\n",
        template_hash=renderer.template_hash(MAIL),
    )
    return rendering, limits.check_mail(subject=subject, text=text, markup=rendering.parts[0])


_KINDS: dict[ChannelKind, Callable[[Renderer, DigestContent, Chart | None], Outcome]] = {
    ChannelKind.LINKEDIN: _linkedin,
    ChannelKind.TELEGRAM: _telegram,
    ChannelKind.EMAIL: _mail,
}
