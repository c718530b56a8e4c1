"""An open-loop load: requests leave at their time, whether or not earlier ones were answered, as residents would.

Written on bare connections: a full HTTP client costs more than the service it measures.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from tests.examples import new_report

type Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
type Answered = Callable[[UUID, float], None]
"""Told of the report that a request made, and when the request was to leave (time.perf_counter)."""


@dataclass
class Steady:
    """POST /v1/reports at a steady rate. ``latencies`` in seconds, from the planned time to the answer.

    Without a ``token``, each of the ``keys`` (API keys) has its turn.
    """

    url: str
    token: str = ""
    answered: Answered = lambda _, __: None
    keys: Sequence[str] = ()
    latencies: list[float] = field(default_factory=list)
    _idle: list[Connection] = field(default_factory=list)
    _sent: int = 0

    async def run(self, per_second: float, seconds: float) -> list[float]:
        """Send, wait for all answers: the latencies, sorted."""
        started = time.perf_counter() + 0.1
        total = int(per_second * seconds)
        async with asyncio.TaskGroup() as tasks:
            for number in range(total):
                due = started + number / per_second
                if (wait := due - time.perf_counter()) > 0:
                    await asyncio.sleep(wait)
                tasks.create_task(self._send(due))
        for _, writer in self._idle:
            writer.close()
        return sorted(self.latencies)

    async def _send(self, due: float) -> None:
        reader, writer = self._open() or await self._connect()
        writer.write(self._request())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 201"), head
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        self.latencies.append(time.perf_counter() - due)
        self._idle.append((reader, writer))
        self.answered(UUID(json.loads(body)["id"]), due)

    def _open(self) -> Connection | None:
        """A connection that the server has not closed for idleness."""
        while self._idle:
            if not (connection := self._idle.pop())[0].at_eof():
                return connection
        return None

    async def _connect(self) -> Connection:
        parts = urlsplit(self.url)
        return await asyncio.open_connection(parts.hostname, parts.port)

    def _request(self) -> bytes:
        self._sent += 1
        key = self.keys[self._sent % len(self.keys)] if self.keys else ""
        who = f"X-API-Key: {key}" if key else f"Authorization: Bearer {self.token}"
        body = json.dumps(new_report()).encode()
        head = (
            f"POST /v1/reports HTTP/1.1\r\nHost: {urlsplit(self.url).netloc}\r\n{who}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nIdempotency-Key: {uuid4().hex}\r\n\r\n"
        )
        return head.encode() + body


def percentile(ordered: list[float], share: float) -> float:
    """The value below which this share lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
