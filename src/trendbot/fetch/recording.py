"""The time machine's tape: what every feed answered, kept as files and played back.

    answers.jsonl     one line an answer: run, instant, request, status, headers, and the hash of the body
    feeds.jsonl       the feeds as they were followed when the recording began
    bodies/ab/….gz    each body once, named by its SHA-256, compressed

A recording holds addresses as they are asked: where one carries a secret (a private feed), so does the recording.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from trendbot.clock import Clock
from trendbot.core.feeds import Feed, FeedSeed
from trendbot.core.vocabulary import FeedKind
from trendbot.errors import ConfigError
from trendbot.fetch.http import Answer, Changed, Failed, NotModified, Request

_KINDS: Mapping[str, type[Answer]] = {"changed": Changed, "not_modified": NotModified, "failed": Failed}
_ANSWERS, _FEEDS, _BODIES = "answers.jsonl", "feeds.jsonl", "bodies"


class Asks(Protocol):
    """Anything that answers requests."""

    async def fetch(self, request: Request) -> Answer:
        """Answer one request."""


class Recorder:
    """A fetcher that writes down what another one is answered."""

    def __init__(self, inner: Asks, folder: Path, *, clock: Clock, run: datetime, feeds: Iterable[Feed]) -> None:
        """Record into `folder` (made where missing; a recording there is continued) the run that stands for `run`.

        Raises:
            ConfigError: the folder cannot be written.

        """
        self.inner, self.folder, self.clock, self.run = inner, folder, clock, run
        try:
            (folder / _BODIES).mkdir(parents=True, exist_ok=True)
            if not (folder / _FEEDS).exists():
                lines = (json.dumps(_seed_record(feed), ensure_ascii=False) + "\n" for feed in feeds)
                (folder / _FEEDS).write_text("".join(lines), encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"{folder} cannot be written ({error.strerror}): name another folder to record to"
            ) from error

    async def fetch(self, request: Request) -> Answer:
        """Pass the request on, and keep the answer."""
        answer = await self.inner.fetch(request)
        record = _record(answer, request, run=self.run, at=self.clock())
        if isinstance(answer, Changed):
            record["body"] = self._keep(answer.body)
        with (self.folder / _ANSWERS).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n")
        return answer

    def _keep(self, body: bytes) -> str:
        name = hashlib.sha256(body).hexdigest()
        file = _body_file(self.folder, name)
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            draft = file.with_suffix(".part")
            draft.write_bytes(gzip.compress(body, 6, mtime=0))
            draft.replace(file)
        return name


def _body_file(folder: Path, name: str) -> Path:
    return folder / _BODIES / name[:2] / f"{name}.gz"


def _seed_record(feed: Feed) -> dict[str, Any]:
    names = ("url", "title", "site_url", "kind", "language", "weight", "enabled", "mirrors", "user_agent")
    return {name: getattr(feed, name) for name in names}


def _record(answer: Answer, request: Request, *, run: datetime, at: datetime) -> dict[str, Any]:
    kind = next(name for name, made in _KINDS.items() if isinstance(answer, made))
    kept = {field.name: getattr(answer, field.name) for field in dataclasses.fields(answer) if field.name != "body"}
    return {
        "run": run.isoformat(),
        "at": at.isoformat(),
        "request": dataclasses.asdict(request),
        "kind": kind,
        "answer": kept | {"headers": dict(answer.headers)},
    }


# -- playing back ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of a recording: its instant, and what each address answered."""

    at: datetime
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Tape:
    """A recording to play: a fetcher that answers as the feeds did in the run that is set."""

    def __init__(self, folder: Path) -> None:
        """Open the recording in `folder`.

        Raises:
            ConfigError: there is none, or it is damaged; the message names the place.

        """
        self.folder = folder
        self.feeds = tuple(_seed(record) for record in _lines(folder / _FEEDS))
        runs: dict[str, dict[str, Mapping[str, Any]]] = {}
        for record in _lines(folder / _ANSWERS):
            runs.setdefault(str(record["run"]), {}).setdefault(str(record["request"]["url"]), record)
        self.runs = tuple(Run(at=datetime.fromisoformat(at), answers=runs[at]) for at in sorted(runs))
        if not self.runs:
            raise ConfigError(f"{folder} holds no recording: make one with `trendbot run --record {folder}`")
        self.run = self.runs[0]

    async def fetch(self, request: Request) -> Answer:
        """Answer as the feed did in the run that is set."""
        record = self.run.answers.get(request.url)
        if record is None:
            return Failed(url=request.url, reason="was not asked in this run of the recording")
        kept = dict(record["answer"])
        if record["kind"] == "changed":
            kept["body"] = self._body(str(record["body"]))
        return _KINDS[record["kind"]](**kept)

    def _body(self, name: str) -> bytes:
        file = _body_file(self.folder, name)
        try:
            body = gzip.decompress(file.read_bytes())
        except (OSError, EOFError) as error:
            raise ConfigError(f"the recording lacks {file}, or it is damaged: record again") from error
        if hashlib.sha256(body).hexdigest() != name:
            raise ConfigError(f"{file} is not what was recorded: record again")
        return body


def _lines(file: Path) -> list[Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: name the folder of a recording") from error
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise ConfigError(f"{file} is damaged ({error}): record again") from error


def _seed(record: Mapping[str, Any]) -> FeedSeed:
    return FeedSeed(**(dict(record) | {"kind": FeedKind(record["kind"]), "mirrors": tuple(record["mirrors"])}))
