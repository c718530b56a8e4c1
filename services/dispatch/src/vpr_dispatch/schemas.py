"""What dispatch takes and gives over HTTP."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from vpr_events.contracts.dispatch import CancelReason, UnitStatus
from vpr_events.contracts.values import Capability, Gravest
from vpr_events.event import Code, Instant
from vpr_service.requests import Body, PageQuery


class DispatchStatus(StrEnum):
    """Where a dispatch stands: its furthest unit's status, unless it waits or is over."""

    WAITING = "waiting"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Availability(StrEnum):
    """What a unit is doing, or that it is off duty."""

    AVAILABLE = "available"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    BUSY = "busy"
    OUT_OF_SERVICE = "out_of_service"
    OFF_DUTY = "off_duty"


class DispatchQuery(PageQuery):
    """Which dispatches. Several statuses mean any of them; ``to_recall``: cancelled, with units still on them."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[list[DispatchStatus], Field(default_factory=list)]
    report_id: UUID | None = None
    case_id: UUID | None = None
    to_recall: bool = False


class UnitQuery(PageQuery):
    """Which units. Several values of one filter mean any of them."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[list[Availability], Field(default_factory=list)]
    capability: Annotated[list[Capability], Field(default_factory=list)]


class Shift(Body):
    """A unit that goes on duty. ``call_sign`` is its public code, not a person's name."""

    call_sign: Code
    capabilities: Annotated[set[Capability], Field(min_length=1)]
    home_district: Code | None = None


class OwnWord(Body):
    """What a unit without a job says of itself."""

    status: Literal[UnitStatus.AVAILABLE, UnitStatus.BUSY, UnitStatus.OUT_OF_SERVICE]


class NewAssignment(Body):
    """The unit to assign; ``override`` with a ``reason`` when it holds none of the capabilities needed."""

    unit_id: UUID
    override: bool = False
    reason: Code | None = None


class StepTold(Body):
    """When the unit took the step (default: now). Reports may come late, but not from the future."""

    at: Instant | None = None


class WithdrawalOfUnit(Body):
    """Why a unit is taken off a dispatch."""

    reason: Code


class Cancellation(Body):
    """Why nobody needs to drive there any more."""

    reason: Literal[CancelReason.NOT_NEEDED, CancelReason.DUPLICATE]


class Unit(Body):
    """A unit; ``since`` is when its status began."""

    id: UUID
    call_sign: str
    capabilities: list[Capability]
    home_district: str | None
    status: Availability
    dispatch_id: UUID | None
    since: datetime
    version: int


class Assignment(Body):
    """The answer to an assignment; ``version`` is the dispatch's."""

    dispatch_id: UUID
    unit_id: UUID
    assigned_at: datetime
    version: int


class UnitOnDispatch(Body):
    """A unit's part of a dispatch, with when it reached each step; absent steps were not told."""

    unit_id: UUID
    call_sign: str
    status: str
    assigned_at: datetime
    en_route_at: datetime | None
    arrived_at: datetime | None
    cleared_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None


class Dispatch(Body):
    """A dispatch with its units.

    ``active_units`` are on it now; of a cancelled dispatch they are to be recalled, by clearing or withdrawing each.
    ``report_withdrawn_at`` warns that the report behind it was withdrawn.
    """

    id: UUID
    case_id: UUID
    report_id: UUID
    status: DispatchStatus
    active_units: int
    capabilities: list[Capability]
    priority: int | None
    gravest: Gravest | None
    district: str | None
    requested_at: datetime
    dispatched_at: datetime | None
    en_route_at: datetime | None
    arrived_at: datetime | None
    cleared_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: CancelReason | None
    report_withdrawn_at: datetime | None
    version: int
    units: list[UnitOnDispatch]
