"""What who pastes a post by hand needs to know: its length, its picture and that one's description, the fold."""

from __future__ import annotations

from trendbot.core.limits import FOLD_DESKTOP, FOLD_PHONE, LINKEDIN_ESCAPED, one_line, utf16_length
from trendbot.core.pictures import PictureForm
from trendbot.transports.base import Message

ALT = 1000


def how_to_paste(message: Message, *, text: str, picture: str) -> str:
    """Return the steps as plain text; `text` and `picture` are the names of the files beside it."""
    post = (message.text or "").strip("\n")
    steps = [f"1. Paste all of {text} into a new post: {utf16_length(post):,} of {LINKEDIN_ESCAPED:,} characters."]
    chart = message.chart
    if chart is not None and chart.form(PictureForm.CARD) is not None:
        steps += [
            f"2. Add the picture {picture}, and as its description (alternative text):",
            "",
            one_line(chart.alt, ALT),
        ]
    else:
        steps.append("2. There is no picture: nothing was drawn. LinkedIn makes a card of the first link by itself.")
    return "\n".join((message.title, "", *steps, "", "3. What is seen before …more", *_folds(post))) + "\n"


def _folds(post: str) -> list[str]:
    told = []
    for where, units in (("on a phone", FOLD_PHONE), ("on a desktop", FOLD_DESKTOP)):
        whole = len(post) <= units
        told += ["", f"{where}, all of it:" if whole else f"{where}, {units} characters:", ""]
        told += [f"  {line}".rstrip() for line in post[:units].split("\n")]
    return told
