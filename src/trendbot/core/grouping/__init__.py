"""Entry to story: join, open, unite; the lead; copies; what is new."""

from __future__ import annotations

from trendbot.core.grouping.background import Background, pack, unpack
from trendbot.core.grouping.grouper import Grouper, Grouping, Placement, Reason
from trendbot.core.grouping.leads import Report, choose_lead, copies, news_since
from trendbot.core.grouping.state import Item
from trendbot.core.grouping.vectors import reads_otherwise

__all__ = [
    "Background",
    "Grouper",
    "Grouping",
    "Item",
    "Placement",
    "Reason",
    "Report",
    "choose_lead",
    "copies",
    "news_since",
    "pack",
    "reads_otherwise",
    "unpack",
]
