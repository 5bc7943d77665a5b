"""rebuild: a past digest again from what was frozen of it, to the last byte."""

from __future__ import annotations

from dataclasses import dataclass

from trendbot.core.digests import Rendering, from_json, tree_hash
from trendbot.core.variants import content_of
from trendbot.errors import RenderError
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer
from trendbot.store import digests
from trendbot.store.database import Database
from trendbot.store.digests import Edition


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilt:
    """What came of it: how many editions were made again, and what was not the same."""

    digest_id: int
    editions: int
    problems: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Tell whether everything came out as it was."""
        return not self.problems


def rebuild(database: Database, renderer: Renderer, digest_id: int) -> Rebuilt:
    """Make a digest's content and editions again and hold them against those that are kept.

    Raises:
        NotFoundError: there is no such digest.

    """
    digest = database.read(digests.get_digest, digest_id)
    tree = database.read(digests.stored_tree, digest_id)
    problems = []
    if tree_hash(tree) != digest.content_hash:
        problems.append("the content is not the one that was frozen: its hash differs")
    kept = database.read(digests.list_editions, digest_id)
    content = from_json(tree)
    for edition in kept:
        narrowed = content_of(content, edition.variant)
        try:
            again = render_edition(renderer, narrowed, edition.kind) if narrowed is not None else None
        except RenderError as error:
            problems.append(f"the {_name(edition)} edition cannot be made: {error}")
            continue
        if again is None:
            problems.append(f"the {_name(edition)} edition has nothing on its themes any more")
        elif again.template_hash != edition.template_hash:
            problems.append(f"the {_name(edition)} edition was made by other templates: what is kept is what went out")
        elif not _same(again, edition):
            problems.append(f"the {_name(edition)} edition comes out otherwise")
        elif not _same_chart(database, again, edition):
            problems.append(f"the chart of the {_name(edition)} edition is drawn otherwise: another drawing library?")
    return Rebuilt(digest_id=digest_id, editions=len(kept), problems=tuple(problems))


def _same(again: Rendering, kept: Edition) -> bool:
    one, other = ((each.subject, each.parts, each.text_body) for each in (again, kept))
    return one == other


def _same_chart(database: Database, again: Rendering, kept: Edition) -> bool:
    known = database.read(digests.chart_of, kept.id)
    return (again.chart.pictures if again.chart else ()) == (known.pictures if known else ())


def _name(edition: Edition) -> str:
    return edition.kind.value if edition.variant == "all" else f"{edition.kind.value} ({edition.variant})"
