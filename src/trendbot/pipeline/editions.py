"""editions: a frozen digest → what the readers of one choice of themes are sent on one kind of channel.

Rendered when first asked for and once only, from the frozen content alone, and kept; so 100,000 readers cost no more
renderings than there are choices among them. Callers in an event loop hop to a thread: ``asyncio.to_thread``.
"""

from __future__ import annotations

from datetime import datetime

from trendbot.core.variants import content_of
from trendbot.core.vocabulary import ChannelKind
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer
from trendbot.store import digests
from trendbot.store.database import Database
from trendbot.store.digests import Edition


def ensure_edition(
    database: Database,
    digest_id: int,
    kind: ChannelKind,
    variant: str,
    renderer: Renderer,
    *,
    now: datetime | None = None,
) -> Edition | None:
    """Return a digest's edition for a kind of channel and a choice of themes (`core.variants.variant_of`).

    It is rendered, checked and kept where it is not there yet. None: there is nothing on these themes, and nothing is
    to be sent. `now` is when it counts as rendered, by default when the digest was frozen.

    Raises:
        NotFoundError: there is no such frozen digest.
        RenderError: a template is wrong or the edition breaks a channel's limit; nothing was written.

    """
    known = database.read(digests.find_edition, digest_id, kind, variant)
    if known:
        return known
    digest = database.read(digests.get_digest, digest_id)
    content = content_of(digest.content, variant)
    if content is None:
        return None
    rendering = render_edition(renderer, content, kind)
    return database.write(digests.add_edition, digest_id, rendering, now=now or digest.frozen_at)
