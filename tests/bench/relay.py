"""Publishing: nats-py's pipelined singles, atomic batches of ready messages, and the relay that empties an outbox."""

import asyncio
import time
from collections.abc import Sequence
from itertools import batched

import nats
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.examples import NOON, minutes, recorded
from tests.processes import Separate
from vpr_events import store
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel
from vpr_events.event import Recorded, new_id
from vpr_events.log import BATCH_LIMIT, EventLog, Outgoing
from vpr_events.outbox import Relay
from vpr_events.tables import outbox

OWNER = "intake"


def filed(count: int) -> list[Recorded]:
    """So many new reports."""
    event = ReportFiled(channel=Channel.WEB, category="theft", district="north")
    return [recorded(event, entity=new_id(), at=NOON + minutes(number % 60)) for number in range(count)]


def ready(events: Sequence[Recorded]) -> list[Outgoing]:
    """Their messages."""
    return [Outgoing(subject_of(one.type), headers_of(one), one.body) for one in events]


async def singles(system: Separate, count: int) -> float:
    """Messages per second of nats-py's ``publish_async``: each by itself, up to 4,000 unacknowledged."""
    user, password = system.embedded.endpoints.nats_users[OWNER]
    client = await nats.connect(
        system.embedded.endpoints.nats_url, user=user, password=password, inbox_prefix=f"_INBOX_{user}".encode()
    )
    stream, messages = client.jetstream(), ready(filed(count))
    started = time.perf_counter()
    answers = [await stream.publish_async(one.subject, one.body, headers=dict(one.headers)) for one in messages]
    await asyncio.gather(*answers)
    rate = count / (time.perf_counter() - started)
    await client.close()
    return rate


async def batches(system: Separate, count: int) -> float:
    """Messages per second of ``EventLog.publish`` in atomic batches, of messages that are ready."""
    log, messages = await _connected(system), ready(filed(count))
    started = time.perf_counter()
    for batch in batched(messages, BATCH_LIMIT, strict=False):
        await log.publish(batch)
    rate = count / (time.perf_counter() - started)
    await log.close()
    return rate


async def relay(system: Separate, count: int) -> float:
    """Messages per second of a relay that finds so many events waiting in its database."""
    engine = create_async_engine(system.embedded.endpoints.database_urls[OWNER])
    await _store(engine, filed(count))
    log = await _connected(system)
    sender = Relay(engine, log)
    started = time.perf_counter()
    while await sender.publish_pending():
        pass
    rate = count / (time.perf_counter() - started)
    assert sender.published == count, "every event was published once"
    await log.close()
    await engine.dispose()
    return rate


async def _store(engine: AsyncEngine, events: Sequence[Recorded]) -> None:
    """What the pipeline writes: the events, and their ids into the outbox."""
    for batch in batched(events, BATCH_LIMIT, strict=False):
        async with engine.begin() as connection:
            await store.append(connection, batch)
            await connection.execute(insert(outbox), [{"event_id": event.id} for event in batch])


async def _connected(system: Separate) -> EventLog:
    endpoints = system.embedded.endpoints
    log = EventLog(endpoints.nats_url, *endpoints.nats_users[OWNER])
    await log.connect()
    return log
