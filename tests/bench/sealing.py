"""``python -m tests.bench.sealing``: what sealing and verifying cost, and what writers notice of the sealer.

Ratios are to the time that appending the same events takes, through the store, on a server with fsync on.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import batched
from pathlib import Path

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.bench.steady import percentile
from tests.system import Servers
from tests.verification import Sealed, grown
from vpr.embedded import Embedded
from vpr_events import store
from vpr_events.tables import outbox

EVENTS = int(os.environ.get("BENCH_EVENTS", "100000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
WRITERS = 8
BUSY = 0.2
"""Seconds that one transaction after the other stays open beside the writers, as a batch of an inbox does."""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="vpr-bench-") as name:
        embedded = Embedded(Path(name) / "servers")
        embedded.start()
        try:
            asyncio.run(_measure(Servers.on(embedded, Path(name)), Path(name)))
        finally:
            embedded.discard()


async def _measure(servers: Servers, folder: Path) -> None:
    async with Sealed.started(servers, folder) as one:
        one.relay.batch = 1000
        appended = await _timed(lambda: _append(one))
        _row(f"appending {EVENTS:,} events", appended, appended)
        _row("publishing them", await _timed(one.publish), appended)
        _row("sealing them", await _timed(one.sealer.seal), appended)
        _row("verifying all", await _timed(lambda: _clean(one)), appended)
        _row("sealing when nothing is new", await _timed(one.sealer.seal), appended)
        for what, act in (("nothing", None), ("sealer", one.sealer.seal), ("barrier", lambda: _barrier(one.engine))):
            times = await _stalls(one, act)
            figures = ", ".join(f"p{share * 100:g} {percentile(times, share) * 1000:.1f}" for share in (0.5, 0.99))
            print(f"commit beside {what:8} {figures}, slowest {max(times) * 1000:.0f} ms of {len(times)}", flush=True)


async def _append(one: Sealed) -> None:
    streams = (grown(4) for _ in range(EVENTS // 4))
    for some in batched(streams, 125, strict=False):
        await one.write(*(event for stream in some for event in stream))


async def _clean(one: Sealed) -> None:
    assert await one.findings(timedelta(0)) == []


async def _timed(act: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await act()
    return time.perf_counter() - started


def _row(what: str, seconds: float, base: float) -> None:
    print(f"{what:32} {seconds:8.2f} s {seconds / base:8.3f}", flush=True)


async def _barrier(engine: AsyncEngine) -> None:
    """The way not taken: a lock that keeps writers out while the highest position is read."""
    async with engine.begin() as connection:
        await connection.execute(text("lock table events in share mode"))
        await connection.execute(text("select max(position) from events"))


async def _stalls(one: Sealed, act: Callable[[], Awaitable[object]] | None) -> list[float]:
    """How long each commit of the writers took while ``act`` was done twice a second."""
    end, times = time.perf_counter() + SECONDS, list[float]()

    async def writing() -> None:
        while time.perf_counter() < end:
            times.append(await _timed(lambda: one.write(*grown(1))))

    async def long_ones() -> None:
        while time.perf_counter() < end:
            async with one.engine.begin() as connection:
                [event] = grown(1)
                await store.append(connection, [event])
                await connection.execute(insert(outbox).values(event_id=event.id))
                await asyncio.sleep(BUSY)

    async def acting() -> None:
        while act and time.perf_counter() < end:
            await act()
            await asyncio.sleep(0.5)

    async with asyncio.TaskGroup() as group:
        for work in (acting, long_ones, *([writing] * WRITERS)):
            group.create_task(work())
    return sorted(times)


if __name__ == "__main__":
    main()
