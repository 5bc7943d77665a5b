"""Where bounces arrive: a mailbox read by IMAP, a Maildir, or a folder with a file for each message.

A message is handed out until it is put aside: marked as seen, moved to ``cur`` or to ``done``. So one that was being
read when the process was killed comes again.
"""

from __future__ import annotations

import contextlib
import imaplib
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from trendbot.errors import TransportError, UnreachableError

PATIENCE = 60.0
"""Seconds that a mail server has for one answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """A message's first bytes, and the name by which its mailbox knows it."""

    name: str
    raw: bytes


class Mailbox(Protocol):
    """Messages that have not been put aside yet."""

    def open(self) -> contextlib.AbstractContextManager[None]:
        """Connect for the time of one reading."""

    def mails(self, *, most: int, most_bytes: int) -> Iterator[Mail]:
        """Yield at most `most` messages, oldest first, each cut to `most_bytes`."""

    def put_aside(self, name: str, *, flagged: bool = False) -> None:
        """Do not hand out a message again; `flagged` marks it for a person. Gone already is put aside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderMailbox:
    """A Maildir, or any folder into which a mail server drops files."""

    folder: Path

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Look whether the folder is there.

        Raises:
            TransportError: there is none, or its files cannot be read and moved.

        """
        if not self.folder.is_dir():
            raise TransportError(
                f"there is no folder {self.folder} to read bounces from; see email.bounces_from", permanent=False
            )
        try:
            yield
        except OSError as error:
            raise TransportError(
                f"bounces in {self.folder} cannot be read and moved: {error}", permanent=False
            ) from error

    def mails(self, *, most: int, most_bytes: int) -> Iterator[Mail]:
        """Yield the files' beginnings, oldest first; hidden files are being written, links lead elsewhere."""
        for file in sorted(self._new().iterdir(), key=_written)[:most]:
            if file.name.startswith(".") or file.is_symlink() or not file.is_file():
                continue
            with contextlib.suppress(OSError), file.open("rb") as opened:
                yield Mail(name=file.name, raw=opened.read(most_bytes))

    def put_aside(self, name: str, *, flagged: bool = False) -> None:
        """Move a file to ``cur`` as seen; below a folder that is no Maildir to ``done``, or to ``flagged``."""
        old = self._new() / name
        if old.parent != self.folder:
            new = self.folder / "cur" / f"{name}:2,{'FS' if flagged else 'S'}"
        else:
            new = self.folder / ("flagged" if flagged else "done") / name
        new.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another reader was quicker
            old.replace(new)

    def _new(self) -> Path:
        return self.folder / "new" if (self.folder / "new").is_dir() else self.folder


def _written(file: Path) -> tuple[float, str]:
    try:
        return os.lstat(file).st_mtime, file.name
    except OSError:
        return 0.0, file.name


@dataclass(kw_only=True, slots=True)
class ImapMailbox:
    """A mailbox on an IMAP server, for bounces alone: what was read is marked as seen and stays there."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    mailbox: str = "INBOX"
    sealed: bool = True
    ca_bundle: Path | None = None
    patience: float = PATIENCE
    _server: imaplib.IMAP4 | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Log in, choose the mailbox, and log out at the end.

        Raises:
            UnreachableError: there is no such server, or it does not answer.
            TransportError: it takes neither name nor password, or has no such mailbox.

        """
        try:
            self._server = self._connected()
        except (OSError, EOFError) as error:
            raise UnreachableError(f"the bounce mailbox's server {self.host} cannot be reached: {error}") from error
        except imaplib.IMAP4.error as error:
            raise TransportError(
                f"{self.host} lets nobody into the bounce mailbox; see email.bounces_from", permanent=False
            ) from error
        try:
            yield
        except (OSError, EOFError, imaplib.IMAP4.error) as error:
            raise UnreachableError(f"the bounce mailbox's server {self.host} broke off: {error}") from error
        finally:
            server, self._server = self._server, None
            with contextlib.suppress(OSError, EOFError, imaplib.IMAP4.error):
                server.logout()
            with contextlib.suppress(OSError):
                server.shutdown()  # logout leaves it open where the other side broke off

    def mails(self, *, most: int, most_bytes: int) -> Iterator[Mail]:
        """Yield what is not marked as seen, without marking it."""
        server = self._open()
        _, found = server.uid("SEARCH", "UNSEEN")
        for number in (found[0] or b"").split()[:most]:
            _, answer = server.uid("FETCH", number.decode(), f"(BODY.PEEK[]<0.{most_bytes}>)")
            raw = next((part[1] for part in answer if isinstance(part, tuple)), None)
            if raw is not None:
                yield Mail(name=number.decode(), raw=raw)

    def put_aside(self, name: str, *, flagged: bool = False) -> None:
        """Mark a message as seen, and perhaps with the flag that mail programs show."""
        self._open().uid("STORE", name, "+FLAGS.SILENT", r"(\Seen \Flagged)" if flagged else r"(\Seen)")

    def _connected(self) -> imaplib.IMAP4:
        server: imaplib.IMAP4
        if self.sealed:
            context = ssl.create_default_context()
            if self.ca_bundle is not None:
                context.load_verify_locations(self.ca_bundle)
            server = imaplib.IMAP4_SSL(self.host, self.port, ssl_context=context, timeout=self.patience)
        else:
            server = imaplib.IMAP4(self.host, self.port, timeout=self.patience)
        try:
            server.login(self.user, self.password)
            self._choose(server)
        except BaseException:
            server.shutdown()
            raise
        return server

    def _choose(self, server: imaplib.IMAP4) -> None:
        said, _ = server.select(f'"{self.mailbox}"')
        if said != "OK":
            raise imaplib.IMAP4.error("no such mailbox")

    def _open(self) -> imaplib.IMAP4:
        if self._server is None:
            raise TransportError("the bounce mailbox is not open", permanent=False)
        return self._server
