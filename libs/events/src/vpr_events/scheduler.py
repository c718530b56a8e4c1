"""The scheduler: due timers become commands."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events import timers
from vpr_events.decider import Decider, TimerFired
from vpr_events.outages import is_outage
from vpr_events.passes import Execution
from vpr_events.pipeline import Pipeline
from vpr_events.working import in_steps

BATCH = 200

log = structlog.get_logger(__name__)

type DueTimer = Row[*tuple[Any, ...]]


@dataclass
class Scheduler:
    """Fires what is due by business time. Several may run: of each timer only one pass finds the row."""

    engine: AsyncEngine
    pipeline: Pipeline
    deciders: Mapping[str, Decider[Any, Any]]
    now: Callable[[], datetime]

    async def run(self, stop: asyncio.Event) -> None:
        """Fire until ``stop``; without a database it waits and goes on."""
        await in_steps(stop, "scheduler", self.fire_due)

    async def fire_due(self) -> bool:
        """Fire a batch of due timers; whether there may be more."""
        async with self.engine.connect() as connection:
            due = await timers.due(connection, self.now(), BATCH)
        results = await asyncio.gather(*(self._fire(row) for row in due), return_exceptions=True)
        for row, error in zip(due, results, strict=True):
            if isinstance(error, BaseException):
                await self._note(row, error)
        return len(due) == BATCH

    async def _fire(self, row: DueTimer) -> None:
        await self.pipeline.execute(self.execution(row))

    def execution(self, row: DueTimer) -> Execution:
        """The command of a timer that is due."""
        family, _, entity = row.stream.partition("/")
        command = TimerFired(at=self.now(), name=row.name, due_at=row.due_at)
        return Execution(
            decider=self.deciders[family], entity=UUID(entity), command=command, correlation_id=row.correlation_id
        )

    async def _note(self, row: DueTimer, error: BaseException) -> None:
        """An outage ends the round; a command that failed is tried later, and seen as overdue until then."""
        if not isinstance(error, Exception) or is_outage(error):
            raise error
        log.error("timer failed", stream=row.stream, timer=row.name, error=type(error).__name__)
        async with self.engine.begin() as connection:
            await timers.failed(connection, row)
