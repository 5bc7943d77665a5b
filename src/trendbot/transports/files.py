"""Editions as files: what an installation does until a channel is configured.

    OUT/<cadence>/<slot>/linkedin.txt            what to paste
                         linkedin.commentary.txt the same as the API takes it
                         telegram-1.html         one file a message
                         email.eml, email.html, email.txt

Every file is written whole or not at all: under a temporary name, flushed to the disk, renamed. Writing one twice is
harmless, so a lost answer means: write it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path

from trendbot.core.delivering import LostAnswer
from trendbot.core.vocabulary import ChannelKind
from trendbot.errors import TransportError
from trendbot.transports.base import Budget, Message, Receipt
from trendbot.transports.mime import MailAddress, build_mail


class FilesTransport:
    """Writes messages below a folder."""

    name = "files"
    policy = LostAnswer.RESEND
    harmless = True

    def __init__(self, folder: Path, *, sender: MailAddress) -> None:
        """Write below `folder`; `sender` stands in the mail's From."""
        self.folder = folder
        self.sender = sender

    def budgets(self, message: Message) -> tuple[Budget, ...]:  # noqa: ARG002
        """Return none: a disk needs no manners."""
        return ()

    async def close(self) -> None:
        """Do nothing: every file is closed already."""

    async def send(self, message: Message) -> Receipt:
        """Write the files of one message.

        Raises:
            TransportError: the folder cannot be written; nothing half-written is left.

        """
        return await asyncio.to_thread(self.write, message)

    def write(self, message: Message) -> Receipt:
        """Write the files of one message, waiting for the disk."""
        files = self._files(message)
        try:
            for path, content in files.items():
                write_atomically(path, content)
        except OSError as error:
            raise TransportError(
                f"cannot write below {self.folder}: {error.strerror or error}; name another folder with --out",
                permanent=False,
            ) from error
        return Receipt(external_id=str(next(iter(files)).relative_to(self.folder)), files=tuple(files))

    def paths(self, message: Message) -> tuple[Path, ...]:
        """Return the files that `write` would write, the one to look at first."""
        return tuple(self._files(message))

    def _files(self, message: Message) -> dict[Path, bytes]:
        folder = self.folder / message.cadence / message.slot
        if message.kind is ChannelKind.LINKEDIN:
            return {
                folder / "linkedin.txt": (message.text or "").encode(),
                folder / "linkedin.commentary.txt": message.body.encode(),
            }
        if message.kind is ChannelKind.TELEGRAM:
            return {folder / f"telegram-{message.part + 1}.html": message.body.encode()}
        return {
            folder / "email.html": message.body.encode(),
            folder / "email.txt": (message.text or "").encode(),
            folder / "email.eml": self._mail(message),
        }

    def _mail(self, message: Message) -> bytes:
        return build_mail(
            sender=self.sender,
            recipient=MailAddress(name="Reader", address="reader@" + self.sender.address.rpartition("@")[2]),
            subject=message.subject or message.title,
            text=message.text or "",
            markup=message.body,
            sent_at=message.composed_at,
            key=message.key,
            list_name=message.cadence,
            draft=True,
        )


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and have it on the disk when this returns.

    Raises:
        OSError: the folder cannot be written.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        _flush_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _flush_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot flush a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
