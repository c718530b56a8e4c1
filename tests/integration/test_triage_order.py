"""Duplicates, reordering and redelivery of other services' events leave triage's read models as they are."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import pytest
from nats.aio.client import Client
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import create_async_engine

from tests.examples import NOON, minutes, recorded
from tests.system import Servers
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.case import Outcome
from vpr_events.contracts.dispatch import (
    CancelReason,
    DispatchCancelled,
    DispatchCompleted,
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitOnScene,
)
from vpr_events.contracts.report import ReportFiled, ReportWithdrawn, WithdrawalReason, WithdrawnBy
from vpr_events.contracts.session import EndReason, Mode, SessionConnected, SessionEnded
from vpr_events.contracts.values import Capability, Channel
from vpr_events.event import Recorded, new_id
from vpr_events.inbox import Inbox
from vpr_events.log import EventLog
from vpr_events.parking import Policy
from vpr_events.pipeline import Execution, Pipeline
from vpr_events.pull import Delivery
from vpr_events.tables import events, inbox, parked
from vpr_triage.app import service
from vpr_triage.domain.case import case, case_id
from vpr_triage.domain.commands import AssessCase, ClaimCase
from vpr_triage.tables import cases, progress

ORDERS = 25
OFFICER, UNIT = new_id(), new_id()


class Deaf(Client):
    """A broker's client for whom acknowledgements are nothing."""

    async def publish(self, *_: Any, **__: Any) -> None:
        """Drop it."""


@dataclass
class Triage:
    """Triage's inbox on a database, at noon for ever."""

    inbox: Inbox

    async def hear(self, heard: Sequence[Recorded]) -> None:
        """Take one batch in."""
        await self.inbox.handle(
            [Delivery(subject_of(one.type), headers_of(one), one.body, "", Deaf()) for one in heard]
        )

    async def hear_in_batches(self, heard: Sequence[Recorded], random: Random) -> None:
        """Take events in, cut into batches, until nothing is parked."""
        rest = list(heard)
        while rest:
            size = random.randint(1, 6)
            await self.hear(rest[:size])
            rest = rest[size:]
        await self.inbox.retry_due()
        assert await self.scalar(select(func.count()).select_from(parked)) == 0

    async def scalar(self, query: Any) -> Any:
        """The one value that a query gives."""
        async with self.inbox.engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()

    async def forget(self) -> None:
        """Lose the inbox's memory, as a restored database would."""
        async with self.inbox.engine.begin() as connection:
            await connection.execute(delete(inbox))

    async def run(self, report: UUID, *commands: Any) -> None:
        """Run an officer's commands on the report's case."""
        entity = case_id(report)
        steps = [Execution(decider=case, entity=entity, command=one, correlation_id=report) for one in commands]
        await self.inbox.pipeline.execute(*steps)

    async def sees(self, report: UUID) -> dict[str, Any]:
        """The read models of a report, without the ids that differ from report to report."""
        joined = cases.join(progress, progress.c.report_id == cases.c.report_id)
        own = [column for column in cases.c if column.name not in {"id", "report_id", "assessment_id"}]
        points = [column for column in progress.c if column.name != "report_id"]
        query = select(*own, *points).select_from(joined).where(cases.c.report_id == report)
        async with self.inbox.engine.connect() as connection:
            return dict((await connection.execute(query)).mappings().one())

    async def has_recorded(self, report: UUID) -> list[str]:
        """The types of the events of a report's case."""
        query = select(events.c.type).where(events.c.stream == f"case/{case_id(report)}").order_by(events.c.version)
        async with self.inbox.engine.connect() as connection:
            return list((await connection.execute(query)).scalars())


@pytest.fixture
async def triage(servers: Servers) -> AsyncIterator[Triage]:
    """Triage without a broker."""
    async with servers.database("triage") as url:
        engine = create_async_engine(url)
        pipeline = Pipeline(engine, service.projectors, lambda: NOON)
        assert service.consumer
        yield Triage(Inbox(engine, pipeline, EventLog("", "triage", ""), "triage", service.consumer, Policy((0,) * 5)))
        await engine.dispose()


