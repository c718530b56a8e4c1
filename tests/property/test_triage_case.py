"""Any sequence of commands: one holder, nothing after the end, and repeating a command records nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import NOON, minutes
from vpr_events.contracts.case import (
    CaseAppointmentBooked,
    CaseAppointmentCancelled,
    CaseAppointmentMoved,
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseReleased,
    CaseVideoRequested,
    CloseReason,
    Outcome,
)
from vpr_events.contracts.values import Capability, Channel, Gravest
from vpr_events.decider import Command, Refused, TimerFired
from vpr_events.event import Event
from vpr_triage.domain.appointments import CancelReason
from vpr_triage.domain.case import case
from vpr_triage.domain.commands import (
    AssessCase,
    BookAppointment,
    CancelAppointment,
    ClaimCase,
    CloseCase,
    FollowReport,
    LinkDuplicate,
    OpenCase,
    PrioritiseCase,
    RaiseCase,
    ReleaseCase,
    RequestVideo,
    StandAsOriginal,
)

IDS = st.sampled_from([UUID(int=number) for number in range(1, 4)])
AT = st.just(NOON)
AFTER = st.sampled_from([NOON + minutes(count) for count in (0, 30, 60, 600)])
GRAVEST = st.sampled_from(Gravest)
SOON = st.integers(-20, 150).map(lambda count: NOON + minutes(count))
"""Times before, within and after what a sequence of commands takes."""

OPEN = OpenCase(at=NOON, report_id=UUID(int=9), category="theft", channel=Channel.WEB)

COMMANDS = st.one_of(
    st.just(OPEN),
    st.builds(PrioritiseCase, at=AT, priority=st.integers(0, 2), gravest=GRAVEST, officer_id=st.none() | IDS),
    st.builds(FollowReport, at=AT, fields=st.just(("district",)), district=st.none() | st.just("south")),
    st.builds(RaiseCase, at=AT, priority=st.integers(0, 2), gravest=GRAVEST),
    st.builds(ClaimCase, at=AT, officer_id=IDS),
    st.builds(ReleaseCase, at=AT, officer_id=IDS),
    st.builds(RequestVideo, at=AT, officer_id=IDS, request_id=IDS),
    st.builds(
        BookAppointment,
        at=AT,
        officer_id=IDS,
        appointment_id=st.uuids(version=4),
        starts_at=SOON,
        earliest_at=st.none() | SOON,
        zone=st.sampled_from(["America/Winnipeg", "Asia/Kathmandu"]),
    ),
    st.builds(CancelAppointment, at=AT, officer_id=IDS, reason=st.sampled_from(CancelReason)),
    st.builds(
        AssessCase,
        at=AT,
        assessment_id=IDS,
        officer_id=IDS,
        outcome=st.sampled_from(Outcome),
        capabilities=st.lists(st.sampled_from(Capability), max_size=2).map(tuple),
        priority=st.none() | st.integers(0, 2),
        gravest=st.none() | GRAVEST,
        suggested=st.none() | st.sampled_from(Outcome),
    ),
    st.builds(TimerFired, at=AT, name=st.sampled_from(["lease", "claim_target", "reminder-1"]), due_at=AFTER),
    st.builds(LinkDuplicate, at=AT, case_id=IDS, officer_id=IDS, original_case_id=IDS),
    st.builds(StandAsOriginal, at=AT, duplicate_case_id=IDS),
    st.builds(CloseCase, at=AT, reason=st.none() | st.sampled_from(CloseReason), officer_id=st.none() | IDS),
)


def later(steps: Sequence[tuple[Command, int]]) -> list[Command]:
    """The commands one after another, each so many minutes after the one before it."""
    at, commands = NOON, []
    for command, wait in steps:
        at += minutes(wait)
        commands.append(replace(command, at=at))
    return commands


SEQUENCES = st.lists(st.tuples(COMMANDS, st.sampled_from([0, 1, 10, 31])), max_size=25).map(later)


class Desk:
    """What a bystander makes of the events, without knowing the decider."""

    def __init__(self) -> None:
        self.holders: dict[UUID, datetime] = {}
        self.closed = False
        self.appointment: CaseAppointmentBooked | None = None

    def see(self, event: Event, at: datetime) -> None:
        """Check one event against all before it."""
        assert not self.closed, f"{event.event_name} after the end"
        match event:
            case CaseClaimed():
                assert not self.holders
                assert at < event.lease_until <= at + timedelta(hours=1)
                self.holders[event.officer_id] = event.lease_until
            case CaseReleased():
                del self.holders[event.officer_id]
            case CaseVideoRequested() | CaseAssessed():
                assert event.officer_id in self.holders
            case CaseAppointmentBooked() | CaseAppointmentMoved():
                self.agreed(event, at)
            case CaseAppointmentCancelled():
                assert self.appointment
                assert at < self.appointment.starts_at
                assert event.appointment_id == self.appointment.appointment_id
                self.appointment = None
            case CaseClosed():
                assert self.appointment is None or self.appointment.starts_at <= at
                assert event.officer_id is None or event.officer_id in self.holders
                self.closed = True

    def agreed(self, event: CaseAppointmentBooked | CaseAppointmentMoved, at: datetime) -> None:
        """One appointment is to come at a time, in the future, and never before the first time on offer."""
        assert self.holders
        assert at < event.starts_at
        if isinstance(event, CaseAppointmentBooked):
            assert self.appointment is None or self.appointment.starts_at <= at
            self.appointment = event
        else:
            assert self.appointment
            assert at < self.appointment.starts_at
            assert event.appointment_id == self.appointment.appointment_id
            self.appointment = self.appointment.model_copy(update={"starts_at": event.starts_at})
        assert self.appointment.earliest_at
        assert self.appointment.earliest_at <= event.starts_at


@given(SEQUENCES)
def test_a_case_has_one_holder_one_end_and_forgives_repetition(commands: list[Command]) -> None:
    desk = Desk()
    events: list[Event] = []
    for command in [OPEN, *commands]:
        try:
            new = case.decide(command, case.fold(events))
        except Refused:
            continue
        for event in new:
            desk.see(event, command.at)
        events += new
        if not isinstance(command, FollowReport):  # the inbox takes each amendment once
            assert list(case.decide(command, case.fold(events))) == []


@given(SEQUENCES)
def test_nobody_loses_a_case_to_another_officers_claim(commands: list[Command]) -> None:
    events: list[Event] = []
    for command in [OPEN, *commands]:
        before = case.fold(events).claim
        try:
            events += case.decide(command, case.fold(events))
        except Refused:
            continue
        after = case.fold(events).claim
        if isinstance(command, ClaimCase) and before:
            assert after == before
