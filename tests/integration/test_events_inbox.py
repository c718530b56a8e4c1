"""Consuming others' events from the real log: each counts once, in order, and none blocks the others."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, Text, Uuid, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.examples import NOON, minutes, recorded
from tests.system import Servers
from tests.waiting import until
from vpr_events import parking
from vpr_events.cloudevents import MESSAGE_ID, headers_of, subject_of
from vpr_events.contracts.case import CaseClosed, CaseOpened, CloseReason
from vpr_events.contracts.report import ReportHoldLifted, ReportHoldPlaced
from vpr_events.contracts.values import Channel
from vpr_events.decider import Command, Decider, Refused
from vpr_events.event import Event, Recorded, derived_id
from vpr_events.inbox import Consumer, Inbox
from vpr_events.log import EventLog, Outgoing
from vpr_events.parking import Policy
from vpr_events.pipeline import Execution, Pipeline
from vpr_events.pull import Delivery
from vpr_events.tables import events, inbox, outbox, parked
from vpr_events.writes import Write

HANDLED: frozenset[type[Event]] = frozenset((CaseOpened, CaseClosed))
TRIES = 3
BOTH = "CaseOpened CaseClosed"

seen = Table("seen", MetaData(), Column("report_id", Uuid, primary_key=True), Column("types", Text))
SEE = upsert(seen).values(report_id=bindparam("report"), types=bindparam("type"))
SEE = SEE.on_conflict_do_update(index_elements=["report_id"], set_={"types": seen.c.types + " " + SEE.excluded.types})


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow(Command):
    """What the reactor makes of an event: a hold while the case is open."""

    hold_id: UUID
    lift: bool


def decide(command: Command, state: frozenset[UUID]) -> list[Event]:
    assert isinstance(command, Follow)
    if not command.lift:
        return [ReportHoldPlaced(hold_id=command.hold_id, placed_by=command.hold_id)]
    if not state:
        raise Refused("no_hold", "this case was never opened")
    return [ReportHoldLifted(hold_id=command.hold_id, lifted_by=command.hold_id)]


def evolve(state: frozenset[UUID], event: Event) -> frozenset[UUID]:
    return state | {event.hold_id} if isinstance(event, ReportHoldPlaced) else state


holds = Decider[Command, frozenset[UUID]]("report", frozenset(), decide, evolve)


@dataclass
class Follower:
    """A consumer's reactor, which fails on the events it is told to."""

    failing: set[UUID] = field(default_factory=set)
    calls: list[UUID] = field(default_factory=list)

    def react(self, event: Recorded, now: datetime) -> Iterable[Execution]:
        self.calls.append(event.id)
        if event.id in self.failing:
            raise RuntimeError("personal data of somebody")
        command = Follow(at=now, hold_id=derived_id(event.id, "hold"), lift=isinstance(event.data, CaseClosed))
        yield Execution(decider=holds, entity=event.correlation_id, command=command, causation_id=event.id)

    @staticmethod
    def project(event: Recorded) -> Iterable[Write]:
        yield Write(event.correlation_id, SEE, {"report": event.correlation_id, "type": type(event.data).__name__})


