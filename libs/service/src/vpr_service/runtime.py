"""A running service: its database, its connection to the log, and the workers beside the HTTP interface."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

import structlog
from fastapi import Depends, Request
from nats.js.errors import APIError
from sqlalchemy import MetaData, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from vpr_events.decider import Decider, no_timers
from vpr_events.effect_runner import EffectRunner, Handler
from vpr_events.inbox import Consumer, Inbox
from vpr_events.log import EventLog
from vpr_events.outages import LogUnavailable
from vpr_events.outbox import Relay, backlog
from vpr_events.parking import Policy
from vpr_events.passes import Consequence
from vpr_events.pipeline import Pipeline, Projector
from vpr_events.scheduler import Scheduler, by_family
from vpr_events.tables import parked
from vpr_service.clock import Clock, real_time
from vpr_service.settings import ServiceSettings
from vpr_service.telemetry import Telemetry

WATCH_EVERY = 5.0

log = structlog.get_logger(__name__)


class Worker(Protocol):
    """Something that runs beside the HTTP interface until told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish what was begun and return."""


@dataclass(frozen=True)
class Service:
    """What makes a service this service.

    ``deciders`` are all it has: the scheduler fires the timers of those that have any. ``consequences`` turn its events
    into effects, which ``handlers``, made for a runtime, carry out by their kind. ``workers`` are made for a runtime
    too; ``consumer`` is None without an inbox.
    """

    name: str
    metadata: MetaData
    deciders: Sequence[Decider[Any, Any]] = ()
    projectors: Sequence[Projector] = ()
    consumer: Consumer | None = None
    consequences: Sequence[Consequence] = ()
    handlers: Callable[["Runtime"], Mapping[str, Handler]] = lambda _: {}
    workers: Callable[["Runtime"], Sequence[Worker]] = lambda _: ()


@dataclass
class Runtime:
    """The parts of a running service. HTTP handlers get it by the dependency ``Running``."""

    service: Service
    settings: ServiceSettings
    telemetry: Telemetry
    engine: AsyncEngine
    log: EventLog
    relay: Relay
    pipeline: Pipeline
    inbox: Inbox | None
    now: Clock
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    workers: Sequence[Worker] = ()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for queries."""
        async with self.engine.connect() as connection:
            yield connection


def build(service: Service, settings: ServiceSettings, clock: Clock = real_time) -> Runtime:
    """Put the parts together; nothing connects yet."""
    engine = create_async_engine(
        settings.database_url.get_secret_value(), pool_size=settings.pool_size, max_overflow=0, pool_timeout=10,
        hide_parameters=True,  # an error's text goes to the log: rows hold personal data
        connect_args={"server_settings": {"idle_in_transaction_session_timeout": "30s"}},  # no leader stays stuck
    )  # fmt: skip
    event_log = EventLog(settings.shared.nats_url, service.name, settings.nats_password.get_secret_value())
    relay = Relay(engine, event_log)
    pipeline = Pipeline(engine, service.projectors, clock, relay.wake, service.consequences, settings.commit_batch)
    policy = Policy(settings.retry_delays)
    inbox = service.consumer and Inbox(engine, pipeline, event_log, service.name, service.consumer, policy)
    runtime = Runtime(
        service, settings, Telemetry(service.name), engine, event_log, relay, pipeline, inbox or None, clock
    )
    runtime.workers = [*_library_workers(runtime), *service.workers(runtime)]
    return runtime


def _library_workers(runtime: Runtime) -> Iterator[Worker]:
    service, pipeline = runtime.service, runtime.pipeline
    if runtime.inbox:
        yield runtime.inbox
    if waiting := [decider for decider in service.deciders if decider.timers is not no_timers]:
        yield Scheduler(runtime.engine, pipeline, by_family(waiting), runtime.now)
    if handlers := service.handlers(runtime):
        yield EffectRunner(runtime.engine, pipeline, handlers, Policy(runtime.settings.retry_delays))


@asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[None]:
    """Run the workers. At the end they finish what was accepted, and only then the relay publishes what is left."""
    connecting = asyncio.create_task(runtime.log.connect())
    tasks = [asyncio.create_task(_kept_up(runtime, worker, runtime.stopping)) for worker in runtime.workers]
    last = asyncio.Event()
    relaying = asyncio.create_task(_kept_up(runtime, runtime.relay, last))
    watching = asyncio.create_task(_watch(runtime))
    try:
        yield
    finally:
        runtime.stopping.set()
        connecting.cancel()
        watching.cancel()
        await asyncio.gather(*tasks, connecting, watching, return_exceptions=True)
        last.set()
        await relaying
        await runtime.log.close()
        await runtime.engine.dispose()


async def _kept_up(runtime: Runtime, worker: Worker, stop: asyncio.Event) -> None:
    """A worker that fails is reported and started again: one bad moment must not silence a service."""
    name = type(worker).__name__
    while True:
        try:
            return await worker.run(stop)
        except Exception:
            log.exception("worker failed", worker=name, service=runtime.service.name)
            runtime.telemetry.restarts.labels(name).inc()
            if stop.is_set():
                return None
            await asyncio.sleep(1)


async def _watch(runtime: Runtime) -> None:
    while True:
        try:
            await measure(runtime)
        except (LogUnavailable, OSError) as error:
            log.info("degraded", service=runtime.service.name, error=type(error).__name__)
        except Exception:
            log.exception("watching failed", service=runtime.service.name)
        await asyncio.sleep(WATCH_EVERY)


async def measure(runtime: Runtime) -> dict[str, object]:
    """Backlog and dead letters now, also as gauges; ``pending`` is None while the broker is away."""
    started = time.perf_counter()
    async with runtime.reading() as connection:
        waiting = await backlog(connection)
        dead = (await connection.execute(select(func.count()).where(parked.c.dead))).scalar_one()
        kept = (await connection.execute(select(func.count()).where(~parked.c.dead))).scalar_one()
    database_ms = round((time.perf_counter() - started) * 1000, 1)
    pending = await _pending(runtime)
    runtime.telemetry.outbox.set(waiting["waiting"])
    runtime.telemetry.dead_letters.set(dead)
    runtime.telemetry.pending.set(pending or 0)
    return {
        "broker": runtime.log.connected,
        "outbox": waiting["waiting"],
        "oldest_unpublished": waiting["oldest"],
        "inbox_pending": pending,
        "parked": kept,
        "dead_letters": dead,
        "database_ms": database_ms,
    }


async def _pending(runtime: Runtime) -> int | None:
    """None while nobody can tell: without a broker, or before the stream and its durables were made."""
    if not runtime.log.connected:
        return None
    try:
        return await runtime.log.pending(runtime.service.name)
    except (LogUnavailable, APIError):
        return None


async def _of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


Running = Annotated[Runtime, Depends(_of)]
