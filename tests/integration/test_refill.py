"""A log that lost its tail, its middle or all of it is whole again, in order and without a second copy."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.test_events_outbox import (
    die_before_forgetting,
    ids,
    in_order,
    interleaved,
    out,
    publish_all,
    store_in,
    stored,
    stream_of,
    waiting,
)
from tests.reading import read_log
from tests.system import Servers
from tests.waiting import until
from vpr_events.event import Recorded
from vpr_events.gate import Reason
from vpr_events.log import EventLog
from vpr_events.outages import LogUnavailable, RecoveryNeeded
from vpr_events.outbox import Relay
from vpr_events.refill import Refill
from vpr_events.tables import outbox, published, recoveries


async def told(engine: AsyncEngine, log: EventLog, count: int = 10, batch: int = 4) -> list[Recorded]:
    """So many events of three streams, stored and published in batches."""
    new = interleaved(*(stream_of(count) for _ in range(3)))
    await stored(engine, *new)
    await publish_all(Relay(engine, log, batch=batch, rounds=1), engine)
    return new


async def log_holds(servers: Servers, some: Sequence[Recorded]) -> None:
    """A log with nothing but these."""
    await servers.fresh_log(["intake"])
    async with servers.admin_log() as admin:
        await admin.publish([out(event) for event in some])


async def published_ids(engine: AsyncEngine) -> list[object]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(published.c.event_ids).order_by(published.c.batch))
        return [event_id for ids in rows.scalars() for event_id in ids]


async def test_the_order_of_publishing_is_kept(engine: AsyncEngine, log: EventLog) -> None:
    new = await told(engine, log)
    assert await published_ids(engine) == ids(new)


async def test_with_an_intact_log_a_new_relay_queues_nothing(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    new = await told(engine, log, 200, 100)
    relay = Relay(engine, log)
    assert await relay.publish_pending() == 0
    assert relay.gate.compared == log.reconnects
    assert ids(await read_log(servers.embedded.endpoints)) == ids(new)
    assert len(await published_ids(engine)) == len(new)


@pytest.mark.parametrize("kept", [0, 1, 4, 17, 29])
async def test_a_lost_tail_is_published_again_in_order(
    servers: Servers, engine: AsyncEngine, log: EventLog, kept: int
) -> None:
    new = await told(engine, log)
    await log_holds(servers, new[:kept])
    await publish_all_anew(engine, log)
    assert await read_log(servers.embedded.endpoints) == new


async def publish_all_anew(engine: AsyncEngine, log: EventLog, batch: int = 500) -> None:
    """What a relay does that has just started."""
    relay = Relay(engine, log, batch=batch, rounds=1)
    await relay.publish_pending()
    await publish_all(relay, engine)


@pytest.mark.parametrize("cuts", [(17, 4), (4, 17), (20, 20)])
async def test_a_tail_that_is_lost_twice_comes_back_twice(
    servers: Servers, engine: AsyncEngine, log: EventLog, cuts: tuple[int, int]
) -> None:
    new = await told(engine, log)
    for kept in cuts:
        await log_holds(servers, new[:kept])
        await publish_all_anew(engine, log)
    assert await read_log(servers.embedded.endpoints) == new


async def test_what_waits_and_what_is_about_to_be_committed_goes_out_after_what_was_lost(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    stream, other = stream_of(10), stream_of(6)
    await stored(engine, *stream[:6], *other[:4])
    await publish_all(Relay(engine, log), engine)
    async with engine.begin() as late:
        await store_in(late, *other[4:])
        await stored(engine, *stream[6:])
        await log_holds(servers, stream[:3])
        relay = Relay(engine, log, batch=2, rounds=1)
        while await waiting(engine):
            await relay.publish_pending()
    await publish_all(relay, engine)
    read = await read_log(servers.embedded.endpoints)
    assert in_order(read)
    assert sorted(map(str, ids(read))) == sorted(map(str, ids([*stream, *other])))


async def test_more_than_a_batch_does_not_wait_for_full_scans(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    new = await told(engine, log, 100, 300)
    relay = Relay(engine, log, batch=10, rounds=1)
    await relay.publish_pending()
    await log_holds(servers, [])
    relay.gate.compared = None
    assert [await relay.publish_pending() for _ in range(31)] == [10] * 30 + [0]
    assert await read_log(servers.embedded.endpoints) == new


async def test_an_event_whose_relay_died_before_forgetting_it_is_the_end_of_the_log(
    servers: Servers, database: str, engine: AsyncEngine, log: EventLog
) -> None:
    new = await told(engine, log)
    [last] = stream_of(1)
    await stored(engine, last)
    await die_before_forgetting(database, log, servers, last)
    assert await Relay(engine, log).publish_pending() == 1
    assert ids(await read_log(servers.embedded.endpoints)) == ids([*new, last])


@pytest.mark.parametrize("kept", [30, 17])
async def test_what_was_published_before_there_were_marks_goes_by_its_position(
    servers: Servers, engine: AsyncEngine, log: EventLog, kept: int
) -> None:
    new = await told(engine, log)
    async with engine.begin() as connection:
        await connection.execute(delete(published))
    await log_holds(servers, new[:kept])
    await publish_all_anew(engine, log)
    assert await read_log(servers.embedded.endpoints) == new


async def test_while_there_is_no_stream_the_relay_waits_and_then_fills_it(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    new = await told(engine, log)
    async with servers.admin_log() as admin:
        await admin._client.jetstream().delete_stream("VPR")
    relay = Relay(engine, log)
    with pytest.raises(LogUnavailable):
        await relay.publish_pending()
    stop = asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    await servers.fresh_log(["intake"])

    async def full() -> bool:
        return len(await read_log(servers.embedded.endpoints)) == len(new)

    await until(full)
    stop.set()
    await running
    assert await read_log(servers.embedded.endpoints) == new


async def test_a_failed_publication_makes_the_relay_compare_again(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    """A stream that is made anew behind an unbroken connection is found out by what could not be published."""
    new = await told(engine, log)
    relay = Relay(engine, log)
    await relay.publish_pending()
    async with servers.admin_log() as admin:
        await admin._client.jetstream().delete_stream("VPR")
    [more] = stream_of(1)
    await stored(engine, more)
    with pytest.raises(LogUnavailable):
        await relay.publish_pending()
    await servers.fresh_log(["intake"])
    await publish_all(relay, engine)
    assert await read_log(servers.embedded.endpoints) == [*new, more]


async def test_a_log_that_is_ahead_shuts_the_gate_for_whoever_starts_next(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    await told(engine, log)
    [foreign] = stream_of(1)
    await servers.publish(foreign)
    for _ in range(2):
        relay = Relay(engine, log)
        with pytest.raises(RecoveryNeeded):
            await relay.publish_pending()
        assert relay.gate.reason is Reason.LOG_AHEAD
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(recoveries))).scalar_one() == 1


async def test_a_refill_finds_holes_and_changes_nothing_in_a_whole_log(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    new = await told(engine, log)
    lost = {3, 4, 11, 20}
    await log_holds(servers, [event for number, event in enumerate(new) if number not in lost])
    refill = Refill(engine, log)
    await refill.run()
    assert (refill.read, refill.queued) == (len(new) - len(lost), len(lost))
    await publish_all_anew(engine, log)
    read = ids(await read_log(servers.embedded.endpoints))
    assert len(read) == len(new)
    assert set(read) == set(ids(new))
    assert read[-4:] == [new[number].id for number in sorted(lost)]
    await refill.run()
    assert (refill.read, refill.queued) == (len(new), 0)


async def test_a_refill_leaves_alone_what_waits_for_the_relay(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    await told(engine, log)
    await stored(engine, *stream_of(5))
    refill = Refill(engine, log)
    await refill.run()
    assert refill.queued == 0
    assert await waiting(engine) == 5


async def test_a_refill_leaves_alone_what_is_published_while_it_reads(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    """It read up to a point; what the relay publishes behind that is no hole."""
    await told(engine, log)
    late = stream_of(5)
    await stored(engine, *late)
    relay = Relay(engine, log)

    class Publishing(Refill):
        async def _read_family(self, connection: object, family: str) -> None:
            await super()._read_family(connection, family)  # type: ignore[arg-type]
            if family == "report":
                await publish_all(relay, engine)

    refill = Publishing(engine, log)
    await refill.run()
    assert refill.queued == 0


async def test_an_event_that_was_never_queued_is_a_hole(servers: Servers, engine: AsyncEngine, log: EventLog) -> None:
    """Whatever took the row away: the events table is the truth."""
    new = await told(engine, log)
    [forgotten] = stream_of(1)
    await stored(engine, forgotten)
    async with engine.begin() as connection:
        await connection.execute(delete(outbox))
    refill = Refill(engine, log)
    await refill.run()
    assert refill.queued == 1
    await publish_all(Relay(engine, log), engine)
    assert ids(await read_log(servers.embedded.endpoints)) == ids([*new, forgotten])
