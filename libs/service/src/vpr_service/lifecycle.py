"""A service's life: connect, run the workers, and end in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from vpr_events.outages import is_outage
from vpr_service.runtime import Runtime, Worker

COMPARED_WITHIN = 200
"""Hundredths of a second that a start waits for the comparison of log and database."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[None]:
    """Run the workers. At the end they finish what was accepted, and only then relay and sealer take what is left."""
    connecting = asyncio.create_task(runtime.log.connect())
    last = asyncio.Event()
    finishers: list[Worker] = [runtime.relay, *([runtime.sealer] if runtime.sealer else [])]
    finishing = [asyncio.create_task(_kept_up(runtime, worker, last)) for worker in finishers]
    watching = asyncio.create_task(_kept_up(runtime, runtime.measuring, runtime.stopping))
    tasks: list[asyncio.Task[None]] = []
    try:
        await _compared(runtime)
        tasks += [asyncio.create_task(_kept_up(runtime, worker, runtime.stopping)) for worker in runtime.workers]
        yield
    finally:
        runtime.closing.set()
        runtime.stopping.set()
        connecting.cancel()
        watching.cancel()
        await asyncio.gather(*tasks, connecting, watching, return_exceptions=True)
        last.set()
        await asyncio.gather(*finishing)
        await runtime.log.close()
        await runtime.engine.dispose()


async def _compared(runtime: Runtime) -> None:
    """Wait until the relay has seen whether the log is ahead of us; not for a broker or a database that is away."""
    gate = runtime.gate
    try:
        async with runtime.reading() as connection:
            await gate.load(connection)
    except Exception as error:
        if not is_outage(error):
            raise
    for _ in range(COMPARED_WITHIN):
        if gate.reason or gate.compared is not None or runtime.log.away:
            return
        await asyncio.sleep(0.01)
    log.warning("log and database are not compared yet", service=runtime.service.name)


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
