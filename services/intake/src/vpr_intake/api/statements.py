"""``/v1/reports/{id}/statements``: what somebody states, read back to them and confirmed."""

import hashlib
import secrets
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from vpr_events.event import new_id
from vpr_events.pipeline import Execution
from vpr_intake import queries
from vpr_intake.api.callers import Caller, ReaderGiven, WriterGiven
from vpr_intake.api.disclosing import allowed, disclose_to_staff
from vpr_intake.api.reports import existing
from vpr_intake.domain.access import Resource
from vpr_intake.domain.report import report
from vpr_intake.domain.statements import ConfirmStatement, TakeStatement
from vpr_intake.private import statement_of
from vpr_intake.schemas.statements import Confirmation, NewStatement, Statement
from vpr_service.problems import Problem
from vpr_service.requests import RequiredKey, key_of, private
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/v1/reports/{report_id}/statements", tags=["statements"])

SALT = 16
"""Bytes."""


@router.post("", status_code=201)
async def take_statement(
    report_id: UUID,
    body: NewStatement,
    caller: WriterGiven,
    runtime: Running,
    given: RequiredKey,
    response: Response,
) -> Statement:
    """Write down what somebody states. Read it back to them, and send the ``digest`` once they confirm it.

    A client writes to its own reports. Staff need an active claim, an open task or broken glass.
    """
    await _admitted(report_id, caller, runtime)
    salt, statement_id, at = secrets.token_bytes(SALT), new_id(), runtime.now()
    digest = hashlib.sha256(salt + body.text.encode()).hexdigest()
    row = {"id": statement_id, "digest": digest, "taken_by": caller.id, **body.model_dump()}
    command = TakeStatement(
        at=at,
        statement_id=statement_id,
        taken_by=caller.id,
        language=body.language,
        digest=digest,
        corrects=body.corrects,
    )
    written = statement_of(report_id, **row, salt=salt, taken_at=at, confirmed_by=None, confirmed_at=None)
    execution = Execution(decider=report, entity=report_id, command=command, private=[written])
    outcome = await runtime.pipeline.execute(execution, key=key_of(caller, given))
    private(response)
    return await _one(report_id, outcome.events[0].data.statement_id, runtime)  # type: ignore[attr-defined]


@router.get("")
async def read_statements(
    report_id: UUID, caller: ReaderGiven, runtime: Running, response: Response
) -> list[Statement]:
    """The statements of a report, the oldest first: a client's own, or all for staff, whose reading is recorded."""
    await existing(report_id, caller, runtime)
    if caller.staff:
        await disclose_to_staff(report_id, caller.staff, Resource.STATEMENTS, runtime)
    async with runtime.reading() as connection:
        rows = await queries.statements_of(connection, report_id, by=caller.client_id)
    private(response)
    return [_shown(row) for row in rows]


@router.post("/{statement_id}/confirmation")
async def confirm_statement(
    report_id: UUID,
    statement_id: UUID,
    body: Confirmation,
    caller: WriterGiven,
    runtime: Running,
    response: Response,
) -> Statement:
    """Say that a statement was read back to whom it is of, and confirmed; twice is the same as once."""
    await _admitted(report_id, caller, runtime)
    if caller.client_id:
        await _check_own(report_id, statement_id, caller.client_id, runtime)
    command = ConfirmStatement(at=runtime.now(), statement_id=statement_id, digest=body.digest, confirmed_to=caller.id)
    await runtime.pipeline.execute(Execution(decider=report, entity=report_id, command=command))
    private(response)
    return await _one(report_id, statement_id, runtime)


async def _admitted(report_id: UUID, caller: Caller, runtime: Runtime) -> None:
    await existing(report_id, caller, runtime)
    if caller.staff:
        await allowed(report_id, caller.staff, runtime)


async def _check_own(report_id: UUID, statement_id: UUID, client: UUID, runtime: Runtime) -> None:
    async with runtime.reading() as connection:
        own = await queries.statements_of(connection, report_id, by=client)
    if statement_id not in {row["id"] for row in own}:
        raise Problem(404, "no_such_statement", "there is no such statement on this report")


async def _one(report_id: UUID, statement_id: UUID, runtime: Runtime) -> Statement:
    async with runtime.reading() as connection:
        rows = await queries.statements_of(connection, report_id)
    for row in rows:
        if row["id"] == statement_id:
            return _shown(row)
    raise Problem(409, "erased", "the report's personal data was erased")


def _shown(row: dict[str, Any]) -> Statement:
    return Statement.model_construct(**{**row, "salt": row["salt"].hex()})
