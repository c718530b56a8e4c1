"""Deciding on accesses: reading, breaking the glass, alarms."""

from typing import Any
from uuid import UUID

import pytest

from tests.examples import NOON, minutes
from vpr_events.contracts.access import (
    AccessAcknowledged,
    AccessAlarmRaised,
    AccessRecorded,
    AlarmKind,
    BreakGlassReason,
)
from vpr_events.contracts.report import ReportHoldPlaced
from vpr_events.contracts.values import Role
from vpr_events.decider import Command, Unknown
from vpr_events.testing import given
from vpr_intake.domain.access import (
    AcknowledgeAlarm,
    BreakGlass,
    RaiseAlarm,
    RecordAccess,
    Resource,
    State,
    access,
    decide,
)
from vpr_intake.schemas.shown import ReportSummary
from vpr_intake.tables import PERSONAL

OFFICER, SUPERVISOR, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
ALARM = UUID(int=9)
HOUR = minutes(60)

READ = AccessRecorded(reader_id=OFFICER, role=Role.OFFICER, resource="particulars", purpose="claim")
BROKEN = AccessRecorded(
    reader_id=OFFICER, role=Role.OFFICER, resource="particulars", purpose="other", break_glass=True, until=NOON + HOUR
)
RAISED = AccessAlarmRaised(alarm_id=ALARM, kind=AlarmKind.BREAK_GLASS, caused_by=OFFICER, reason="other")
SEEN = AccessAcknowledged(alarm_id=ALARM, acknowledged_by=SUPERVISOR)


def read() -> RecordAccess:
    return RecordAccess(
        at=NOON, reader_id=OFFICER, role=Role.OFFICER, resource=Resource.PARTICULARS, purpose="claim"
    )  # fmt: skip


def break_glass(**changes: Any) -> BreakGlass:
    good: dict[str, Any] = {
        "at": NOON, "reader_id": OFFICER, "role": Role.OFFICER, "reason": BreakGlassReason.OTHER,
        "until": NOON + HOUR, "alarm_id": ALARM,
    }  # fmt: skip
    return BreakGlass(**good | changes)


def acknowledge(by: UUID = SUPERVISOR, alarm: UUID = ALARM) -> AcknowledgeAlarm:
    return AcknowledgeAlarm(at=NOON + minutes(1), alarm_id=alarm, acknowledged_by=by)


def test_a_reading_is_recorded() -> None:
    given(access).when(read()).then(READ)


def test_every_reading_is_recorded_however_often() -> None:
    given(access, READ, READ).when(read()).then(READ)


def test_breaking_the_glass_opens_for_a_time_and_raises_an_alarm() -> None:
    given(access).when(break_glass()).then(BROKEN, RAISED)


@pytest.mark.parametrize("passed", [0, 59.9])
def test_while_the_glass_is_broken_breaking_it_again_changes_nothing(passed: float) -> None:
    again = break_glass(at=NOON + minutes(passed), alarm_id=UUID(int=10), reason=BreakGlassReason.WELFARE_CHECK)
    given(access, BROKEN, RAISED).when(again).then()


def test_when_the_time_is_over_the_glass_is_broken_anew_with_an_alarm_of_its_own() -> None:
    again = break_glass(at=NOON + HOUR, until=NOON + 2 * HOUR, alarm_id=UUID(int=10))
    given(access, BROKEN, RAISED).when(again).then(
        BROKEN.model_copy(update={"until": NOON + 2 * HOUR}), RAISED.model_copy(update={"alarm_id": UUID(int=10)})
    )


def test_the_glass_is_broken_for_the_one_who_broke_it() -> None:
    theirs = break_glass(reader_id=OTHER, alarm_id=UUID(int=10))
    given(access, BROKEN, RAISED).when(theirs).then(
        BROKEN.model_copy(update={"reader_id": OTHER}),
        RAISED.model_copy(update={"caused_by": OTHER, "alarm_id": UUID(int=10)}),
    )


def test_a_reading_under_broken_glass_does_not_lengthen_it() -> None:
    under = BROKEN.model_copy(update={"until": None})
    assert access.fold([BROKEN, RAISED, under]) == access.fold([BROKEN, RAISED])


def test_an_alarm_is_acknowledged() -> None:
    given(access, BROKEN, RAISED).when(acknowledge()).then(SEEN)


