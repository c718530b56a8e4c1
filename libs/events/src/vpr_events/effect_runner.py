"""Carrying out effects: each at least once, under one id, outside of any transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events.effects import Value
from vpr_events.parking import Policy
from vpr_events.passes import Execution
from vpr_events.pipeline import Pipeline
from vpr_events.tables import effects
from vpr_events.working import in_steps

BATCH = 20
LEASE = timedelta(minutes=1)
"""How long an effect that was taken up is left alone: then whoever took it is dead, and it is repeated."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """An effect to carry out. ``id`` stays the same at every try: give it to the other side as idempotency key."""

    id: UUID
    kind: str
    data: Mapping[str, Value]
    correlation_id: UUID
    causation_id: UUID | None
    attempt: int


type Handler = Callable[[Task], Awaitable[Iterable[Execution]]]
"""Carries an effect out and returns the commands that tell what came of it. What it raises is a failed try."""

_taken = (
    select(effects.c.id)
    .where(~effects.c.dead, effects.c.due_at <= func.clock_timestamp())
    .order_by(effects.c.due_at)
    .limit(bindparam("batch"))
    .with_for_update(skip_locked=True)
)
TAKE = (
    update(effects)
    .where(effects.c.id.in_(_taken.scalar_subquery()))
    .values(due_at=func.clock_timestamp() + bindparam("lease"), attempts=effects.c.attempts + 1)
    .returning(effects)
)
REMOVE = delete(effects).where(effects.c.id == bindparam("effect"), effects.c.attempts == bindparam("attempt"))


@dataclass
class EffectRunner:
    """Takes up effects that are due. Several may run: a taken one is left alone for ``lease``."""

    engine: AsyncEngine
    pipeline: Pipeline
    handlers: Mapping[str, Handler]
    policy: Policy = field(default_factory=Policy)
    lease: timedelta = LEASE

    async def run(self, stop: asyncio.Event) -> None:
        """Carry out until ``stop``; without a database it waits and goes on."""
        await in_steps(stop, "effects", self.run_due)

    async def run_due(self) -> bool:
        """Carry out what is due, at the same time; whether there may be more."""
        self.pipeline.gate()
        async with self.engine.begin() as connection:
            rows = (await connection.execute(TAKE, {"batch": BATCH, "lease": self.lease})).all()
        await asyncio.gather(*(self._carry_out(_task(row)) for row in rows))
        return len(rows) == BATCH

    async def _carry_out(self, task: Task) -> None:
        try:
            executions = await self.handlers[task.kind](task)
            await self._finish(task, list(executions))
        except Exception as error:  # noqa: BLE001 - whatever failed is noted with the effect, which is tried again
            log.warning("effect failed", kind=task.kind, effect=str(task.id), error=type(error).__name__)
            await self._note(task, error)

    async def _finish(self, task: Task, executions: list[Execution]) -> None:
        """What came of it and the row's removal are one transaction; a try that outlived its lease changes nothing."""
        async with self.engine.begin() as connection:
            removed = await connection.execute(REMOVE, {"effect": task.id, "attempt": task.attempt})
            if not removed.rowcount:
                return
            outcome = await self.pipeline.apply(connection, executions)
        if outcome.events:
            self.pipeline.committed()

    async def _note(self, task: Task, error: Exception) -> None:
        delay = self.policy.delay(task.attempt - 1)
        values: dict[str, Any] = {"error": type(error).__name__, "dead": delay is None}
        values["due_at"] = func.clock_timestamp() + timedelta(seconds=delay or 0)
        same = (effects.c.id == task.id, effects.c.attempts == task.attempt)
        async with self.engine.begin() as connection:
            await connection.execute(update(effects).where(*same).values(values))


def _task(row: Row[*tuple[Any, ...]]) -> Task:
    return Task(row.id, row.kind, row.data, row.correlation_id, row.causation_id, row.attempts)
