"""The last part of the line, as a run and a bell both do it: what is due to whom, and out with it."""

from __future__ import annotations

import asyncio
from datetime import datetime

from trendbot.bootstrap import App
from trendbot.pipeline.amending import amend
from trendbot.pipeline.audience import to_subscribers
from trendbot.pipeline.deliver import DeliverReport, deliver
from trendbot.pipeline.dressing import dresser
from trendbot.store import engine
from trendbot.subscriptions import end_pauses


async def send_due(
    app: App,
    *,
    now: datetime,
    alone: bool = True,
    patience: float = 0.0,
    stop: asyncio.Event | None = None,
    close: bool = False,
) -> tuple[DeliverReport, tuple[str, ...]]:
    """Enqueue what subscribers are to get at `now`, amend what was corrected, and send what is due.

    What living workers can send is left to them, but for files. The rest is as `deliver` takes it.
    Returns what was sent, and what could not be enqueued and why.
    """
    dress = dresser(app.database, app.mail)
    await app.database.run(end_pauses, now=now)
    fanned = await asyncio.to_thread(to_subscribers, app.database, app.renderer, app.timetables, now=now)
    await amend(app.database, transports=app.transports, clock=app.clock, dress=dress)
    report = await deliver(
        app.database,
        transports=app.transports,
        clock=app.clock,
        renderer=app.renderer,
        alone=alone,
        recipients=app.recipients,
        dress=dress,
        home=app.home,
        patience=patience,
        stop=stop,
        close=close,
        manned=app.database.read(engine.manned, lease=engine.LEASE),
    )
    return report, tuple(fanned)
