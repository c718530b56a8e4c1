"""``/v1/reports/{id}/holds`` and ``/v1/reports/{id}/erasure``: keeping and erasing personal data."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events import locks, store
from vpr_events.contracts.report import ErasureBasis
from vpr_events.contracts.values import Role
from vpr_events.decider import Command, Refused, Unknown
from vpr_events.event import new_id, stream_name
from vpr_events.pipeline import Execution, Outcome
from vpr_intake.api.reports import existing
from vpr_intake.dispositions import holds_of
from vpr_intake.domain.report import APPROVERS, report
from vpr_intake.domain.report_commands import ErasePersonalData, LiftHold, PlaceHold
from vpr_intake.domain.report_state import State, Status
from vpr_intake.private import approve_erasure, approvers_of
from vpr_intake.schemas.erasing import Erasure, Hold, HoldShown
from vpr_service.auth import Principal, require
from vpr_service.requests import RequiredKey, key_of, private
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/v1/reports/{report_id}", tags=["erasure"])

Keeper = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.ADMIN))]
"""Who decides whether personal data is kept or erased."""
Overseer = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR))]


@router.get("/holds")
async def list_holds(report_id: UUID, _: Overseer, runtime: Running, response: Response) -> list[HoldShown]:
    """The holds of a report, also those that were lifted, the newest first."""
    await existing(report_id, None, runtime)
    async with runtime.reading() as connection:
        rows = await holds_of(connection, report_id)
    private(response)
    return [HoldShown(**row) for row in rows]


@router.post("/holds", status_code=201)
async def place_hold(report_id: UUID, keeper: Keeper, runtime: Running, given: RequiredKey, response: Response) -> Hold:
    """Place a legal hold: until it is lifted, nothing of the report is erased."""
    command = PlaceHold(at=runtime.now(), hold_id=new_id(), placed_by=keeper.id)
    outcome = await runtime.pipeline.execute(
        Execution(decider=report, entity=report_id, command=command), key=key_of(keeper, given)
    )
    private(response)
    return Hold(id=outcome.events[0].data.hold_id, report_id=report_id)  # type: ignore[attr-defined]


@router.delete("/holds/{hold_id}", status_code=204)
async def lift_hold(report_id: UUID, hold_id: UUID, keeper: Keeper, runtime: Running) -> None:
    """Lift a hold; doing it twice is the same as once."""
    await _execute(runtime, report_id, LiftHold(at=runtime.now(), hold_id=hold_id, lifted_by=keeper.id))


@router.post("/erasure", responses={202: {"model": Erasure, "description": "It waits for another approval."}})
async def erase(report_id: UUID, keeper: Keeper, runtime: Running, response: Response) -> Erasure:
    """Approve the erasure of all personal data. 202 until two people have; 409 ``legal_hold`` under a hold."""
    private(response)
    approvers = await _approved(report_id, keeper.id, runtime)
    if approvers is None:
        return _answer(report_id, "erased", APPROVERS)
    if len(approvers) < APPROVERS:
        response.status_code = 202
        return _answer(report_id, "waiting", len(approvers))
    command = ErasePersonalData(at=runtime.now(), basis=ErasureBasis.APPROVAL, approvers=approvers[:APPROVERS])
    await _execute(runtime, report_id, command)
    return _answer(report_id, "erased", APPROVERS)


def _answer(report_id: UUID, status: Literal["waiting", "erased"], approvals: int) -> Erasure:
    return Erasure(report_id=report_id, status=status, approvals=approvals)


async def _approved(report_id: UUID, approver: UUID, runtime: Runtime) -> tuple[UUID, ...] | None:
    """Note an approval: who approved by now; None for a report that is erased. Raises Unknown, and Refused if held.

    Under the lock of the report's stream: of two people at the same moment the later one sees both, and nobody erases
    between the look at the report and the approval.
    """
    stream = stream_name(report.family, report_id)
    async with runtime.engine.begin() as connection:
        await locks.wait_for(connection, [stream])
        state = await _state(connection, stream)
        if state.erased:
            return None
        if state.holds:
            raise Refused("legal_hold", "a legal hold forbids the erasure")
        runtime.gate.check()
        await approve_erasure(connection, report_id, approver, runtime.now())
        return await approvers_of(connection, report_id)


async def _state(connection: AsyncConnection, stream: str) -> State:
    """The report as it stands. Raises Unknown."""
    history = await store.load(connection, [stream])
    state = report.fold(event.data for event in history[stream])
    if state.status is Status.NONE:
        raise Unknown("no_such_report", "there is no such report")
    return state


async def _execute(runtime: Runtime, report_id: UUID, command: Command) -> Outcome:
    return await runtime.pipeline.execute(Execution(decider=report, entity=report_id, command=command))
