"""Reading the whole log once, from its beginning, and knowing when all of it was read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from nats.js.errors import NotFoundError

from vpr_events.log import READER_WINDOW, SUBJECTS, EventLog
from vpr_events.outages import LogUnavailable
from vpr_events.pull import Delivery, Pull

BATCH = 5000
IDLE = 0.25

type Take = Callable[[Sequence[Delivery]], Awaitable[None]]


class Interrupted(Exception):
    """Whoever reads was told to stop before the log was read."""


@dataclass(frozen=True)
class Replay:
    """A reading of the log; ``take`` is given each batch, in the log's order."""

    log: EventLog
    name: str
    pull: Pull
    take: Take
    reconnects: int

    async def catch_up(self, stop: asyncio.Event | None = None) -> None:
        """Read what the log holds at this moment. Raises Interrupted, or LogUnavailable: then begin a new replay."""
        left = await self._pending()
        while left > 0:
            if batch := await self._gathered(min(BATCH, left), stop):
                await self.take(batch)
                await batch[-1].ack()
                left -= len(batch)
            else:
                left = await self._pending()
        self._check_connection()

    async def _gathered(self, count: int, stop: asyncio.Event | None) -> list[Delivery]:
        """So many messages, or fewer when no more come: whoever takes them works best on full batches."""
        batch: list[Delivery] = []
        while len(batch) < count:
            if stop and stop.is_set():
                raise Interrupted
            if not (arrived := await self.pull.next(count - len(batch), IDLE)):
                break
            batch += arrived
        return batch

    async def _pending(self) -> int:
        self._check_connection()
        try:
            return await self.log.pending(self.name)
        except NotFoundError as error:
            raise LogUnavailable("the broker forgot the replay") from error

    def _check_connection(self) -> None:
        """A lost connection may have swallowed messages."""
        if self.log.reconnects != self.reconnects:
            raise LogUnavailable("the connection was lost during the replay")


@asynccontextmanager
async def replaying(log: EventLog, name: str, take: Take, subject: str = SUBJECTS) -> AsyncIterator[Replay]:
    """A replay through a consumer of one's own called ``name``, removed afterwards. Raises LogUnavailable."""
    await log.make_reader(name, subject)
    pull = await log.pull(name, window=READER_WINDOW)
    try:
        yield Replay(log, name, pull, take, log.reconnects)
    finally:
        with suppress(LogUnavailable):
            await pull.stop()
            await log.drop_reader(name)
