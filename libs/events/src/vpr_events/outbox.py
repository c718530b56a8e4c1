"""The relay: publishes a service's stored events to the log, in order, by one leader at a time.

Leadership is a lock of the very transaction that selects and deletes the batch, so it cannot outlive it. A failed
publish leaves the rows where they are: the relay never skips ahead.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from sqlalchemy import ARRAY, BigInteger, Row, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.event import Envelope
from vpr_events.log import EventLog, Outgoing
from vpr_events.outages import LogUnavailable, is_outage
from vpr_events.tables import events, outbox

LEADER = 7_266_001
"""The advisory lock of a database's relay."""
FULL_SCAN_EVERY = 5.0
LAG = 2.0
IDLE = 0.25
BACK_OFF = 0.5

log = structlog.get_logger(__name__)


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

DELETE = delete(outbox).where(outbox.c.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))


@dataclass
class Relay:
    """One per service process; of several, one leads at a time."""

    engine: AsyncEngine
    log: EventLog
    batch: int = 500
    published: int = field(default=0, init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _highest: int = field(default=0, init=False)
    _mark: int = field(default=0, init=False)
    _mark_due: float = field(default=0.0, init=False)
    _low_water: int = field(default=0, init=False)
    _scan_due: float = field(default=0.0, init=False)

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until ``stop``, and then what is left if the broker is there."""
        while await self.log.until_connected(stop):
            try:
                full = await self.publish_pending() == self.batch
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("relay waits", error=type(error).__name__)
                await self._rest(BACK_OFF)
            else:
                if not full:
                    await self._rest(IDLE)
        if self.log.connected:
            while await self.publish_pending():
                pass

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def publish_pending(self) -> int:
        """Publish one batch and forget its rows; how many there were (0 also when another relay leads)."""
        if not self.log.connected:
            raise LogUnavailable("not connected")
        async with self.engine.begin() as connection:
            rows = (await connection.execute(NEXT, {"low_water": self._floor(), "batch": self.batch})).all()
            if rows:
                await self.log.publish([_outgoing(row) for row in rows])
                await connection.execute(DELETE, {"ids": [row.outbox_id for row in rows]})
        self.published += len(rows)
        self._highest = rows[-1].outbox_id if rows else self._highest
        return len(rows)

    def _floor(self) -> int:
        """Where to select from: what was published a while ago, and now and then the beginning.

        Ids are given before commits land, so a row may turn up below what was just published. The lag takes in those of
        ordinary commits at once, the full scan those of very long ones.
        """
        now = asyncio.get_running_loop().time()
        if now >= self._scan_due:
            self._scan_due = now + FULL_SCAN_EVERY
            return 0
        if now >= self._mark_due:
            self._low_water, self._mark, self._mark_due = self._mark, self._highest, now + LAG
        return self._low_water


def _outgoing(row: Row[*tuple[Any, ...]]) -> Outgoing:
    """The stored event as it goes out. Its body is not read: the relay need not understand what it carries."""
    return Outgoing(subject_of(row.type), headers_of(cast("Envelope", row), row.traceparent), row.body)


async def backlog(connection: AsyncConnection) -> dict[str, Any]:
    """How many events wait to be published, and since when the oldest does (None without any)."""
    query = select(func.count(), func.min(events.c.recorded_at)).select_from(
        outbox.join(events, events.c.id == outbox.c.event_id)
    )
    count, oldest = (await connection.execute(query)).one()
    return {"waiting": count, "oldest": oldest}