def repeatable(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - an order to repeat, not a secret


def filed(report: UUID) -> Recorded:
    return recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=report)


def withdrawn(report: UUID) -> Recorded:
    event = ReportWithdrawn(by=WithdrawnBy.RESIDENT, reason=WithdrawalReason.RESOLVED)
    return recorded(event, entity=report, after=filed(report), at=NOON + minutes(60))


def video_and_dispatch(report: UUID) -> list[Recorded]:
    """Two meetings, a dispatch that was cancelled, and one with two units."""
    first, second, cancelled, dispatch = (new_id() for _ in range(4))
    happened = [
        (SessionConnected(mode=Mode.VIDEO), first, 4),
        (SessionEnded(reason=EndReason.FAILED), first, 6),
        (SessionConnected(mode=Mode.AUDIO), second, 8),
        (SessionEnded(reason=EndReason.COMPLETED), second, 12),
        (DispatchCancelled(reason=CancelReason.DUPLICATE), cancelled, 13),
        (DispatchUnitAssigned(unit_id=UNIT), dispatch, 14),
        (DispatchUnitAssigned(unit_id=new_id()), dispatch, 15),
        (DispatchUnitOnScene(unit_id=UNIT), dispatch, 20),
        (DispatchUnitCleared(unit_id=UNIT), dispatch, 40),
        (DispatchUnitCleared(unit_id=new_id()), dispatch, 44),
    ]
    return [recorded(event, entity=entity, report=report, at=NOON + minutes(at)) for event, entity, at in happened]


async def test_no_order_and_no_duplicate_changes_what_a_withdrawn_case_looks_like(triage: Triage) -> None:
    random, expected = repeatable(1), None
    for _ in range(ORDERS):
        report = new_id()
        heard = [filed(report), withdrawn(report), *video_and_dispatch(report)] * 2
        random.shuffle(heard)
        await triage.hear_in_batches(heard, random)
        expected = expected or await triage.sees(report)
        assert await triage.sees(report) == expected
        assert await triage.has_recorded(report) == ["case.opened.v1", "case.closed.v1"]
    assert expected
    assert expected["close_reason"] == "withdrawn"
    assert expected["session_connected_at"] == NOON + minutes(4)
    assert expected["session_ended_at"] == NOON + minutes(12)
    assert expected["dispatched_at"] == NOON + minutes(14)
    assert expected["cleared_at"] == NOON + minutes(44)


async def test_no_order_and_no_duplicate_changes_what_a_dispatched_case_looks_like(triage: Triage) -> None:
    random, expected = repeatable(2), None
    for _ in range(ORDERS):
        report = new_id()
        await triage.hear([filed(report)])
        assessment = AssessCase(
            at=NOON,
            assessment_id=new_id(),
            officer_id=OFFICER,
            outcome=Outcome.DISPATCH,
            capabilities=(Capability.PATROL,),
        )
        await triage.run(report, ClaimCase(at=NOON, officer_id=OFFICER), assessment)
        completed = recorded(DispatchCompleted(), entity=new_id(), report=report, at=NOON + minutes(44))
        heard = [completed, *video_and_dispatch(report)] * 2
        random.shuffle(heard)
        await triage.hear_in_batches(heard, random)
        expected = expected or await triage.sees(report)
        assert await triage.sees(report) == expected
    assert expected
    assert (expected["status"], expected["close_reason"]) == ("closed", "dispatched")


async def test_redelivery_changes_nothing_even_when_the_inbox_forgot(triage: Triage) -> None:
    report, random = new_id(), repeatable(3)
    heard = [filed(report), withdrawn(report), *video_and_dispatch(report)]
    await triage.hear_in_batches(heard, random)
    before = await triage.sees(report), await triage.has_recorded(report)
    await triage.hear_in_batches(heard, random)
    await triage.forget()
    await triage.hear_in_batches(heard[::-1], random)
    assert (await triage.sees(report), await triage.has_recorded(report)) == before
