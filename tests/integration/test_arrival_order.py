"""In whatever order and however often others' events come, intake, dispatch and video show the same."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import batched
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import create_async_engine

from tests.examples import NOON, minutes, recorded
from tests.integration.test_triage_order import Deaf
from tests.system import Servers
from vpr.services import assembly
from vpr_dispatch.tables import dispatches, withdrawals
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.case import (
    CaseAppointmentBooked,
    CaseAppointmentCancelled,
    CaseAppointmentMoved,
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseOpened,
    CaseReleased,
    CaseVideoRequested,
    CloseReason,
    Outcome,
    ReleaseReason,
)
from vpr_events.contracts.dispatch import (
    DispatchCompleted,
    DispatchRequested,
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitOnScene,
)
from vpr_events.contracts.report import ReportWithdrawn, WithdrawalReason, WithdrawnBy
from vpr_events.contracts.session import EndReason, Mode, SessionConnected, SessionCreated, SessionEnded
from vpr_events.contracts.values import Capability, Channel
from vpr_events.event import Event, Recorded, derived_id, new_id
from vpr_events.inbox import Inbox
from vpr_events.log import EventLog
from vpr_events.parking import Policy
from vpr_events.pipeline import Pipeline
from vpr_events.pull import Delivery
from vpr_events.tables import events, parked
from vpr_intake.tables import grants, progress
from vpr_video.tables import sessions

OFFICER, UNIT, OTHER = new_id(), new_id(), new_id()

type Course = Sequence[tuple[str, Event]]
"""The streams of a report's events by name, in the order in which they happened."""

NEVER_DEAD = Policy((0,) * 1000)

any_order = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def arrivals(count: int) -> st.SearchStrategy[list[int]]:
    """Each of so many events at least once, in any order."""
    again = st.lists(st.integers(0, count - 1), max_size=count)
    return again.flatmap(lambda repeated: st.permutations([*range(count), *repeated]))


sizes = st.integers(1, 6)


def happened(report: UUID, course: Course) -> list[Recorded]:
    return [
        recorded(event, entity=derived_id(report, stream), report=report, at=NOON + minutes(number))
        for number, (stream, event) in enumerate(course)
    ]


def chained(report: UUID, course: Course) -> list[Recorded]:
    """As happened, with the versions that each stream counts."""
    last: dict[str, Recorded] = {}
    told: list[Recorded] = []
    for number, (stream, event) in enumerate(course):
        last[stream] = recorded(
            event, entity=derived_id(report, stream), report=report, at=NOON + minutes(number), after=last.get(stream)
        )
        told.append(last[stream])
    return told


@pytest.fixture
async def inbox(servers: Servers, request: pytest.FixtureRequest) -> AsyncIterator[Inbox]:
    """The inbox of the service that the test names, without a broker, at noon for ever."""
    service = assembly(request.param).service
    assert service.consumer
    async with servers.database(service.name) as url:
        engine = create_async_engine(url)
        pipeline = Pipeline(engine, service.projectors, lambda: NOON)
        yield Inbox(engine, pipeline, EventLog("", service.name, ""), service.name, service.consumer, NEVER_DEAD)
        await engine.dispose()


def of(service: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("inbox", [service], indirect=True)


async def hear(inbox: Inbox, heard: Sequence[Recorded], size: int) -> None:
    """Take events in, in batches, until nothing is parked."""
    for batch in batched(heard, size, strict=False):
        await inbox.handle([Delivery(subject_of(one.type), headers_of(one), one.body, "", Deaf()) for one in batch])
    await inbox.retry_due()
    assert await rows(inbox, select(func.count().label("parked")).select_from(parked)) == [{"parked": 0}]


async def rows(inbox: Inbox, query: Select[Any]) -> list[dict[str, Any]]:
    async with inbox.engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(query)).mappings()]


def progress_of(report: UUID) -> Select[Any]:
    columns = [column for column in progress.c if column.name != "report_id"]
    return select(*columns).where(progress.c.report_id == report)


