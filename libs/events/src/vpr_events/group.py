"""Group commit: commands that wait at the same moment share one transaction, and so one commit.

The first statement takes the locks of all streams and idempotency keys without waiting for any: a batch cannot be part
of a deadlock. What decide refuses is settled before anything is written. If the writing fails all the same, the
transaction is rolled back and each request gets one of its own.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events import idempotency, locks, store, timers
from vpr_events.idempotency import IdempotencyKey, KeyBusy
from vpr_events.outages import is_outage
from vpr_events.passes import Execution, Outcome, Pass
from vpr_events.writes import run


def _future() -> asyncio.Future[Outcome]:
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False)
class Request:
    """Commands that stand or fall together, and who waits for what comes of them."""

    executions: Sequence[Execution]
    key: IdempotencyKey | None
    traceparent: str | None
    answer: asyncio.Future[Outcome] = field(default_factory=_future)

    @cached_property
    def streams(self) -> frozenset[str]:
        """The streams that must be loaded."""
        return frozenset(execution.stream for execution in self.executions if not execution.fresh)

    @cached_property
    def names(self) -> frozenset[str]:
        """The locks it needs."""
        return self.streams | {self.key.lock} if self.key else self.streams

    @cached_property
    def fired(self) -> Sequence[timers.Fired]:
        """The timers behind its commands."""
        return [execution.fired for execution in self.executions if execution.fired]

    def settle(self, outcome: Outcome | BaseException) -> None:
        """Answer, unless whoever asked has gone."""
        if self.answer.done():
            return
        if isinstance(outcome, Outcome):
            self.answer.set_result(outcome)
        else:
            self.answer.set_exception(outcome)


@dataclass
class Group:
    """Collects requests into batches; ``alone`` runs one by itself."""

    engine: AsyncEngine
    new_pass: Callable[[], Pass]
    committed: Callable[[], None]
    alone: Callable[[Request], Awaitable[Outcome]]
    limit: int
    _waiting: deque[Request] = field(default_factory=deque, init=False)
    _working: asyncio.Task[None] | None = field(default=None, init=False)
    _apart: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    async def execute(self, request: Request) -> Outcome:
        """Run it with whatever else waits. Raises what ``Pipeline.execute`` says."""
        self._waiting.append(request)
        if self._working is None:
            self._working = asyncio.create_task(self._drain())
        return await request.answer

    async def _drain(self) -> None:
        """One batch after the other: two at once would be smaller, and cost more than they gain."""
        try:
            while batch := self._collect():
                await self._settle(batch)
        finally:
            self._working = None

    def _collect(self) -> list[Request]:
        """The next requests, in order; a repeat of one of them waits for its answer."""
        batch: list[Request] = []
        later: deque[Request] = deque()
        keys: set[str] = set()
        while self._waiting and len(batch) < self.limit:
            request = self._waiting.popleft()
            if request.key and request.key.lock in keys:
                later.append(request)
            else:
                batch.append(request)
                keys |= {request.key.lock} if request.key else set()
        self._waiting.extendleft(reversed(later))
        return batch

    async def _settle(self, batch: Sequence[Request]) -> None:
        """Answer every request of the batch."""
        try:
            left = await self._together(batch)
        except Exception as error:  # noqa: BLE001 - each request is told, now or by its own try
            if is_outage(error):
                for request in batch:
                    request.settle(error)
                return
            left = batch
        for request in left:  # it may wait for another process, but nobody for it
            task = asyncio.create_task(self._by_itself(request))
            self._apart.add(task)
            task.add_done_callback(self._apart.discard)

    async def _by_itself(self, request: Request) -> None:
        try:
            request.settle(await self.alone(request))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for the answer
            request.settle(error)

    async def _together(self, batch: Sequence[Request]) -> Sequence[Request]:
        """Run them in one transaction; those that another process's locks kept out are left over."""
        async with self.engine.begin() as connection:
            held = await locks.take(connection, {name for request in batch for name in request.names})
            results = await self._pass(connection, [request for request in batch if request.names <= held])
        if any(isinstance(one, Outcome) and one.events and not one.replayed for one in results.values()):
            self.committed()
        results |= {request: KeyBusy() for request in batch if request.key and request.key.lock not in held}
        for request, outcome in results.items():
            request.settle(outcome)
        return [request for request in batch if request not in results]

    async def _pass(
        self, connection: AsyncConnection, batch: Sequence[Request]
    ) -> dict[Request, Outcome | BaseException]:
        results: dict[Request, Outcome | BaseException] = {}
        known = await idempotency.answers(connection, [request.key for request in batch if request.key])
        new = []
        for request in batch:
            answer = known.get(request.key) if request.key else None
            if answer is None:
                new.append(request)
            else:
                results[request] = answer if isinstance(answer, Exception) else Outcome(tuple(answer), replayed=True)
        work = self.new_pass()
        await _load(connection, work, new)
        standing = await timers.standing(connection, [fired for request in new for fired in request.fired])
        new.sort(key=lambda request: not request.fired)  # what a request would move may not fire behind it
        results |= {request: _decided(work, request, standing) for request in new}
        await store.append(connection, work.events)
        await run(connection, work.writes)
        return results


async def _load(connection: AsyncConnection, work: Pass, batch: Sequence[Request]) -> None:
    streams = {name for request in batch for name in request.streams}
    if streams:
        executions = [execution for request in batch for execution in request.executions]
        work.know(executions, await store.load(connection, streams))


def _decided(work: Pass, request: Request, standing: set[timers.Fired]) -> Outcome | BaseException:
    """What comes of a request; an error of its own is its answer and keeps nobody else from theirs."""
    try:
        executions = [one for one in request.executions if one.fired is None or one.fired in standing]
        outcome = work.decide(executions, request.traceparent)
    except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for the answer
        return error
    if request.key:
        work.writes.append(idempotency.remembered(request.key, outcome.events))
    return outcome
