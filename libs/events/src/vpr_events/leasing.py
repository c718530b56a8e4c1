"""Long effects: while one is being carried out, its lease is renewed, so that nobody else takes it up meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from sqlalchemy import bindparam, func, update
from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events.effect_runner import LEASE, Task
from vpr_events.outages import is_outage
from vpr_events.tables import effects

RENEWALS = 4
"""How often a lease is renewed within its span."""

RENEW = (
    update(effects)
    .where(effects.c.id == bindparam("effect"), effects.c.attempts == bindparam("attempt"))
    .values(due_at=func.clock_timestamp() + LEASE)
)

log = structlog.get_logger(__name__)


@asynccontextmanager
async def renewing(engine: AsyncEngine, task: Task) -> AsyncIterator[None]:
    """Keep an effect that is being carried out one's own until the end of the block."""
    beating = asyncio.create_task(_renew(engine, task))
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def _renew(engine: AsyncEngine, task: Task) -> None:
    while True:
        await asyncio.sleep(LEASE.total_seconds() / RENEWALS)
        try:
            async with engine.begin() as connection:
                await connection.execute(RENEW, {"effect": task.id, "attempt": task.attempt})
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("a lease could not be renewed", effect=str(task.id), error=type(error).__name__)