def intakes_course(report: UUID) -> Course:
    """Two claims and two units: the first of them counts, at the end the last; a case closed twice."""
    assessed = CaseAssessed(assessment_id=new_id(), report_id=report, officer_id=OFFICER, outcome=Outcome.DISPATCH)
    return [
        ("case", CaseOpened(report_id=report, category="theft", channel=Channel.WEB)),
        ("case", CaseClaimed(officer_id=OFFICER, lease_until=NOON)),
        ("case", CaseClaimed(officer_id=OTHER, lease_until=NOON)),
        ("session", SessionConnected(mode=Mode.VIDEO)),
        ("another session", SessionConnected(mode=Mode.AUDIO)),
        ("case", assessed),
        ("dispatch", DispatchUnitAssigned(unit_id=UNIT)),
        ("dispatch", DispatchUnitAssigned(unit_id=OTHER)),
        ("dispatch", DispatchUnitOnScene(unit_id=OTHER)),
        ("dispatch", DispatchUnitOnScene(unit_id=UNIT)),
        ("dispatch", DispatchUnitCleared(unit_id=UNIT)),
        ("dispatch", DispatchUnitCleared(unit_id=OTHER)),
        ("case", CaseClosed(reason=CloseReason.DISPATCHED)),
        ("case", CaseClosed(reason=CloseReason.DISPATCHED)),
    ]


REACHED = {
    "opened_at": 0, "claimed_at": 1, "connected_at": 3, "assessed_at": 5, "dispatched_at": 6, "arrived_at": 8,
    "cleared_at": 11, "closed_at": 13, "updated_at": 13,
}  # fmt: skip


@any_order
@given(order=arrivals(14), size=sizes)
@of("intake")
async def test_progress_of_a_report(inbox: Inbox, order: list[int], size: int) -> None:
    report = new_id()
    course = happened(report, intakes_course(report))
    await hear(inbox, [course[number] for number in order], size)
    expected = {point: NOON + minutes(number) for point, number in REACHED.items()}
    assert await rows(inbox, progress_of(report)) == [expected]


def grants_course(report: UUID) -> Course:
    """Two officers one after the other, two sessions of which one ended, and a dispatch that was asked for again."""
    request = DispatchRequested(case_id=new_id(), report_id=report, assessment_id=new_id(), capabilities=())
    created = SessionCreated(
        request_id=new_id(), case_id=new_id(), report_id=report, officer_id=OFFICER, expires_at=NOON
    )  # fmt: skip
    return [
        ("case", CaseClaimed(officer_id=OFFICER, lease_until=NOON)),
        ("case", CaseReleased(officer_id=OFFICER, reason=ReleaseReason.LEASE_EXPIRED)),
        ("case", CaseClaimed(officer_id=OTHER, lease_until=NOON)),
        ("session", created),
        ("session", SessionEnded(reason=EndReason.COMPLETED)),
        ("another session", created),
        ("dispatch", request),
        ("dispatch", DispatchCompleted()),
        ("dispatch", request),
    ]


STANDING = [("case", "claim", OTHER, 3, True), ("session", "invitation", None, 2, False),
            ("another session", "invitation", None, 1, True), ("dispatch", "task", None, 3, True)]  # fmt: skip


@any_order
@given(order=arrivals(9), size=sizes, until=st.integers(0, 9))
@of("intake")
async def test_grants_of_a_report(inbox: Inbox, order: list[int], size: int, until: int) -> None:
    """Whatever came so far in whatever order, the latest that each stream told counts."""
    report = new_id()
    course = chained(report, grants_course(report))
    await hear(inbox, [course[number] for number in order if number < until], size)
    latest = {event.entity_id: event for event in course[:until]}
    shown = select(grants.c.source, grants.c.version, grants.c.stands).where(grants.c.report_id == report)
    found = {row["source"]: (row["version"], row["stands"]) for row in await rows(inbox, shown)}
    ended = (CaseReleased, SessionEnded, DispatchCompleted)
    assert found == {key: (one.version, not isinstance(one.data, ended)) for key, one in latest.items()}
    if until == len(course):
        columns = (grants.c.source, grants.c.basis, grants.c.principal_id, grants.c.version, grants.c.stands)
        whole = await rows(inbox, select(*columns).where(grants.c.report_id == report))
        expected = {(derived_id(report, stream), *rest) for stream, *rest in STANDING}
        assert {tuple(row.values()) for row in whole} == expected


