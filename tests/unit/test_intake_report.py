"""Deciding on reports."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from tests.examples import NOON, minutes
from vpr_events.contracts.report import (
    ErasureBasis,
    ReportAmended,
    ReportFiled,
    ReportHoldLifted,
    ReportHoldPlaced,
    ReportPersonalDataErased,
    ReportWithdrawn,
    WithdrawalReason,
    WithdrawnBy,
)
from vpr_events.contracts.values import Channel
from vpr_events.decider import Command, Invalid, Refused, Unknown
from vpr_events.event import Event
from vpr_events.testing import given
from vpr_intake.domain.report import (
    AddUpdate,
    ErasePersonalData,
    FileReport,
    LiftHold,
    PlaceHold,
    State,
    Status,
    WithdrawReport,
    decide,
    report,
)

FILED = ReportFiled(channel=Channel.WEB, category="theft")
WITHDRAWN = ReportWithdrawn(by=WithdrawnBy.RESIDENT, reason=WithdrawalReason.MISTAKE)
HOLD, KEEPER, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
HELD = ReportHoldPlaced(hold_id=HOLD, placed_by=KEEPER)
LIFTED = ReportHoldLifted(hold_id=HOLD, lifted_by=OTHER)
ERASED = ReportPersonalDataErased(basis=ErasureBasis.APPROVAL, approvers=(KEEPER, OTHER))


def file_report(**changes: Any) -> FileReport:
    good: dict[str, Any] = {"at": NOON, "channel": Channel.WEB, "category": "theft"}
    return FileReport(**good | changes)


def withdraw() -> WithdrawReport:
    return WithdrawReport(at=NOON, by=WithdrawnBy.RESIDENT, reason=WithdrawalReason.MISTAKE)


def test_a_report_is_filed_with_what_it_says() -> None:
    details: dict[str, Any] = {
        "district": "4", "client_id": UUID(int=1), "occurred_from": NOON - minutes(9), "occurred_to": NOON,
    }  # fmt: skip
    expected = ReportFiled(channel=Channel.PARTNER, category="mischief", **details)
    given(report).when(file_report(channel=Channel.PARTNER, category="mischief", **details)).then(expected)


@pytest.mark.parametrize("past", [[FILED], [FILED, WITHDRAWN]])
def test_a_report_is_not_filed_twice(past: list[ReportFiled]) -> None:
    given(report, *past).when(file_report()).then_refused("already_filed")


@pytest.mark.parametrize("name", ["occurred_from", "occurred_to"])
def test_what_happened_lies_not_in_the_future(name: str) -> None:
    given(report).when(file_report(**{name: NOON + minutes(0.01)})).then_refused("invalid")
    given(report).when(file_report(**{name: NOON})).then(ReportFiled(**vars(FILED) | {name: NOON}))
    with pytest.raises(Invalid) as refused:
        decide(file_report(**{name: NOON + minutes(1)}), State())
    assert refused.value.field == name


def test_an_end_comes_not_before_its_beginning() -> None:
    with pytest.raises(Invalid) as refused:
        decide(file_report(occurred_from=NOON, occurred_to=NOON - minutes(1)), State())
    assert refused.value.field == "occurred_to"


def test_a_filed_report_is_withdrawn() -> None:
    given(report, FILED).when(withdraw()).then(WITHDRAWN)


def test_withdrawing_again_changes_nothing() -> None:
    given(report, FILED, WITHDRAWN).when(withdraw()).then()


def test_nothing_can_not_be_withdrawn() -> None:
    given(report).when(withdraw()).then_refused("no_such_report")
    with pytest.raises(Unknown):
        decide(withdraw(), State())


def test_a_foreign_command_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError):
        decide(Command(at=NOON), State())


def test_events_of_no_concern_change_no_state() -> None:
    assert report.fold([FILED, ReportAmended(fields=("phone",))]) == State(Status.FILED)


@pytest.mark.parametrize(
    "past", [[FILED], [FILED, ReportAmended(fields=("updates",))], [FILED, WITHDRAWN], [FILED, HELD]]
)
def test_a_client_adds_to_its_report_as_often_as_it_likes(past: list[Event]) -> None:
    given(report, *past).when(AddUpdate(at=NOON)).then(ReportAmended(fields=("updates",)))


def test_nothing_is_added_to_a_report_that_is_not_there_or_was_erased() -> None:
    given(report).when(AddUpdate(at=NOON)).then_refused("no_such_report")
    given(report, FILED, ERASED).when(AddUpdate(at=NOON)).then_refused("erased")


def place() -> PlaceHold:
    return PlaceHold(at=NOON, hold_id=HOLD, placed_by=KEEPER)


def lift() -> LiftHold:
    return LiftHold(at=NOON, hold_id=HOLD, lifted_by=OTHER)


def erase(*approvers: UUID) -> ErasePersonalData:
    return ErasePersonalData(at=NOON, basis=ErasureBasis.APPROVAL, approvers=approvers or (KEEPER, OTHER))


def expire(rule: str | None = "closed_2y") -> ErasePersonalData:
    return ErasePersonalData(at=NOON, basis=ErasureBasis.RETENTION, rule=rule)


@pytest.mark.parametrize("past", [[FILED], [FILED, WITHDRAWN]])
def test_a_hold_is_placed_and_lifted(past: list[Event]) -> None:
    given(report, *past).when(place()).then(HELD)
    given(report, *past, HELD).when(lift()).then(LIFTED)


def test_placing_and_lifting_again_changes_nothing() -> None:
    given(report, FILED, HELD).when(place()).then()
    given(report, FILED, HELD, LIFTED).when(lift()).then()


def test_a_lifted_hold_does_not_come_back() -> None:
    given(report, FILED, HELD, LIFTED).when(place()).then_refused("hold_lifted")


def test_what_was_never_held_cannot_be_lifted() -> None:
    given(report, FILED).when(lift()).then_refused("no_such_hold")


@pytest.mark.parametrize("command", [place(), lift(), erase(), expire()])
def test_without_a_report_nothing_is_held_or_erased(command: Command) -> None:
    given(report).when(command).then_refused("no_such_report")


@pytest.mark.parametrize("past", [[FILED], [FILED, WITHDRAWN], [FILED, HELD, LIFTED]])
def test_two_people_or_a_retention_rule_erase(past: list[Event]) -> None:
    given(report, *past).when(erase()).then(ERASED)
    by_rule = ReportPersonalDataErased(basis=ErasureBasis.RETENTION, rule="closed_2y")
    given(report, *past).when(expire()).then(by_rule)


def test_a_standing_hold_forbids_every_erasure() -> None:
    another = ReportHoldPlaced(hold_id=OTHER, placed_by=KEEPER)
    for command in (erase(), expire()):
        given(report, FILED, HELD).when(command).then_refused("legal_hold")
        given(report, FILED, HELD, another, LIFTED).when(command).then_refused("legal_hold")


def test_erasing_again_changes_nothing() -> None:
    given(report, FILED, ERASED).when(erase()).then()


def test_what_is_erased_cannot_be_held() -> None:
    given(report, FILED, ERASED).when(place()).then_refused("erased")


def test_one_person_alone_erases_nothing() -> None:
    for approvers in ((KEEPER,), (KEEPER, KEEPER)):
        with pytest.raises(Invalid) as refused:
            decide(erase(*approvers), report.fold([FILED]))
        assert refused.value.field == "approvers"


def test_a_retention_names_its_rule() -> None:
    with pytest.raises(Invalid) as refused:
        decide(expire(None), report.fold([FILED]))
    assert refused.value.field == "rule"


IDS = st.sampled_from([HOLD, KEEPER, OTHER])
COMMANDS = st.one_of(
    st.sampled_from([file_report(), withdraw(), expire()]),
    st.builds(PlaceHold, at=st.just(NOON), hold_id=IDS, placed_by=IDS),
    st.builds(LiftHold, at=st.just(NOON), hold_id=IDS, lifted_by=IDS),
    st.builds(erase, IDS, IDS),
)


@given_any(st.lists(COMMANDS, max_size=20))
def test_nothing_is_erased_under_a_hold_or_twice_and_repetition_is_forgiven(commands: list[Command]) -> None:
    told: list[Event] = []
    holds: set[UUID] = set()
    for command in [file_report(), *commands]:
        try:
            new = report.decide(command, report.fold(told))
        except Refused:
            continue
        for event in new:
            match event:
                case ReportHoldPlaced(hold_id=hold):
                    holds.add(hold)
                case ReportHoldLifted(hold_id=hold):
                    holds.remove(hold)
                case ReportPersonalDataErased():
                    assert not holds
        told += new
        if not isinstance(command, FileReport):
            assert list(report.decide(command, report.fold(told))) == []
    assert sum(isinstance(event, ReportPersonalDataErased) for event in told) <= 1


@given_any(st.lists(st.sampled_from([file_report(), withdraw()])))
def test_whatever_is_commanded_a_report_is_filed_first_once_and_withdrawn_at_most_once(commands: list[Command]) -> None:
    state, told = report.initial, []
    for command in commands:
        try:
            events = report.decide(command, state)
        except Refused:
            continue
        state = report.fold(events, state)
        told += [type(event) for event in events]
    assert told in ([], [ReportFiled], [ReportFiled, ReportWithdrawn])
