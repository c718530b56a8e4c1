"""Deciding on reports."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from tests.examples import NOON, minutes
from vpr_events.contracts.report import ReportFiled, ReportHoldPlaced, ReportWithdrawn, WithdrawalReason, WithdrawnBy
from vpr_events.contracts.values import Channel
from vpr_events.decider import Command, Invalid, Refused, Unknown
from vpr_events.testing import given
from vpr_intake.domain.report import FileReport, State, Status, WithdrawReport, decide, report

FILED = ReportFiled(channel=Channel.WEB, category="theft")
WITHDRAWN = ReportWithdrawn(by=WithdrawnBy.RESIDENT, reason=WithdrawalReason.MISTAKE)


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
    held = ReportHoldPlaced(hold_id=UUID(int=1), placed_by=UUID(int=2))
    assert report.fold([FILED, held]) == State(Status.FILED)


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
