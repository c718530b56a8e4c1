"""What others' events lead to in dispatch."""

from uuid import UUID

import pytest

from tests.examples import NOON, minutes, recorded
from vpr_dispatch.domain.dispatch import CancelDispatch, RequestDispatch, dispatch_of
from vpr_dispatch.reactors import react
from vpr_events.contracts.case import CaseAssessed, CaseClosed, CloseReason, Outcome
from vpr_events.contracts.dispatch import CancelReason
from vpr_events.contracts.values import Capability, Gravest

CASE, REPORT, ASSESSMENT, OFFICER = (UUID(int=number) for number in range(1, 5))
LATER = NOON + minutes(1)


def assessed(outcome: Outcome) -> CaseAssessed:
    return CaseAssessed(
        assessment_id=ASSESSMENT,
        report_id=REPORT,
        officer_id=OFFICER,
        outcome=outcome,
        capabilities=(Capability.FORENSIC,),
        priority=2,
        gravest=Gravest.LOWEST,
        district="north",
    )


def test_an_assessment_for_dispatch_requests_one() -> None:
    event = recorded(assessed(Outcome.DISPATCH), entity=CASE, report=REPORT)
    (execution,) = react(event, LATER)
    assert execution.command == RequestDispatch(
        at=LATER,
        case_id=CASE,
        report_id=REPORT,
        assessment_id=ASSESSMENT,
        capabilities=(Capability.FORENSIC,),
        priority=2,
        gravest=Gravest.LOWEST,
        district="north",
    )
    assert (execution.entity, execution.correlation_id) == (dispatch_of(REPORT), REPORT)
    assert execution.causation_id == event.id


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.DISPATCH])
def test_other_assessments_request_nothing(outcome: Outcome) -> None:
    assert not list(react(recorded(assessed(outcome), entity=CASE, report=REPORT), LATER))


def test_a_withdrawn_report_cancels_its_dispatch() -> None:
    closed = CaseClosed(reason=CloseReason.WITHDRAWN, outcome=Outcome.DISPATCH)
    event = recorded(closed, entity=CASE, report=REPORT)
    (execution,) = react(event, LATER)
    assert execution.command == CancelDispatch(at=LATER, reason=CancelReason.REPORT_WITHDRAWN)
    assert execution.entity == dispatch_of(REPORT)
    assert execution.causation_id == event.id


@pytest.mark.parametrize(
    "closed",
    [
        CaseClosed(reason=CloseReason.WITHDRAWN),
        CaseClosed(reason=CloseReason.WITHDRAWN, outcome=Outcome.RESOLVED),
        CaseClosed(reason=CloseReason.DISPATCHED, outcome=Outcome.DISPATCH),
    ],
)
def test_a_case_that_ends_otherwise_cancels_nothing(closed: CaseClosed) -> None:
    assert not list(react(recorded(closed, entity=CASE, report=REPORT), LATER))
