"""Consuming other services' events: each event counts once, in the order of its report, and none blocks the others.

A batch is one transaction: ids into the inbox, reactions and projections, commit; then it is acknowledged. An event
that fails is parked with the report's later events behind it; after its tries it is a dead letter.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events import parking, writes
from vpr_events.cloudevents import received, subject_of
from vpr_events.codec import Malformed, UnknownVersion
from vpr_events.decider import Refused
from vpr_events.event import Event, Recorded
from vpr_events.gate import Gate
from vpr_events.log import EventLog
from vpr_events.outages import is_outage, is_worth_a_warning
from vpr_events.passes import Consequence, following
from vpr_events.pipeline import Execution, Pipeline, Projector
from vpr_events.pull import Delivery, Pull
from vpr_events.store import Conflict, rerunning
from vpr_events.tables import inbox, parked
from vpr_events.working import resting

log = structlog.get_logger(__name__)

type Reactor = Callable[[Recorded, datetime], Iterable[Execution]]
"""What an event of another service leads to; it is told when that is (business time)."""

type Read = tuple[Delivery, Recorded]

BATCH = 200
IDLE = 0.25
BACK_OFF = 0.5


def _no_reaction(_: Recorded, __: datetime) -> Iterable[Execution]:
    return ()


@dataclass(frozen=True)
class Consumer:
    """What a service does with others' events: ``handles`` these contracts, ``react``, ``project``, have effects."""

    handles: frozenset[type[Event]]
    react: Reactor = _no_reaction
    projectors: Sequence[Projector] = ()
    consequences: Sequence[Consequence] = ()

    @property
    def subjects(self) -> list[str]:
        """What its durable consumer must be given."""
        return sorted(subject_of(contract.event_type()) for contract in self.handles)

    def writes(self, event: Recorded) -> Iterable[writes.Write]:
        """What its projections make of one event, then its effects."""
        for project in self.projectors:
            yield from project(event)
        yield from following(event, self.consequences)


