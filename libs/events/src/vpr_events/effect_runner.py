"""Carrying out effects: each at least once, under one id, outside of any transaction, many at the same time.

Effects of one lane (``data["lane"]``: whom they go to) share a few of the places, so that a lane that is slow or dead
takes none from the others.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

import structlog
from sqlalchemy import Row, Text, all_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events import writes
from vpr_events.effects import LANE, Value, lane_of
from vpr_events.outages import is_outage
from vpr_events.parking import Policy
from vpr_events.passes import Execution
from vpr_events.pipeline import Pipeline
from vpr_events.store import lost_a_race, rerunning
from vpr_events.tables import effects
from vpr_events.working import IDLE, in_steps
from vpr_events.writes import Write

LOOK_AHEAD = 1000
CONNECTIONS = 2
"""What all effects that end at the same moment may take of the pool, which requests need too."""
LEASE = timedelta(minutes=1)
"""How long an effect that was taken up is left alone: then whoever took it is dead, and it is repeated.

A handler that may work for longer does so inside of ``leasing.renewing``.
"""
SOON = 0.02
"""Seconds between two looks at what is due while commits wake the runner: under load they are many."""
GRACE = 5.0
"""Seconds that an effect in the middle of its work is given at the end; then it is handed back."""

log = structlog.get_logger(__name__)

type EffectRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Task:
    """An effect to carry out. ``id`` stays the same at every try: give it to the other side as idempotency key.

    ``attempt`` counts the tries from 1, ``failures`` those in a row that failed before this one.
    """

    id: UUID
    kind: str
    data: Mapping[str, Value]
    correlation_id: UUID
    causation_id: UUID | None
    attempt: int
    failures: int = 0

    @property
    def lane(self) -> str:
        """With whom it shares its places."""
        return lane_of(self.kind, self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of a try that did not simply succeed: commands and rows, recorded in one transaction.

    ``again``: seconds after which it is tried again, by its own schedule instead of the runner's; None: it is over.
    ``error`` is a code for an operator.
    """

    executions: Sequence[Execution] = ()
    writes: Sequence[Write] = ()
    again: float | None = None
    error: str | None = None


type Handler = Callable[[Task], Awaitable[Iterable[Execution] | Tried]]
"""Carries an effect out and returns the commands that tell what came of it, or ``Tried``.

What it raises is a failed try, after which the runner's policy says what comes.
"""


@runtime_checkable
class Closing(Protocol):
    """A handler that holds something open."""

    async def close(self) -> None:
        """Let it go; the next effect may open it again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many effects are carried out at the same time by one process, in all and of one lane.

    A lane has a second place only while half of all are free: whoever comes next finds one.
    """

    in_flight: int = 20
    per_lane: int = 20

    def of_a_lane(self, working: int) -> int:
        """How many a lane may have while so many are carried out."""
        return self.per_lane if working < self.in_flight / 2 else 1


_due = (~effects.c.dead, effects.c.due_at <= func.clock_timestamp())
_lane = effects.c.kind + "/" + func.coalesce(effects.c.data[LANE].astext, "")
DUE = (
    select(effects.c.id, _lane.label("lane"))
    .where(*_due, _lane != all_(bindparam("full", type_=ARRAY(Text))))
    .order_by(effects.c.due_at)
    .limit(LOOK_AHEAD)
)
_taken = select(effects.c.id).where(effects.c.id.in_(bindparam("chosen", expanding=True)), *_due)
TAKE = (
    update(effects)
    .where(effects.c.id.in_(_taken.with_for_update(skip_locked=True).scalar_subquery()))
    .values(due_at=func.clock_timestamp() + bindparam("lease"), attempts=effects.c.attempts + 1)
    .returning(effects)
)
_mine = (effects.c.id == bindparam("effect"), effects.c.attempts == bindparam("attempt"))
REMOVE = delete(effects).where(*_mine)
POSTPONE = (
    update(effects)
    .where(*_mine)
    .values(
        due_at=func.clock_timestamp() + bindparam("delay"),
        error=bindparam("code"),
        dead=bindparam("is_dead"),
        failures=bindparam("failed"),
    )
)
HAND_BACK = update(effects).where(*_mine).values(due_at=func.clock_timestamp(), attempts=effects.c.attempts - 1)


