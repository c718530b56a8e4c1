"""Taking messages from a JetStream consumer as they come."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from vpr_events.cloudevents import received
from vpr_events.event import Recorded
from vpr_events.outages import LogUnavailable, unavailable
from vpr_events.working import resting

EXPIRES = 30.0
"""Seconds that the broker keeps a request for messages."""

SHORT_REPLY = 9
"""Parts of `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.…`; the longer form has domain and account before."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message of the log, and how to say that it is done with."""

    subject: str
    headers: Mapping[str, str]
    body: bytes
    reply: str
    _client: Client = field(repr=False)

    @property
    def sequence(self) -> int:
        """Its place in the stream: it changes when the log is filled anew."""
        parts = self.reply.split(".")
        return int(parts[5] if len(parts) == SHORT_REPLY else parts[7])

    def event(self) -> Recorded | None:
        """The event it carries; None when its type is unknown here. Raises Malformed."""
        return received(self.subject, self.headers, self.body)

    async def ack(self) -> None:
        """Never deliver it again. Raises LogUnavailable: then it comes again, and the inbox knows it."""
        with unavailable():
            await self._client.publish(self.reply, b"+ACK")

    async def nak(self) -> None:
        """Deliver it again at once; without a broker it comes again anyway."""
        with suppress(LogUnavailable), unavailable():
            await self._client.publish(self.reply, b"-NAK")


class Pull:
    """Standing pull requests on one consumer: what the broker has arrives at once, without waiting for a full batch.

    nats-py's ``fetch(n)`` holds the first message back until n came or the time is over; this does not.
    """

    def __init__(self, client: Client, subject: str, window: int) -> None:
        """``subject`` is where the broker takes requests for this consumer's messages."""
        self._client = client
        self._subject = subject
        self._inbox = client.new_inbox()
        self._window = window
        self._wanted = 0
        self._asked = (0, 0.0)
        self._arrived: deque[Delivery] = deque()
        self._ready = asyncio.Event()
        self._subscription: Any = None

    async def start(self) -> None:
        """Subscribe and ask for the first messages."""
        self._subscription = await self._client.subscribe(self._inbox, cb=self._receive)
        await self._ask()

    async def stop(self) -> None:
        """Stop asking, and give back what was not asked for by ``next``."""
        if self._client.is_connected:
            with suppress(LogUnavailable), unavailable():
                await self._subscription.unsubscribe()
            for delivery in self._arrived:
                await delivery.nak()

    async def next(self, limit: int, wait: float, stop: asyncio.Event | None = None) -> list[Delivery]:
        """At least one and at most ``limit`` messages; none after ``wait`` seconds without any, or at ``stop``."""
        if not self._arrived:
            await resting(stop or self._ready, wait, self._ready)
        batch = [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]
        if not self._arrived:
            self._ready.clear()
        if self._wanted < self._window // 2 or self._forgotten():
            await self._ask()
        return batch

    def _forgotten(self) -> bool:
        """Whether the broker no longer knows our request: we reconnected, or it should have expired by now."""
        reconnects, when = self._asked
        forgotten = self._client.stats["reconnects"] != reconnects or time.monotonic() - when > EXPIRES + 5
        if forgotten:
            self._wanted = 0
        return forgotten

    async def _ask(self) -> None:
        if not self._client.is_connected:
            return
        missing = self._window - self._wanted
        if missing > 0:
            self._wanted += missing
            self._asked = (self._client.stats["reconnects"], time.monotonic())
            request = orjson.dumps({"batch": missing, "expires": int(EXPIRES * 1e9)})
            with unavailable():
                await self._client.publish(self._subject, request, reply=self._inbox)

    async def _receive(self, message: Msg) -> None:
        headers = message.headers or {}
        if "Status" in headers and not message.reply:
            self._wanted = max(0, self._wanted - int(headers.get("Nats-Pending-Messages", self._wanted)))
            return
        self._wanted = max(0, self._wanted - 1)
        self._arrived.append(Delivery(message.subject, headers, message.data, message.reply, self._client))
        self._ready.set()
