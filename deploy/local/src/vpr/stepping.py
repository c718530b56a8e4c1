"""Stepped business time: it stands still while anything happens, then goes on to the next timer that is due.

One owner sets the clock that all services read. Retries go by real time, so what is parked or waits for another try
keeps time standing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from nats.js.errors import APIError
from sqlalchemy import func, select

from vpr_events.effect_runner import LEASE
from vpr_events.outages import LogUnavailable
from vpr_events.tables import effects, events, outbox, parked, timers
from vpr_events.working import IDLE, in_steps
from vpr_service.clock import SteppedTime
from vpr_service.runtime import Runtime

UNFINISHED = (
    select(func.count()).select_from(outbox).scalar_subquery()
    + select(func.count()).where(~parked.c.dead).scalar_subquery()
    + select(func.count()).where(~effects.c.dead, effects.c.due_at <= func.clock_timestamp() + LEASE).scalar_subquery()
)
"""What goes on by itself: an effect that is being carried out is among it, though it is not due.

A webhook that waits for a later try is not: its receiver may be away for days.
"""

STANDING = select(
    UNFINISHED.label("unfinished"),
    select(func.max(events.c.position)).scalar_subquery().label("position"),
    select(func.min(timers.c.due_at)).scalar_subquery().label("next_due"),
)
LATEST = select(func.max(events.c.recorded_at))

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing goes on: how far each service has come, and when its next timer is due."""

    positions: Sequence[int | None]
    due: Sequence[datetime]

    def due_by(self, instant: datetime) -> bool:
        """Whether a timer is due by then."""
        return any(due <= instant for due in self.due)


@dataclass
class Stepper:
    """The owner of ``clock``, which these services read. No step leads beyond ``until``."""

    clock: SteppedTime
    runtimes: Sequence[Runtime]
    until: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Step until ``stop``."""
        await in_steps(stop, "stepped time", self.step)

    @asynccontextmanager
    async def stepping(self) -> AsyncIterator[None]:
        """Step meanwhile."""
        stop = asyncio.Event()
        task = asyncio.create_task(self.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def resume(self) -> None:
        """Go on from the latest event that was recorded, if that is later."""
        for runtime in self.runtimes:
            async with runtime.reading() as connection:
                latest = (await connection.execute(LATEST)).scalar_one()
            self.clock.step_to(max(self.clock(), latest or self.clock()))

    async def go_to(self, instant: datetime) -> None:
        """Go on to this instant, timer by timer, and return when all that this brings with it has happened."""
        self.until = instant
        while (quiet := await self._quiet()) is None or quiet.due_by(instant):
            if not await self.step():
                await asyncio.sleep(IDLE)
        self.clock.step_to(instant)

    async def step(self) -> bool:
        """Go on to the next timer if all is quiet; whether time went on."""
        quiet = await self._quiet()
        if quiet is None or not quiet.due or (self.until and not quiet.due_by(self.until)):
            return False
        if any(runtime.telemetry.at_work for runtime in self.runtimes):
            return False
        self.clock.step_to(min(quiet.due))
        log.info("business time", now=self.clock().isoformat())
        return True

    async def _quiet(self) -> Quiet | None:
        """How the services stand, if all were quiet twice with nothing recorded in between.

        What left one service while it was looked at has reached another when that is looked at again.
        """
        first = await self._look()
        second = first and await self._look()
        return second if first and second and first.positions == second.positions else None

    async def _look(self) -> Quiet | None:
        """How the services stand; None while something goes on."""
        positions: list[int | None] = []
        due: list[datetime] = []
        for runtime in self.runtimes:
            async with runtime.reading() as connection:
                row = (await connection.execute(STANDING)).one()
            overdue = row.next_due is not None and row.next_due <= self.clock()
            if overdue or row.unfinished or runtime.telemetry.at_work or await _pending(runtime):
                return None
            positions.append(row.position)
            due += [row.next_due] if row.next_due else []
        return Quiet(positions, due)


async def _pending(runtime: Runtime) -> bool:
    """Whether messages wait for the service; nobody can tell while the broker is away."""
    try:
        return not runtime.log.connected or await runtime.log.pending(runtime.service.name) > 0
    except (LogUnavailable, APIError):
        return True
