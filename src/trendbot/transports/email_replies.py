"""What a mail server answered → our errors: what becomes of the mail, of its recipient, and of the mails behind it."""

from __future__ import annotations

from trendbot.core.mailing import Stage, Verdict, judge
from trendbot.errors import ChannelError, RecipientError, TransportError

_LONGEST = 300


class Refusal(Exception):  # noqa: N818  (an answer, not a fault)
    """An answer of the server other than yes, and where in the talk it came."""

    def __init__(self, stage: Stage, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.stage, self.code, self.text = stage, code, text


def translated(refusal: Refusal, *, server: str, provider: str) -> TransportError:
    """Return what an answer means; `server` and `provider` are the budgets of the mail it was given to."""
    said = one_line(f"{refusal.code} {refusal.text}")
    found = judge(refusal.stage, refusal.code, refusal.text)
    match found.verdict:
        case Verdict.GONE:
            return RecipientError(f"there is no such mailbox: {said}", gone=True)
        case Verdict.REFUSED:
            return TransportError(f"the mail is refused: {said}", permanent=True)
        case Verdict.ACCOUNT:
            why = f"the server takes no mail from us: {said}; look at email.sender, email.bounces and email.user"
            return ChannelError(why, whole=True)
        case Verdict.SERVER:
            pauses: tuple[str, ...] = (server,)
        case Verdict.PROVIDER:
            pauses = (provider,)
        case _:
            pauses = ()
    return TransportError(f"not now: {said}", permanent=False, retry_after=found.wait, pauses=pauses)


def one_line(text: str) -> str:
    """Return what a server said as one line that can be shown."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:_LONGEST]
