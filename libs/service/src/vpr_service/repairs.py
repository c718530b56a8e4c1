"""An operator's repairs, alike on every service: fill holes of the log, recover what a restored database lacks."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from vpr_events.contracts.values import Role
from vpr_events.gate import Reason
from vpr_events.repairing import Repair, Stage
from vpr_service.auth import require
from vpr_service.problems import Problem
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/v1", tags=["operation"], dependencies=[Depends(require(Role.ADMIN))])


class RefillState(BaseModel):
    """How far a refill is: messages ``read`` from the log, events ``queued`` that it lacks."""

    stage: Stage
    read: int
    queued: int
    error: str | None


class RecoveryState(BaseModel):
    """How far a recovery is: ``recovered`` events; ``reports`` may lack personal data written with them.

    ``needed`` tells why there must be one. ``consumer`` is the durable that must be made anew before, if there is one.
    """

    needed: Reason | None
    consumer: str | None
    stage: Stage
    read: int
    recovered: int
    reports: list[UUID]
    error: str | None


@router.post("/refill", status_code=202)
async def refill(runtime: Running) -> RefillState:
    """Compare all of this service's events with the log, and publish what it lacks."""
    runtime.gate.check()
    runtime.repairs.want(Repair.REFILL)
    return _refill(runtime)


@router.get("/refill")
async def refill_state(runtime: Running) -> RefillState:
    """How far the refill is."""
    return _refill(runtime)


@router.post("/recovery", status_code=202)
async def recover(runtime: Running) -> RecoveryState:
    """Take back from the log what the database lacks (`vpr recover` calls it); 409 when it lacks nothing."""
    if runtime.gate.reason is None:
        raise Problem(409, "recovery_not_needed", "log and database are at one: there is nothing to recover")
    runtime.repairs.want(Repair.RECOVERY)
    return _recovery(runtime)


@router.get("/recovery")
async def recovery_state(runtime: Running) -> RecoveryState:
    """Whether a recovery is needed, and how far it is."""
    return _recovery(runtime)


def _refill(runtime: Runtime) -> RefillState:
    made = runtime.repairs.refill
    return RefillState(read=made.read, queued=made.queued, **_common(runtime, Repair.REFILL))


def _recovery(runtime: Runtime) -> RecoveryState:
    made = runtime.repairs.recovery
    return RecoveryState(
        needed=runtime.gate.reason,
        consumer=made.durable,
        read=made.read,
        recovered=made.recovered,
        reports=sorted(made.reports),
        **_common(runtime, Repair.RECOVERY),
    )


def _common(runtime: Runtime, repair: Repair) -> dict[str, Any]:
    return {"stage": runtime.repairs.stages[repair], "error": runtime.repairs.errors[repair]}
