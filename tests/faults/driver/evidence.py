"""What is there after a run: every service's tables, the log, and what metrics answers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from tests.faults.driver.world import World
from tests.reading import read_messages
from tests.waiting import DEADLINE
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role
from vpr_events.event import Recorded
from vpr_events.log import EventLog
from vpr_events.seals import SealFolder, public_keys
from vpr_events.store import from_row
from vpr_events.tables import events, idempotency, inbox, outbox, parked
from vpr_events.verifying.findings import Finding
from vpr_events.verifying.whole import Subject, Verification

UNSEALED = timedelta(hours=1)
"""A run is shorter than the minute between two seals."""


@dataclass(frozen=True)
class Database:
    """One service's tables. ``keys`` maps an idempotency key to the events it recorded."""

    events: Sequence[Recorded]
    inbox: frozenset[UUID]
    keys: Mapping[str, Sequence[str]]
    unpublished: int
    parked: int


@dataclass(frozen=True)
class Evidence:
    """``log`` is in the log's order, with whatever is told twice. ``findings`` are those of ``vpr verify``.

    ``restored`` services lost private rows.
    """

    databases: Mapping[str, Database]
    log: Sequence[Recorded]
    case_reports: Sequence[UUID]
    particulars: Sequence[UUID]
    figures: Mapping[str, Any]
    output: Mapping[str, str]
    copies: Mapping[UUID, int]
    restored: Collection[str]
    findings: Sequence[str]


async def gather(world: World) -> Evidence:
    """Look at everything, past the services where that is possible."""
    databases = {}
    for name in SERVICES:
        async with world.database(name) as connection:
            databases[name] = await _database(connection)
    messages = await read_messages(world.endpoints)
    return Evidence(
        databases=databases,
        log=[event for message in messages if (event := message.event())],
        case_reports=await _column(world, "triage", "select report_id from cases"),
        particulars=await _column(world, "intake", "select report_id from particulars"),
        figures=await _figures(world),
        output=world.output(),
        copies=world.copies,
        restored=world.restored,
        findings=await _findings(world),
    )


async def _findings(world: World) -> Sequence[str]:
    """What an operator's comparison of databases, log and seals says; without a word on what is not sealed yet."""
    found: list[Finding] = []
    keys = public_keys([world.home.seal_key])
    engines = {name: create_async_engine(url) for name, url in world.endpoints.database_urls.items()}
    subjects = [Subject(name, engine, SealFolder(world.home.seals / name), keys) for name, engine in engines.items()]
    log = EventLog(world.endpoints.nats_url, *world.endpoints.nats_users["admin"])
    await log.connect()
    try:
        await Verification(subjects, log, found.append, grace=UNSEALED).run()
    finally:
        await log.close()
        for engine in engines.values():
            await engine.dispose()
    return [str(one) for one in found]


async def _database(connection: AsyncConnection) -> Database:
    stored = (await connection.execute(select(events).order_by(events.c.position))).mappings().all()
    keys = (await connection.execute(select(idempotency.c.key, idempotency.c.event_ids))).all()
    return Database(
        events=[from_row(row) for row in stored],
        inbox=frozenset((await connection.execute(select(inbox.c.event_id))).scalars()),
        keys={row.key: row.event_ids for row in keys},
        unpublished=(await connection.execute(select(func.count()).select_from(outbox))).scalar_one(),
        parked=(await connection.execute(select(func.count()).select_from(parked))).scalar_one(),
    )


async def _column(world: World, service: str, query: str) -> Sequence[UUID]:
    async with world.database(service) as connection:
        return (await connection.execute(text(query))).scalars().all()


async def _figures(world: World) -> Mapping[str, Any]:
    headers = {"Authorization": f"Bearer {world.home.issuer().token([Role.SUPERVISOR])}"}
    async with httpx.AsyncClient(timeout=DEADLINE, headers=headers) as client:
        answer = await client.get(world.processes["metrics"].url + "/v1/timings")
    found: Mapping[str, Any] = answer.raise_for_status().json()
    return found
