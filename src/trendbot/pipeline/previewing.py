"""What a person looks at before a digest goes: the page of a draft or digest, and what it is held against."""

from __future__ import annotations

from trendbot.core.digests import DigestContent
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import NotFoundError, RenderError
from trendbot.pipeline.desk import Desk, approval_of, waits_for
from trendbot.render.desk import Column, render_desk
from trendbot.render.editions import render_edition
from trendbot.store import digest_acts, digests
from trendbot.store.database import Database
from trendbot.store.digest_acts import Draft, Slot

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
        Column(kind=kind, rendering=known[kind], problem=None)
        if kind in known
        else _rendered(desk, digest.content, kind)
        for kind in SHOWN
    )
    return render_desk(desk.renderer, digest.content, columns, note=f"frozen by {digest.frozen_by}")


def _rendered(desk: Desk, content: DigestContent, kind: ChannelKind) -> Column:
    try:
        return Column(kind=kind, rendering=render_edition(desk.renderer, content, kind), problem=None)
    except RenderError as error:
        return Column(kind=kind, rendering=None, problem=str(error))


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
