"""Reading the whole log once, from its beginning, and knowing when all of it was read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import nats.errors
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

from vpr_events.log import STREAM, SUBJECTS, Delivery, EventLog, LogUnavailable, Pull

NAME = "metrics_rebuild"
BATCH = 2000
WINDOW = 5000
IDLE = 0.25
ACK_WAIT = 600
FORGOTTEN_AFTER = 60

type Take = Callable[[Sequence[Delivery]], Awaitable[None]]


class Interrupted(Exception):
    """The service stops before the log was read."""


@dataclass(frozen=True)
class Replay:
    """A reading of the log; ``take`` is given each batch, in the log's order."""

    log: EventLog
    pull: Pull
    take: Take
    client: Client
    reconnects: int

    async def catch_up(self, stop: asyncio.Event) -> None:
        """Read what the log holds at this moment. Raises Interrupted, or LogUnavailable: then begin a new replay."""
        left = await self._pending()
        while left > 0:
            if stop.is_set():
                raise Interrupted
            if batch := await self.pull.next(BATCH, IDLE):
                await self.take(batch)
                await batch[-1].ack()
                left -= len(batch)
            else:
                left = await self._pending()
        self._check_connection()

    async def _pending(self) -> int:
        self._check_connection()
        try:
            return await self.log.pending(NAME)
        except NotFoundError as error:
            raise LogUnavailable("the broker forgot the replay") from error

    def _check_connection(self) -> None:
        """A lost connection may have swallowed messages."""
        if self.client.stats["reconnects"] != self.reconnects:
            raise LogUnavailable("the connection was lost during the replay")


@asynccontextmanager
async def replaying(log: EventLog, take: Take) -> AsyncIterator[Replay]:
    """A replay through a consumer of one's own, removed afterwards. Raises LogUnavailable.

    One acknowledgement covers all before it, so that "pending" counts what is still on its way to us;
    EventLog.replay, without acknowledgements, cannot tell.
    """
    client = log._client  # noqa: SLF001 - until EventLog.replay acknowledges
    if not client.is_connected:
        raise LogUnavailable("not connected")
    try:
        await _make_consumer(client)
        pull = Pull(client, NAME, WINDOW)
        await pull.start()
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise LogUnavailable(f"{type(error).__name__}: {error}") from error
    try:
        yield Replay(log, pull, take, client, client.stats["reconnects"])
    finally:
        with suppress(nats.errors.Error, OSError, TimeoutError):
            await pull.stop()
            await client.jetstream().delete_consumer(STREAM, NAME)


async def _make_consumer(client: Client) -> None:
    config = ConsumerConfig(
        name=NAME,
        filter_subject=SUBJECTS,
        ack_policy=AckPolicy.ALL,
        ack_wait=ACK_WAIT,
        max_ack_pending=2 * WINDOW,
        inactive_threshold=FORGOTTEN_AFTER,
        mem_storage=True,
    )
    with suppress(NotFoundError):
        await client.jetstream().delete_consumer(STREAM, NAME)
    await client.jetstream().add_consumer(STREAM, config)
