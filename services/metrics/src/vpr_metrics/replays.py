"""Dead letters that an operator replayed: metrics has no inbox that would try them again."""

from typing import Any

from nats.aio.client import Client
from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.pull import Delivery
from vpr_events.tables import parked

type ParkedRow = Row[Any]


async def next_due(connection: AsyncConnection) -> ParkedRow | None:
    """The oldest message that is to be tried again, locked; None when there is none, or another process has it."""
    due = select(parked).where(~parked.c.dead, parked.c.due_at <= func.clock_timestamp())
    query = due.order_by(parked.c.id).limit(1).with_for_update(skip_locked=True)
    return (await connection.execute(query)).one_or_none()


def delivery_of(row: ParkedRow) -> Delivery:
    """The message as it was delivered, so that the same checks apply. It is acknowledged already: no client waits."""
    return Delivery(row.subject, row.headers, row.body, "", Client())


async def done(connection: AsyncConnection, row: ParkedRow) -> None:
    """The read model has it."""
    await connection.execute(delete(parked).where(parked.c.id == row.id))


async def failed(connection: AsyncConnection, row: ParkedRow, error: str) -> None:
    """A dead letter again."""
    changes = {"dead": True, "attempts": row.attempts + 1, "error": error}
    await connection.execute(update(parked).where(parked.c.id == row.id).values(changes))
