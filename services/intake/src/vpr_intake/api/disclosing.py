"""Showing personal data to staff and services: only under a grant, and recorded before it is shown."""

from typing import Any
from uuid import UUID

from vpr_events.contracts.values import Role
from vpr_events.decider import Command
from vpr_events.pipeline import Execution
from vpr_events.writes import Write
from vpr_intake import queries
from vpr_intake.api.reviewing import is_restricted, review_number, review_own
from vpr_intake.basis import Basis
from vpr_intake.domain.access import RecordAccess, Resource, access
from vpr_service.auth import Principal
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime

READERS = (Role.OFFICER, Role.SUPERVISOR, Role.DISPATCHER)
"""Who may be allowed to read particulars; nobody may by the role alone."""

VIDEO = "video"
"""The service that reads how to reach whom it invites."""

WHAT_TO_DO = (
    "you hold neither an active claim nor an open task on this report: claim its case in triage, or give a reason at "
    "POST /v1/reports/{id}/break-glass, which raises an alarm"
)


async def allowed(report_id: UUID, reader: Principal, runtime: Runtime) -> dict[str, Any]:
    """What allows a member of staff to read a report. Raises Problem 403 ``no_active_claim``."""
    who = queries.Reader(
        principal_id=reader.id,
        dispatcher=reader.has(Role.DISPATCHER),
        supervisor=reader.has(Role.SUPERVISOR),
        restricted=await is_restricted(report_id, runtime),
    )
    return await _standing(report_id, who, runtime)


async def disclose_to_staff(
    report_id: UUID, reader: Principal, resource: Resource, runtime: Runtime, item_id: UUID | None = None
) -> None:
    """Record that a member of staff reads. Raises Problem 403 ``no_active_claim``, and whatever recording raises."""
    grant = await allowed(report_id, reader, runtime)
    role = Role.DISPATCHER if grant["basis"] == Basis.TASK else role_of(reader)
    await note_reading(
        report_id, reader.id, role, resource, grant["purpose"], runtime, basis=grant["basis"], item_id=item_id
    )
    await review_own(report_id, reader.id, reader.contacts, runtime)


async def disclose_to_service(report_id: UUID, reader: Principal, resource: Resource, runtime: Runtime) -> None:
    """Record that a service reads: for an officer who may, or, as the video service, for its own open session."""
    if reader.acting_for is None and reader.service != VIDEO:
        raise Problem(403, "forbidden", "only video reads by itself; other services name the officer they act for")
    who = queries.Reader(
        principal_id=reader.acting_for or reader.id,
        video=reader.acting_for is None,
        restricted=await is_restricted(report_id, runtime),
    )
    grant = await _standing(report_id, who, runtime)
    purpose = reader.purpose or grant["purpose"]
    await note_reading(
        report_id, reader.id, Role.SERVICE, resource, purpose, runtime,
        basis=grant["basis"], acting_for=reader.acting_for,
    )  # fmt: skip
    if reader.acting_for:
        await review_own(report_id, reader.acting_for, (), runtime)


async def _standing(report_id: UUID, who: queries.Reader, runtime: Runtime) -> dict[str, Any]:
    async with runtime.reading() as connection:
        grant = await queries.standing_grant(connection, report_id, who, runtime.now())
    if grant is None:
        raise restricted_case() if who.restricted else Problem(403, "no_active_claim", WHAT_TO_DO)
    return grant


def restricted_case() -> Problem:
    """The answer to who may not read a restricted report."""
    return Problem(
        403, "restricted_case", "this category is restricted: claim its case, or ask a supervisor to break the glass"
    )


async def note_reading(
    report_id: UUID,
    reader_id: UUID,
    role: Role,
    resource: Resource,
    purpose: str,
    runtime: Runtime,
    *,
    basis: str | None = None,
    acting_for: UUID | None = None,
    item_id: UUID | None = None,
) -> None:
    """Record one reading, and look whether the reader reads too many. What cannot be recorded must not be shown."""
    command = RecordAccess(
        at=runtime.now(),
        reader_id=reader_id,
        role=role,
        resource=resource,
        purpose=purpose,
        break_glass=basis == Basis.BREAK_GLASS,
        acting_for=acting_for,
        item_id=item_id,
    )
    await runtime.pipeline.execute(on_report(report_id, command))
    person = acting_for or (None if role is Role.SERVICE else reader_id)
    if person:
        await review_number(report_id, person, runtime)


def on_report(report_id: UUID, command: Command, *private_rows: Write) -> Execution:
    """The execution of a command on a report's accesses."""
    return Execution(decider=access, entity=report_id, command=command, private=private_rows)


def role_of(reader: Principal) -> Role:
    """In which part somebody with several roles reads."""
    return next(role for role in READERS if reader.has(role))
