"""A case as triage decides on it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from vpr_events.contracts.case import (
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseOpened,
    CasePrioritised,
    CaseReleased,
    CaseVideoRequested,
)
from vpr_events.contracts.values import Gravest
from vpr_events.event import Event


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds the case, and until when (exclusive)."""

    officer_id: UUID
    lease_until: datetime

    def ended(self, at: datetime) -> bool:
        """Whether others may take the case at this time."""
        return at >= self.lease_until


@dataclass(frozen=True, slots=True)
class State:
    """A case; without a report it does not exist. ``released_by`` is whose claim ended last, while nobody holds it."""

    report_id: UUID | None = None
    district: str | None = None
    priority: int | None = None
    gravest: Gravest | None = None
    claim: Claim | None = None
    released_by: UUID | None = None
    request_ids: tuple[UUID, ...] = ()
    assessment: CaseAssessed | None = None
    closed: bool = False

    def held_by(self, officer_id: UUID | None) -> bool:
        """Whether this officer holds the case."""
        return self.claim is not None and self.claim.officer_id == officer_id


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    match event:
        case CaseOpened():
            return replace(state, report_id=event.report_id, district=event.district)
        case CasePrioritised():
            return replace(state, priority=event.priority, gravest=event.gravest)
        case CaseClaimed():
            return replace(state, claim=Claim(event.officer_id, event.lease_until), released_by=None)
        case CaseReleased():
            return replace(state, claim=None, released_by=event.officer_id)
        case CaseVideoRequested():
            return replace(state, request_ids=(*state.request_ids, event.request_id))
        case CaseAssessed():
            return replace(state, assessment=event)
        case CaseClosed():
            return replace(state, claim=None, released_by=None, closed=True)
    return state
