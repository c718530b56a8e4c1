"""A report as intake decides on it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.report import (
    ReportAmended,
    ReportAttachmentAdded,
    ReportFiled,
    ReportHoldLifted,
    ReportHoldPlaced,
    ReportPersonalDataErased,
    ReportScreened,
    ReportStatementConfirmed,
    ReportStatementTaken,
    ReportStopped,
    ReportWithdrawn,
)
from vpr_events.event import Event
from vpr_intake.domain.screened import OUTCOMES
from vpr_intake.domain.screening import Outcome, Screening
from vpr_intake.domain.statements import Statements, evolved

CALL_ASKED = "call_request"
"""What ``report.amended`` names when a resident asks to be called."""


class Status(StrEnum):
    """Where a report stands in intake."""

    NONE = "none"
    FILED = "filed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class State:
    """A report as intake decides on it: ``version`` counts its events. ``holds`` stand; ``lifted`` ones stood.

    ``screening`` is the last one, None for a report of a time before there were rules; ``stopped`` stays.
    """

    version: int = 0
    status: Status = Status.NONE
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    holds: frozenset[UUID] = frozenset()
    lifted: frozenset[UUID] = frozenset()
    erased: bool = False
    screening: Screening | None = None
    stopped: bool = False
    statements: Statements = field(default_factory=dict)
    attachments: frozenset[UUID] = frozenset()
    attached_bytes: int = 0
    call_asked: bool = False


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    return replace(_changed(state, event), version=state.version + 1)


def _changed(state: State, event: Event) -> State:
    match event:
        case ReportFiled():
            return replace(state, status=Status.FILED, occurred_from=event.occurred_from, occurred_to=event.occurred_to)
        case ReportAmended():
            return replace(
                state,
                occurred_from=event.occurred_from or state.occurred_from,
                occurred_to=event.occurred_to or state.occurred_to,
                call_asked=state.call_asked or CALL_ASKED in event.fields,
            )
        case ReportScreened():
            outcome = OUTCOMES.get(event.outcome, Outcome.OFFICER_REVIEW)
            return replace(state, screening=Screening(outcome, event.reasons, event.rule_set))
        case ReportStopped():
            return replace(state, stopped=True)
        case ReportWithdrawn():
            return replace(state, status=Status.WITHDRAWN)
        case ReportHoldPlaced(hold_id=hold):
            return replace(state, holds=state.holds | {hold})
        case ReportHoldLifted(hold_id=hold):
            return replace(state, holds=state.holds - {hold}, lifted=state.lifted | {hold})
        case ReportPersonalDataErased():
            return replace(state, erased=True)
    return _added(state, event)


def _added(state: State, event: Event) -> State:
    match event:
        case ReportAttachmentAdded(attachment_id=added, size=size):
            total = state.attached_bytes + size
            return replace(state, attachments=state.attachments | {added}, attached_bytes=total)
        case ReportStatementTaken() | ReportStatementConfirmed():
            return replace(state, statements=evolved(state.statements, event))
    return state
