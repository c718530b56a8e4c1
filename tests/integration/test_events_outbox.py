"""The relay's races. Each is first shown on the obvious way to do it, which loses or inverts events."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tests.examples import recorded
from tests.reading import read_log
from tests.system import Servers
from tests.waiting import until
from vpr_events import store
from vpr_events.cloudevents import MESSAGE_ID, headers_of, subject_of
from vpr_events.contracts.report import ReportHoldPlaced
from vpr_events.event import Recorded, new_id
from vpr_events.log import EventLog, Outgoing
from vpr_events.outages import LogUnavailable
from vpr_events.outbox import Relay, backlog
from vpr_events.tables import events, outbox


def stream_of(count: int) -> list[Recorded]:
    """One report's first events."""
    entity, made = uuid4(), list[Recorded]()
    for _ in range(count):
        placed = ReportHoldPlaced(hold_id=new_id(), placed_by=new_id())
        made.append(recorded(placed, entity=entity, after=made[-1] if made else None))
    return made


def interleaved(*streams: Sequence[Recorded]) -> list[Recorded]:
    """The first of each stream, then the second of each, and so on."""
    return [event for row in zip(*streams, strict=True) for event in row]


async def store_in(connection: AsyncConnection, *new: Recorded) -> None:
    """What the pipeline writes: the events, and their ids into the outbox."""
    await store.append(connection, new)
    await connection.execute(insert(outbox), [{"event_id": event.id} for event in new])


async def stored(engine: AsyncEngine, *new: Recorded) -> None:
    async with engine.begin() as connection:
        await store_in(connection, *new)


async def waiting(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await backlog(connection))["waiting"])


async def publish_all(relay: Relay, engine: AsyncEngine) -> None:
    while await waiting(engine):
        await relay.publish_pending()


def out(event: Recorded) -> Outgoing:
    return Outgoing(subject_of(event.type), headers_of(event), event.body)


def ids(some: Sequence[Recorded]) -> list[object]:
    return [event.id for event in some]


def in_order(some: Sequence[Recorded]) -> bool:
    """Whether each stream's versions stand there without a gap, a repetition or an inversion."""
    seen: dict[str, int] = {}
    for event in some:
        if event.version != seen.get(event.stream, 0) + 1:
            return False
        seen[event.stream] = event.version
    return True


async def test_events_reach_the_log_once_and_in_order(servers: Servers, engine: AsyncEngine, log: EventLog) -> None:
    new = interleaved(*(stream_of(4) for _ in range(5)))
    await stored(engine, *new)

    relay = Relay(engine, log, batch=7)
    await publish_all(relay, engine)

    assert await read_log(servers.embedded.endpoints) == new
    assert relay.published == len(new)
    assert await relay.publish_pending() == 0


async def test_more_than_a_thousand_rows_go_in_batches(servers: Servers, engine: AsyncEngine, log: EventLog) -> None:
    new = interleaved(*(stream_of(12) for _ in range(100)))
    await stored(engine, *new)
    relay = Relay(engine, log, rounds=1)
    assert [await relay.publish_pending() for _ in range(3)] == [1000, 200, 0]
    assert ids(await read_log(servers.embedded.endpoints)) == ids(new)


