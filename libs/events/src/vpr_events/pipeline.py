"""The one pass of a command: load, fold, decide, append, project, outbox, commit.

Commands that must stand or fall together share a pass. What a pass writes beside events is given as ``Write`` data, so
that one pass can carry many commands with few statements.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from opentelemetry import propagate
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events import store
from vpr_events.decider import Command, Decider, Refused
from vpr_events.event import Recorded, new_id, stream_name
from vpr_events.idempotency import IdempotencyKey, answered, remember
from vpr_events.store import rerunning
from vpr_events.tables import outbox
from vpr_events.writes import Write, run

type Projector = Callable[[Recorded], Iterable[Write]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One command for one aggregate.

    ``correlation_id`` is the report's id (default: the aggregate's own). ``private`` rows (forgettable payload) are
    written in the same transaction, and only if the command yields events. ``fresh``: the id was made just now, so
    there is nothing to load.
    """

    decider: Decider[Any, Any]
    entity: UUID
    command: Command
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    private: Sequence[Write] = ()
    fresh: bool = False

    @property
    def stream(self) -> str:
        """The aggregate's stream."""
        return stream_name(self.decider.family, self.entity)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pass recorded. ``replayed`` tells that an idempotency key had been answered before."""

    events: tuple[Recorded, ...]
    versions: dict[str, int] = field(default_factory=dict)
    replayed: bool = False


def _ignore() -> None:
    """Nobody waits for commits."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Pipeline:
    """Runs commands against one service's database.

    ``projectors`` turn each new event into writes of the read model, in the same transaction. ``committed`` is called
    after each commit that recorded something; ``now`` is business time; ``gate`` raises while nothing may be written.
    """

    engine: AsyncEngine
    projectors: Sequence[Projector] = ()
    now: Callable[[], datetime] = _now
    committed: Callable[[], None] = _ignore
    gate: Callable[[], None] | None = None

    async def execute(self, *executions: Execution, key: IdempotencyKey | None = None) -> Outcome:
        """Run commands as one: all are recorded, or none.

        Raises what ``decide`` raises, KeyReused and KeyBusy for the idempotency key, and Conflict when other writers
        won the race four times.
        """
        if self.gate:
            self.gate()
        structlog.contextvars.bind_contextvars(correlation_id=str(executions[0].correlation_id or executions[0].entity))
        outcome = await rerunning(lambda: self._transaction(executions, key))
        if outcome.events and not outcome.replayed:
            self.committed()
        return outcome

    async def _transaction(self, executions: Sequence[Execution], key: IdempotencyKey | None) -> Outcome:
        async with self.engine.begin() as connection:
            if key and (events := await answered(connection, key)) is not None:
                return Outcome(tuple(events), replayed=True)
            try:
                outcome = await self.apply(connection, executions)
            except Refused:
                # The first request may have committed between our look and our lock: then its answer is ours.
                if key and (events := await answered(connection, key)) is not None:
                    return Outcome(tuple(events), replayed=True)
                raise
            if key:
                await remember(connection, key, outcome.events)
            return outcome

    async def apply(self, connection: AsyncConnection, executions: Sequence[Execution]) -> Outcome:
        """The pass inside a transaction of the caller's, who calls ``committed`` afterwards."""
        past = {execution.stream for execution in executions if not execution.fresh}
        history = await store.load(connection, past) if past else {}
        streams = {name: list(events) for name, events in history.items()}
        recorded: list[Recorded] = []
        writes: list[Write] = []
        for execution in executions:
            events = self._decide(execution, streams.setdefault(execution.stream, []))
            recorded += events
            writes += execution.private if events else ()
            writes += (write for event in events for project in self.projectors for write in project(event))
        await self._write(connection, recorded, writes)
        return Outcome(tuple(recorded), {name: len(events) for name, events in streams.items()})

    def _decide(self, execution: Execution, past: list[Recorded]) -> list[Recorded]:
        decider, command = execution.decider, execution.command
        state = decider.fold(event.data for event in past)
        new: list[Recorded] = []
        for event in decider.decide(command, state):
            past.append(
                store.record(
                    event,
                    event_id=new_id(),
                    stream=execution.stream,
                    after=past[-1] if past else None,
                    occurred_at=command.at,
                    recorded_at=self.now(),
                    correlation_id=execution.correlation_id or execution.entity,
                    causation_id=execution.causation_id,
                )
            )
            new.append(past[-1])
        return new

    async def _write(self, connection: AsyncConnection, events: list[Recorded], writes: list[Write]) -> None:
        if not events:
            return
        try:
            await store.append(connection, events)
            await run(connection, writes)
            await _enqueue(connection, events)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == DEADLOCK:
                raise store.Conflict from error
            raise


DEADLOCK = "40P01"


async def _enqueue(connection: AsyncConnection, events: Iterable[Recorded]) -> None:
    trace: dict[str, str] = {}
    propagate.inject(trace)
    rows = [{"event_id": event.id, "traceparent": trace.get("traceparent")} for event in events]
    await connection.execute(insert(outbox), rows)
