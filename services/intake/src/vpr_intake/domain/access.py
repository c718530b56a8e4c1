"""Who reads a report's personal data: every reading is recorded, and breaking the glass raises an alarm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.access import (
    AccessAcknowledged,
    AccessAlarmRaised,
    AccessRecorded,
    AlarmKind,
    BreakGlassReason,
)
from vpr_events.contracts.values import Role
from vpr_events.decider import Command, Decider, Refused, Unknown
from vpr_events.event import Event


class Resource(StrEnum):
    """What can be read."""

    PARTICULARS = "particulars"
    CONTACT = "contact"
    ALARM_TEXT = "alarm_text"
    STATEMENTS = "statements"
    ATTACHMENTS = "attachments"
    ATTACHMENT = "attachment"
    ANNOTATIONS = "annotations"
    EXPORT = "export"


NOBODY = UUID(int=0)
"""Who caused what no person did."""

OF_A_REPORT = frozenset({AlarmKind.STOPPED_REPORT, AlarmKind.UNCLOSED_REPORT})
"""Alarms about a report, whoever caused them; the others are about a reader."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm, and whether somebody looked at it."""

    caused_by: UUID
    acknowledged: bool = False
    kind: AlarmKind = AlarmKind.BREAK_GLASS


@dataclass(frozen=True, slots=True)
class State:
    """A report's accesses as they decide: until when (exclusive) each reader broke the glass, and the alarms."""

    broken: Mapping[UUID, datetime] = field(default_factory=dict)
    alarms: Mapping[UUID, Alarm] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAccess(Command):
    """Personal data is about to be shown. ``purpose`` is a code; ``item_id`` the one attachment that is read."""

    reader_id: UUID
    role: Role
    resource: Resource
    purpose: str
    break_glass: bool = False
    acting_for: UUID | None = None
    item_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass(Command):
    """Read until ``until`` without holding the case; while that stands, doing it again changes nothing.

    A restricted report's glass raises an alarm of its own ``kind``.
    """

    reader_id: UUID
    role: Role
    reason: BreakGlassReason
    until: datetime
    alarm_id: UUID
    kind: AlarmKind = AlarmKind.BREAK_GLASS


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseAlarm(Command):
    """Something that a supervisor must look at; an open alarm of the same kind, and of the same reader, is enough.

    Somebody's own case is told of once: an alarm that was acknowledged is enough too.
    """

    alarm_id: UUID
    kind: AlarmKind
    caused_by: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlarm(Command):
    """Somebody looked at the alarm; the first one counts."""

    alarm_id: UUID
    acknowledged_by: UUID


def decide(command: Command, state: State) -> Sequence[Event]:
    """What a command leads to. A reading is never the same as the one before it."""
    match command:
        case RecordAccess():
            return [_recorded(command)]
        case BreakGlass():
            return _break(command, state)
        case RaiseAlarm():
            return _raise(command, state)
        case AcknowledgeAlarm():
            return _acknowledge(command, state)
    raise TypeError(f"{type(command).__name__} is no command of an access")


def _recorded(command: RecordAccess) -> AccessRecorded:
    return AccessRecorded(
        reader_id=command.reader_id,
        role=command.role,
        resource=command.resource,
        purpose=command.purpose,
        break_glass=command.break_glass,
        acting_for=command.acting_for,
        item_id=command.item_id,
    )


def _break(command: BreakGlass, state: State) -> Sequence[Event]:
    stands = state.broken.get(command.reader_id)
    if stands and command.at < stands:
        return []
    return [
        AccessRecorded(
            reader_id=command.reader_id,
            role=command.role,
            resource=Resource.PARTICULARS,
            purpose=command.reason,
            break_glass=True,
            until=command.until,
        ),
        AccessAlarmRaised(
            alarm_id=command.alarm_id,
            kind=command.kind,
            caused_by=command.reader_id,
            reason=command.reason,
        ),
    ]


def _raise(command: RaiseAlarm, state: State) -> Sequence[Event]:
    if any(_tells(one, command) for one in state.alarms.values()):
        return []
    return [
        AccessAlarmRaised(
            alarm_id=command.alarm_id, kind=command.kind, caused_by=command.caused_by, reason=command.reason
        )
    ]


def _tells(alarm: Alarm, command: RaiseAlarm) -> bool:
    same = alarm.kind is command.kind and (command.kind in OF_A_REPORT or alarm.caused_by == command.caused_by)
    return same and (not alarm.acknowledged or command.kind is AlarmKind.OWN_CASE)


def _acknowledge(command: AcknowledgeAlarm, state: State) -> Sequence[Event]:
    alarm = state.alarms.get(command.alarm_id)
    if alarm is None:
        raise Unknown("no_such_alarm", "there is no such alarm")
    if alarm.kind not in OF_A_REPORT and alarm.caused_by == command.acknowledged_by:
        raise Refused("own_alarm", "you caused this alarm: another supervisor must acknowledge it")
    if alarm.acknowledged:
        return []
    return [AccessAcknowledged(alarm_id=command.alarm_id, acknowledged_by=command.acknowledged_by)]


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    match event:
        case AccessRecorded(until=datetime() as until):
            return replace(state, broken={**state.broken, event.reader_id: until})
        case AccessAlarmRaised():
            return replace(state, alarms={**state.alarms, event.alarm_id: Alarm(event.caused_by, kind=event.kind)})
        case AccessAcknowledged():
            seen = replace(state.alarms[event.alarm_id], acknowledged=True)
            return replace(state, alarms={**state.alarms, event.alarm_id: seen})
    return state


access = Decider("access", State(), decide, evolve)
