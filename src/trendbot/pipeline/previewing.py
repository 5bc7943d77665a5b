"""What a person looks at before a digest goes: the page of a draft or digest, and what it is held against."""

from __future__ import annotations

from dataclasses import replace

from trendbot.core.digests import DigestContent, Rendering
from trendbot.core.limits import one_line
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import NotFoundError, RenderError
from trendbot.pipeline.carding import card_for
from trendbot.pipeline.desk import Desk, approval_of, waits_for
from trendbot.render.desk import Column, PostCard, render_desk
from trendbot.render.editions import render_edition
from trendbot.store import digest_acts, digests
from trendbot.store.database import Database
from trendbot.store.digest_acts import Draft, Slot
from trendbot.store.digests import Edition
from trendbot.transports.linkedin import DESCRIPTION, TITLE

SHOWN = (ChannelKind.LINKEDIN, ChannelKind.TELEGRAM, ChannelKind.EMAIL)


def preview_draft(desk: Desk, draft: Draft) -> str:
    """Return the page of a draft: all three kinds of channels, also those that its cadence has none of yet."""
    columns = tuple(_rendered(desk, draft.content, kind) for kind in SHOWN)
    return render_desk(
        desk.renderer, draft.content, columns, note=waits_for(draft, approval_of(desk, draft.of.cadence))
    )


def preview_digest(desk: Desk, digest_id: int) -> str:
    """Return the page of a frozen digest: its editions as they were sent, rendered anew for kinds it has none of.

    Raises:
        NotFoundError: there is no such digest.

    """
    digest = desk.database.read(digests.get_digest, digest_id)
    known = {
        edition.kind: edition
        for edition in desk.database.read(digests.list_editions, digest_id)
        if edition.variant == "all"
    }
    columns = tuple(
        _column(desk, digest.content, _charted(desk, known[kind]))
        if kind in known
        else _rendered(desk, digest.content, kind)
        for kind in SHOWN
    )
    return render_desk(desk.renderer, digest.content, columns, note=f"frozen by {digest.frozen_by}")


def _rendered(desk: Desk, content: DigestContent, kind: ChannelKind) -> Column:
    try:
        return _column(desk, content, render_edition(desk.renderer, content, kind))
    except RenderError as error:
        return Column(kind=kind, rendering=None, problem=str(error))


def _charted(desk: Desk, edition: Edition) -> Edition:
    return replace(edition, chart=desk.database.read(digests.chart_of, edition.id))


def _column(desk: Desk, content: DigestContent, rendering: Rendering) -> Column:
    """Return an edition as its channel shows it; a post with the card that LinkedIn is given."""
    found = card_for(content) if rendering.kind is ChannelKind.LINKEDIN else None
    card = None
    if found is not None:
        title, description = one_line(found.title, TITLE), one_line(found.description, DESCRIPTION)
        card = PostCard(url=found.url, title=title, description=description)
    return Column(kind=rendering.kind, rendering=rendering, problem=None, card=card, as_picture=desk.as_picture)


def draft_and_before(draft: Draft, *, hand: bool) -> tuple[DigestContent, DigestContent]:
    """Return what a draft was before it changed last, or what the rules alone make of it, and the draft."""
    return (draft.machine if hand else draft.before or draft.content), draft.content


def digest_and_draft(database: Database, digest_id: int) -> tuple[DigestContent, DigestContent]:
    """Return what the rules alone had made of a digest, and the digest.

    Raises:
        NotFoundError: there is no such digest, or it was never a draft.

    """
    digest = database.read(digests.get_digest, digest_id)
    of = Slot(cadence=Cadence(digest.cadence), slot=digest.slot)
    draft = database.read(digest_acts.find_draft, of)
    if draft is None:
        raise NotFoundError(f"digest {digest_id} never lay on the desk: it went as the rules made it")
    return draft.machine, digest.content
