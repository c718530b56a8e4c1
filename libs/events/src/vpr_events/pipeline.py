"""The one pass of a command: load, fold, decide, append, project, timers, effects, outbox, commit.

Commands that wait at the same moment share a commit (``group.py``); what cannot be shared gets a transaction of its
own, here. Both lock the streams they load, so that writers of one stream come one after the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from opentelemetry import propagate
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events import idempotency, locks, store, timers
from vpr_events.group import Group, Request
from vpr_events.idempotency import IdempotencyKey, KeyBusy, KeyReused
from vpr_events.passes import Consequence, Execution, Outcome, Pass, Projector, Rules
from vpr_events.store import rerunning
from vpr_events.writes import run

__all__ = ["Execution", "Outcome", "Pipeline", "Projector"]

BATCH = 128


def _ignore() -> None:
    """Nobody waits for commits, and nothing is in the way of writing."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Pipeline:
    """Runs commands against one service's database.

    ``projectors`` turn each new event into writes of the read model, ``consequences`` into effects, in the same
    transaction. ``committed`` is called after each commit that recorded something; ``now`` is business time; ``gate``
    raises while nothing may be written. At most ``batch`` requests share a commit; with 1 each has its own.
    """

    engine: AsyncEngine
    projectors: Sequence[Projector] = ()
    now: Callable[[], datetime] = _now
    committed: Callable[[], None] = _ignore
    consequences: Sequence[Consequence] = ()
    gate: Callable[[], None] = _ignore
    batch: int = BATCH
    _group: Group = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._group = Group(self.engine, self._new_pass, self.committed, self._alone, self.batch)

    async def execute(self, *executions: Execution, key: IdempotencyKey | None = None) -> Outcome:
        """Run commands as one: all are recorded, or none.

        Raises what ``decide`` raises, KeyReused and KeyBusy for the idempotency key, and Conflict when other writers
        won the race four times.
        """
        self.gate()
        structlog.contextvars.bind_contextvars(correlation_id=str(executions[0].correlation_id or executions[0].entity))
        request = Request(executions, key, _traceparent())
        return await (self._group.execute(request) if self.batch > 1 else self._alone(request))

    async def apply(self, connection: AsyncConnection, executions: Sequence[Execution]) -> Outcome:
        """The pass inside a transaction of the caller's, who calls ``committed`` afterwards."""
        if not executions:
            return Outcome(())
        return await self._apply(connection, Request(executions, None, _traceparent()))

    async def _alone(self, request: Request) -> Outcome:
        outcome = await rerunning(lambda: self._transaction(request))
        if outcome.events and not outcome.replayed:
            self.committed()
        return outcome

    async def _transaction(self, request: Request) -> Outcome:
        async with self.engine.begin() as connection:
            if (key := request.key) is None:
                return await self._apply(connection, request)
            if not await locks.take(connection, [key.lock]):
                raise KeyBusy
            known = (await idempotency.answers(connection, [key])).get(key)
            if isinstance(known, KeyReused):
                raise known
            if known is not None:
                return Outcome(tuple(known), replayed=True)
            return await self._apply(connection, request)

    async def _apply(self, connection: AsyncConnection, request: Request) -> Outcome:
        await locks.wait_for(connection, request.streams)
        work = self._new_pass()
        if request.streams:
            work.know(request.executions, await store.load(connection, request.streams))
        standing = await timers.standing(connection, request.fired)
        executions = [one for one in request.executions if one.fired in {None, *standing}]
        outcome = work.decide(executions, request.traceparent)
        if request.key:
            work.writes.append(idempotency.remembered(request.key, outcome.events))
        await self._write(connection, work)
        return outcome

    async def _write(self, connection: AsyncConnection, work: Pass) -> None:
        await store.append(connection, work.events)
        await run(connection, work.writes)

    def _new_pass(self) -> Pass:
        return Pass(Rules(self.projectors, self.consequences, self.now))


def _traceparent() -> str | None:
    trace: dict[str, str] = {}
    propagate.inject(trace)
    return trace.get("traceparent")
