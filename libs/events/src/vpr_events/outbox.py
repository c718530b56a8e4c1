"""The relay: publishes a service's stored events to the log, in order, by one leader at a time.

Leadership is a lock of the very transaction that selects and deletes the batch, so it cannot outlive it. A failed
publish leaves the rows where they are: the relay never skips ahead.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import RowMapping, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events import store
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.log import EventLog, Outgoing
from vpr_events.outages import LogUnavailable, is_outage
from vpr_events.tables import events, outbox

LEADER = 7_266_001
"""The advisory lock of a database's relay."""
FULL_SCAN_EVERY = 5.0
IDLE = 0.25
BACK_OFF = 0.5

log = structlog.get_logger(__name__)


@dataclass
class Relay:
    """One per service process; of several, one leads at a time."""

    engine: AsyncEngine
    log: EventLog
    batch: int = 500
    published: int = field(default=0, init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _low_water: int = field(default=0, init=False)
    _scan_due: float = field(default=0.0, init=False)

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until ``stop``, and then what is left if the broker is there."""
        while await self.log.until_connected(stop):
            try:
                busy = await self.publish_pending()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("relay waits", error=type(error).__name__)
                await self._rest(BACK_OFF)
            else:
                if not busy:
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
            if not await _lead(connection):
                return 0
            rows = await self._select(connection)
            if rows:
                await self.log.publish([_outgoing(row) for row in rows])
                await connection.execute(delete(outbox).where(outbox.c.id.in_([row["outbox_id"] for row in rows])))
        self.published += len(rows)
        self._low_water = rows[-1]["outbox_id"] if rows else self._low_water
        return len(rows)

    async def _select(self, connection: AsyncConnection) -> Sequence[RowMapping]:
        """The next rows above the low-water id; now and then from the beginning, for ids that committed late."""
        now = asyncio.get_running_loop().time()
        if now >= self._scan_due:
            self._low_water, self._scan_due = 0, now + FULL_SCAN_EVERY
        query = (
            select(outbox.c.id.label("outbox_id"), outbox.c.traceparent, events)
            .join(events, events.c.id == outbox.c.event_id)
            .where(outbox.c.id > self._low_water)
            .order_by(outbox.c.id)
            .limit(self.batch)
        )
        return (await connection.execute(query)).mappings().all()


async def _lead(connection: AsyncConnection) -> bool:
    await connection.execute(text("set local idle_in_transaction_session_timeout = '30s'"))
    return bool((await connection.execute(select(func.pg_try_advisory_xact_lock(LEADER)))).scalar_one())


def _outgoing(row: RowMapping) -> Outgoing:
    event = store.from_row(row)
    return Outgoing(subject_of(event.type), headers_of(event, row["traceparent"]), event.body)


async def backlog(connection: AsyncConnection) -> dict[str, Any]:
    """How many events wait to be published, and since when the oldest does (None without any)."""
    query = select(func.count(), func.min(events.c.recorded_at)).select_from(
        outbox.join(events, events.c.id == outbox.c.event_id)
    )
    count, oldest = (await connection.execute(query)).one()
    return {"waiting": count, "oldest": oldest}
