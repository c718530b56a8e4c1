"""The relay: publishes a service's stored events to the log, in order, by one leader at a time.

Leadership is a lock of the very transaction that selects and deletes the batch, so it cannot outlive it. A failed
publish leaves the rows where they are: the relay never skips ahead. It keeps the order in which it published, and
before it publishes on a new connection it looks whether the log still holds all of it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from sqlalchemy import ARRAY, BigInteger, Row, Uuid, bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.event import Envelope
from vpr_events.gate import Gate, Reason
from vpr_events.log import BATCH_LIMIT, EventLog, Outgoing
from vpr_events.outages import LogUnavailable, RecoveryNeeded, is_outage, is_worth_a_warning
from vpr_events.refill import LEADER, is_ahead, requeue_after, tail_of
from vpr_events.tables import events, outbox, published
from vpr_events.working import resting

FIRST = 1
"""Where a database's own outbox ids begin; what is requeued has lower ones."""
LOWEST = -(2**63)
FULL_SCAN_EVERY = 5.0
LAG = 2.0
IDLE = 0.25
BACK_OFF = 0.5

log = structlog.get_logger(__name__)


type OutboxRow = Row[*tuple[Any, ...]]

_lead = select(func.pg_try_advisory_xact_lock(LEADER).label("leads")).cte("lead").prefix_with("materialized")

NEXT = (
    select(outbox.c.id.label("outbox_id"), outbox.c.traceparent, events)
    .select_from(outbox.join(events, events.c.id == outbox.c.event_id).join(_lead, _lead.c.leads))
    .where(outbox.c.id > bindparam("low_water"))
    .order_by(outbox.c.id)
    .limit(bindparam("batch"))
)
"""The next rows in order, for the leader alone. Who became the leader within this very statement may be given rows that
the one before has just removed: the log drops them by their message ids (for two minutes), the inboxes for ever."""

_forget = delete(outbox).where(outbox.c.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))
MARK = (
    insert(published)
    .values(event_ids=bindparam("order", type_=ARRAY(Uuid)))
    .add_cte(_forget.returning(outbox.c.id).cte("forgotten"))
)
"""A batch's rows are forgotten, and their order is kept."""


@dataclass
class Relay:
    """One per service process; of several, one leads at a time. A transaction publishes at most ``rounds`` batches."""

    engine: AsyncEngine
    log: EventLog
    batch: int = BATCH_LIMIT
    rounds: int = 4
    gate: Gate = field(default_factory=Gate)
    published: int = field(default=0, init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _highest: int = field(default=LOWEST, init=False)
    _mark: int = field(default=LOWEST, init=False)
    _mark_due: float = field(default=0.0, init=False)
    _low_water: int = field(default=LOWEST, init=False)
    _scan_due: float = field(default=0.0, init=False)

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until ``stop``, and then what is left if the broker is there."""
        while await self.log.until_connected(stop):
            try:
                full = await self.publish_pending() >= self.batch
            except Exception as error:
                if not is_outage(error):
                    raise
                if is_worth_a_warning(error):
                    log.warning("relay waits", error=type(error).__name__)
                await self._rest(stop, BACK_OFF)
            else:
                if not full:
                    await self._rest(stop, IDLE)
        if self.log.connected:
            with suppress(RecoveryNeeded):
                while await self.publish_pending():
                    pass

    async def _rest(self, stop: asyncio.Event, seconds: float) -> None:
        await resting(stop, seconds, self._wake)
        self._wake.clear()

    async def publish_pending(self) -> int:
        """Publish some batches and forget their rows; how many there were (0 also when another relay leads).

        Raises LogUnavailable, and RecoveryNeeded when the log is ahead of the database.
        """
        if not self.log.connected:
            raise LogUnavailable("not connected")
        if self.gate.compared != self.log.reconnects and not await self._compare():
            return 0
        self.gate.check()
        try:
            rows = await self._publish_next()
        except Exception:
            self.gate.compared = None
            raise
        self.published += len(rows)
        if rows:
            self._highest = rows[-1].outbox_id
            if rows[0].outbox_id < FIRST:
                self._low_water = self._mark = LOWEST  # requeued, below all others: there may be more of them
        return len(rows)

    async def _publish_next(self) -> list[OutboxRow]:
        done: list[OutboxRow] = []
        async with self.engine.begin() as connection:
            rows = await self._read(connection, floor := self._floor())
            while rows:
                done += rows
                more = len(rows) == self.batch and len(done) < self.batch * self.rounds
                publishing = asyncio.create_task(self.log.publish([_outgoing(row) for row in rows]))
                order = {"ids": [row.outbox_id for row in rows], "order": [row.id for row in rows]}
                try:  # while a batch is on its way, the next is read: from the floor on, as some may have come late
                    await connection.execute(MARK, order)
                    rows = await self._read(connection, floor) if more else []
                finally:
                    await publishing
        return done

    async def _read(self, connection: AsyncConnection, low_water: int) -> Sequence[OutboxRow]:
        return (await connection.execute(NEXT, {"low_water": low_water, "batch": self.batch})).all()

    async def _compare(self) -> bool:
        """Queue what the log lost since we published it; False when another relay leads. Shuts the gate if we lost."""
        on = self.log.reconnects
        async with self.engine.begin() as connection:
            if not (await connection.execute(select(func.pg_try_advisory_xact_lock(LEADER)))).scalar_one():
                return False
            await self.gate.load(connection)
            if self.gate.reason is None:
                await self._compare_with(connection)
        self.gate.check()
        self.gate.compared = on
        self._low_water = self._mark = LOWEST  # another process of this service may have queued
        return True

    async def _compare_with(self, connection: AsyncConnection) -> None:
        tail = await tail_of(self.log)
        if await is_ahead(connection, tail):
            log.error("the log is ahead of the database: `vpr recover` is needed", service=self.log.name)
            await self.gate.shut(connection, Reason.LOG_AHEAD)
        elif queued := await requeue_after(connection, tail.newest):
            log.warning("the log had lost events: they are published again", service=self.log.name, events=queued)

    def _floor(self) -> int:
        """Where to select from: what was published a while ago, and now and then the beginning.

        Ids are given before commits land, so a row may turn up below what was just published. The lag takes in those of
        ordinary commits at once, the full scan those of very long ones.
        """
        now = asyncio.get_running_loop().time()
        if now >= self._scan_due:
            self._scan_due = now + FULL_SCAN_EVERY
            return LOWEST
        if now >= self._mark_due:
            self._low_water, self._mark, self._mark_due = self._mark, self._highest, now + LAG
        return self._low_water


def _outgoing(row: OutboxRow) -> Outgoing:
    """The stored event as it goes out. Its body is not read: the relay need not understand what it carries."""
    return Outgoing(subject_of(row.type), headers_of(cast("Envelope", row), row.traceparent), row.body)


async def backlog(connection: AsyncConnection) -> dict[str, Any]:
    """How many events wait to be published, and since when the oldest does (None without any)."""
    query = select(func.count(), func.min(events.c.recorded_at)).select_from(
        outbox.join(events, events.c.id == outbox.c.event_id)
    )
    count, oldest = (await connection.execute(query)).one()
    return {"waiting": count, "oldest": oldest}
