"""Templates: where they come from, how they escape, and what their errors say.

An operator's folder overrides any template that ships. ``*.html.j2`` escapes every value by itself; the templates of
the LinkedIn post escape by little text's rules where they are rendered for the API. An unknown name is an error.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from trendbot.core import wording
from trendbot.core.limits import escape_little, little_hashtag, safe_link, shorten
from trendbot.errors import RenderError

CUT = "\f"
"""Stands in a template where a message may be split; no text of a digest can hold it."""
_GAPS = re.compile(r"\n{3,}")


class Little(str):
    """Text that is little text already."""

    __slots__ = ()


class Renderer:
    """Renders templates by name."""

    def __init__(self, folder: Path, override: Path | None = None) -> None:
        """Take templates from `override` where it has them, else from `folder`."""
        self.folders = [each for each in (override, folder) if each is not None]
        loader = jinja2.FileSystemLoader(self.folders)
        self._marked = _environment(loader)
        self._little = _environment(loader, finalize=_as_little)
        self._marked.globals.update(cut=Markup(CUT), hashtag=lambda word: "#" + re.sub(r"\W|_", "", word))  # noqa: S704
        self._little.globals.update(cut=Little(CUT), hashtag=lambda word: Little(little_hashtag(word)))

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """Return the text of a template, ends of lines and runs of empty lines tidied.

        Raises:
            RenderError: the template is missing or wrong; the message names it and the line.

        """
        return self._render(self._marked, name, context)

    def render_little(self, name: str, context: Mapping[str, Any]) -> str:
        """Return the text of a template as little text: every value is escaped, hashtags become templates.

        Raises:
            RenderError: see `render`.

        """
        return self._render(self._little, name, context)

    def template_hash(self, names: Sequence[str]) -> str:
        """Return the SHA-256 of the sources of the named templates as they are in force."""
        digest = hashlib.sha256()
        for name in names:
            digest.update(self._source(name).encode() + b"\0")
        return digest.hexdigest()

    def _source(self, name: str) -> str:
        try:
            return self._marked.loader.get_source(self._marked, name)[0]  # type: ignore[union-attr]
        except jinja2.TemplateError as error:
            raise RenderError(_complaint(error, name, self.folders)) from error

    def _render(self, environment: jinja2.Environment, name: str, context: Mapping[str, Any]) -> str:
        try:
            text = environment.get_template(name).render(context)
        except Exception as error:  # whatever a template's expression may raise
            raise RenderError(_complaint(error, name, self.folders)) from error
        return tidy(text)


def tidy(text: str) -> str:
    """Strip the ends of lines and of the text; at most one empty line in a row."""
    return _GAPS.sub("\n\n", "\n".join(line.rstrip(" \t") for line in text.split("\n"))).strip(" \n")


def _environment(loader: jinja2.BaseLoader, **options: Any) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=loader,
        autoescape=_escapes,  # noqa: S701  (by the name of the template)
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        **options,
    )
    environment.filters.update(
        more=wording.more_text,
        since=wording.since_text,
        proof=wording.proof,
        rise=wording.rise_text,
        figure=wording.figure,
        link=safe_link,
        short=shorten,
        counted=wording.counted,
    )
    return environment


def _escapes(name: str | None) -> bool:
    return bool(name) and name is not None and name.endswith(".html.j2")


def _as_little(value: Any) -> Any:
    return value if isinstance(value, Little) else Little(escape_little(str(value)))


def _complaint(error: Exception, name: str, folders: Sequence[Path]) -> str:
    if isinstance(error, jinja2.TemplateNotFound):
        return f"template {error.name} is missing (looked in {', '.join(map(str, folders))})"
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"template {error.name or name}, line {error.lineno}: {error.message}; mend it or remove your copy"
    where, line = _place(error, name)
    return f"template {where}, line {line}: {error}; mend it or remove your copy"


def _place(error: BaseException, name: str) -> tuple[str, int]:
    """Return the innermost template and line in the error's traceback."""
    where, line = name, 0
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            where, line = Path(file).name, trace.tb_lineno
        trace = trace.tb_next
    return where, line
