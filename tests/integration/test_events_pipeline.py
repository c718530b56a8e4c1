"""The store and the one pass: what is recorded, what is rolled back, and what racing writers leave behind."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, MetaData, Table, Text, Uuid, func, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.examples import NOON, minutes, recorded
from tests.system import Servers
from tests.waiting import until
from vpr_events import store
from vpr_events.contracts.report import ReportHoldLifted, ReportHoldPlaced
from vpr_events.decider import Command, Decider, Refused
from vpr_events.event import Event, Recorded, new_id
from vpr_events.idempotency import IdempotencyKey, KeyBusy, KeyReused
from vpr_events.passes import Pass
from vpr_events.pipeline import Execution, Outcome, Pipeline
from vpr_events.store import Conflict
from vpr_events.tables import events, idempotency, outbox
from vpr_events.writes import Write

MOST = 5
notes = Table("notes", MetaData(), Column("report_id", Uuid), Column("text", Text, nullable=False))
INSERT_NOTE = insert(notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Command):
    """Place a hold; at most five stand at once, and the same one is placed once."""

    hold_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftAll(Command):
    """Lift every hold."""


def decide(command: Command, state: frozenset[UUID]) -> Sequence[Event]:
    match command:
        case Hold(hold_id=hold_id) if hold_id in state:
            return []
        case Hold() if len(state) == MOST:
            raise Refused("too_many", "five holds are enough")
        case Hold(hold_id=hold_id):
            return [ReportHoldPlaced(hold_id=hold_id, placed_by=hold_id)]
    return [ReportHoldLifted(hold_id=one, lifted_by=one) for one in sorted(state)]


def evolve(state: frozenset[UUID], event: Event) -> frozenset[UUID]:
    match event:
        case ReportHoldPlaced(hold_id=hold_id):
            return state | {hold_id}
        case ReportHoldLifted(hold_id=hold_id):
            return state - {hold_id}
    return state


holds = Decider[Command, frozenset[UUID]]("report", frozenset(), decide, evolve)


def hold(entity: UUID, hold_id: UUID | None = None, note: str | None = "noted") -> Execution:
    private = [Write(entity, INSERT_NOTE, {"report_id": entity, "text": note})]
    return Execution(decider=holds, entity=entity, command=Hold(at=NOON, hold_id=hold_id or uuid4()), private=private)


def lift(entity: UUID) -> Execution:
    return Execution(decider=holds, entity=entity, command=LiftAll(at=NOON))


@pytest.fixture
async def engine(servers: Servers) -> AsyncIterator[AsyncEngine]:
    async with servers.database("intake") as url:
        engine = create_async_engine(url, pool_size=20)
        async with engine.begin() as connection:
            await connection.run_sync(notes.metadata.create_all)
        yield engine
        await engine.dispose()


@pytest.fixture(params=[1, 128], ids=["alone", "grouped"])
def pipeline(engine: AsyncEngine, request: pytest.FixtureRequest) -> Pipeline:
    """Each pass in its own transaction, and those of one moment in one."""
    return Pipeline(engine, batch=request.param)


async def history(engine: AsyncEngine, entity: UUID) -> Sequence[Recorded]:
    async with engine.connect() as connection:
        return (await store.load(connection, [f"report/{entity}"]))[f"report/{entity}"]


async def counts(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        tables = (events, outbox, notes, idempotency)
        return [(await connection.execute(select(func.count()).select_from(one))).scalar_one() for one in tables]


async def test_what_was_appended_is_loaded_as_it_was(engine: AsyncEngine) -> None:
    entity = uuid4()
    first = recorded(ReportHoldPlaced(hold_id=uuid4(), placed_by=uuid4()), entity=entity)
    second = recorded(ReportHoldLifted(hold_id=uuid4(), lifted_by=uuid4()), entity=entity, after=first)
    async with engine.begin() as connection:
        await store.append(connection, [first, second])
        await store.append(connection, [])
    assert await history(engine, entity) == [first, second]
    async with engine.connect() as connection:
        assert await store.load_events(connection, [second.id, first.id]) == [first, second]
        assert (await store.load(connection, ["report/none"]))["report/none"] == []


async def test_a_version_that_is_taken_is_a_conflict(engine: AsyncEngine) -> None:
    entity = uuid4()
    first, rival = [recorded(ReportHoldPlaced(hold_id=uuid4(), placed_by=uuid4()), entity=entity) for _ in range(2)]
    async with engine.begin() as connection:
        await store.append(connection, [first])
    with pytest.raises(Conflict):
        async with engine.begin() as connection:
            await store.append(connection, [rival])
    assert await history(engine, entity) == [first]


async def test_an_id_that_is_taken_is_a_fault_and_no_conflict(engine: AsyncEngine) -> None:
    one = recorded(ReportHoldPlaced(hold_id=uuid4(), placed_by=uuid4()), entity=uuid4())
    async with engine.begin() as connection:
        await store.append(connection, [one])
    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await store.append(connection, [replace(one, stream=f"report/{uuid4()}")])


def link(previous: str, event: Recorded) -> str:
    """The chain's rule once more, written from its description and not from its code."""
    stamp = "%Y-%m-%dT%H:%M:%S.%f+00:00"
    times = [when.astimezone(UTC).strftime(stamp) for when in (event.occurred_at, event.recorded_at)]
    lines = [
        previous, f"id={event.id}", f"stream={event.stream}", f"version={event.version}", f"type={event.type}",
        f"correlation_id={event.correlation_id}", f"causation_id={event.causation_id}",
        f"occurred_at={times[0]}", f"recorded_at={times[1]}", "",
    ]  # fmt: skip
    return hashlib.sha256("\n".join(lines).encode() + b"\n" + event.body).hexdigest()


