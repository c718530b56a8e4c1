"""Long effects: while one is being carried out, its lease is renewed, so that nobody else takes it up meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog
from sqlalchemy import bindparam, func, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

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

type Beat = Callable[[AsyncConnection], Awaitable[None]]

log = structlog.get_logger(__name__)


@asynccontextmanager
async def renewing(engine: AsyncEngine, task: Task) -> AsyncIterator[None]:
    """Keep an effect that is being carried out one's own until the end of the block."""

    async def renew(connection: AsyncConnection) -> None:
        await connection.execute(RENEW, {"effect": task.id, "attempt": task.attempt})

    async with beating(engine, f"effect {task.id}", LEASE / RENEWALS, renew):
        yield


@asynccontextmanager
async def beating(engine: AsyncEngine, what: str, every: timedelta, beat: Beat) -> AsyncIterator[None]:
    """Until the end of the block renew ``what`` so often, in a commit of its own; after an outage it goes on."""
    running = asyncio.create_task(_beat(engine, what, every, beat))
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _beat(engine: AsyncEngine, what: str, every: timedelta, beat: Beat) -> None:
    while True:
        await asyncio.sleep(every.total_seconds())
        try:
            async with engine.begin() as connection:
                await beat(connection)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("a lease could not be renewed", what=what, error=type(error).__name__)
