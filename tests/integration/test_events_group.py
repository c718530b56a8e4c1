"""Group commit: what waits at the same moment shares a commit, and one request's trouble is its own."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Text, Uuid, bindparam, cast, false, func, insert, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.examples import NOON, recorded
from tests.integration.test_events_pipeline import MOST, counts, hold, lift, notes
from tests.system import Servers
from vpr_events import store
from vpr_events.contracts.case import CaseClaimed
from vpr_events.contracts.report import ReportHoldPlaced
from vpr_events.contracts.values import Channel
from vpr_events.decider import Refused
from vpr_events.event import new_id
from vpr_events.idempotency import IdempotencyKey, KeyBusy
from vpr_events.pipeline import Execution, Outcome, Pipeline
from vpr_events.store import Conflict
from vpr_events.tables import events, inbox
from vpr_events.writes import Write, copy_rows, run
from vpr_triage.domain.case import case
from vpr_triage.domain.commands import ClaimCase, OpenCase

OFFICERS, CASES = 50, 20


@dataclass
class Counting(Pipeline):
    """A pipeline that counts commits that recorded something."""

    commits: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.committed = lambda: self.commits.append(1)
        super().__post_init__()


@pytest.fixture
async def url(servers: Servers) -> AsyncIterator[str]:
    async with servers.database("intake") as url:
        yield url


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url, pool_size=10)
    async with engine.begin() as connection:
        await connection.run_sync(notes.metadata.create_all)
    yield engine
    await engine.dispose()


async def transactions(engine: AsyncEngine) -> int:
    """By how many transactions the events were written."""
    async with engine.connect() as connection:
        writer = cast(literal_column("xmin", type_=Text), Text)
        return int((await connection.execute(select(func.count(writer.distinct())).select_from(events))).scalar_one())


async def test_commands_that_wait_at_the_same_moment_share_one_commit(engine: AsyncEngine) -> None:
    pipeline = Counting(engine)
    outcomes = await asyncio.gather(*(pipeline.execute(hold(uuid4())) for _ in range(60)))
    assert len({outcome.events[0].id for outcome in outcomes}) == 60
    assert (await transactions(engine), len(pipeline.commits)) == (1, 1)
    assert await counts(engine) == [60, 60, 60, 0]


async def test_without_a_batch_each_has_its_own(engine: AsyncEngine) -> None:
    pipeline = Counting(engine, batch=1)
    await asyncio.gather(*(pipeline.execute(hold(uuid4())) for _ in range(10)))
    assert (await transactions(engine), len(pipeline.commits)) == (10, 10)


async def test_commands_of_one_stream_in_one_commit_come_one_after_the_other(engine: AsyncEngine) -> None:
    entity, pipeline = uuid4(), Counting(engine)
    outcomes = await asyncio.gather(*(pipeline.execute(hold(entity)) for _ in range(MOST)))
    assert [outcome.versions for outcome in outcomes] == [{f"report/{entity}": n + 1} for n in range(MOST)]
    assert await transactions(engine) == 1


async def test_what_is_refused_keeps_nobody_else_from_theirs(engine: AsyncEngine) -> None:
    full, pipeline = uuid4(), Counting(engine)
    await pipeline.execute(*(hold(full) for _ in range(MOST)))
    tries = [pipeline.execute(hold(full if number % 3 == 0 else uuid4())) for number in range(30)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert [isinstance(result, Refused) for result in results] == [number % 3 == 0 for number in range(30)]
    assert (await transactions(engine), len(pipeline.commits)) == (2, 2)
    assert await counts(engine) == [MOST + 20, MOST + 20, MOST + 20, 0]


@pytest.mark.parametrize("others", [2, 30], ids=["few", "many"])
async def test_a_write_that_fails_fails_its_own_request_alone(engine: AsyncEngine, others: int) -> None:
    pipeline = Counting(engine)
    tries = [pipeline.execute(hold(uuid4())) for _ in range(others)]
    results = await asyncio.gather(*tries, pipeline.execute(hold(uuid4(), note=None)), return_exceptions=True)
    assert isinstance(results.pop(), IntegrityError)
    assert all(isinstance(result, Outcome) for result in results)
    assert await counts(engine) == [others, others, others, 0]


async def test_one_key_twice_in_the_same_moment_is_recorded_once(engine: AsyncEngine) -> None:
    key, pipeline = IdempotencyKey("me", "k", "f"), Counting(engine)
    first, again = await asyncio.gather(*(pipeline.execute(hold(uuid4()), key=key) for _ in range(2)))
    assert (first.replayed, again.events, again.replayed) == (False, first.events, True)
    assert await counts(engine) == [1, 1, 1, 1]


async def test_one_key_at_two_processes_is_recorded_once(engine: AsyncEngine, url: str) -> None:
    second = create_async_engine(url)
    pipelines = Counting(engine), Counting(second)
    for number in range(10):
        key = IdempotencyKey("me", str(number), "f")
        tries = [pipeline.execute(hold(uuid4()), key=key) for pipeline in pipelines]
        results = await asyncio.gather(*tries, return_exceptions=True)
        kept = {result.events for result in results if isinstance(result, Outcome)}
        assert len(kept) == 1
        assert all(isinstance(result, (Outcome, KeyBusy)) for result in results)
    assert await counts(engine) == [10, 10, 10, 10]
    await second.dispose()


async def test_two_processes_that_race_on_the_same_streams_lose_nothing_and_never_deadlock(
    engine: AsyncEngine, url: str
) -> None:
    second = create_async_engine(url, pool_size=10)
    rivals, streams = [Pipeline(engine, batch=4), Pipeline(second, batch=4)], [uuid4() for _ in range(12)]
    dice = random.Random(11)  # noqa: S311 - a race, no secret
    placed: Counter[UUID] = Counter()
    before = await deadlocks(engine)

    async def grouped(rival: Pipeline, commands: Sequence[Execution]) -> Outcome:
        return await rival.execute(*commands)

    async def like_an_inbox(rival: Pipeline, commands: Sequence[Execution]) -> Outcome:
        async with rival.engine.begin() as connection:
            return await rival.apply(connection, commands)

    async def work(number: int, touched: Sequence[UUID]) -> None:
        commands = [command for entity in touched for command in (lift(entity), hold(entity))]
        run = like_an_inbox if number % 5 == 0 else grouped
        outcome = await run(rivals[number % 2], commands)
        placed.update(event.entity_id for event in outcome.events)

    await asyncio.gather(*(work(number, dice.sample(streams, dice.randint(1, 4))) for number in range(600)))
    async with engine.connect() as connection:
        stored = await store.load(connection, [f"report/{entity}" for entity in streams])
    for entity in streams:
        versions = [event.version for event in stored[f"report/{entity}"]]
        assert versions == list(range(1, placed[entity] + 1))
    assert len(placed) == len(streams)
    assert await deadlocks(engine) == before
    await second.dispose()


async def deadlocks(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        query = "select deadlocks from pg_stat_database where datname = current_database()"
        return int((await connection.exec_driver_sql(query)).scalar_one())


async def test_a_copy_is_part_of_its_transaction_even_as_its_first_statement(engine: AsyncEngine) -> None:
    rows = [{"event_id": uuid4()} for _ in range(50)]

    async def copy_and_fail() -> None:
        async with engine.begin() as connection:
            await copy_rows(connection, inbox, rows)
            raise Refused("no", "changed our mind")

    with pytest.raises(Refused):
        await copy_and_fail()
    assert await received(engine) == 0
    async with engine.begin() as connection:
        await copy_rows(connection, inbox, rows)
        assert await received(engine) == 0, "nobody else sees it before the commit"
    assert await received(engine) == 50


async def test_an_insert_of_what_it_selects_is_no_copy(engine: AsyncEngine) -> None:
    nothing = insert(inbox).from_select(["event_id"], select(bindparam("event_id", type_=Uuid)).where(false()))
    async with engine.begin() as connection:
        await run(connection, [Write("", nothing, {"event_id": uuid4()})])
    assert await received(engine) == 0


async def test_events_that_are_copied_meet_a_taken_version_as_a_conflict(engine: AsyncEngine) -> None:
    ours = [recorded(ReportHoldPlaced(hold_id=new_id(), placed_by=new_id()), entity=uuid4()) for _ in range(9)]
    rival = recorded(ReportHoldPlaced(hold_id=new_id(), placed_by=new_id()), entity=ours[5].entity_id)
    async with engine.begin() as connection:
        await store.append(connection, [rival])
    with pytest.raises(Conflict):
        async with engine.begin() as connection:
            await store.append(connection, ours)
    assert (await counts(engine))[0] == 1


async def received(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(inbox))).scalar_one())


async def test_fifty_officers_on_twenty_cases_leave_one_holder_each(engine: AsyncEngine, url: str) -> None:
    second = create_async_engine(url, pool_size=10)
    pipelines, entities = [Pipeline(engine), Pipeline(second)], [new_id() for _ in range(CASES)]
    await asyncio.gather(*(pipelines[0].execute(opening(entity)) for entity in entities))
    officers = [new_id() for _ in range(OFFICERS)]
    tries = [
        pipelines[number % 2].execute(claiming(entity, officer))
        for number, officer in enumerate(officers)
        for entity in entities
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    kept = [event for result in results if isinstance(result, Outcome) for event in result.events]
    assert sorted(event.entity_id for event in kept) == sorted(entities)
    assert all(isinstance(event.data, CaseClaimed) and event.version == 2 for event in kept)
    refused = [result for result in results if isinstance(result, Refused)]
    assert len(refused) == (OFFICERS - 1) * CASES
    await second.dispose()


def opening(entity: UUID) -> Execution:
    command = OpenCase(at=NOON, report_id=new_id(), category="theft", channel=Channel.WEB)
    return Execution(decider=case, entity=entity, command=command)


def claiming(entity: UUID, officer: UUID) -> Execution:
    return Execution(decider=case, entity=entity, command=ClaimCase(at=NOON, officer_id=officer))
