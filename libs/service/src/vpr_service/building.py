"""Putting a service's parts together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from vpr_events.decider import by_family, no_timers
from vpr_events.effect_runner import EffectRunner, Limits
from vpr_events.gate import Gate
from vpr_events.inbox import Inbox
from vpr_events.log import EventLog
from vpr_events.outbox import Relay
from vpr_events.parking import Policy
from vpr_events.pipeline import Pipeline
from vpr_events.recovery import Recovery
from vpr_events.refill import Refill
from vpr_events.repairing import Repairs
from vpr_events.scheduler import Scheduler
from vpr_events.sealing import Sealer
from vpr_events.seals import SealFolder, SealKey
from vpr_service.clock import Clock, real_time
from vpr_service.rates import Rates, limits_of
from vpr_service.runtime import Runtime, Service, Worker
from vpr_service.settings import ServiceSettings
from vpr_service.telemetry import Telemetry


def build(service: Service, settings: ServiceSettings, clock: Clock = real_time) -> Runtime:
    """Put the parts together; nothing connects yet."""
    engine, gate = _engine(settings), Gate()
    log = EventLog(settings.shared.nats_url, service.name, settings.nats_password.get_secret_value())
    relay = Relay(engine, log, gate=gate)
    waking = Waking([relay.wake])
    pipeline = Pipeline(
        engine,
        service.projectors,
        clock,
        committed=waking.all,
        consequences=service.consequences,
        gate=gate.check,
        batch=settings.commit_batch,
    )
    policy = Policy(settings.retry_delays)
    inbox = Inbox(engine, pipeline, log, service.name, service.consumer, policy, gate) if service.consumer else None
    sealer = _sealer(service, settings, engine)
    durable = service.name if inbox else None
    recovery = Recovery(engine, log, gate, service.projectors, service.deciders, durable, sealer)
    repairs = Repairs(Refill(engine, log), recovery)
    telemetry = Telemetry(service.name, service.gauges)
    rates = Rates(*map(limits_of, (settings.rate_per_key, settings.rate_per_source)))
    runtime = Runtime(
        service, settings, telemetry, engine, log, relay, pipeline, inbox, gate, repairs, clock, sealer, rates
    )
    runtime.workers = [*_library_workers(runtime), *service.workers(runtime)]
    waking.who += [worker.wake for worker in runtime.workers if isinstance(worker, EffectRunner)]
    return runtime


@dataclass
class Waking:
    """Those who have something to do after a commit."""

    who: list[Callable[[], None]]

    def all(self) -> None:
        """Wake them."""
        for wake in self.who:
            wake()


def _engine(settings: ServiceSettings) -> AsyncEngine:
    return create_async_engine(
        settings.database_url.get_secret_value(), pool_size=settings.pool_size, max_overflow=0, pool_timeout=10,
        hide_parameters=True,  # an error's text goes to the log: rows hold personal data
        connect_args={"server_settings": {"idle_in_transaction_session_timeout": "30s"}},  # no leader stays stuck
    )  # fmt: skip


def _library_workers(runtime: Runtime) -> Iterator[Worker]:
    service, pipeline = runtime.service, runtime.pipeline
    yield runtime.repairs
    if runtime.inbox:
        yield runtime.inbox
    if waiting := [decider for decider in service.deciders if decider.timers is not no_timers]:
        yield Scheduler(runtime.engine, pipeline, by_family(waiting), runtime.now)
    handlers = service.handlers(runtime)
    if handlers and runtime.settings.effects_in_flight:
        policy = Policy(runtime.settings.retry_delays)
        limits = Limits(runtime.settings.effects_in_flight, runtime.settings.effects_per_lane)
        yield EffectRunner(runtime.engine, pipeline, handlers, policy, limits=limits)


def _sealer(service: Service, settings: ServiceSettings, engine: AsyncEngine) -> Sealer | None:
    """None without a key and a folder, which only development may lack."""
    if settings.seal_key is None or settings.seal_folder is None:
        return None
    key, folder = SealKey.at(settings.seal_key), SealFolder(settings.seal_folder)
    return Sealer(engine, service.name, key, folder, settings.seal_every)