@pytest.mark.parametrize("by", [SUPERVISOR, OTHER])
def test_the_first_acknowledgement_counts(by: UUID) -> None:
    given(access, BROKEN, RAISED, SEEN).when(acknowledge(by)).then()


@pytest.mark.parametrize("past", [[BROKEN, RAISED], [BROKEN, RAISED, SEEN]])
def test_nobody_acknowledges_an_alarm_of_their_own_making(past: list[Any]) -> None:
    given(access, *past).when(acknowledge(OFFICER)).then_refused("own_alarm")


STOPPED = AccessAlarmRaised(alarm_id=ALARM, kind=AlarmKind.STOPPED_REPORT, caused_by=SUPERVISOR, reason="weapon")


def raising(alarm: UUID = ALARM) -> RaiseAlarm:
    return RaiseAlarm(at=NOON, alarm_id=alarm, kind=AlarmKind.STOPPED_REPORT, caused_by=SUPERVISOR, reason="weapon")


def test_a_stopped_report_raises_an_alarm_until_somebody_looks() -> None:
    given(access).when(raising()).then(STOPPED)
    given(access, STOPPED).when(raising(UUID(int=9))).then()
    again = STOPPED.model_copy(update={"alarm_id": UUID(int=9)})
    given(access, STOPPED, SEEN).when(raising(UUID(int=9))).then(again)
    given(access, BROKEN, RAISED).when(raising(UUID(int=9))).then(again)


def reading(kind: AlarmKind, alarm: int = 9, by: UUID = OFFICER) -> RaiseAlarm:
    return RaiseAlarm(at=NOON, alarm_id=UUID(int=alarm), kind=kind, caused_by=by, reason="reading")


def raised(kind: AlarmKind, alarm: int = 9, by: UUID = OFFICER) -> AccessAlarmRaised:
    return AccessAlarmRaised(alarm_id=UUID(int=alarm), kind=kind, caused_by=by, reason="reading")


OF_READERS = [AlarmKind.BULK_READING, AlarmKind.OWN_CASE, AlarmKind.RESTRICTED_CASE]


@pytest.mark.parametrize("kind", OF_READERS)
def test_each_reader_has_an_alarm_of_their_own(kind: AlarmKind) -> None:
    given(access, raised(kind)).when(reading(kind, 10)).then()
    given(access, raised(kind)).when(reading(kind, 10, OTHER)).then(raised(kind, 10, OTHER))


@pytest.mark.parametrize("kind", OF_READERS)
def test_only_somebodys_own_case_is_told_of_once_for_all(kind: AlarmKind) -> None:
    again = () if kind is AlarmKind.OWN_CASE else (raised(kind, 10),)
    given(access, raised(kind), SEEN).when(reading(kind, 10)).then(*again)


@pytest.mark.parametrize("kind", OF_READERS)
def test_a_reader_acknowledges_no_alarm_about_themselves(kind: AlarmKind) -> None:
    given(access, raised(kind)).when(acknowledge(OFFICER)).then_refused("own_alarm")


def test_the_glass_of_a_restricted_report_alarms_with_its_own_kind() -> None:
    restricted = RAISED.model_copy(update={"kind": AlarmKind.RESTRICTED_CASE})
    given(access).when(break_glass(kind=AlarmKind.RESTRICTED_CASE)).then(BROKEN, restricted)


def test_who_filed_may_acknowledge_the_alarm_of_a_stopped_report() -> None:
    given(access, STOPPED).when(acknowledge(SUPERVISOR)).then(SEEN)


def test_an_alarm_that_is_none_can_not_be_acknowledged() -> None:
    given(access, BROKEN, RAISED).when(acknowledge(alarm=UUID(int=8))).then_refused("no_such_alarm")
    with pytest.raises(Unknown):
        decide(acknowledge(), State())


def test_a_foreign_command_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError):
        decide(Command(at=NOON), State())


def test_events_of_no_concern_change_no_state() -> None:
    held = ReportHoldPlaced(hold_id=UUID(int=1), placed_by=UUID(int=2))
    assert access.fold([READ, held]) == State()


def test_what_is_listed_of_a_report_is_no_column_of_a_personal_table() -> None:
    personal = {column.name for table in PERSONAL for column in table.c} - {"id", "report_id", "alarm_id"}
    assert personal.isdisjoint(ReportSummary.model_fields)
