"""Any sequence of commands: no reading is lost, one alarm for each breaking, and an alarm ends by another's hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import NOON, minutes
from vpr_events.contracts.access import (
    AccessAcknowledged,
    AccessAlarmRaised,
    AccessRecorded,
    BreakGlassReason,
)
from vpr_events.contracts.values import Role
from vpr_events.decider import Command, Refused
from vpr_events.event import Event
from vpr_intake.domain.access import AcknowledgeAlarm, BreakGlass, RecordAccess, Resource, access

PEOPLE = st.sampled_from([UUID(int=number) for number in range(1, 4)])
AT = st.just(NOON)
LASTS = minutes(60)

COMMANDS = st.one_of(
    st.builds(
        RecordAccess, at=AT, reader_id=PEOPLE, role=st.just(Role.OFFICER), resource=st.sampled_from(Resource),
        purpose=st.just("claim"), break_glass=st.booleans(),
    ),
    st.builds(
        BreakGlass, at=AT, reader_id=PEOPLE, role=st.just(Role.OFFICER), reason=st.sampled_from(BreakGlassReason),
        until=AT, alarm_id=st.just(UUID(int=0)),
    ),
    st.builds(
        AcknowledgeAlarm, at=AT, alarm_id=st.integers(1, 12).map(lambda number: UUID(int=number)),
        acknowledged_by=PEOPLE,
    ),
)  # fmt: skip


def later(steps: Sequence[tuple[Command, int]]) -> list[Command]:
    """The commands one after another; each breaking with an alarm of its own, numbered by its place."""
    at, commands = NOON, []
    for number, (command, wait) in enumerate(steps, 1):
        at += minutes(wait)
        changes = {"until": at + LASTS, "alarm_id": UUID(int=number)} if isinstance(command, BreakGlass) else {}
        commands.append(replace(command, at=at, **changes))
    return commands


SEQUENCES = st.lists(st.tuples(COMMANDS, st.sampled_from([0, 1, 30, 61])), max_size=25).map(later)


class Bystander:
    """What a bystander makes of the events, without knowing the decider."""

    def __init__(self) -> None:
        self.readings = 0
        self.broken: dict[UUID, datetime] = {}
        self.open: dict[UUID, UUID] = {}

    def see(self, event: Event, at: datetime) -> None:
        """Check one event against all before it."""
        match event:
            case AccessRecorded(until=None):
                self.readings += 1
            case AccessRecorded(until=datetime() as until):
                assert self.broken.get(event.reader_id, at) <= at < until
                self.broken[event.reader_id] = until
            case AccessAlarmRaised():
                assert event.alarm_id not in self.open
                assert self.broken[event.caused_by] > at
                self.open[event.alarm_id] = event.caused_by
            case AccessAcknowledged():
                assert self.open.pop(event.alarm_id) != event.acknowledged_by


@given(SEQUENCES)
def test_every_reading_is_there_and_an_alarm_is_ended_once_by_another(commands: list[Command]) -> None:
    bystander, events = Bystander(), list[Event]()
    for command in commands:
        try:
            new = list(access.decide(command, access.fold(events)))
        except Refused:
            continue
        for event in new:
            bystander.see(event, command.at)
        events += new
        if not isinstance(command, RecordAccess):
            assert list(access.decide(command, access.fold(events))) == []
    assert bystander.readings == sum(isinstance(command, RecordAccess) for command in commands)
    alarms = sum(isinstance(event, AccessAlarmRaised) for event in events)
    assert alarms == sum(isinstance(event, AccessRecorded) and event.until is not None for event in events)


@given(SEQUENCES)
def test_somebody_who_breaks_the_glass_can_read_at_that_moment(commands: list[Command]) -> None:
    events = list[Event]()
    for command in commands:
        try:
            events += access.decide(command, access.fold(events))
        except Refused:
            continue
        if isinstance(command, BreakGlass):
            assert access.fold(events).broken[command.reader_id] > command.at
