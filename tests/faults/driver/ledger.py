"""What people asked the system to do, and what it answered: what was acknowledged must stand."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx


class Unexpected(Exception):
    """An answer that no fault excuses."""


@dataclass(frozen=True, slots=True)
class Stands:
    """The event that an acknowledged command must have left: in this stream, once, with these fields in its body.

    ``again``: others of its kind may stand there as well.
    """

    service: str
    stream: str
    event: str
    fields: Mapping[str, str] = field(default_factory=dict)
    again: bool = False


@dataclass
class Command:
    """A request that changes something; with a ``key`` it may be sent again until it is answered."""

    kind: str
    service: str
    path: str
    headers: Mapping[str, str]
    stands: Callable[[Any], Stands]
    body: Mapping[str, Any] | None = None
    key: str | None = None
    answer: Any = None
    refused: str | None = None
    tries: int = 0

    @property
    def settled(self) -> bool:
        """Whether it was acknowledged or refused."""
        return self.answer is not None or self.refused is not None


PASSING = (503, 507)
BUSY = ("idempotency_key_busy", "conflict")


@dataclass
class Ledger:
    """All commands of a run, with every answer counted by its status (or the error instead of one)."""

    commands: list[Command] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    async def send(self, client: httpx.AsyncClient, url: str, command: Command) -> None:
        """Send a command once and note what comes of it. Raises Unexpected."""
        command.tries += 1
        key = {"Idempotency-Key": command.key} if command.key else {}
        request = client.build_request(
            "POST", url + command.path, json=command.body, headers={**command.headers, **key}
        )
        answer = await self.answered(client, request)
        if answer is None or answer.status_code in PASSING:
            return
        if answer.is_success:
            command.answer = answer.json()
        elif answer.status_code in {404, 409}:
            code = answer.json()["type"].rpartition(":")[2]
            command.refused = None if code in BUSY else code
        else:
            raise Unexpected(f"{command.kind}: {answer.status_code} {answer.text}")

    async def answered(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response | None:
        """The answer, counted; None when none came."""
        try:
            answer = await client.send(request)
        except httpx.TransportError as error:
            self.answers[type(error).__name__] += 1
            return None
        self.answers[str(answer.status_code)] += 1
        if answer.status_code == 500:
            raise Unexpected(f"{request.method} {request.url.path}: {answer.text}")
        return answer

    def acknowledged(self) -> list[Command]:
        """The commands that were answered with success."""
        return [command for command in self.commands if command.answer is not None]

    def forget_keys(self, service: str) -> None:
        """From now on nothing that was sent to this service is sent again."""
        for command in self.commands:
            if command.service == service and command.key and command.tries:
                command.key = None
                command.refused = None if command.settled else "nobody knows"

    def unanswered(self) -> list[Command]:
        """The commands with a key of which nobody knows what became of them."""
        return [command for command in self.commands if command.key and not command.settled]
