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
        self.own, self.bundled = override, folder
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

    def own_names(self) -> tuple[str, ...]:
        """Return the names of the operator's own templates."""
        if self.own is None or not self.own.is_dir():
            return ()
        return tuple(sorted(file.relative_to(self.own).as_posix() for file in self.own.rglob("*.j2")))

    def complaint_of(self, name: str) -> str | None:
        """Return what is wrong with one of the operator's own templates as it stands, or None.

        It may replace none that ships, or be no template; what only rendering shows is not found here.
        """
        if not (self.bundled / name).is_file() and not self._used(name):
            return f"template {name} replaces none that ships: see docs/templates.md for the names, or remove it"
        try:
            self._marked.parse(self._source(name), name)
        except RenderError as error:
            return str(error)
        except jinja2.TemplateError as error:
            return _complaint(error, name, self.folders)
        return None

    def _used(self, name: str) -> bool:
        """Tell whether another of the operator's templates names this one, to include or to extend."""
        others = (other for other in self.own_names() if other != name)
        return any(f'"{name}"' in self._text(other) or f"'{name}'" in self._text(other) for other in others)

    def _text(self, name: str) -> str:
        return (self.own / name).read_text(encoding="utf-8", errors="replace") if self.own else ""

    def _source(self, name: str) -> str:
        try:
            return self._marked.loader.get_source(self._marked, name)[0]  # type: ignore[union-attr]
        except (jinja2.TemplateError, OSError, UnicodeDecodeError) as error:
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
        footprint=wording.footprint,
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
        return _said(error.name or name, error.lineno, error.message, folders)
    if isinstance(error, OSError | UnicodeDecodeError):
        return _said(name, 1, f"it cannot be read ({error})", folders)
    return _said(*_place(error, name, folders), error, folders)


def _said(name: str, line: int, what: object, folders: Sequence[Path]) -> str:
    """Say what is wrong where, and what to do: one's own copy can be mended, or removed."""
    file = next((folder / name for folder in folders if (folder / name).is_file()), None)
    own = file is not None and len(folders) > 1 and file.is_relative_to(folders[0])
    return f"template {name}, line {line}: {what}" + (f"; mend {file}, or remove it" if own else "; mend it")


def _place(error: BaseException, name: str, folders: Sequence[Path]) -> tuple[str, int]:
    """Return the innermost template, by its name, and the line in the error's traceback."""
    where, line = name, 0
    trace = error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.suffix == ".j2":
            inside = (file.relative_to(folder).as_posix() for folder in folders if file.is_relative_to(folder))
            where, line = next(inside, file.name), trace.tb_lineno
        trace = trace.tb_next
    return where, line
