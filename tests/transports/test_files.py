from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trendbot.core.delivering import LostAnswer
from trendbot.core.pictures import CHART_CID, DARK_CID, Chart, Picture, PictureForm
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import TransportError
from trendbot.transports.base import Message
from trendbot.transports.files import FilesTransport, write_atomically
from trendbot.transports.mime import MailAddress, build_mail

SENDER = MailAddress(name="trendbot", address="digest@trendbot.example")
MESSAGE = Message(
    key="e1.c2.p0",
    kind=ChannelKind.EMAIL,
    address="files",
    cadence=Cadence.WEEKLY,
    slot="2026-W46",
    number=3,
    title="trendbot weekly, 9–15 November 2026, no. 3",
    part=0,
    parts=1,
    body="<p>Grüße an alle</p>",
    text="Grüße an alle\n",
    subject="Alder öffnet sein Modell – und vier weitere berichten darüber",
    composed_at=datetime(2026, 11, 15, 18, tzinfo=UTC),
)


@pytest.fixture
def transport(tmp_path: Path) -> FilesTransport:
    return FilesTransport(tmp_path / "out", sender=SENDER)


async def test_a_post_is_written_to_paste_and_as_the_api_takes_it(transport: FilesTransport) -> None:
    message = replace(MESSAGE, kind=ChannelKind.LINKEDIN, cadence=Cadence.DAILY, slot="2026-11-15", body="a \\(b\\)")
    receipt = await transport.send(replace(message, text="a (b)\n"))
    folder = transport.folder / "daily" / "2026-11-15"
    names = ("linkedin.txt", "linkedin.how-to.txt", "linkedin.commentary.txt")
    assert receipt.files == tuple(folder / name for name in names)
    assert [path.read_text() for path in receipt.files[::2]] == ["a (b)\n", "a \\(b\\)"]
    assert receipt.external_id == "daily/2026-11-15/linkedin.txt"


async def test_who_pastes_a_post_is_told_its_length_its_picture_and_where_it_folds(transport: FilesTransport) -> None:
    text = "Alder 😀 is out\n\n" + "x" * 150
    message = replace(MESSAGE, kind=ChannelKind.LINKEDIN, cadence=Cadence.DAILY, slot="2026-11-15", text=text + "\n")
    told = (await transport.send(replace(message, chart=CHART))).files[1].read_text()
    assert "Paste all of linkedin.txt into a new post: 167 of 3,000 characters." in told
    assert f"Add the picture chart-card.png, and as its description (alternative text):\n\n{CHART.alt}\n" in told
    phone, desktop = told.split("on a phone, 140 characters:")[1].split("on a desktop, all of it:")
    assert phone.count("x") == 124
    assert desktop.count("x") == 150
    assert "There is no picture" in (await transport.send(message)).files[1].read_text()


async def test_each_telegram_message_is_a_file(transport: FilesTransport) -> None:
    for part in range(2):
        message = replace(MESSAGE, kind=ChannelKind.TELEGRAM, part=part, parts=2, body=f"<b>{part}</b>")
        (path,) = (await transport.send(message)).files
        assert path.name == f"telegram-{part + 1}.html"
        assert path.read_text() == f"<b>{part}</b>"


async def test_a_mail_is_written_as_mail_page_and_text(transport: FilesTransport) -> None:
    receipt = await transport.send(MESSAGE)
    assert [path.name for path in receipt.files] == ["email.html", "email.txt", "email.eml"]
    mail = email.message_from_bytes(receipt.files[2].read_bytes(), policy=email.policy.default)
    assert mail["Subject"] == MESSAGE.subject
    assert mail["Message-ID"] == "<e1.c2.p0@trendbot.example>"
    assert mail["List-Id"] == "<weekly.trendbot.example>"
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert [part.get_content().replace("\r\n", "\n") for part in mail.iter_parts()] == [
        MESSAGE.text,
        MESSAGE.body + "\n",
    ]


async def test_writing_twice_gives_the_same_bytes_and_leaves_nothing_else(transport: FilesTransport) -> None:
    first = {path: path.read_bytes() for path in (await transport.send(MESSAGE)).files}
    second = {path: path.read_bytes() for path in (await transport.send(MESSAGE)).files}
    assert first == second
    assert set((transport.folder / "weekly" / "2026-W46").iterdir()) == set(first)


async def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file stands here")
    with pytest.raises(TransportError, match=r"cannot write below .*; name another folder with --out") as caught:
        await FilesTransport(tmp_path / "out", sender=SENDER).send(MESSAGE)
    assert not caught.value.permanent
    assert caught.value.outcome_known


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "taken"
    (target / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        write_atomically(target, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_files_may_be_written_again() -> None:
    assert FilesTransport.policy is LostAnswer.RESEND


def mail(**given: str) -> bytes:
    values = {"subject": "S", "text": "text\n", "markup": "<p>text</p>", "key": "e1.c1.p0", "list_name": "weekly"}
    return build_mail(sender=SENDER, recipient=SENDER, sent_at=MESSAGE.composed_at, **values | given)


def test_no_header_can_be_smuggled_in() -> None:
    with pytest.raises(ValueError, match=r"(?i)newline|header"):
        mail(subject="x\r\nBcc: everyone@example.org")


def test_lines_of_the_body_are_short_and_ascii() -> None:
    raw = mail(text="ü" * 5000 + "\n", markup="<p>" + "é" * 5000 + "</p>")
    raw.decode("ascii")
    body = raw.split(b"\r\n\r\n", 1)[1]
    assert max(len(line) for line in body.split(b"\r\n")) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")


CHART = Chart(
    key="k",
    alt="Weights rose",
    pictures=tuple(
        Picture(form=form, media_type="image/png", data=f"png of {form}".encode())
        for form in (PictureForm.CARD, PictureForm.MAIL, PictureForm.MAIL_DARK)
    ),
)
SHOWS = f'<picture><source srcset="cid:{DARK_CID}"><img src="cid:{CHART_CID}" alt="Weights rose"></picture>'


async def test_a_chart_is_written_beside_what_shows_it(transport: FilesTransport) -> None:
    receipt = await transport.send(replace(MESSAGE, chart=CHART, body=SHOWS))
    files = {path.name: path for path in receipt.files}
    assert files["chart-mail.png"].read_bytes() == b"png of mail"
    assert files["email.html"].read_text() == SHOWS.replace(f"cid:{DARK_CID}", "chart-mail-dark.png").replace(
        f"cid:{CHART_CID}", "chart-mail.png"
    )
    post = await transport.send(replace(MESSAGE, kind=ChannelKind.LINKEDIN, chart=CHART))
    names = ["linkedin.txt", "linkedin.how-to.txt", "linkedin.commentary.txt", "chart-card.png"]
    assert [path.name for path in post.files] == names


def test_a_mail_brings_the_pictures_that_its_markup_names() -> None:
    def built() -> bytes:
        return build_mail(
            sender=SENDER,
            recipient=MailAddress(name="Reader", address="reader@trendbot.example"),
            subject="S",
            text="text",
            markup=SHOWS,
            sent_at=MESSAGE.composed_at,
            key="e1.c1.p0",
            list_name="weekly",
            chart=CHART,
        )

    assert built() == built()
    mail = email.message_from_bytes(built(), policy=email.policy.default)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
    ]
    ids = {part["Content-ID"]: part.get_content() for part in mail.walk() if part["Content-ID"]}
    assert ids == {f"<{CHART_CID}>": b"png of mail", f"<{DARK_CID}>": b"png of mail-dark"}
