"""What a service is made of: its database, its connection to the log, the workers beside the HTTP interface."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

from fastapi import Depends
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.requests import HTTPConnection

from vpr_events.decider import Decider
from vpr_events.effect_runner import Handler
from vpr_events.gate import Gate
from vpr_events.inbox import Consumer, Inbox
from vpr_events.log import EventLog
from vpr_events.outbox import Relay
from vpr_events.passes import Consequence
from vpr_events.pipeline import Pipeline, Projector
from vpr_events.repairing import Repairs
from vpr_events.sealing import Sealer
from vpr_service.clock import Clock
from vpr_service.measuring import Measuring
from vpr_service.rates import Rates
from vpr_service.settings import ServiceSettings
from vpr_service.telemetry import Telemetry


class Worker(Protocol):
    """Something that runs beside the HTTP interface until told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish what was begun and return."""


@dataclass(frozen=True)
class Service:
    """What makes a service this service.

    ``deciders`` are all it has: the scheduler fires the timers of those that have any. ``consequences`` turn its events
    into effects, which ``handlers``, made for a runtime, carry out by their kind. ``workers`` are made for a runtime
    too; ``consumer`` is None without an inbox. A ``public`` one limits sources without credentials; below the path
    ``key_forms`` API keys may stand in queries and forms. ``figures`` are what operators are told of this service
    alone, by the keys of ``gauges`` (name and meaning).
    """

    name: str
    metadata: MetaData
    deciders: Sequence[Decider[Any, Any]] = ()
    projectors: Sequence[Projector] = ()
    consumer: Consumer | None = None
    consequences: Sequence[Consequence] = ()
    handlers: Callable[["Runtime"], Mapping[str, Handler]] = lambda _: {}
    workers: Callable[["Runtime"], Sequence[Worker]] = lambda _: ()
    public: bool = False
    key_forms: str = ""
    gauges: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    figures: Callable[["Runtime"], Mapping[str, float | None]] = lambda _: {}


@dataclass
class Runtime:
    """The parts of a running service. HTTP handlers get it by the dependency ``Running``.

    ``closing`` is set when the end is near: streams end, so that the server can wait for what is still being answered.
    ``stopping`` comes after that, and stops the workers.
    """

    service: Service
    settings: ServiceSettings
    telemetry: Telemetry
    engine: AsyncEngine
    log: EventLog
    relay: Relay
    pipeline: Pipeline
    inbox: Inbox | None
    gate: Gate
    repairs: Repairs
    now: Clock
    sealer: Sealer | None = None
    rates: Rates = field(default_factory=Rates)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    workers: Sequence[Worker] = ()

    @property
    def measuring(self) -> Measuring:
        """What tells operators how it is."""
        return Measuring(
            self.service.name, self.engine, self.log, self.now, self.telemetry, lambda: self.service.figures(self)
        )

    def worker[W: Worker](self, kind: type[W]) -> W:
        """The worker of this kind. Raises LookupError where none runs."""
        if (found := self.worker_if_any(kind)) is None:
            raise LookupError(f"{self.service.name} runs no {kind.__name__}")
        return found

    def worker_if_any[W: Worker](self, kind: type[W]) -> W | None:
        """The worker of this kind; None where none runs."""
        return next((worker for worker in self.workers if isinstance(worker, kind)), None)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for queries."""
        async with self.engine.connect() as connection:
            yield connection


async def _of(request: HTTPConnection) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


Running = Annotated[Runtime, Depends(_of)]
