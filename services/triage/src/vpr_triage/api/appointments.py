"""``/v1/cases/{id}/appointment``: the time that officer and resident agreed on. Both may be repeated as they are."""

from fastapi import APIRouter, Response

from vpr_events.event import new_id
from vpr_service.runtime import Running
from vpr_triage.api.callers import Found, Officer, current, execution_of
from vpr_triage.domain.commands import BookAppointment, CancelAppointment
from vpr_triage.domain.state import Invitation
from vpr_triage.hours import OpeningHours
from vpr_triage.schemas import Cancellation, Case, NewAppointment

router = APIRouter(prefix="/v1/cases/{case_id}/appointment", tags=["appointments"])


@router.post("")
async def book_appointment(
    officer: Officer, row: Found, runtime: Running, response: Response, new: NewAppointment
) -> Case:
    """Book a video appointment for the case that you hold, or move the one that is to come at the resident's wish.

    422 names the field: a time that has passed, more than a year away, outside of the city's opening hours where intake
    tells those, or ``earliest_at`` after it. Moved, an
    appointment keeps its ``earliest_at``: what the officer cannot keep is cancelled and booked anew. 409 ``not_holder``
    for a case that somebody else, or nobody, holds.
    """
    invitation = Invitation(**new.invitation.model_dump()) if new.invitation else None
    command = BookAppointment(
        at=runtime.now(),
        officer_id=officer.id,
        appointment_id=new_id(),
        starts_at=new.starts_at,
        zone=new.zone,
        earliest_at=new.earliest_at,
        invitation=invitation,
    )
    (await runtime.worker(OpeningHours).told("en")).check(new.starts_at)
    await runtime.pipeline.execute(execution_of(row, command))
    return await current(row["id"], runtime, response)


@router.post("/cancellation")
async def cancel_appointment(
    officer: Officer, row: Found, runtime: Running, response: Response, body: Cancellation
) -> Case:
    """Cancel the appointment that is to come. 409 ``no_appointment`` where there is none, ``not_holder``."""
    command = CancelAppointment(at=runtime.now(), officer_id=officer.id, reason=body.reason)
    await runtime.pipeline.execute(execution_of(row, command))
    return await current(row["id"], runtime, response)
