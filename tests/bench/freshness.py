"""From the commit of a report to an answer of metrics that counts it, at a steady rate."""

import asyncio
import time
from uuid import UUID

import httpx

from tests.bench.steady import Steady
from tests.processes import Separate
from vpr_events.contracts.values import Role

PAUSE = 0.02
ASKED = {"interval": "headline"}


async def committed_to_counted(system: Separate, per_second: int, seconds: int) -> list[float]:
    """Milliseconds of each report, sorted: from its 201 to the end of the first answer that has so many reports.

    Somebody asks again and again, with a pause between, as a dashboard would.
    """
    committed: list[float] = []
    counted: list[tuple[float, int]] = []
    over = asyncio.Event()

    def answered(_: UUID, __: float) -> None:
        committed.append(time.perf_counter())

    url, headers = system.url("metrics"), system.headers(Role.SUPERVISOR)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        before = await _records(client)

        async def look() -> None:
            while not over.is_set() or counted[-1][1] < len(committed):
                counted.append((0.0, await _records(client) - before))
                counted[-1] = (time.perf_counter(), counted[-1][1])
                await asyncio.sleep(PAUSE)

        watching = asyncio.create_task(look())
        await Steady(system.url("intake"), system.token(Role.OFFICER), answered).run(per_second, seconds)
        over.set()
        await asyncio.wait_for(watching, 60)
    return sorted(_lags(committed, counted))


def _lags(committed: list[float], counted: list[tuple[float, int]]) -> list[float]:
    """The log keeps the order of commits, so the first n committed are the n that are counted."""
    looks = iter(counted)
    seen, many = next(looks)
    lags = []
    for number, moment in enumerate(committed, 1):
        while many < number:
            seen, many = next(looks)
        lags.append(max(seen - moment, 0) * 1000)
    return lags


async def _records(client: httpx.AsyncClient) -> int:
    return int((await client.get("/v1/timings", params=ASKED)).raise_for_status().json()["records"])