@dataclass
class EffectRunner:
    """Takes up effects that are due. Several may run: a taken one is left alone for ``lease``."""

    engine: AsyncEngine
    pipeline: Pipeline
    handlers: Mapping[str, Handler]
    policy: Policy = field(default_factory=Policy)
    lease: timedelta = LEASE
    limits: Limits = field(default_factory=Limits)
    grace: float = GRACE
    _working: dict[asyncio.Task[None], Task] = field(default_factory=dict, init=False, repr=False)
    _lanes: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    _connections: asyncio.Semaphore = field(init=False, repr=False)
    _woken: asyncio.Event = field(default_factory=asyncio.Event, init=False, repr=False)

    def __post_init__(self) -> None:
        self._connections = asyncio.Semaphore(CONNECTIONS)

    async def run(self, stop: asyncio.Event) -> None:
        """Carry out until ``stop``; without a database it waits and goes on."""
        try:
            await in_steps(stop, "effects", self._step, self._woken)
        finally:
            await self._end()
            for handler in self.handlers.values():
                if isinstance(handler, Closing):
                    await handler.close()

    def wake(self) -> None:
        """Something was committed: there may be effects of it."""
        self._woken.set()

    async def run_due(self) -> bool:
        """Carry out what is due and wait for it; whether there was anything."""
        begun = await self._begin()
        await asyncio.gather(*begun)
        return bool(begun)

    async def _step(self) -> bool:
        """Begin what is due; while something is in the middle of its work, wait for the first that ends."""
        if self._woken.is_set():
            await asyncio.sleep(SOON)
            self._woken.clear()
        if await self._begin():
            return True
        if not self._working:
            return False
        woken = asyncio.create_task(self._woken.wait())
        done, _ = await asyncio.wait([*self._working, woken], timeout=IDLE, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()
        for one in done:
            one.result()
        return True

    async def _begin(self) -> list[asyncio.Task[None]]:
        self.pipeline.gate()
        if len(self._working) >= self.limits.in_flight:
            return []
        async with self.engine.begin() as connection:
            rows = await self._take(connection)
        return [self._start(_task(row)) for row in rows]

    async def _take(self, connection: AsyncConnection) -> Sequence[EffectRow]:
        most = self.limits.of_a_lane(len(self._working))
        full = [lane for lane, count in self._lanes.items() if count >= most]
        due = (await connection.execute(DUE, {"full": full})).all()
        if not (chosen := self._chosen((row.id, row.lane) for row in due)):
            return ()
        taken: Sequence[EffectRow] = (await connection.execute(TAKE, {"chosen": chosen, "lease": self.lease})).all()
        return taken

    def _chosen(self, due: Iterable[tuple[UUID, str]]) -> list[UUID]:
        """In the order in which they are due, as many as there are places, in all and in each lane."""
        lanes, working = Counter(self._lanes), len(self._working)
        chosen: list[UUID] = []
        for effect, lane in due:
            if working == self.limits.in_flight:
                break
            if lanes[lane] < self.limits.of_a_lane(working):
                lanes[lane] += 1
                working += 1
                chosen.append(effect)
        return chosen

    def _start(self, task: Task) -> asyncio.Task[None]:
        work = asyncio.create_task(self._carry_out(task))
        self._working[work] = task
        self._lanes[task.lane] += 1
        work.add_done_callback(self._left)
        return work

    def _left(self, work: asyncio.Task[None]) -> None:
        lane = self._working.pop(work).lane
        self._lanes[lane] -= 1
        if not self._lanes[lane]:
            del self._lanes[lane]

    async def _carry_out(self, task: Task) -> None:
        try:
            came = await self.handlers[task.kind](task)
            await self._finish(task, came if isinstance(came, Tried) else Tried(executions=list(came)))
        except Exception as error:  # noqa: BLE001 - whatever failed is noted with the effect, which is tried again
            log.warning("effect failed", kind=task.kind, effect=str(task.id), error=type(error).__name__)
            await self._note(task, error)

    async def _finish(self, task: Task, tried: Tried) -> None:
        """Note what came of it; the try itself is not repeated when others were in the way of that."""
        if await rerunning(lambda: self._noted(task, tried)):
            self.pipeline.committed()

    async def _noted(self, task: Task, tried: Tried) -> bool:
        """What came of it and the row's fate are one transaction; a try that outlived its lease changes nothing.

        Whether there were events.
        """
        async with self._connections, self.engine.begin() as connection:
            mine = {"effect": task.id, "attempt": task.attempt}
            if tried.again is None:
                kept = await connection.execute(REMOVE, mine)
            else:
                later = {"delay": timedelta(seconds=tried.again), "code": tried.error, "is_dead": False, "failed": 0}
                kept = await connection.execute(POSTPONE, mine | later)
            if not kept.rowcount:
                return False
            outcome = await self.pipeline.apply(connection, tried.executions)
            await writes.run(connection, tried.writes)
        return bool(outcome.events)

    async def _note(self, task: Task, error: Exception) -> None:
        """By the policy: another try, or none. Without a database the lease says when.

        What is no fault of the work, an outage of database or log or a lost race, ends nothing and is not counted.
        """
        blameless = lost_a_race(error) or (is_outage(error) and not isinstance(error, OSError))
        delay = self.policy.patience(task.attempt - 1) if blameless else self.policy.delay(task.failures)
        values = {
            "delay": timedelta(seconds=delay or 0),
            "code": type(error).__name__,
            "is_dead": delay is None,
            "failed": task.failures + (not blameless),
        }
        try:
            async with self._connections, self.engine.begin() as connection:
                await connection.execute(POSTPONE, {"effect": task.id, "attempt": task.attempt} | values)
        except Exception as outage:
            if not is_outage(outage):
                raise
            log.warning("effect left to its lease", effect=str(task.id), error=type(outage).__name__)

    async def _end(self) -> None:
        """Give what is in the middle of its work a moment; hand back the rest, to be repeated at the next start."""
        if not self._working:
            return
        _, late = await asyncio.wait(self._working, timeout=self.grace)
        left = [{"effect": self._working[one].id, "attempt": self._working[one].attempt} for one in late]
        for one in late:
            one.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for some in itertools.batched(left, LOOK_AHEAD, strict=False):
            async with self.engine.begin() as connection:
                await connection.execute(HAND_BACK, list(some))


def _task(row: EffectRow) -> Task:
    return Task(row.id, row.kind, row.data, row.correlation_id, row.causation_id, row.attempts, row.failures)