@dataclass
class Inbox:
    """Feeds a consumer from the durable named ``durable``."""

    engine: AsyncEngine
    pipeline: Pipeline
    log: EventLog
    durable: str
    consumer: Consumer
    policy: parking.Policy = field(default_factory=parking.Policy)
    gate: Gate | None = None
    handled: int = field(default=0, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop``; without broker or database it waits and goes on."""
        while await self.log.until_connected(stop):
            try:
                await self._consume(stop)
            except Exception as error:
                if not is_outage(error):
                    raise
                if is_worth_a_warning(error):
                    log.warning("inbox waits", durable=self.durable, error=type(error).__name__)
                await resting(stop, BACK_OFF)

    def _check(self) -> None:
        """Nobody may decide on a database that lags behind the log."""
        if self.gate:
            self.gate.check_following(self.log.reconnects)

    async def _consume(self, stop: asyncio.Event) -> None:
        self._check()
        pull: Pull = await self.log.pull(self.durable)
        retry_at = 0.0
        try:
            while not stop.is_set():
                self._check()
                if batch := await pull.next(BATCH, IDLE, stop):
                    await self._handle_or_return(batch)
                if (now := asyncio.get_running_loop().time()) >= retry_at:
                    await self.retry_due()
                    retry_at = now + IDLE
        finally:
            await pull.stop()

    async def _handle_or_return(self, batch: Sequence[Delivery]) -> None:
        try:
            await self.handle(batch)
        except Exception:
            for delivery in batch:
                await delivery.nak()
            raise

    async def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Take a batch in: all of it in one transaction, or, when something fails, each by itself."""
        readable: list[Read] = []
        for delivery in deliveries:
            try:
                event = delivery.event()
            except Malformed as error:
                await self._park_unreadable(delivery, error)
            else:
                if event and type(event.data) in self.consumer.handles:
                    readable.append((delivery, event))
        await self._take_in(readable)
        for delivery in deliveries:
            await delivery.ack()

    async def _take_in(self, batch: Sequence[Read]) -> None:
        try:
            await rerunning(lambda: self._transaction(batch))
        except Exception as error:
            if is_outage(error):
                raise
            if len(batch) > 1:
                for one in batch:
                    await self._take_in([one])
            else:
                await self._park_failed(batch[0], error)

    async def _transaction(self, batch: Sequence[Read]) -> None:
        if not batch:
            return
        async with self.engine.begin() as connection:
            new = await _unseen(connection, batch)
            held = await _held_reports(connection, new)
            for delivery, event in new:
                if event.correlation_id in held:
                    await parking.park(connection, delivery, event)
            recorded = await self._apply(connection, [e for _, e in new if e.correlation_id not in held])
        self.handled += len(new)
        if recorded:
            self.pipeline.committed()

    async def _apply(self, connection: AsyncConnection, events: Sequence[Recorded]) -> bool:
        executions = [execution for event in events for execution in self.consumer.react(event, self.pipeline.now())]
        outcome = await self.pipeline.apply(connection, executions)
        await writes.run(connection, (write for event in events for write in self.consumer.writes(event)))
        return bool(outcome.events)

    async def _park_unreadable(self, delivery: Delivery, error: Malformed) -> None:
        log.error("dead letter", subject=delivery.subject, error=str(error))
        envelope = error.envelope if isinstance(error, UnknownVersion) else None
        async with self.engine.begin() as connection:
            await parking.park(connection, delivery, None, envelope=envelope, error=str(error), dead=True)

    async def _park_failed(self, read: Read, error: Exception) -> None:
        delivery, event = read
        log.warning("parked", type=event.type, correlation_id=str(event.correlation_id), error=describe(error))
        async with self.engine.begin() as connection:
            if await _unseen(connection, [read]):
                await parking.park(connection, delivery, event, error=describe(error), delay=self.policy.delay(0))

    async def retry_due(self) -> int:
        """Try again what is due, report by report, each in its own transaction; how many events succeeded."""
        async with self.engine.connect() as connection:
            due = await parking.due_reports(connection)
        return sum([await self._retry_report(report) for report in due])

    async def _retry_report(self, report: UUID) -> int:
        done = 0
        while await self._retry_first(report):
            done += 1
        return done

    async def _retry_first(self, report: UUID) -> bool:
        """Retry the report's earliest parked event; False when it failed again or there is none."""
        try:
            return await rerunning(lambda: self._retry_transaction(report))
        except Exception as error:
            if is_outage(error):
                raise
            await self._note_failure(report, error)
            return False

    async def _retry_transaction(self, report: UUID) -> bool:
        async with self.engine.begin() as connection:
            row = await parking.first_of(connection, report)
            if row is None:
                return False
            event = received(row.subject, row.headers, row.body)
            recorded = event is not None and await self._apply(connection, [event])
            await connection.execute(parked.delete().where(parked.c.id == row.id))
        if recorded:
            self.pipeline.committed()
        return True

    async def _note_failure(self, report: UUID, error: Exception) -> None:
        async with self.engine.begin() as connection:
            if row := await parking.first_of(connection, report):
                await parking.failed(connection, row, self.policy, describe(error))


def describe(error: Exception) -> str:
    """What failed, for an operator: the kind, and the text only where it is ours and so free of personal data."""
    return (
        f"{type(error).__name__}: {error}"
        if isinstance(error, (Refused, Malformed, Conflict))
        else type(error).__name__
    )


async def _unseen(connection: AsyncConnection, batch: Sequence[Read]) -> list[Read]:
    """The events that are here for the first time, now noted as received."""
    by_id = {event.id: (delivery, event) for delivery, event in batch}
    statement = insert(inbox).on_conflict_do_nothing().returning(inbox.c.event_id)
    rows = [{"event_id": event_id} for event_id in sorted(by_id)]
    fresh = set((await connection.execute(statement.values(rows))).scalars())
    return [read for event_id, read in by_id.items() if event_id in fresh]


async def _held_reports(connection: AsyncConnection, batch: Sequence[Read]) -> set[UUID]:
    """Reports with an event parked: their later events wait behind it."""
    query = select(parked.c.correlation_id).where(parked.c.correlation_id.in_([e.correlation_id for _, e in batch]))
    return {report for report in (await connection.execute(query)).scalars() if report}
