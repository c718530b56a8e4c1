"""What dispatch does about others' events: an assessment requests a dispatch, a withdrawn report cancels it.

The cancelling comes from the case, which triage closes when it hears of the withdrawal: assessment and closing are told
by one service in one order, where the report's withdrawal itself may overtake the assessment.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from vpr_dispatch.domain.dispatch import CancelDispatch, RequestDispatch, dispatch, dispatch_of
from vpr_dispatch.projections import project_erasure, project_withdrawal
from vpr_events.contracts.case import CaseAssessed, CaseClosed, CloseReason, Outcome
from vpr_events.contracts.dispatch import CancelReason
from vpr_events.contracts.report import ReportPersonalDataErased, ReportWithdrawn
from vpr_events.decider import Command
from vpr_events.event import Recorded
from vpr_events.inbox import Consumer
from vpr_events.pipeline import Execution


def react(event: Recorded, now: datetime) -> Iterable[Execution]:
    """The commands that another service's event leads to; repeated, they change nothing."""
    match event.data:
        case CaseAssessed(outcome=Outcome.DISPATCH) as assessed:
            yield _execution(event, assessed.report_id, _request(event, assessed, now))
        case CaseClosed(reason=CloseReason.WITHDRAWN, outcome=Outcome.DISPATCH):
            cancel = CancelDispatch(at=now, reason=CancelReason.REPORT_WITHDRAWN)
            yield _execution(event, event.correlation_id, cancel)


def _request(event: Recorded, assessed: CaseAssessed, now: datetime) -> RequestDispatch:
    return RequestDispatch(
        at=now,
        case_id=event.entity_id,
        report_id=assessed.report_id,
        assessment_id=assessed.assessment_id,
        capabilities=assessed.capabilities,
        priority=assessed.priority,
        gravest=assessed.gravest,
        district=assessed.district,
    )


def _execution(event: Recorded, report_id: UUID, command: Command) -> Execution:
    return Execution(
        decider=dispatch,
        entity=dispatch_of(report_id),
        command=command,
        correlation_id=event.correlation_id,
        causation_id=event.id,
    )


HANDLED = (CaseAssessed, CaseClosed, ReportWithdrawn, ReportPersonalDataErased)

consumer = Consumer(handles=frozenset(HANDLED), react=react, projectors=(project_withdrawal, project_erasure))
