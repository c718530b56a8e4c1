"""Effects on a real database: at least once, under one id, whatever dies or fails."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.test_events_pipeline import MOST, hold
from tests.system import Servers
from tests.waiting import until
from tests.workers import killed_in_the_middle
from vpr_events import effect_runner, working
from vpr_events.effect_runner import EffectRunner, Handler, Task, Tried
from vpr_events.effects import Effect
from vpr_events.event import Recorded
from vpr_events.parking import Policy
from vpr_events.passes import Execution
from vpr_events.pipeline import Pipeline
from vpr_events.store import RACES, Conflict
from vpr_events.tables import effects, events
from vpr_events.writes import Write


def follow(event: Recorded) -> Iterable[Effect]:
    """A report's first hold rings a bell."""
    if event.version == 1:
        yield Effect("ring", {"times": 2})


@dataclass
class Bell:
    """Rings, unless it is broken, and tells the report so by a command."""

    rung: list[Task] = field(default_factory=list)
    broken: bool = False

    async def __call__(self, task: Task) -> Iterable[Execution]:
        self.rung.append(task)
        if self.broken:
            raise ConnectionError("no bell")
        return [plain_hold(task.correlation_id)]


def plain_hold(report: UUID) -> Execution:
    """A hold without a note."""
    return replace(hold(report), private=())


@pytest.fixture
async def url(servers: Servers) -> AsyncIterator[str]:
    async with servers.database("intake") as url:
        yield url


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()


def runner(engine: AsyncEngine, handler: Handler, **options: Any) -> EffectRunner:
    """A process that carries effects out."""
    return EffectRunner(engine, Pipeline(engine, consequences=[follow]), {"ring": handler}, **options)


async def held(engine: AsyncEngine) -> UUID:
    """A report whose first hold is recorded, with its effect."""
    report = uuid4()
    await Pipeline(engine, consequences=[follow]).execute(plain_hold(report))
    return report


async def rows(engine: AsyncEngine) -> Sequence[Row[tuple[Any, ...]]]:
    async with engine.connect() as connection:
        return (await connection.execute(select(effects))).all()


async def count(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(events))).scalar_one())


async def run_until(one: EffectRunner, engine: AsyncEngine, *, left: int) -> None:
    """Carry out what is due until so many effects are left."""

    async def done() -> bool:
        await one.run_due()
        return len([row for row in await rows(engine) if not row.dead]) == left

    await until(done)


async def test_an_effect_is_carried_out_after_the_commit_and_its_result_is_recorded(engine: AsyncEngine) -> None:
    report, bell = await held(engine), Bell()
    (row,) = await rows(engine)
    await run_until(runner(engine, bell), engine, left=0)
    (task,) = bell.rung
    assert (task.id, task.kind, task.data, task.correlation_id) == (row.id, "ring", {"times": 2}, report)
    assert await count(engine) == 2