class PositionPoller:
    """The obvious relay: whatever lies behind the last position seen."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine, self._last = engine, 0

    async def poll(self) -> list[object]:
        query = select(events.c.position, events.c.id).where(events.c.position > self._last).order_by(events.c.position)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        self._last = rows[-1].position if rows else self._last
        return [row.id for row in rows]


async def test_an_event_that_commits_late_is_lost_by_polling_positions_but_not_by_the_relay(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    [early], [late] = stream_of(1), stream_of(1)
    poller, relay = PositionPoller(engine), Relay(engine, log)
    async with engine.begin() as slow:
        await store_in(slow, early)
        await stored(engine, late)
        seen = await poller.poll()
        assert await relay.publish_pending() == 1

    seen += await poller.poll()
    assert seen == [late.id], "polling a position no longer loses events: is this test still a race?"
    assert await relay.publish_pending() == 1
    assert ids(await read_log(servers.embedded.endpoints)) == [late.id, early.id]


class Interrupted(Relay):
    """A relay between whose first two readings something happens."""

    readings = 0

    async def _read(self, connection: AsyncConnection, low_water: int) -> Any:
        self.readings += 1
        if self.readings == 2:
            await self.meanwhile()
        return await super()._read(connection, low_water)

    async def meanwhile(self) -> None:
        raise NotImplementedError


async def test_what_commits_late_while_a_batch_is_on_its_way_goes_before_what_follows_it(
    servers: Servers, engine: AsyncEngine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, second), [other] = stream_of(2), stream_of(1)
    relay, slow = Interrupted(engine, log, batch=1), engine.connect()

    async def meanwhile() -> None:
        await slow.commit()
        await stored(engine, second)

    monkeypatch.setattr(relay, "meanwhile", meanwhile)
    async with slow:
        await store_in(slow, first)
        await stored(engine, other)
        assert await relay.publish_pending() == 3
    assert ids(await read_log(servers.embedded.endpoints)) == ids([other, first, second])


async def test_the_low_water_mark_hides_an_event_that_commits_very_late_until_the_next_full_scan(
    engine: AsyncEngine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vpr_events.outbox.FULL_SCAN_EVERY", 3600)
    monkeypatch.setattr("vpr_events.outbox.LAG", 0)
    [early], [late] = stream_of(1), stream_of(1)
    relay = Relay(engine, log)
    async with engine.begin() as slow:
        await store_in(slow, early)
        await stored(engine, late)
        assert await relay.publish_pending() == 1
        assert [await relay.publish_pending() for _ in range(3)] == [0, 0, 0]

    assert await relay.publish_pending() == 0
    relay._scan_due = 0
    assert await relay.publish_pending() == 1
    assert await waiting(engine) == 0


class GatedLog(EventLog):
    """The real log behind a door: a publication begins, and goes on when the door opens."""

    began: asyncio.Event
    door: asyncio.Event

    @classmethod
    async def beside(cls, log: EventLog) -> "GatedLog":
        gated = cls(log.url, log.name, log.password)
        gated.began, gated.door = asyncio.Event(), asyncio.Event()
        await gated.connect()
        return gated

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        self.began.set()
        await self.door.wait()
        await super().publish(messages)


async def take_skipping(connection: AsyncConnection) -> Outgoing:
    """The obvious way to share the work: each relay takes the first row that no other holds."""
    query = select(events).join(outbox, events.c.id == outbox.c.event_id).order_by(outbox.c.id).limit(1)
    row = (await connection.execute(query.with_for_update(skip_locked=True, of=outbox))).mappings().one()
    await connection.execute(delete(outbox).where(outbox.c.event_id == row["id"]))
    return out(store.from_row(row))


async def test_two_relays_that_skip_locked_rows_invert_events(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    await stored(engine, *stream_of(2))
    async with engine.begin() as one, engine.begin() as other:
        first, second = await take_skipping(one), await take_skipping(other)
        await log.publish([second])
        await log.publish([first])
    assert not in_order(await read_log(servers.embedded.endpoints))


async def test_while_one_relay_leads_another_publishes_nothing(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    new = stream_of(3)
    await stored(engine, *new)
    gated = await GatedLog.beside(log)
    leading = asyncio.create_task(Relay(engine, gated, batch=1, rounds=1).publish_pending())
    await gated.began.wait()

    other = Relay(engine, log)
    assert await other.publish_pending() == 0
    gated.door.set()
    assert await leading == 1
    assert await other.publish_pending() == 2
    assert ids(await read_log(servers.embedded.endpoints)) == ids(new)
    await gated.close()


async def test_two_relays_keep_every_stream_in_order_and_publish_nothing_twice(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    streams = [stream_of(20) for _ in range(10)]
    relays = [Relay(engine, log, batch=7) for _ in range(2)]

    async def write(stream: Sequence[Recorded]) -> None:
        for event in stream:
            await stored(engine, event)

    writing = asyncio.gather(*(write(stream) for stream in streams))
    while not writing.done() or await waiting(engine):
        await asyncio.gather(*(relay.publish_pending() for relay in relays))
    await writing
    await asyncio.gather(*(publish_all(relay, engine) for relay in relays))

    read = await read_log(servers.embedded.endpoints)
    assert in_order(read)
    assert len(read) == 200
    assert sum(relay.published for relay in relays) == 200


async def die_before_forgetting(database: str, log: EventLog, servers: Servers, event: Recorded) -> None:
    """A relay whose process ends after the broker has its event and before the row is gone."""
    engine = create_async_engine(database)
    async with engine.begin() as keeper:
        await keeper.execute(select(outbox.c.id).where(outbox.c.event_id == event.id).with_for_update())
        dying = asyncio.create_task(Relay(engine, log).publish_pending())

        async def sent() -> bool:
            return event.id in ids(await read_log(servers.embedded.endpoints))

        await until(sent)
        dying.cancel()
        with suppress(asyncio.CancelledError):
            await dying
    await engine.dispose()


async def test_a_relay_that_dies_after_publishing_publishes_twice_without_message_ids(
    servers: Servers, log: EventLog
) -> None:
    [event] = stream_of(1)
    headers = {name: value for name, value in headers_of(event).items() if name != MESSAGE_ID}
    for _ in range(2):
        await log.publish([Outgoing(subject_of(event.type), headers, event.body)])
    assert len(await read_log(servers.embedded.endpoints)) == 2


async def test_what_a_dead_relay_published_stands_in_the_log_once(
    servers: Servers, database: str, engine: AsyncEngine, log: EventLog
) -> None:
    [first, *others] = stream_of(3)
    await stored(engine, first)
    await die_before_forgetting(database, log, servers, first)
    assert await waiting(engine) == 1
    await stored(engine, *others)

    assert await Relay(engine, log).publish_pending() == 3
    assert ids(await read_log(servers.embedded.endpoints)) == ids([first, *others])
    assert await waiting(engine) == 0


@pytest.mark.parametrize("known", [0, 2, 4])
async def test_a_batch_with_an_event_that_the_log_knows_goes_through(
    servers: Servers, engine: AsyncEngine, log: EventLog, known: int
) -> None:
    new = [stream[0] for stream in (stream_of(1) for _ in range(5))]
    await log.publish([out(new[known])])
    await stored(engine, *new)
    await Relay(engine, log).publish_pending()
    read = ids(await read_log(servers.embedded.endpoints))
    assert read == [new[known].id, *(event.id for event in new if event is not new[known])]


async def test_without_a_broker_nothing_is_forgotten_and_the_order_stays(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    first, second, third = new = stream_of(3)
    relay = Relay(engine, log)
    await stored(engine, first)
    await relay.publish_pending()
    try:
        await asyncio.to_thread(servers.embedded.broker.stop)
        await stored(engine, second)
        with pytest.raises(LogUnavailable):
            await relay.publish_pending()
        await stored(engine, third)
        assert await waiting(engine) == 2
    finally:
        await asyncio.to_thread(servers.embedded.broker.start)

    stop = asyncio.Event()
    running = asyncio.create_task(relay.run(stop))

    async def done() -> bool:
        return await waiting(engine) == 0

    await until(done)
    stop.set()
    await running
    assert ids(await read_log(servers.embedded.endpoints)) == ids(new)


async def test_a_publication_that_the_broker_loses_midway_is_repeated_in_order(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    new = stream_of(5)
    await stored(engine, *new)
    gated = await GatedLog.beside(log)
    relay = Relay(engine, gated, batch=3)
    stop = asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    await gated.began.wait()
    try:
        await asyncio.to_thread(servers.embedded.broker.stop)
        gated.door.set()
        assert await waiting(engine) == 5
    finally:
        await asyncio.to_thread(servers.embedded.broker.start)

    async def done() -> bool:
        return await waiting(engine) == 0

    await until(done)
    stop.set()
    await running
    assert ids(await read_log(servers.embedded.endpoints)) == ids(new)
    await gated.close()


async def test_a_relay_that_is_told_to_stop_publishes_what_was_committed(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    new = interleaved(*(stream_of(3) for _ in range(10)))
    await stored(engine, *new)
    stop = asyncio.Event()
    stop.set()
    await Relay(engine, log, batch=4).run(stop)
    assert ids(await read_log(servers.embedded.endpoints)) == ids(new)


async def test_an_event_that_was_never_committed_is_never_published(
    servers: Servers, engine: AsyncEngine, log: EventLog
) -> None:
    async with engine.connect() as connection:
        await store_in(connection, *stream_of(2))
        assert await Relay(engine, log).publish_pending() == 0
        await connection.rollback()
    assert await Relay(engine, log).publish_pending() == 0
    assert await read_log(servers.embedded.endpoints) == []


async def test_the_backlog_tells_how_many_wait_and_since_when(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await backlog(connection) == {"waiting": 0, "oldest": None}
    new = stream_of(2)
    await stored(engine, *new)
    async with engine.connect() as connection:
        assert await backlog(connection) == {"waiting": 2, "oldest": new[0].recorded_at}
        assert (await connection.execute(select(func.count()).select_from(events))).scalar_one() == 2