@dataclass
class Place:
    """An inbox on its own database and durable, and what is behind it."""

    servers: Servers
    engine: AsyncEngine
    log: EventLog
    follower: Follower
    inbox: Inbox

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(self.inbox.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def settled(self, dead: int = 0) -> None:
        """Wait until nothing is pending and only so many letters are dead."""

        async def quiet() -> bool:
            kept, letters = await self.count(parked, ~parked.c.dead), await self.count(parked, parked.c.dead)
            return not await self.log.pending("intake") and kept == 0 and letters == dead

        await until(quiet)

    async def count(self, table: Table, *conditions: Any) -> int:
        async with self.engine.connect() as connection:
            query = select(func.count()).select_from(table).where(*conditions)
            return int((await connection.execute(query)).scalar_one())

    async def rows(self, table: Table, *columns: str) -> list[Any]:
        chosen = [table.c[name] for name in columns]
        async with self.engine.connect() as connection:
            return list((await connection.execute(select(*chosen).order_by(*table.primary_key))).all())

    async def story(self, report: UUID) -> str | None:
        """What this report's row has seen, in order."""
        async with self.engine.connect() as connection:
            found = await connection.execute(select(seen.c.types).where(seen.c.report_id == report))
            return found.scalar_one_or_none()

    async def told(self, report: UUID) -> bool:
        """Whether this report's row has seen the whole story."""
        return await self.story(report) == BOTH

    async def holds(self) -> list[str]:
        """The events that the reactions recorded."""
        return [row.type.split(".")[1] for row in await self.rows(events, "position", "type")]


@pytest.fixture
async def place(servers: Servers) -> AsyncIterator[Place]:
    await servers.fresh_log(["intake"])
    log = EventLog(servers.embedded.endpoints.nats_url, *servers.embedded.endpoints.nats_users["intake"])
    await log.connect()
    follower = Follower()
    async with servers.database("intake") as url:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(seen.metadata.create_all)
        consumer = Consumer(HANDLED, follower.react, (follower.project,))
        policy = Policy((0.01,) * (TRIES - 1))
        yield Place(servers, engine, log, follower, Inbox(engine, Pipeline(engine), log, "intake", consumer, policy))
        await engine.dispose()
    await log.close()


def opened(report: UUID, **options: Any) -> Recorded:
    data = CaseOpened(report_id=report, category="theft", channel=Channel.WEB)
    return recorded(data, entity=derived_id(report, "case"), report=report, **options)


def closed(after: Recorded) -> Recorded:
    data = CaseClosed(reason=CloseReason.RESOLVED)
    return recorded(
        data, entity=after.entity_id, report=after.correlation_id, at=after.recorded_at + minutes(1), after=after
    )


def case(report: UUID | None = None) -> tuple[Recorded, Recorded]:
    first = opened(report or uuid4())
    return first, closed(first)


async def send(servers: Servers, *messages: Outgoing) -> None:
    async with servers.admin_log() as admin:
        for message in messages:
            await admin.publish([message])


def again(event: Recorded) -> Outgoing:
    """The same event once more, as after the broker's duplicate window."""
    return Outgoing(subject_of(event.type), headers_of(event) | {MESSAGE_ID: uuid4().hex}, event.body)


async def test_events_are_reacted_to_and_projected_in_one_transaction(place: Place) -> None:
    first, last = case()
    await place.servers.publish(first, last)
    async with place.running():
        await place.settled()
    assert await place.story(first.correlation_id) == BOTH
    assert await place.holds() == ["hold_placed", "hold_lifted"]
    assert await place.count(outbox) == 2
    assert place.inbox.handled == 2


async def test_what_a_reaction_records_names_its_cause(place: Place) -> None:
    first = opened(uuid4())
    await place.servers.publish(first)
    async with place.running():
        await place.settled()
    [row] = await place.rows(events, "causation_id", "correlation_id")
    assert tuple(row) == (first.id, first.correlation_id)


async def test_an_event_counts_once_also_when_the_log_holds_it_twice(place: Place) -> None:
    first, last = case()
    await send(place.servers, again(first), again(first), again(last), again(first), again(last))
    async with place.running():
        await place.settled()
        await send(place.servers, again(last), again(first))
        await place.settled()
    assert await place.story(first.correlation_id) == BOTH
    assert await place.holds() == ["hold_placed", "hold_lifted"]


async def test_a_batch_that_was_committed_but_not_acknowledged_counts_once(place: Place) -> None:
    first, last = case()
    await place.servers.publish(first, last)
    pull = await place.log.pull("intake")

    async def both() -> list[Delivery]:
        fetched.extend(await pull.next(2, 1))
        return fetched if len(fetched) == 2 else []

    fetched: list[Delivery] = []
    await until(both)
    await place.inbox.handle(fetched)
    await place.inbox.handle(fetched)
    await pull.stop()
    assert await place.story(first.correlation_id) == BOTH
    assert place.inbox.handled == 2


async def test_a_failing_event_parks_and_holds_back_its_own_report_only(place: Place) -> None:
    first, last = case()
    other, end = case()
    place.follower.failing.add(first.id)
    await place.servers.publish(first, other, last, end)
    async with place.running():
        await until(lambda: place.count(parked, parked.c.dead))
    assert await place.story(other.correlation_id) == BOTH
    assert await place.story(first.correlation_id) is None
    rows = await place.rows(parked, "event_id", "dead", "error", "attempts")
    assert [tuple(row) for row in rows] == [(first.id, True, "RuntimeError", TRIES - 1), (last.id, False, None, 0)]


async def test_an_event_that_fails_for_a_while_is_retried_and_its_followers_come_after_it(place: Place) -> None:
    first, last = case()
    place.follower.failing.add(first.id)
    place.inbox.policy = Policy((0.01,) * 1000)
    await place.servers.publish(first, last)
    async with place.running():
        await until(lambda: place.count(parked, parked.c.attempts > 1))
        assert await place.story(first.correlation_id) is None
        place.follower.failing.clear()
        await place.settled()
    assert await place.story(first.correlation_id) == BOTH


async def test_events_that_arrive_in_the_wrong_order_end_in_the_right_one(place: Place) -> None:
    place.inbox.policy = Policy((0.01,) * 1000)
    first, last = case()
    await place.servers.publish(last)
    async with place.running():
        await until(lambda: place.count(parked))
        await place.servers.publish(first)
        await place.settled()
    assert await place.holds() == ["hold_placed", "hold_lifted"]
    assert await place.story(first.correlation_id) == BOTH


async def test_a_refused_reaction_is_shown_with_its_own_words_only(place: Place) -> None:
    _, last = case()
    await place.servers.publish(last)
    async with place.running():
        await place.settled(dead=1)
    [row] = await place.rows(parked, "error")
    assert row.error == "Refused: this case was never opened"


async def test_a_replayed_letter_and_those_behind_it_are_handled_in_order(place: Place) -> None:
    first, last = case()
    place.follower.failing.add(first.id)
    await place.servers.publish(first, last)
    async with place.running():
        await until(lambda: place.count(parked, parked.c.dead))
        place.follower.failing.clear()
        async with place.engine.begin() as connection:
            [letter] = await parking.dead_letters(connection)
            assert letter.type == "case.opened.v1"
            assert await parking.replay(connection, letter.id)
        await place.settled()
    assert await place.story(first.correlation_id) == BOTH


async def test_a_discarded_letter_lets_go_those_behind_it(place: Place) -> None:
    report = uuid4()
    first, second = opened(report), opened(report, at=NOON + minutes(1))
    place.follower.failing.add(first.id)
    await place.servers.publish(first, second)
    async with place.running():
        await until(lambda: place.count(parked, parked.c.dead))
        async with place.engine.begin() as connection:
            [letter] = await parking.dead_letters(connection)
            assert await parking.discard(connection, letter.id)
        await place.settled()
    assert await place.story(report) == "CaseOpened"
    assert place.follower.calls[-1] == second.id


async def test_two_processes_never_retry_one_report_out_of_order(place: Place) -> None:
    first, last = case()
    async with place.engine.begin() as connection:
        for event in (first, last):
            await parking.park(connection, delivery_of(again(event), place.log), event)
    async with place.engine.begin() as one, place.engine.begin() as other:
        earliest = await parking.first_of(one, first.correlation_id)
        assert earliest is not None
        assert earliest.event_id == first.id
        assert await parking.first_of(other, first.correlation_id) is None


def delivery_of(message: Outgoing, log: EventLog) -> Delivery:
    return Delivery(message.subject, message.headers, message.body, "vpr.report.nowhere", log._client)


def changed(event: Recorded, body: bytes | None = None, **headers: str | None) -> Outgoing:
    """The event's message with other headers (None: without that one) or another body."""
    good = again(event)
    named = {f"ce-{name}": value for name, value in headers.items()}
    kept = {name: value for name, value in (good.headers | named).items() if value is not None}  # type: ignore[operator]
    return Outgoing(good.subject, kept, event.body if body is None else body)


GOOD = opened(UUID(int=7))
UNREADABLE: dict[str, Outgoing] = {
    "no headers": Outgoing("vpr.case.opened", {}, GOOD.body),
    "no type": changed(GOOD, type=None),
    "no id": changed(GOOD, id=None),
    "an id that is none": changed(GOOD, id="17"),
    "an entity that is none": changed(GOOD, subject="case/17"),
    "a type without version": changed(GOOD, type="case.opened"),
    "a version before the first": changed(GOOD, type="case.opened.v0"),
    "broken JSON": changed(GOOD, body=b'{"report_id": '),
    "no body": changed(GOOD, body=b""),
    "a body that breaks its contract": changed(GOOD, body=b'{"report_id": 17}'),
    "a list for an old version's body": changed(GOOD, type="case.prioritised.v1", body=b"[]"),
    "bytes that are no text": changed(GOOD, body=b"\xff\xfe"),
    "a time without offset": changed(GOOD, time="2026-05-04T12:00:00"),
    "a recorded time without offset": changed(GOOD, recordedtime="2026-05-04T12:00:00"),
    "a time before all calendars": changed(GOOD, recordedtime="0001-01-01T00:00:00+14:00"),
    "a sequence that is none": changed(GOOD, sequence="first"),
    "a sequence that no table holds": changed(GOOD, sequence="99999999999"),
    "a negative sequence": changed(GOOD, sequence="-1"),
    "a correlation that is none": changed(GOOD, correlationid="nobody"),
    "a NUL byte in a header": changed(GOOD, type="case.opened.v1\0"),
    "another family's subject": replace(changed(GOOD), subject="vpr.case.closed"),
}


@pytest.mark.parametrize("message", UNREADABLE.values(), ids=UNREADABLE)
async def test_an_unreadable_message_is_a_dead_letter_at_once_and_blocks_nobody(
    place: Place, message: Outgoing
) -> None:
    first, last = case()
    good = [again(first), again(last)]
    async with place.engine.begin() as connection:
        await parking.park(connection, delivery_of(again(GOOD), place.log), GOOD, delay=3600)
    batch = [delivery_of(one, place.log) for one in (good[0], message, good[1])]
    await place.inbox.handle(batch)
    await place.inbox.handle(batch)

    assert await place.story(first.correlation_id) == BOTH
    [letter] = [row for row in await place.rows(parked, "dead", "event_id", "error", "body") if row.dead]
    assert letter.event_id is None
    assert bytes(letter.body) == message.body
    assert "report_id" not in letter.error
    assert place.follower.calls == [first.id, last.id]


async def test_a_version_from_the_future_holds_back_its_own_report_only(place: Place) -> None:
    first, last = case()
    other, _ = case()
    newer = changed(first, type="case.opened.v99")
    await place.inbox.handle([delivery_of(one, place.log) for one in (newer, again(last), again(other))])
    await place.inbox.retry_due()
    assert await place.story(first.correlation_id) is None
    assert await place.story(other.correlation_id) == "CaseOpened"
    parked_rows = {row.event_id: row.dead for row in await place.rows(parked, "dead", "event_id")}
    assert parked_rows == {first.id: True, last.id: False}


async def test_a_letter_that_forges_anothers_event_cannot_be_replayed(place: Place) -> None:
    forged = replace(changed(GOOD), subject="vpr.session.connected")
    await place.inbox.handle([delivery_of(forged, place.log)])
    async with place.engine.begin() as connection:
        [letter] = await parking.dead_letters(connection)
        assert not await parking.replay(connection, letter.id)


async def test_a_letter_of_a_version_that_is_known_by_now_can_be_replayed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = changed(GOOD, type="case.opened.v2")
    await place.inbox.handle([delivery_of(newer, place.log)])
    async with place.engine.begin() as connection:
        [letter] = await parking.dead_letters(connection)
        assert not await parking.replay(connection, letter.id)

    monkeypatch.setattr(CaseOpened, "event_version", 2)
    async with place.engine.begin() as connection:
        assert await parking.replay(connection, letter.id)
    assert await place.inbox.retry_due() == 1
    assert await place.story(GOOD.correlation_id) == "CaseOpened"


async def test_an_event_that_nobody_here_handles_is_passed_over(place: Place) -> None:
    event = recorded(ReportHoldPlaced(hold_id=uuid4(), placed_by=uuid4()), entity=uuid4())
    strange = changed(GOOD, type="weather.changed.v1")
    await place.inbox.handle([delivery_of(again(event), place.log), delivery_of(strange, place.log)])
    assert await place.count(inbox) == 0
    assert await place.count(parked) == 0


async def test_while_the_database_is_away_nothing_is_lost_or_parked(place: Place) -> None:
    first, last = case()
    async with place.running():
        try:
            await asyncio.to_thread(place.servers.embedded.postgres.stop)
            await place.servers.publish(first, last)
        finally:
            await asyncio.to_thread(place.servers.embedded.postgres.start)
        await until(lambda: place.count(inbox))
        await place.settled()
    assert await place.story(first.correlation_id) == BOTH


async def test_while_the_broker_is_away_the_inbox_waits_and_goes_on(place: Place) -> None:
    first, last = case()
    async with place.running():
        await place.servers.publish(first)
        await place.settled()
        try:
            await asyncio.to_thread(place.servers.embedded.broker.stop)
        finally:
            await asyncio.to_thread(place.servers.embedded.broker.start)
        await place.servers.publish(last)
        await until(lambda: place.told(first.correlation_id))


CASES = [case(UUID(int=number)) for number in (1, 2, 3)]
ALL = [event for one in CASES for event in one]


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[Recorded]]:
    """All events, shuffled and with repetitions, cut into batches."""
    repeated = draw(st.lists(st.sampled_from(ALL), max_size=6))
    order = draw(st.permutations([*ALL, *repeated]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=4)))
    return [order[start:end] for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=arrivals())
async def test_any_order_with_any_repetition_ends_like_the_right_order(
    place: Place, batches: Collection[list[Recorded]]
) -> None:
    place.inbox.policy = Policy((0.0,) * 1000)
    async with place.engine.begin() as connection:
        await connection.execute(text("truncate events, outbox, inbox, parked, seen restart identity"))
    for batch in batches:
        await place.inbox.handle([delivery_of(again(event), place.log) for event in batch])
        await place.inbox.retry_due()

    assert await place.count(parked) == 0
    assert await place.count(inbox) == len(ALL)
    assert {report: await place.story(report) for report in (UUID(int=n) for n in (1, 2, 3))} == dict.fromkeys(
        (UUID(int=n) for n in (1, 2, 3)), BOTH
    )
    streams: dict[str, list[str]] = {}
    for row in await place.rows(events, "stream", "type"):
        streams.setdefault(row.stream, []).append(row.type.split(".")[1])
    assert list(streams.values()) == [["hold_placed", "hold_lifted"]] * 3
