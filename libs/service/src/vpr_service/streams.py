"""Server-sent events: what this process has to tell, in order, and who missed something is told to load it anew.

A projection yields a ``notice`` (vpr_events.notices), the service has a ``Listener`` on its channel among its workers,
and an endpoint follows the ``feed_on`` that channel until ``runtime.closing``. FastAPI sends the heartbeats.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import orjson
import structlog
from asyncpg.exceptions import InterfaceError
from fastapi.sse import ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events.outages import is_outage
from vpr_service.runtime import Running

RING = 1000
LIFETIME = 900.0
"""Seconds after which a stream ends: the browser comes again, and who it is and may is looked at anew."""

PING_EVERY = 5.0
BACK_OFF = 0.5

log = structlog.get_logger(__name__)


def _process() -> str:
    return uuid4().hex[:12]


class Hears(Protocol):
    """What a listener tells."""

    def tell(self, event: str, data: Any) -> None:
        """This was notified."""

    def restart(self) -> None:
        """Something may have been missed."""


@dataclass
class Feed:
    """The last ``size`` events that this process told, numbered from 1; their ids are ``<process>:<n>``."""

    size: int = RING
    lifetime: float = LIFETIME
    process: str = field(default_factory=_process, init=False)
    _told: int = field(default=0, init=False)
    _ring: deque[ServerSentEvent] = field(default_factory=deque, init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def tell(self, event: str, data: Any) -> None:
        """Tell this to everyone who follows."""
        self._told += 1
        self._ring.append(ServerSentEvent(event=event, data=data, id=f"{self.process}:{self._told}"))
        if len(self._ring) > self.size:
            self._ring.popleft()
        self._wake()

    def restart(self) -> None:
        """Something may have been missed: everyone who follows, or comes back, must load anew."""
        self.process, self._told = _process(), 0
        self._ring.clear()
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def follow(self, last_id: str | None, closing: asyncio.Event) -> AsyncIterator[ServerSentEvent]:
        """Everything behind ``last_id``, as it is told, until ``closing`` or the stream's lifetime is over.

        Without an id, and for one that is not in the ring, it begins with ``reload``: load the whole now.
        """
        end = asyncio.get_running_loop().time() + self.lifetime
        process, seen = self._known(last_id)
        while not closing.is_set():
            news = self._news
            if process != self.process or not 0 <= self._told - seen <= len(self._ring):
                process, seen = self.process, self._told
                yield ServerSentEvent(event="reload", data={}, id=f"{process}:{seen}")
            elif seen < self._told:
                seen += 1
                yield self._ring[seen - self._told - 1]
            elif not await _within(end, news, closing):
                return

    def _known(self, last_id: str | None) -> tuple[str, int]:
        """The process and number of an id; of a foreign text no process."""
        process, _, number = (last_id or "").rpartition(":")
        return (process, int(number)) if number.isdecimal() and number.isascii() and len(number) < 19 else ("", 0)


async def _within(end: float, *events: asyncio.Event) -> bool:
    """Wait until one of the events is set; False when the time is over first."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        left = end - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait(waiting, timeout=max(0, left), return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for one in waiting:
            one.cancel()


@dataclass
class Listener:
    """The worker that tells this process's ``feed`` what any process of the service notified on ``channel``.

    It has a connection beside the pool, which must not go through a pooler in transaction mode.
    """

    engine: AsyncEngine
    channel: str
    feed: Hears = field(default_factory=Feed)
    listening: bool = field(default=False, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``; after each time without a database everyone who follows loads anew."""
        while not stop.is_set():
            try:
                async with self.engine.connect() as connection:
                    await self._listen(connection, stop)
            except Exception as error:
                if not (is_outage(error) or isinstance(error, InterfaceError)):  # its connection is closed
                    raise
                log.info("listener waits", channel=self.channel, error=type(error).__name__)
            finally:
                self.listening = False
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BACK_OFF)

    async def _listen(self, connection: AsyncConnection, stop: asyncio.Event) -> None:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        # It lasts: the pool must not count it, and it is closed with all that listens on it.
        await connection.run_sync(lambda sync: sync.detach())
        lost = asyncio.Event()
        raw.add_termination_listener(lambda _: lost.set())
        await raw.add_listener(self.channel, self._heard)
        self.feed.restart()
        self.listening = True
        while not (stop.is_set() or lost.is_set()):
            loop = asyncio.get_running_loop()
            if not await _within(loop.time() + PING_EVERY, stop, lost):
                await raw.fetchval("select 1", timeout=PING_EVERY)

    def _heard(self, _: object, __: int, ___: str, payload: object) -> None:
        told = orjson.loads(str(payload))
        self.feed.tell(told["event"], told["data"])


def feed_on(channel: str) -> Callable[..., Coroutine[Any, Any, Feed]]:
    """A dependency: this process's feed of what is notified on ``channel``."""

    async def feed(runtime: Running) -> Feed:
        heard = (worker for worker in runtime.workers if isinstance(worker, Listener))
        feeds = (listener.feed for listener in heard if listener.channel == channel)
        return next(feed for feed in feeds if isinstance(feed, Feed))

    return feed
