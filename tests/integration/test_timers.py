"""Timers on a real database: they outlive processes, fire once, and do not get in each other's way."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.examples import NOON, minutes
from tests.system import Servers
from tests.waiting import until
from tests.workers import killed_in_the_middle
from vpr_events import store, timers
from vpr_events.contracts.case import CaseClaimed, CaseReleased
from vpr_events.contracts.values import Channel
from vpr_events.decider import Command, by_family
from vpr_events.event import Event, Recorded, new_id
from vpr_events.pipeline import Execution, Outcome, Pipeline, Projector
from vpr_events.scheduler import Scheduler
from vpr_events.tables import timers as table
from vpr_events.writes import Write
from vpr_triage.domain.case import LEASE, case
from vpr_triage.domain.commands import ClaimCase, OpenCase
from vpr_triage.domain.waiting import LEASE_TIMER
from vpr_triage.projections import project_case, renewed
from vpr_triage.tables import cases

MINE = new_id()


@dataclass
class Triage:
    """One process of triage without HTTP and broker, whose clock is set by hand."""

    url: str
    now: datetime = NOON
    more: Sequence[Projector] = ()
    batch: int = 128
    engine: AsyncEngine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = create_async_engine(self.url)
        self.pipeline = Pipeline(self.engine, (project_case, *self.more), lambda: self.now, batch=self.batch)
        self.scheduler = Scheduler(self.engine, self.pipeline, by_family([case]), lambda: self.now)

    async def run(self, entity: UUID, command: Command, *unchanged: Write) -> Outcome:
        return await self.pipeline.execute(
            Execution(decider=case, entity=entity, command=command, unchanged=unchanged, correlation_id=entity)
        )

    async def held(self) -> UUID:
        """A case that was opened and claimed at noon."""
        entity = new_id()
        await self.run(entity, OpenCase(at=NOON, report_id=new_id(), category="theft", channel=Channel.WEB))
        await self.run(entity, ClaimCase(at=NOON, officer_id=MINE))
        return entity

    async def claim(self, entity: UUID) -> Outcome:
        """What the officer's claim over HTTP does: for who holds the case, a renewal."""
        until_ = self.now + LEASE
        moves = timers.moved(f"case/{entity}", LEASE_TIMER, until_), renewed(entity, until_)
        return await self.run(entity, ClaimCase(at=self.now, officer_id=MINE), *moves)

    async def fire(self) -> None:
        while await self.scheduler.fire_due():
            pass

    async def events(self, entity: UUID) -> list[Event]:
        async with self.engine.connect() as connection:
            return [one.data for one in (await store.load(connection, [f"case/{entity}"]))[f"case/{entity}"]]

    async def releases(self, entity: UUID) -> int:
        return sum(isinstance(event, CaseReleased) for event in await self.events(entity))

    async def timers(self, entity: UUID) -> dict[str, datetime]:
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(table).where(table.c.stream == f"case/{entity}"))
            return {row.name: row.due_at for row in rows}

    async def shown(self, entity: UUID) -> tuple[UUID | None, datetime | None, int]:
        """Holder, lease and version as officers see them."""
        async with self.engine.connect() as connection:
            row = (await connection.execute(select(cases).where(cases.c.id == entity))).one()
        return row.holder, row.lease_until, row.version


@pytest.fixture
async def url(servers: Servers) -> AsyncIterator[str]:
    async with servers.database("triage") as url:
        yield url


@pytest.fixture
async def triage(url: str) -> AsyncIterator[Triage]:
    triage = Triage(url)
    yield triage
    await triage.engine.dispose()


@pytest.fixture
async def other(url: str) -> AsyncIterator[Triage]:
    """A second process on the same database."""
    other = Triage(url)
    yield other
    await other.engine.dispose()


@pytest.mark.parametrize("late", [LEASE, timedelta(days=40)])
async def test_a_timer_fires_once_after_a_restart_however_late(triage: Triage, other: Triage, late: timedelta) -> None:
    entity = await triage.held()
    triage.now = NOON + LEASE - minutes(1)
    await triage.fire()
    assert await triage.timers(entity) == {"lease": NOON + LEASE}
    await triage.engine.dispose()
    other.now = NOON + late
    await other.fire()
    await other.fire()
    assert await other.releases(entity) == 1
    assert await other.timers(entity) == {"reminder-1": other.now + timedelta(days=1)}
    assert (await other.shown(entity))[0] is None


