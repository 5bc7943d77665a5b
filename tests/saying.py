"""A transport that answers as told: the fake that tests of the outbox send through."""

from __future__ import annotations

from collections.abc import Callable

from trendbot.core.delivering import LostAnswer
from trendbot.transports.base import Budget, Message, Receipt


class Saying:
    """Gives each answer once, in turn, then takes everything. It keeps what it was given, in order."""

    def __init__(
        self,
        *answers: Exception | Receipt,
        policy: LostAnswer = LostAnswer.HOLD,
        name: str = "files",
        budgets: tuple[Budget, ...] = (),
        before: Callable[[Message], None] = lambda _message: None,
    ) -> None:
        self.answers, self.policy, self.name, self.harmless = list(answers), policy, name, name == "files"
        self.messages: list[Message] = []
        self._budgets, self._before = budgets, before

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.messages]

    def budgets(self, message: Message) -> tuple[Budget, ...]:
        return self._budgets

    async def send(self, message: Message) -> Receipt:
        self._before(message)
        self.messages.append(message)
        answer = self.answers.pop(0) if self.answers else Receipt(external_id="ok")
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        pass
