"""The worker: follows the log into the current generation, and fills a new one when asked or when there is none."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from time import monotonic

import duckdb
import structlog
from duckdb import DuckDBPyConnection
from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events import parking
from vpr_events.log import READER_WINDOW, EventLog
from vpr_events.outages import is_outage
from vpr_events.pull import Delivery
from vpr_events.replay import BATCH, IDLE, Interrupted, replaying
from vpr_metrics import model, replays
from vpr_metrics.generations import Generation
from vpr_metrics.reading import Unreadable, take
from vpr_service.clock import Clock

DURABLE = "metrics"
REBUILD = "metrics_rebuild"
BACK_OFF = 0.5

log = structlog.get_logger(__name__)


class NotBuilt(Exception):
    """There is no complete generation yet."""


class Stage(StrEnum):
    """How far a rebuild is."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass
class Rebuild:
    """The last rebuild since the service started. ``read``, ``unreadable`` and ``total`` count messages of the log."""

    stage: Stage = Stage.NONE
    started_at: datetime | None = None
    finished_at: datetime | None = None
    read: int = 0
    unreadable: int = 0
    total: int | None = None
    began: float = field(default_factory=monotonic)

    @property
    def seconds_left(self) -> float | None:
        """How long it takes yet at the speed so far; None where nobody can tell."""
        if self.stage is not Stage.RUNNING or self.total is None or not self.read:
            return None
        return round((monotonic() - self.began) / self.read * max(self.total - self.read, 0), 1)


@dataclass
class Projection:
    """Projects the log into DuckDB: the only writer of the files in ``folder``."""

    engine: AsyncEngine
    log: EventLog
    folder: Path
    now: Clock
    rebuild: Rebuild = field(default_factory=Rebuild, init=False)
    _current: Generation | None = field(default=None, init=False)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _wanted: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def generation(self) -> int | None:
        """The number of the generation that answers."""
        return self._current.number if self._current else None

    @property
    def position(self) -> tuple[int, int] | None:
        """How far the data is that answers: another value whenever it may have changed; None while there is none."""
        return (self._current.number, self._current.written) if self._current else None

    async def read[T](self, query: Callable[[DuckDBPyConnection], T]) -> T:
        """What a query finds in the current generation. Raises NotBuilt."""
        if self._current is None:
            raise NotBuilt
        return await self._current.read(query)

    def stream(self, query: Callable[[DuckDBPyConnection], Iterator[bytes]]) -> AsyncGenerator[bytes]:
        """The same, piece by piece. Raises NotBuilt."""
        if self._current is None:
            raise NotBuilt
        return self._current.stream(query)

    def want_rebuild(self) -> None:
        """Ask for a new generation; one that is being filled already will do."""
        if not self._wanted.is_set():
            self.rebuild = Rebuild(Stage.RUNNING, self.now())
            self._wanted.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the log until ``stop``; without broker or database it waits and goes on."""
        self._current = await asyncio.to_thread(Generation.newest, self.folder)
        if self._current is None:
            self.want_rebuild()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_through_outages(self._rebuild_when_wanted, stop))
                tasks.create_task(_through_outages(self._follow, stop))
        finally:
            generation, self._current = self._current, None
            if generation:
                await generation.close()

    async def _follow(self, stop: asyncio.Event) -> None:
        while self._current is None:
            if await _set_within(stop, IDLE):
                return
        pull = await self.log.pull(DURABLE, window=READER_WINDOW)
        retry_at = 0.0
        try:
            while not stop.is_set():
                if batch := await pull.next(BATCH, IDLE, stop):
                    await self._take_in(batch)
                if (now := asyncio.get_running_loop().time()) >= retry_at:
                    await self.retry_due()
                    retry_at = now + IDLE
        finally:
            await pull.stop()

    async def _take_in(self, batch: Sequence[Delivery]) -> None:
        for delivery, error in await self._taken(batch):
            log.error("dead letter", subject=delivery.subject, error=error)
            await self._park(delivery, error)
        for delivery in batch:
            await delivery.ack()

    async def _taken(self, batch: Sequence[Delivery]) -> list[Unreadable]:
        async with self._writing:
            if self._current is None:
                raise NotBuilt
            return await self._current.write(lambda connection: take(connection, batch))

    async def _park(self, delivery: Delivery, error: str) -> None:
        """A message that cannot even be parked stays in the log: it must not hold up those that came with it."""
        try:
            async with self.engine.begin() as connection:
                await parking.park(connection, delivery, None, error=error, dead=True)
        except Exception as failure:
            if is_outage(failure):
                raise
            log.exception("not parked", subject=delivery.subject)

    async def retry_due(self) -> None:
        """Try again the dead letters that an operator replayed, each once: what fails is a dead letter again."""
        while await self._retry_one():
            pass

    async def _retry_one(self) -> bool:
        """False when none is due."""
        async with self.engine.begin() as connection:
            row = await replays.next_due(connection)
            if row is None:
                return False
            if error := await self._problem(replays.delivery_of(row)):
                await replays.failed(connection, row, error)
            else:
                await replays.done(connection, row)
        return True

    async def _problem(self, delivery: Delivery) -> str | None:
        """What is wrong with a message, now taken in unless something is."""
        try:
            unreadable = await self._taken([delivery])
        except duckdb.Error as error:
            return type(error).__name__
        return next((error for _, error in unreadable), None)

    async def _rebuild_when_wanted(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if await _set_within(self._wanted, IDLE):
                await self._rebuild(stop)

    async def _rebuild(self, stop: asyncio.Event) -> None:
        generation = await asyncio.to_thread(Generation.create, self.folder)
        previous = self._current
        self.rebuild.read = self.rebuild.unreadable = 0
        self.rebuild.began, self.rebuild.total = monotonic(), None
        try:
            await self._fill(generation, stop)
        except Interrupted:
            return
        except Exception as error:
            if not is_outage(error):
                self._finish(Stage.FAILED)
            raise
        finally:
            if self._current is not generation:
                await generation.discard()
        if previous:
            await previous.discard()
        self._finish(Stage.DONE)

    async def _fill(self, generation: Generation, stop: asyncio.Event) -> None:
        """Read the log while the writer goes on, and again what came meanwhile; then the rest while it pauses."""

        async def refill(batch: Sequence[Delivery]) -> None:
            unreadable = await generation.write(lambda connection: take(connection, batch))
            self.rebuild.read += len(batch)
            self.rebuild.unreadable += len(unreadable)

        async with replaying(self.log, REBUILD, refill) as replay:
            self.rebuild.total = await self.log.pending(REBUILD)
            await replay.catch_up(stop)
            await replay.catch_up(stop)
            async with self._writing:
                await replay.catch_up(stop)
                await generation.write(model.complete)
                self._current = generation

    def _finish(self, stage: Stage) -> None:
        self.rebuild.stage, self.rebuild.finished_at = stage, self.now()
        self._wanted.clear()


async def _through_outages(work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await work(stop)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("metrics waits", error=type(error).__name__)
            await _set_within(stop, BACK_OFF)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event is set, waiting at most that long."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
