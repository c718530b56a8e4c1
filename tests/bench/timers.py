"""What pending timers cost: claims without and with many of them, turn about, and the scheduler's look at them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.examples import NOON
from vpr.embedded import Embedded
from vpr.services import assembly
from vpr_events import timers
from vpr_events.contracts.values import Channel
from vpr_events.decider import by_family
from vpr_events.event import new_id
from vpr_events.pipeline import Execution, Pipeline
from vpr_events.scheduler import Scheduler
from vpr_service.migrating import upgrade
from vpr_triage.domain.case import case
from vpr_triage.domain.commands import ClaimCase, OpenCase
from vpr_triage.projections import project_case

PENDING = 100_000
WRITERS = 64
TURNS = 6

FILL = text(
    "insert into timers (stream, name, due_at, correlation_id) select 'case/' || gen_random_uuid(), 'reminder-1', "
    "'2030-01-01'::timestamptz + number * interval '1 second', gen_random_uuid() from generate_series(1, :count) number"
)


@dataclass(frozen=True)
class Cost:
    """Claims a second without and with pending timers, and the scheduler's idle query with them in milliseconds."""

    without: float
    pending: float
    look: float


def cost_of_pending_timers(folder: Path, seconds: float) -> Cost:
    """Measure on servers of its own in ``folder``, so many seconds each, in short turns on two equal databases."""
    with Embedded(folder, fsync=True) as embedded:
        without, pending = (embedded.endpoints.database_urls[name] for name in ("dispatch", "triage"))
        for url in (without, pending):
            asyncio.run(upgrade(assembly("triage").MIGRATIONS, url))
        return asyncio.run(_measure(without, pending, seconds / TURNS))


async def _measure(without_url: str, pending_url: str, seconds: float) -> Cost:
    without, pending = (create_async_engine(url, pool_size=10) for url in (without_url, pending_url))
    await _fill(pending)
    for engine in (without, pending):
        await _claims(engine, seconds)
    turns = [await _turn(without, pending, seconds) for _ in range(TURNS)]
    looks = [await _look(pending) for _ in range(300)]
    for engine in (without, pending):
        await engine.dispose()
    return Cost(mean(turn[0] for turn in turns), mean(turn[1] for turn in turns), median(looks))


async def _turn(without: AsyncEngine, pending: AsyncEngine, seconds: float) -> tuple[float, float]:
    """A machine that changes its pace changes it for both."""
    first = await _claims(without, seconds / 2)
    middle = await _claims(pending, seconds)
    last = await _claims(without, seconds / 2)
    return (first + last) / 2, middle


async def _fill(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(FILL, {"count": PENDING})
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text("vacuum analyze timers"))


async def _claims(engine: AsyncEngine, seconds: float) -> float:
    """Cases opened and claimed in a second, with the scheduler running beside as in a service."""
    pipeline = Pipeline(engine, (project_case,), lambda: NOON)
    end, done = time.perf_counter() + seconds, 0

    async def write() -> None:
        nonlocal done
        while time.perf_counter() < end:
            entity, at = new_id(), NOON
            opening = OpenCase(at=at, report_id=new_id(), category="theft", channel=Channel.WEB)
            await pipeline.execute(Execution(decider=case, entity=entity, command=opening, fresh=True))
            claiming = ClaimCase(at=at, officer_id=new_id())
            await pipeline.execute(Execution(decider=case, entity=entity, command=claiming))
            done += 1

    async with _scheduling(engine, pipeline):
        await asyncio.gather(*(write() for _ in range(WRITERS)))
    return done / seconds


@asynccontextmanager
async def _scheduling(engine: AsyncEngine, pipeline: Pipeline) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(Scheduler(engine, pipeline, by_family([case]), lambda: NOON).run(stop))
    yield
    stop.set()
    await task


async def _look(engine: AsyncEngine) -> float:
    """How long the scheduler's query takes when nothing is due, in milliseconds."""
    async with engine.connect() as connection:
        await connection.execute(text("select 1"))
        started = time.perf_counter()
        await timers.due(connection, NOON, 200)
        return (time.perf_counter() - started) * 1000
