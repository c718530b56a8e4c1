"""Many effects at the same time: a lane that hangs takes no place from the others; an effect has its own schedule."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.test_effects import rows
from tests.system import Servers
from tests.waiting import until
from vpr_events.effect_runner import EffectRunner, Limits, Task, Tried
from vpr_events.event import new_id
from vpr_events.passes import Execution
from vpr_events.pipeline import Pipeline
from vpr_events.tables import effects


@pytest.fixture
async def engine(servers: Servers) -> AsyncIterator[AsyncEngine]:
    async with servers.database("intake") as url:
        engine = create_async_engine(url)
        yield engine
        await engine.dispose()


@dataclass
class Receivers:
    """Whoever effects go to, by lane; lanes that begin with ``dead`` never answer."""

    begun: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    now: Counter[str] = field(default_factory=Counter)
    done: list[str] = field(default_factory=list)

    async def __call__(self, task: Task) -> Iterable[Execution]:
        lane = str(task.data["lane"])
        self.begun[lane] += 1
        self.now[lane] += 1
        self.most[lane] = max(self.most[lane], self.now[lane])
        try:
            if lane.startswith("dead"):
                await asyncio.Event().wait()
            await asyncio.sleep(0)
        finally:
            self.now[lane] -= 1
        self.done.append(lane)
        return ()


async def waiting(engine: AsyncEngine, lanes: Iterable[str]) -> None:
    """An effect for each of these, the first due longest."""
    row = {"kind": "ring", "correlation_id": uuid4()}
    async with engine.begin() as connection:
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        due = [long_ago + timedelta(milliseconds=nth) for nth, _ in enumerate(lanes)]
        values = [
            {**row, "id": new_id(), "data": {"lane": lane}, "due_at": at} for lane, at in zip(lanes, due, strict=True)
        ]
        await connection.execute(insert(effects), values)


def runner(engine: AsyncEngine, receivers: Receivers, **limits: int) -> EffectRunner:
    return EffectRunner(engine, Pipeline(engine), {"ring": receivers}, limits=Limits(**limits), grace=0.05)


async def test_five_hundred_dead_lanes_keep_no_other_waiting(engine: AsyncEngine) -> None:
    dead = [f"dead {number}" for number in range(500)]
    await waiting(engine, [*dead * 4, *["good"] * 20])
    receivers, stop = Receivers(), asyncio.Event()
    running = asyncio.create_task(runner(engine, receivers, in_flight=800, per_lane=4).run(stop))

    async def all_good() -> bool:
        return receivers.done == ["good"] * 20

    await until(all_good)
    stop.set()
    await running
    assert max(receivers.most.values()) <= 4
    left = await rows(engine)
    assert {str(row.data["lane"]) for row in left} == set(dead)
    assert {row.attempts for row in left} == {0}, "what was handed back at the end has its tries again"
    assert all(row.due_at <= datetime.now(UTC) for row in left)


async def test_a_lane_has_so_many_places_and_no_more(engine: AsyncEngine) -> None:
    await waiting(engine, ["dead"] * 10)
    receivers, stop = Receivers(), asyncio.Event()
    one = runner(engine, receivers, in_flight=100, per_lane=3)
    running = asyncio.create_task(one.run(stop))

    async def three() -> bool:
        return receivers.begun["dead"] == 3

    await until(three)
    assert await one.run_due() is False
    stop.set()
    await running
    assert receivers.begun["dead"] == 3


async def test_no_more_than_the_limit_are_carried_out_at_the_same_time(engine: AsyncEngine) -> None:
    await waiting(engine, [f"dead {number}" for number in range(30)])
    receivers, stop = Receivers(), asyncio.Event()
    one = runner(engine, receivers, in_flight=10, per_lane=3)
    running = asyncio.create_task(one.run(stop))

    async def ten() -> bool:
        return receivers.begun.total() == 10

    await until(ten)
    assert await one.run_due() is False
    stop.set()
    await running
    assert receivers.begun.total() == 10


async def test_an_effect_may_have_a_schedule_of_its_own(engine: AsyncEngine) -> None:
    await waiting(engine, ["slow"])
    tried: list[int] = []

    async def later(task: Task) -> Tried:
        tried.append(task.attempt)
        return Tried(again=3600, error="http_503") if task.attempt == 1 else Tried()

    one = EffectRunner(engine, Pipeline(engine), {"ring": later})
    await one.run_due()
    [row] = await rows(engine)
    assert (row.dead, row.error, row.attempts) == (False, "http_503", 1)
    assert timedelta(minutes=59) < row.due_at - datetime.now(UTC) < timedelta(minutes=61)
    assert await one.run_due() is False
    assert tried == [1]
