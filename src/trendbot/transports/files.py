"""Editions as files: what an installation does until a channel is configured.

    OUT/<cadence>/<slot>/linkedin.txt            what to paste
                         linkedin.how-to.txt     its length, its picture with a description, where it folds
                         linkedin.commentary.txt the same as the API takes it
                         telegram-1.html         one file a message
                         email.eml, email.html, email.txt
                         chart-card.png, chart-mail.png, chart-mail-dark.png   where something rose

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
from trendbot.core.pictures import CHART_CID, DARK_CID, PictureForm
from trendbot.core.vocabulary import ChannelKind
from trendbot.errors import TransportError
from trendbot.transports.base import Budget, Message, Receipt
from trendbot.transports.mime import MailAddress, build_mail
from trendbot.transports.pasting import how_to_paste


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
                folder / "linkedin.how-to.txt": how_to_paste(
                    message, text="linkedin.txt", picture=_name(PictureForm.CARD)
                ).encode(),
                folder / "linkedin.commentary.txt": message.body.encode(),
                **_pictures(message, folder, PictureForm.CARD),
            }
        if message.kind is ChannelKind.TELEGRAM:
            return {
                folder / f"telegram-{message.part + 1}.html": message.body.encode(),
                **_pictures(message, folder, PictureForm.CARD),
            }
        markup = message.body
        for form, cid in ((PictureForm.MAIL, CHART_CID), (PictureForm.MAIL_DARK, DARK_CID)):
            markup = markup.replace(f"cid:{cid}", _name(form))
        return {
            folder / "email.html": markup.encode(),
            folder / "email.txt": (message.text or "").encode(),
            folder / "email.eml": self._mail(message),
            **_pictures(message, folder, PictureForm.MAIL, PictureForm.MAIL_DARK),
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
            chart=message.chart,
        )


def _name(form: PictureForm) -> str:
    return f"chart-{form}.png"


def _pictures(message: Message, folder: Path, *forms: PictureForm) -> dict[Path, bytes]:
    found = [message.chart.form(form) for form in forms] if message.chart else []
    return {folder / _name(each.form): each.data for each in found if each is not None}


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
