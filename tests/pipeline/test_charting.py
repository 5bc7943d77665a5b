from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests import builders

from trendbot.clock import frozen_clock
from trendbot.core.digests import DigestPolicy
from trendbot.core.pictures import PictureForm
from trendbot.core.vocabulary import Cadence, ChannelKind, FeedKind
from trendbot.paths import bundled
from trendbot.pipeline.charting import charter
from trendbot.pipeline.compose import compose
from trendbot.pipeline.deliver import deliver
from trendbot.pipeline.dressing import dresser
from trendbot.pipeline.messages import message_of
from trendbot.render.environment import Renderer
from trendbot.store import deliveries, schema
from trendbot.transports.files import FilesTransport
from trendbot.transports.mime import MailAddress

if TYPE_CHECKING:
    from pathlib import Path

    from trendbot.store.database import Database

RENDERER = Renderer(bundled("templates"))


def risen(database: Database, now: datetime) -> None:
    """Compose a daily digest on a day on which open weights rose."""
    builders.add_day(database, now)

    def rose(session) -> None:
        builders.add_reading(session, as_of=now.date(), theme="open-source")
        series = session.query(schema.Series).one()
        session.add_all(
            schema.SeriesPoint(
                series_id=series.id,
                day=now.date() - timedelta(days=back),
                kind=FeedKind.NEWS,
                entries=2,
                stories=2,
                feeds=2,
            )
            for back in range(30)
        )

    database.write(rose)
    compose(database, RENDERER, cadence=Cadence.DAILY, now=now, policy=DigestPolicy())


def test_the_chart_goes_with_the_first_message_as_a_photo_on_telegram(database: Database, now: datetime) -> None:
    risen(database, now)
    put = charter(database)
    messages = [put(each, message_of(each)) for each in database.read(deliveries.list_deliveries)]
    chats = [each for each in messages if each.kind is ChannelKind.TELEGRAM]
    posts = [each for each in messages if each.kind is ChannelKind.LINKEDIN]
    assert len(chats) == 2
    assert [each.chart is not None for each in (*chats, *posts)] == [True, False, True]
    chart = posts[0].chart
    assert chart is not None
    card = chart.form(PictureForm.CARD)
    assert card is not None
    assert [each.photo for each in (*chats, *posts)] == [card.data, None, None]


async def test_the_chart_lies_beside_the_post_and_stays_there(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    risen(database, now)
    files = FilesTransport(tmp_path / "out", sender=MailAddress(name="trendbot", address="digest@trendbot.example"))

    async def run(at: datetime) -> list[str]:
        report = await deliver(
            database,
            transports={"files": files},
            clock=frozen_clock(at),
            renderer=RENDERER,
            dress=dresser(database),
        )
        return sorted({path.name for path in report.files})

    names = await run(now)
    assert "chart-card.png" in names
    picture = files.folder / "daily" / "2026-11-15" / "chart-card.png"
    before = picture.read_bytes()
    picture.unlink()
    assert await run(now + timedelta(hours=1)) == names
    assert picture.read_bytes() == before
