"""From the moment a report is sent to the moment its case stands in triage's queue, at a steady rate."""

import asyncio
import time
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.examples import new_report
from tests.processes import Separate
from vpr_events.contracts.values import Role

POLL = 0.002


async def filed_to_visible(system: Separate, per_second: int, seconds: int) -> list[float]:
    """Milliseconds of each report, sorted."""
    sent: dict[UUID, float] = {}
    total = per_second * seconds
    async with httpx.AsyncClient(
        base_url=system.url("intake"), headers=system.headers(Role.OFFICER), timeout=30
    ) as client:
        watching = asyncio.create_task(_first_seen(system, total))
        started = time.perf_counter()
        tasks = []
        for number in range(total):
            await asyncio.sleep(max(0.0, started + number / per_second - time.perf_counter()))
            tasks.append(asyncio.create_task(_file(client, sent)))
        await asyncio.gather(*tasks)
        seen = await asyncio.wait_for(watching, 60)
    return sorted((seen[report] - moment) * 1000 for report, moment in sent.items())


async def _file(client: httpx.AsyncClient, sent: dict[UUID, float]) -> None:
    moment = time.perf_counter()
    answer = await client.post("/v1/reports", json=new_report(), headers={"Idempotency-Key": uuid4().hex})
    sent[UUID(answer.raise_for_status().json()["id"])] = moment


async def _first_seen(system: Separate, total: int) -> dict[UUID, float]:
    """Report id -> when a reader of triage's database first saw its case (looked for every 2 ms)."""
    engine = create_async_engine(system.embedded.endpoints.database_urls["triage"])
    seen: dict[UUID, float] = {}
    query = text("select id, report_id from cases where opened_at > now() - interval '10 seconds'")
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        before = {row.report_id for row in await connection.execute(query)}
        while len(seen) < total:
            moment = time.perf_counter()
            for row in await connection.execute(query):
                if row.report_id not in before:
                    seen.setdefault(row.report_id, moment)
            await asyncio.sleep(POLL)
    await engine.dispose()
    return seen


def percentile(ordered: list[float], share: float) -> float:
    """The value below which this share lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
