"""Families ``dispatch`` and ``unit``, owned by dispatch."""

from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.values import Capability, Gravest
from vpr_events.event import Code, Event


class UnitStatus(StrEnum):
    """What a unit is doing."""

    AVAILABLE = "available"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    BUSY = "busy"
    OUT_OF_SERVICE = "out_of_service"


class CancelReason(StrEnum):
    """Why a dispatch came to nothing."""

    REPORT_WITHDRAWN = "report_withdrawn"
    NOT_NEEDED = "not_needed"
    DUPLICATE = "duplicate"


class DispatchRequested(Event, name="dispatch.requested"):
    """Somebody must drive there."""

    case_id: UUID
    report_id: UUID
    assessment_id: UUID
    capabilities: tuple[Capability, ...]
    priority: int | None = None
    gravest: Gravest | None = None
    district: Code | None = None


class DispatchUnitAssigned(Event, name="dispatch.unit_assigned"):
    """A unit has the job: the first one is the clock point "dispatched"."""

    unit_id: UUID
    dispatcher_id: UUID | None = None


class DispatchUnitEnRoute(Event, name="dispatch.unit_en_route"):
    """The unit is on its way."""

    unit_id: UUID


class DispatchUnitOnScene(Event, name="dispatch.unit_on_scene"):
    """The unit has arrived."""

    unit_id: UUID


class DispatchUnitWithdrawn(Event, name="dispatch.unit_withdrawn"):
    """The unit was taken off the job."""

    unit_id: UUID
    reason: Code


class DispatchPreempted(Event, name="dispatch.preempted"):
    """A graver dispatch took the unit; this one returns to the front of the queue."""

    unit_id: UUID
    by_dispatch_id: UUID


class DispatchHoldExceeded(Event, name="dispatch.hold_exceeded"):
    """The dispatch waited longer than its priority allows. ``limit`` in seconds."""

    limit: int


class DispatchOverridden(Event, name="dispatch.overridden"):
    """The dispatcher chose another unit than the recommended one."""

    dispatcher_id: UUID
    chosen_unit_id: UUID
    reason: Code
    recommended_unit_id: UUID | None = None


class DispatchUnitCleared(Event, name="dispatch.unit_cleared"):
    """The unit is done there."""

    unit_id: UUID


class DispatchCompleted(Event, name="dispatch.completed"):
    """Every unit is done."""


class DispatchCancelled(Event, name="dispatch.cancelled"):
    """Nobody needs to drive there any more."""

    reason: CancelReason


class UnitOnDuty(Event, name="unit.on_duty"):
    """A unit's shift began. ``call_sign`` is the unit's public code, not a person's name."""

    call_sign: Code
    capabilities: tuple[Capability, ...]
    home_district: Code | None = None


class UnitOffDuty(Event, name="unit.off_duty"):
    """A unit's shift ended."""


class UnitStatusChanged(Event, name="unit.status_changed"):
    """A unit's status changed, by its own word or by an assignment."""

    status: UnitStatus
    dispatch_id: UUID | None = None
