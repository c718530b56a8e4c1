"""What one transaction decides: commands on streams that were loaded, events and rows to be written.

Nothing here waits or writes: a pass holds one request's commands or those of many that share a commit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from vpr_events import store, timers
from vpr_events.decider import Command, Decider, TimerFired
from vpr_events.effects import Effect, row_of
from vpr_events.event import Recorded, new_id, stream_name
from vpr_events.store import History
from vpr_events.tables import effects, outbox
from vpr_events.writes import Write

type Projector = Callable[[Recorded], Iterable[Write]]
type Consequence = Callable[[Recorded], Iterable[Effect | Write]]
"""What an event makes this service do to the world.

A write instead of an effect makes the rows of ``effects`` in the database, where it is known for whom there are any;
their ids must follow from the event's, and a row that exists must stay as it is.
"""

INSERT_OUTBOX = insert(outbox)
INSERT_EFFECT = insert(effects)


def following(event: Recorded, consequences: Iterable[Consequence]) -> Iterable[Write]:
    """The rows that an event's effects are."""
    for follow in consequences:
        for one in follow(event):
            yield one if isinstance(one, Write) else Write(event.id, INSERT_EFFECT, row_of(one, event))


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One command for one aggregate.

    ``correlation_id`` is the report's id (default: the aggregate's own). ``private`` rows (forgettable payload) are
    written in the same transaction, and only if the command yields events; ``unchanged`` only if it yields none, such
    as a timer that is moved. ``fresh``: the id was made just now, so there is nothing to load.
    """

    decider: Decider[Any, Any]
    entity: UUID
    command: Command
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    private: Sequence[Write] = ()
    unchanged: Sequence[Write] = ()
    fresh: bool = False

    @property
    def stream(self) -> str:
        """The aggregate's stream."""
        return stream_name(self.decider.family, self.entity)

    @property
    def fired(self) -> timers.Fired | None:
        """The timer behind the command, if one is."""
        command = self.command
        return (self.stream, command.name, command.due_at) if isinstance(command, TimerFired) else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request recorded. ``replayed`` tells that an idempotency key had been answered before."""

    events: tuple[Recorded, ...]
    versions: Mapping[str, int] = field(default_factory=dict)
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What a service makes of its events: rows of the read model, effects; ``now`` is business time."""

    projectors: Sequence[Projector]
    consequences: Sequence[Consequence]
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as a pass sees it."""

    state: Any
    last: Recorded | None = None

    @property
    def version(self) -> int:
        """How many events it has."""
        return self.last.version if self.last else 0


@dataclass
class Pass:
    """The streams as they stand after what was decided, and all that is to be written."""

    rules: Rules
    streams: dict[str, Stream] = field(default_factory=dict)
    events: list[Recorded] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)

    def know(self, executions: Iterable[Execution], history: History) -> None:
        """Fold what was loaded for these executions."""
        for execution in executions:
            past = history.get(execution.stream)
            if past and execution.stream not in self.streams:
                state = execution.decider.fold(event.data for event in past)
                self.streams[execution.stream] = Stream(state, past[-1])

    def decide(self, executions: Iterable[Execution], traceparent: str | None = None) -> Outcome:
        """Decide all commands of one request; what one of them raises leaves the pass as it was."""
        streams: dict[str, Stream] = {}
        events: list[Recorded] = []
        writes: list[Write] = []
        for execution in executions:
            name = execution.stream
            before = streams.get(name) or self.streams.get(name) or Stream(execution.decider.initial)
            new, streams[name] = self._decide(execution, before)
            writes += self._writes(execution, new, before, streams[name], traceparent)
            events += new
        self.streams |= streams
        self.events += events
        self.writes += writes
        return Outcome(tuple(events), {name: stream.version for name, stream in streams.items()})

    def _decide(self, execution: Execution, before: Stream) -> tuple[list[Recorded], Stream]:
        decider, command = execution.decider, execution.command
        new: list[Recorded] = []
        after = before
        for event in decider.decide(command, before.state):
            recorded = store.record(
                event,
                event_id=new_id(),
                stream=execution.stream,
                after=after.last,
                occurred_at=command.at,
                recorded_at=self.rules.now(),
                correlation_id=execution.correlation_id or execution.entity,
                causation_id=execution.causation_id,
            )
            after = Stream(decider.evolve(after.state, event), recorded)
            new.append(recorded)
        return new, after

    def _writes(
        self, execution: Execution, events: Sequence[Recorded], before: Stream, after: Stream, trace: str | None
    ) -> Iterable[Write]:
        if execution.fired:
            yield timers.removed(execution.fired)
        if not events:
            yield from execution.unchanged
            return
        yield from execution.private
        for event in events:
            yield Write(event.id, INSERT_OUTBOX, {"event_id": event.id, "traceparent": trace})
            for project in self.rules.projectors:
                yield from project(event)
            yield from following(event, self.rules.consequences)
        yield from timers.changes(
            execution.decider,
            before.state,
            after.state,
            stream=execution.stream,
            correlation_id=execution.correlation_id or execution.entity,
            at=execution.command.at,
        )
