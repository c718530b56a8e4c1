"""Making the log whole again: what it lost is queued anew for the relay, before everything that waits.

Requeued rows get ids below all others: rows that other transactions are about to commit have positive ones, so a
stream's earlier events always go out before its later ones.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ARRAY, TextClause, Uuid, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events.cloudevents import id_of
from vpr_events.contracts import families_of
from vpr_events.log import EventLog
from vpr_events.pull import Delivery
from vpr_events.replay import replaying
from vpr_events.tables import events, outbox, published

LEADER = 7_266_001
"""The advisory lock of a database's relay, and of whoever changes what it publishes next."""

REPLAYING = 7_266_010
"""The advisory lock of whoever reads all of the service's own families."""


def _requeue(wanted: str) -> TextClause:
    """Queue the rows (event_id, batch, place) of a query in that order, without those that wait already."""
    return text(f"""
        with wanted as ({wanted}),
        fresh as (
            select event_id, row_number() over (order by batch, place) as number from wanted
            where not exists (select from outbox where outbox.event_id = wanted.event_id)
        )
        insert into outbox (id, event_id) overriding system value
        select (select least(coalesce(min(id), 1), 1) from outbox) - (select count(*) from fresh) + number - 1, event_id
        from fresh
    """)  # noqa: S608 - made of the constants below


EVERYTHING = _requeue("select id as event_id, 0 as batch, position as place from events")

FROM_POSITION = _requeue("select id as event_id, 0 as batch, position as place from events where position > :position")

FROM_MARK = _requeue("""
    select distinct on (event_id) event_id, batch, place
    from published, unnest(event_ids) with ordinality as one (event_id, place)
    where batch >= :batch and (batch > :batch or place > :place)
    order by event_id, batch, place
""")

HOLES = _requeue("""
    select id as event_id, 0 as batch, position as place from events
    where position <= :position
    and not exists (select from seen where seen.event_id = events.id)
    and id not in (select unnest(event_ids) from published where batch > :batch)
""")

MARK = text("""
    select batch, array_position(event_ids, :event_id) as place from published
    where :event_id = any(event_ids) order by batch desc limit 1
""").bindparams(bindparam("event_id", type_=Uuid))
"""Of an event that was published twice the later mark counts: the log holds what came between."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The last events that the log holds of a service's families: ``ids`` of each family, ``newest`` of all."""

    ids: Sequence[UUID]
    newest: UUID | None


async def tail_of(log: EventLog) -> Tail:
    """The log's tail, as the service sees it. Raises LogUnavailable, also while there is no stream."""
    found = [last for family in families_of(log.name) if (last := await log.last_of(family))]
    newest = max(found, key=lambda delivery: delivery.sequence, default=None)
    return Tail([id_of(one.headers) for one in found], id_of(newest.headers) if newest else None)


async def is_ahead(connection: AsyncConnection, tail: Tail) -> bool:
    """Whether the log ends with events that the database lacks."""
    known = select(func.count()).select_from(events).where(events.c.id.in_(tail.ids))
    return (await connection.execute(known)).scalar_one() < len(tail.ids)


async def requeue_after(connection: AsyncConnection, newest: UUID | None) -> int:
    """Queue what was published after the log's last event of ours; how much. None means that it holds nothing of ours.

    What was published by an earlier version, which kept no marks, goes by its position.
    """
    if newest is None:
        return await _queue(connection, EVERYTHING)
    waiting = select(outbox.c.id).where(outbox.c.event_id == newest).limit(1)
    if (await connection.execute(waiting)).first():
        return 0  # it was published, and its relay died before it could forget the row: there is nothing behind it
    mark = (await connection.execute(MARK, {"event_id": newest})).one_or_none()
    if mark:
        return await _queue(connection, FROM_MARK, batch=mark.batch, place=mark.place)
    position = select(events.c.position).where(events.c.id == newest)
    return await _queue(connection, FROM_POSITION, position=(await connection.execute(position)).scalar_one())


async def _queue(connection: AsyncConnection, statement: TextClause, **parameters: int) -> int:
    return (await connection.execute(statement, parameters)).rowcount


class Busy(Exception):
    """Another process of this service reads its families: one at a time."""


@asynccontextmanager
async def reading_alone(connection: AsyncConnection) -> AsyncIterator[None]:
    """Be the only one that replays this service's own families: readers share one consumer. Raises Busy."""
    async with connection.begin():
        if not (await connection.execute(select(func.pg_try_advisory_lock(REPLAYING)))).scalar_one():
            raise Busy("another process reads this service's part of the log, try again")
    try:
        yield
    finally:
        async with connection.begin():
            await connection.execute(select(func.pg_advisory_unlock(REPLAYING)))


@dataclass
class Refill:
    """Finds the holes of a service's part of the log and queues what is missing."""

    engine: AsyncEngine
    log: EventLog
    read: int = field(default=0, init=False)
    queued: int = field(default=0, init=False)

    async def run(self) -> None:
        """Compare all ids. Raises Busy, and LogUnavailable when the log went away meanwhile."""
        self.read = self.queued = 0
        async with self.engine.connect() as connection, reading_alone(connection), _seen(connection):
            async with connection.begin():
                before = (await connection.execute(NOW)).one()
            for family in families_of(self.log.name):
                await self._read_family(connection, family)
            async with connection.begin():
                await connection.execute(select(func.pg_advisory_xact_lock(LEADER)))
                self.queued = await _queue(connection, HOLES, position=before.position, batch=before.batch)

    async def _read_family(self, connection: AsyncConnection, family: str) -> None:
        async def note(batch: Sequence[Delivery]) -> None:
            async with connection.begin():
                await connection.execute(NOTE, {"ids": [id_of(one.headers) for one in batch]})
            self.read += len(batch)

        async with replaying(self.log, f"{self.log.name}_replay", note, f"vpr.{family}.>") as replay:
            await replay.catch_up()


NOW = select(
    select(func.coalesce(func.max(events.c.position), 0)).scalar_subquery().label("position"),
    select(func.coalesce(func.max(published.c.batch), 0)).scalar_subquery().label("batch"),
)
"""What is compared: events recorded until now, and not published meanwhile, when the replay may have passed them."""

NOTE = text("insert into seen select unnest(:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid)))


@asynccontextmanager
async def _seen(connection: AsyncConnection) -> AsyncIterator[None]:
    async with connection.begin():
        await connection.execute(text("create temporary table seen (event_id uuid not null)"))
    try:
        yield
    finally:
        async with connection.begin():
            await connection.execute(text("drop table seen"))