async def test_two_schedulers_at_the_same_time_fire_each_timer_once(triage: Triage, other: Triage) -> None:
    held = await asyncio.gather(*(triage.held() for _ in range(60)))
    triage.now = other.now = NOON + LEASE
    await asyncio.gather(triage.fire(), other.fire(), triage.fire(), other.fire())
    assert [await triage.releases(entity) for entity in held] == [1] * 60


async def test_a_process_that_dies_between_firing_and_commit_leaves_the_timer_to_the_next(
    triage: Triage, tmp_path: Path
) -> None:
    entity = await triage.held()
    decided = await asyncio.to_thread(killed_in_the_middle, "timer", triage.url, tmp_path / "decided")
    assert decided == "case.released.v1"
    assert await triage.releases(entity) == 0
    triage.now = NOON + timedelta(days=1)
    await triage.fire()
    assert await triage.releases(entity) == 1


async def test_a_renewal_moves_the_row_alone_and_prevents_the_release(triage: Triage) -> None:
    entity = await triage.held()
    before = await triage.events(entity)
    triage.now = NOON + minutes(20)
    assert (await triage.claim(entity)).events == ()
    assert await triage.events(entity) == before
    assert await triage.timers(entity) == {"lease": NOON + minutes(20) + LEASE}
    assert await triage.shown(entity) == (MINE, NOON + minutes(20) + LEASE, 2)
    triage.now = NOON + LEASE
    await triage.fire()
    assert await triage.events(entity) == before
    triage.now = NOON + minutes(20) + LEASE
    await triage.fire()
    assert await triage.releases(entity) == 1


async def test_another_officers_claim_moves_nothing(triage: Triage) -> None:
    entity = await triage.held()
    triage.now = NOON + minutes(20)
    moves = timers.moved(f"case/{entity}", LEASE_TIMER, NOON + 2 * LEASE), renewed(entity, NOON + 2 * LEASE)
    with pytest.raises(Exception, match="another officer"):
        await triage.run(entity, ClaimCase(at=triage.now, officer_id=new_id()), *moves)
    assert await triage.timers(entity) == {"lease": NOON + LEASE}


async def test_who_renews_in_the_moment_of_expiry_holds_the_case_either_way(triage: Triage, other: Triage) -> None:
    """Renewal first: no release. Release first: a new claim. Never a renewed lease that is released all the same."""
    triage.now = other.now = NOON + LEASE
    outcomes: list[list[str]] = []
    for claiming in [triage, other] * 10:
        entity = await triage.held()
        await asyncio.gather(claiming.claim(entity), triage.fire())
        outcomes.append([event.event_name for event in await triage.events(entity)][2:])
        assert (await triage.shown(entity))[:2] == (MINE, NOON + 2 * LEASE)
        assert (await triage.timers(entity))["lease"] == NOON + 2 * LEASE
        await triage.fire()
        assert await triage.releases(entity) == len(outcomes[-1]) // 2
    assert all(one in ([], ["case.released", "case.claimed"]) for one in outcomes)


async def test_of_one_moment_the_timer_comes_before_the_renewal(triage: Triage) -> None:
    entity = await triage.held()
    triage.now = NOON + LEASE
    fired = triage.pipeline.execute(triage.scheduler.execution(await due_row(triage)))
    renewal, _ = await asyncio.gather(triage.claim(entity), fired)
    assert [type(event.data) for event in renewal.events] == [CaseClaimed]
    assert (await triage.shown(entity))[0] == MINE


async def due_row(triage: Triage) -> Row[tuple[object, ...]]:
    async with triage.engine.connect() as connection:
        return (await timers.due(connection, triage.now, 1))[0]


async def test_a_timer_whose_command_fails_is_tried_again_and_blocks_nobody(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: set[UUID] = set()

    def fail(event: Recorded) -> Iterable[Write]:
        if event.entity_id in broken:
            raise RuntimeError("broken")
        return ()

    monkeypatch.setattr(timers, "RETRY_DELAYS", (0.05,))
    triage = Triage(url, more=[fail])
    bad, good = await triage.held(), await triage.held()
    broken.add(bad)
    triage.now = NOON + LEASE
    await triage.fire()
    assert (await triage.releases(bad), await triage.releases(good)) == (0, 1)
    assert await triage.timers(bad) == {"lease": NOON + LEASE}
    broken.clear()

    async def released() -> bool:
        await triage.fire()
        return await triage.releases(bad) == 1

    await until(released)
    await triage.engine.dispose()