async def test_a_commit_wakes_the_runner_whatever_it_waits_for(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (working, effect_runner):
        monkeypatch.setattr(module, "IDLE", 3600.0)
    stop, bell, slow = asyncio.Event(), Bell(), asyncio.Event()

    async def ring(task: Task) -> Iterable[Execution]:
        await bell(task)
        await slow.wait()
        return ()

    one = runner(engine, ring)
    running = asyncio.create_task(one.run(stop))
    pipeline = Pipeline(engine, consequences=[follow], committed=one.wake)
    for number in (1, 2):  # the second comes while the first is in the middle of its work
        await pipeline.execute(plain_hold(uuid4()))

        async def rung(times: int = number) -> bool:
            return len(bell.rung) == times

        await until(rung)
    slow.set()
    stop.set()
    await running


async def test_an_effect_whose_process_dies_in_the_middle_is_repeated_under_the_same_id_and_ends_once(
    engine: AsyncEngine, url: str, tmp_path: Path
) -> None:
    await held(engine)
    begun = await asyncio.to_thread(killed_in_the_middle, "effect", url, tmp_path / "begun")
    assert await count(engine) == 1
    async with engine.begin() as connection:
        await connection.execute(update(effects).values(due_at=func.now()))
    bell = Bell()
    one, other = runner(engine, bell), runner(engine, bell)
    await asyncio.gather(run_until(one, engine, left=0), run_until(other, engine, left=0))
    assert [(str(task.id), task.attempt) for task in bell.rung] == [(begun, 2)]
    assert await count(engine) == 2


async def test_an_effect_that_fails_is_tried_as_the_policy_says_and_then_left_for_an_operator(
    engine: AsyncEngine,
) -> None:
    await held(engine)
    bell = Bell(broken=True)
    await run_until(runner(engine, bell, policy=Policy((0.02, 0.02))), engine, left=0)
    (row,) = await rows(engine)
    assert (row.dead, row.error, row.attempts) == (True, "ConnectionError", 3)
    assert [task.attempt for task in bell.rung] == [1, 2, 3]
    assert len({task.id for task in bell.rung}) == 1
    assert not await runner(engine, bell).run_due()
    assert len(bell.rung) == 3
    assert await count(engine) == 1


async def test_tries_of_a_schedule_of_its_own_use_none_of_the_policys_up(engine: AsyncEngine) -> None:
    await held(engine)
    tried: list[tuple[int, int]] = []

    async def waits_and_breaks(task: Task) -> Tried:
        tried.append((task.attempt, task.failures))
        if task.attempt < 4:
            return Tried(again=0)
        raise ConnectionError("no bell")

    await run_until(runner(engine, waits_and_breaks, policy=Policy(delays=(0, 0))), engine, left=0)
    assert tried == [(1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (6, 2)]
    (row,) = await rows(engine)
    assert (row.dead, row.failures) == (True, 3)


async def test_a_lost_race_for_the_noting_repeats_the_noting_and_not_the_try(engine: AsyncEngine) -> None:
    report, bell = await held(engine), Bell()
    lost: list[str] = []

    def lose(event: Recorded) -> Iterable[Write]:
        if event.version == 2 and not lost:
            lost.append(event.type)
            yield Write(event.stream, text(f"do $$ begin raise sqlstate '{RACES[0]}'; end $$"), {})

    one = EffectRunner(engine, Pipeline(engine, (lose,)), {"ring": bell})
    await run_until(one, engine, left=0)
    assert lost
    assert [task.correlation_id for task in bell.rung] == [report]
    assert await count(engine) == 2


async def test_what_is_no_fault_of_the_work_kills_no_effect(engine: AsyncEngine) -> None:
    await held(engine)
    tried: list[int] = []

    async def in_the_way(task: Task) -> Tried:
        tried.append(task.attempt)
        if task.attempt < 5:
            raise Conflict
        return Tried()

    await run_until(runner(engine, in_the_way, policy=Policy(delays=(0, 0))), engine, left=0)
    assert tried == [1, 2, 3, 4, 5]
    assert await rows(engine) == []


async def test_one_that_fails_keeps_no_other_from_being_carried_out(engine: AsyncEngine) -> None:
    bad, good = await held(engine), await held(engine)
    bell = Bell()

    async def half_broken(task: Task) -> Iterable[Execution]:
        if task.correlation_id == bad:
            raise ConnectionError("no bell")
        return await bell(task)

    await runner(engine, half_broken, policy=Policy((60,))).run_due()
    assert [task.correlation_id for task in bell.rung] == [good]
    assert [row.correlation_id for row in await rows(engine)] == [bad]


async def test_a_result_that_cannot_be_recorded_leaves_the_effect_to_be_tried_again(engine: AsyncEngine) -> None:
    report, bell = await held(engine), Bell()

    async def refused(task: Task) -> Iterable[Execution]:
        good = list(await bell(task))
        return good if task.attempt > 1 else [*good, *(plain_hold(report) for _ in range(MOST))]

    one = runner(engine, refused, policy=Policy((0.02,)))
    await one.run_due()
    assert [row.error for row in await rows(engine)] == ["Refused"]
    assert await count(engine) == 1, "the row's removal and all of the result are one transaction"
    await run_until(one, engine, left=0)
    assert await count(engine) == 2


async def test_a_try_that_outlived_its_lease_changes_nothing(engine: AsyncEngine) -> None:
    await held(engine)
    begun, go_on = asyncio.Event(), asyncio.Event()
    slow_bell, broken = Bell(), Bell(broken=True)

    async def slow(task: Task) -> Iterable[Execution]:
        begun.set()
        await go_on.wait()
        return await slow_bell(task)

    async def tried_again() -> bool:
        await runner(engine, broken, policy=Policy((60, 60))).run_due()
        return bool(broken.rung)

    late = asyncio.create_task(runner(engine, slow, lease=timedelta(milliseconds=1)).run_due())
    await begun.wait()
    await until(tried_again)
    go_on.set()
    await late
    assert len(slow_bell.rung) == 1
    assert [(row.attempts, row.error) for row in await rows(engine)] == [(2, "ConnectionError")]
    assert await count(engine) == 1, "what came of the late try is not recorded"


async def test_a_failure_of_a_try_that_outlived_its_lease_changes_nothing(engine: AsyncEngine) -> None:
    await held(engine)
    begun, go_on = [asyncio.Event(), asyncio.Event()], [asyncio.Event(), asyncio.Event()]

    async def slow(task: Task) -> Iterable[Execution]:
        begun[task.attempt - 1].set()
        await go_on[task.attempt - 1].wait()
        if task.attempt == 1:
            raise ConnectionError("too late")
        return ()

    late = asyncio.create_task(runner(engine, slow, lease=timedelta(milliseconds=1), policy=Policy(())).run_due())
    await begun[0].wait()
    stop = asyncio.Event()
    second = asyncio.create_task(runner(engine, slow).run(stop))
    await begun[1].wait()
    go_on[0].set()
    await late
    (row,) = await rows(engine)
    assert (row.dead, row.error) == (False, None)
    stop.set()
    go_on[1].set()
    await second
    assert await rows(engine) == []