def own_events(report: UUID) -> Select[Any]:
    return select(events.c.type).where(events.c.correlation_id == report).order_by(events.c.type)


@any_order
@given(order=arrivals(3), size=sizes)
@of("dispatch")
async def test_dispatch_of_a_withdrawn_report(inbox: Inbox, order: list[int], size: int) -> None:
    report = new_id()
    assessed = CaseAssessed(
        assessment_id=new_id(),
        report_id=report,
        officer_id=OFFICER,
        outcome=Outcome.DISPATCH,
        capabilities=(Capability.PATROL,),
    )
    withdrawn = ReportWithdrawn(by=WithdrawnBy.RESIDENT, reason=WithdrawalReason.RESOLVED)
    closed = CaseClosed(reason=CloseReason.WITHDRAWN, outcome=Outcome.DISPATCH)
    course = [
        recorded(assessed, entity=derived_id(report, "case"), report=report),
        recorded(withdrawn, entity=report, at=NOON + minutes(1)),
        recorded(closed, entity=derived_id(report, "case"), report=report, at=NOON + minutes(2)),
    ]
    await hear(inbox, [course[number] for number in order], size)
    told = [row["type"] for row in await rows(inbox, own_events(report))]
    asked = select(dispatches.c.requested_at, dispatches.c.status).where(dispatches.c.report_id == report)
    noted = select(withdrawals.c.withdrawn_at).where(withdrawals.c.report_id == report)
    assert told == ["dispatch.cancelled.v1", "dispatch.requested.v1"]
    assert await rows(inbox, asked) == [{"requested_at": NOON, "status": "cancelled"}]
    assert await rows(inbox, noted) == [{"withdrawn_at": NOON + minutes(1)}]


@any_order
@given(order=arrivals(3), size=sizes)
@of("video")
async def test_sessions_of_a_closed_case(inbox: Inbox, order: list[int], size: int) -> None:
    report, requests = new_id(), (new_id(), new_id())
    asked = [CaseVideoRequested(request_id=one, report_id=report, officer_id=OFFICER) for one in requests]
    closed = CaseClosed(reason=CloseReason.WITHDRAWN, request_id=requests[-1], request_ids=requests)
    course = happened(report, [("case", event) for event in (*asked, closed)])
    await hear(inbox, [course[number] for number in order], size)
    query = select(sessions.c.status, sessions.c.end_reason, sessions.c.version).where(sessions.c.report_id == report)
    assert await rows(inbox, query) == [{"status": "ended", "end_reason": "case_closed", "version": 2}] * 2


@any_order
@given(order=arrivals(4), size=sizes, cancelled=st.booleans())
@of("video")
async def test_a_session_follows_its_appointment(inbox: Inbox, order: list[int], size: int, cancelled: bool) -> None:
    """Also where a time, or its end, is told before the booking."""
    report, request, appointment = new_id(), new_id(), new_id()
    agreed: dict[str, Any] = {"appointment_id": appointment, "zone": "UTC", "request_id": request}
    times = [{"starts_at": NOON + timedelta(days=day), "local_time": f"2026-05-0{4 + day}T12:00"} for day in (1, 2, 3)]
    course = chained(
        report,
        [
            ("case", CaseAppointmentBooked(**agreed, **times[0], officer_id=OFFICER)),
            ("case", CaseAppointmentMoved(**agreed, **times[1])),
            ("case", CaseAppointmentMoved(**agreed, **times[2])),
            (
                "case",
                CaseAppointmentCancelled(appointment_id=appointment, reason="not_needed", request_id=request)
                if cancelled
                else CaseReleased(officer_id=OFFICER, reason=ReleaseReason.RELEASED),
            ),
        ],
    )
    await hear(inbox, [course[number] for number in order], size)
    query = select(sessions.c.status, sessions.c.end_reason, sessions.c.scheduled_at, sessions.c.opens_at)
    [row] = await rows(inbox, query.where(sessions.c.report_id == report))
    ended = ("ended", "appointment_cancelled") if cancelled else ("waiting", None)
    assert (row["status"], row["end_reason"]) == ended
    assert cancelled or row["scheduled_at"] == NOON + timedelta(days=3)
    assert row["opens_at"] == row["scheduled_at"] - minutes(15)