async def test_every_stream_is_a_chain_of_hashes(engine: AsyncEngine, pipeline: Pipeline) -> None:
    entity = uuid4()
    for _ in range(3):
        await pipeline.execute(hold(entity))
    await pipeline.execute(lift(entity))
    chain = await history(engine, entity)
    assert len(chain) == 6
    previous = ""
    for event in chain:
        assert event.hash == link(previous, event)
        previous = event.hash


CHANGES: dict[str, Any] = {
    "id": uuid4(), "stream": f"report/{uuid4()}", "version": 7, "type": "report.hold_lifted.v1",
    "occurred_at": NOON + minutes(1), "recorded_at": NOON + minutes(1), "correlation_id": uuid4(),
    "causation_id": uuid4(), "body": b"{}",
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_any_attribute_breaks_the_chain(name: str) -> None:
    event = recorded(ReportHoldPlaced(hold_id=uuid4(), placed_by=uuid4()), entity=uuid4())
    changed = store.to_row(event) | {name: CHANGES[name]}
    assert store.chain_hash(store.GENESIS, store.to_row(event)) == event.hash
    assert store.chain_hash(store.GENESIS, changed) != event.hash


async def test_racing_writers_of_one_stream_leave_no_gap_and_lose_nothing(engine: AsyncEngine) -> None:
    entity, rivals = uuid4(), [Pipeline(engine), Pipeline(engine)]

    async def insist(number: int) -> Outcome | Refused:
        while True:
            try:
                return await rivals[number % 2].execute(hold(entity))
            except Conflict:
                continue
            except Refused as refusal:
                return refusal

    results = await asyncio.gather(*(insist(number) for number in range(16)))
    kept = [result for result in results if isinstance(result, Outcome)]
    assert len(kept) == MOST
    assert [event.version for event in await history(engine, entity)] == list(range(1, MOST + 1))
    assert {one.events[0].id for one in kept} == {event.id for event in await history(engine, entity)}
    assert await counts(engine) == [MOST, MOST, MOST, 0]


@dataclass
class Rival:
    """Appends behind the back of a pass, each time between its load and its append, without asking for the lock."""

    engine: AsyncEngine
    times: int
    seen: int = 0

    async def interfere(self, entity: UUID) -> None:
        if self.seen < self.times:
            self.seen += 1
            await self.append(entity, uuid4())

    async def append(self, entity: UUID, hold_id: UUID) -> None:
        past = await history(self.engine, entity)
        placed = ReportHoldPlaced(hold_id=hold_id, placed_by=hold_id)
        async with self.engine.begin() as connection:
            await store.append(connection, [recorded(placed, entity=entity, after=past[-1] if past else None)])


@dataclass
class Contested(Pipeline):
    """A pipeline whose every pass, each in a transaction of its own, meets the rival after loading."""

    batch: int = 1
    rival: Rival | None = None

    async def _write(self, connection: Any, work: Pass) -> None:
        if self.rival and work.events:
            await self.rival.interfere(work.events[0].entity_id)
        await super()._write(connection, work)


@pytest.mark.parametrize("times", [1, 3])
async def test_a_pass_that_loses_the_race_up_to_three_times_is_run_again(engine: AsyncEngine, times: int) -> None:
    entity = uuid4()
    outcome = await Contested(engine, rival=Rival(engine, times)).execute(hold(entity))
    assert outcome.versions == {f"report/{entity}": times + 1}
    assert len(await history(engine, entity)) == times + 1


async def test_a_pass_that_loses_the_race_four_times_is_a_conflict_and_leaves_nothing(engine: AsyncEngine) -> None:
    entity = uuid4()
    with pytest.raises(Conflict):
        await Contested(engine, rival=Rival(engine, 4)).execute(hold(entity))
    assert await counts(engine) == [4, 0, 0, 0]


async def test_a_rerun_decides_anew(engine: AsyncEngine) -> None:
    entity, same = uuid4(), uuid4()

    class Copycat(Rival):
        async def interfere(self, entity: UUID) -> None:
            if not await history(self.engine, entity):
                await self.append(entity, same)

    outcome = await Contested(engine, rival=Copycat(engine, 1)).execute(hold(entity, same))
    assert outcome.events == ()
    assert len(await history(engine, entity)) == 1


async def test_private_rows_and_projections_are_rolled_back_with_the_events(engine: AsyncEngine) -> None:
    def project(event: Recorded) -> list[Write]:
        return [Write(event.entity_id, INSERT_NOTE, {"report_id": event.entity_id, "text": "projected"})]

    pipeline = Pipeline(engine, (project,))
    with pytest.raises(IntegrityError):
        await pipeline.execute(hold(uuid4(), note=None))
    assert await counts(engine) == [0, 0, 0, 0]
    await pipeline.execute(hold(uuid4()))
    assert await counts(engine) == [1, 1, 2, 0]


async def test_private_rows_are_written_only_with_events(engine: AsyncEngine, pipeline: Pipeline) -> None:
    entity, same = uuid4(), uuid4()
    await pipeline.execute(hold(entity, same))
    assert (await pipeline.execute(hold(entity, same))).events == ()
    assert await counts(engine) == [1, 1, 1, 0]
    await pipeline.execute(hold(entity, same), hold(uuid4()))
    assert await counts(engine) == [2, 2, 2, 0]


async def test_of_several_commands_one_refused_stores_nothing(engine: AsyncEngine, pipeline: Pipeline) -> None:
    full, other = uuid4(), uuid4()
    await pipeline.execute(*(hold(full) for _ in range(MOST)))
    before = await counts(engine)
    with pytest.raises(Refused):
        await pipeline.execute(hold(other), hold(full), hold(other), key=IdempotencyKey("me", "k", "f"))
    assert await counts(engine) == before


async def test_several_commands_of_one_stream_see_each_other(engine: AsyncEngine, pipeline: Pipeline) -> None:
    entity = uuid4()
    outcome = await pipeline.execute(hold(entity), hold(entity), lift(entity))
    assert [event.version for event in outcome.events] == [1, 2, 3, 4]
    assert all(after.hash == link(before.hash, after) for before, after in pairwise(outcome.events))
    assert list(outcome.events) == await history(engine, entity)


async def test_whoever_waits_is_told_of_commits_that_recorded_something(engine: AsyncEngine) -> None:
    told: list[datetime] = []
    pipeline, entity, same = Pipeline(engine, committed=lambda: told.append(NOON)), uuid4(), uuid4()
    key = IdempotencyKey("me", "k", "f")
    for _ in range(2):
        await pipeline.execute(hold(entity, same), key=key)
    await pipeline.execute(hold(entity, same))
    assert len(told) == 1


async def test_a_repeated_request_is_answered_with_the_same_events(engine: AsyncEngine, pipeline: Pipeline) -> None:
    key = IdempotencyKey("me", "k", "f")
    first = await pipeline.execute(hold(uuid4()), hold(uuid4()), key=key)
    again = await pipeline.execute(hold(uuid4()), hold(uuid4()), key=key)
    assert (again.events, again.replayed, first.replayed) == (first.events, True, False)
    assert await counts(engine) == [2, 2, 2, 1]


async def test_a_key_of_another_request_is_refused_and_of_another_client_is_not(
    engine: AsyncEngine, pipeline: Pipeline
) -> None:
    await pipeline.execute(hold(uuid4()), key=IdempotencyKey("me", "k", "f"))
    with pytest.raises(KeyReused):
        await pipeline.execute(hold(uuid4()), key=IdempotencyKey("me", "k", "other"))
    await pipeline.execute(hold(uuid4()), key=IdempotencyKey("you", "k", "other"))
    assert await counts(engine) == [2, 2, 2, 2]


async def test_a_request_that_changed_nothing_is_remembered_too(engine: AsyncEngine, pipeline: Pipeline) -> None:
    entity, key = uuid4(), IdempotencyKey("me", "k", "f")
    assert (await pipeline.execute(lift(entity), key=key)).events == ()
    await pipeline.execute(hold(entity))
    assert (await pipeline.execute(lift(entity), key=key)).events == ()


async def test_a_refused_request_may_try_its_key_again(engine: AsyncEngine, pipeline: Pipeline) -> None:
    entity, key = uuid4(), IdempotencyKey("me", "k", "f")
    await pipeline.execute(*(hold(entity) for _ in range(MOST)))
    with pytest.raises(Refused):
        await pipeline.execute(hold(entity), key=key)
    await pipeline.execute(lift(entity))
    assert len((await pipeline.execute(hold(entity), key=key)).events) == 1


async def test_one_key_at_the_same_moment_is_recorded_once(engine: AsyncEngine, pipeline: Pipeline) -> None:
    key = IdempotencyKey("me", "k", "f")

    async def attempt() -> Outcome | None:
        try:
            return await pipeline.execute(hold(uuid4()), key=key)
        except KeyBusy:
            return None

    results = await asyncio.gather(*(attempt() for _ in range(12)))
    answers = [one for one in results if one]
    assert len([one for one in answers if not one.replayed]) == 1
    assert len({one.events for one in answers}) == 1
    assert await counts(engine) == [1, 1, 1, 1]


async def test_a_key_whose_first_request_still_runs_is_busy(engine: AsyncEngine, pipeline: Pipeline) -> None:
    key, inside, go_on = IdempotencyKey("me", "k", "f"), asyncio.Event(), asyncio.Event()

    class Slow(Rival):
        async def interfere(self, entity: UUID) -> None:  # noqa: ARG002 - whoever it is, it waits
            inside.set()
            await go_on.wait()

    slow = asyncio.create_task(Contested(engine, rival=Slow(engine, 1)).execute(hold(uuid4()), key=key))
    await inside.wait()
    with pytest.raises(KeyBusy):
        await pipeline.execute(hold(uuid4()), key=key)
    go_on.set()
    first = await slow
    assert (await pipeline.execute(hold(uuid4()), key=key)).events == first.events


async def test_a_pass_that_is_sacrificed_to_a_deadlock_is_run_again(
    servers: Servers, engine: AsyncEngine, pipeline: Pipeline
) -> None:
    one, other = uuid4(), uuid4()
    placed = ReportHoldPlaced(hold_id=new_id(), placed_by=new_id())
    rivals = [recorded(placed, entity=entity) for entity in (one, other)]

    async def blocked() -> bool:
        async with engine.connect() as connection:
            waits = "select count(*) from pg_locks where not granted and locktype = 'transactionid'"
            return bool((await connection.exec_driver_sql(waits)).scalar_one())

    patient = create_async_engine(
        make_url(servers.embedded.endpoints.admin_database_url).set(database=engine.url.database)
    )
    async with patient.begin() as rival:
        await rival.exec_driver_sql("set local deadlock_timeout = '1h'")
        await store.append(rival, rivals[:1])
        task = asyncio.create_task(pipeline.execute(hold(other), hold(one)))
        await until(blocked)
        await store.append(rival, rivals[1:])
    await patient.dispose()
    outcome = await task
    assert outcome.versions == {f"report/{one}": 2, f"report/{other}": 2}
    assert await counts(engine) == [4, 2, 2, 0]
