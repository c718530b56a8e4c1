"""Effects that failed for good: an operator lists, replays or discards them, as with dead letters."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.tables import effects

_dead = (effects.c.id == bindparam("effect"), effects.c.dead)
_REPLAY = update(effects).where(*_dead).values(dead=False, attempts=0, failures=0, due_at=func.clock_timestamp())


async def dead_effects(connection: AsyncConnection) -> Sequence[Row[*tuple[Any, ...]]]:
    """The dead effects, oldest first, without their data."""
    columns = [column for column in effects.c if column.name != "data"]
    query = select(*columns).where(effects.c.dead).order_by(effects.c.created_at, effects.c.id)
    return (await connection.execute(query)).all()


async def replay(connection: AsyncConnection, effect: UUID) -> bool:
    """Give a dead effect its tries again, at once; False when there is no such effect."""
    found = await connection.execute(_REPLAY.returning(effects.c.id), {"effect": effect})
    return found.one_or_none() is not None


async def discard(connection: AsyncConnection, effect: UUID) -> bool:
    """Drop a dead effect for good. False when there is no such effect."""
    found = await connection.execute(delete(effects).where(*_dead).returning(effects.c.id), {"effect": effect})
    return found.one_or_none() is not None
