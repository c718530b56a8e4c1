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
    ReportScreened,
    ReportStopped,
    ReportWithdrawn,
    ScreeningOutcome,
    WithdrawalReason,
    WithdrawnBy,
)
from vpr_events.contracts.values import Channel, Gravest
from vpr_events.decider import Command, Invalid, Refused, Unknown
from vpr_events.event import Event
from vpr_events.testing import given
from vpr_intake.domain.report import decide, report
from vpr_intake.domain.report_commands import (
    AddUpdate,
    AmendReport,
    AskForCall,
    CheckKept,
    ErasePersonalData,
    FileReport,
    LiftHold,
    PlaceHold,
    RescreenReport,
    WithdrawReport,
)
from vpr_intake.domain.report_state import State, Status
from vpr_intake.domain.screened import Urgency
from vpr_intake.domain.screening import Outcome, Screening

TOP = Urgency(0, Gravest.LOWEST)
EMERGENCY = Screening(Outcome.EMERGENCY, ("weapon",), "v1")
REVIEW = Screening(Outcome.OFFICER_REVIEW, ("domestic",), "v1")
ELIGIBLE = Screening(Outcome.ELIGIBLE, (), "v1")
STOP = ReportScreened(rule_set="v1", outcome=ScreeningOutcome.STOP, reasons=("weapon",))
STOPPED = ReportStopped(rule_set="v1", reasons=("weapon",), priority=0, gravest=Gravest.LOWEST)
REVIEWED = ReportScreened(rule_set="v1", outcome=ScreeningOutcome.OFFICER_REVIEW, reasons=("domestic",))
VIRTUAL = ReportScreened(rule_set="v1", outcome=ScreeningOutcome.VIRTUAL)

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


def amend(version: int = 1, **told: Any) -> AmendReport:
    return AmendReport(at=NOON, version=version, fields=tuple(told) or ("description",), **told)


def test_an_amendment_names_its_fields_and_tells_what_may_be_told() -> None:
    expected = ReportAmended(fields=("category", "district"), category="mischief", district="7")
    given(report, FILED).when(amend(district="7", category="mischief")).then(expected)
    given(report, FILED).when(amend()).then(ReportAmended(fields=("description",)))


@pytest.mark.parametrize("version", [0, 2])
def test_another_version_than_the_newest_is_not_amended(version: int) -> None:
    given(report, FILED).when(amend(version)).then_refused("version_changed")


@pytest.mark.parametrize(("past", "code"), [(WITHDRAWN, "withdrawn"), (ERASED, "erased")])
def test_what_is_over_is_not_amended(past: Event, code: str) -> None:
    given(report, FILED, past).when(amend(2)).then_refused(code)


def test_an_amended_time_is_checked_against_the_other_one() -> None:
    filed = FILED.model_copy(update={"occurred_from": NOON - minutes(9)})
    given(report, filed).when(amend(occurred_to=NOON - minutes(10))).then_refused("invalid")
    later = ReportAmended(fields=("occurred_from",), occurred_from=NOON - minutes(20))
    given(report, filed, later).when(amend(2, occurred_to=NOON - minutes(10))).then(
        ReportAmended(fields=("occurred_to",), occurred_to=NOON - minutes(10))
    )


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


def test_an_amendment_without_times_changes_the_version_alone() -> None:
    assert report.fold([FILED, ReportAmended(fields=("phone",))]) == State(version=2, status=Status.FILED)


@pytest.mark.parametrize(
    ("screening", "expected"), [(ELIGIBLE, [VIRTUAL]), (REVIEW, [REVIEWED]), (EMERGENCY, [STOP, STOPPED])]
)
def test_a_filing_tells_what_the_rules_said_and_an_emergency_stops_the_report(
    screening: Screening, expected: list[Event]
) -> None:
    given(report).when(file_report(screening=screening, urgency=TOP)).then(FILED, *expected)


def rescreen(screening: Screening) -> RescreenReport:
    return RescreenReport(at=NOON, screening=screening, urgency=TOP)


@pytest.mark.parametrize("past", [[FILED], [FILED, VIRTUAL], [FILED, REVIEWED]])
def test_a_new_fact_may_stop_a_report_later(past: list[Event]) -> None:
    given(report, *past).when(rescreen(EMERGENCY)).then(STOP, STOPPED)


def test_the_same_answer_of_the_rules_changes_nothing() -> None:
    given(report, FILED, REVIEWED).when(rescreen(REVIEW)).then()
    given(report, FILED, STOP, STOPPED).when(rescreen(EMERGENCY)).then()


def test_what_was_stopped_stays_so_and_is_not_stopped_again() -> None:
    given(report, FILED, STOP, STOPPED).when(rescreen(REVIEW)).then(REVIEWED)
    given(report, FILED, STOP, STOPPED, REVIEWED).when(rescreen(EMERGENCY)).then(STOP)


def test_nothing_withdrawn_erased_or_unknown_is_screened() -> None:
    given(report, FILED, WITHDRAWN).when(rescreen(REVIEW)).then_refused("withdrawn")
    given(report, FILED, ERASED).when(rescreen(REVIEW)).then_refused("erased")
    given(report).when(rescreen(REVIEW)).then_refused("no_such_report")


@pytest.mark.parametrize(
    "past", [[FILED], [FILED, ReportAmended(fields=("updates",))], [FILED, WITHDRAWN], [FILED, HELD]]
)
def test_a_client_adds_to_its_report_as_often_as_it_likes(past: list[Event]) -> None:
    given(report, *past).when(AddUpdate(at=NOON)).then(ReportAmended(fields=("updates",)))


@pytest.mark.parametrize("command", [AddUpdate(at=NOON), CheckKept(at=NOON)])
def test_nothing_is_added_to_a_report_that_is_not_there_or_was_erased(command: Command) -> None:
    given(report).when(command).then_refused("no_such_report")
    given(report, FILED, ERASED).when(command).then_refused("erased")


def test_what_is_kept_beside_a_report_changes_nothing_of_it() -> None:
    given(report, FILED, WITHDRAWN).when(CheckKept(at=NOON)).then()


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


ASKED = ReportAmended(fields=("call_request",))


def test_a_resident_asks_to_be_called_once() -> None:
    given(report, FILED).when(AskForCall(at=NOON)).then(ASKED)
    given(report, FILED, ASKED).when(AskForCall(at=NOON)).then()
    given(report, FILED, WITHDRAWN).when(AskForCall(at=NOON)).then(ASKED)


def test_nobody_asks_to_be_called_about_a_report_that_is_none() -> None:
    given(report).when(AskForCall(at=NOON)).then_refused("no_such_report")
