"""Who may see cases and work on them, and a case as it is shown."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response

from vpr_events.contracts.values import Role
from vpr_events.decider import Command
from vpr_events.pipeline import Execution
from vpr_events.writes import Write
from vpr_service.auth import Principal, require
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running
from vpr_triage import queries
from vpr_triage.domain.case import case
from vpr_triage.schemas import Case, Progress

WORKERS = (Role.OFFICER, Role.SUPERVISOR)

Reader = Annotated[Principal, Depends(require(*WORKERS, Role.DISPATCHER, Role.AUDITOR, Role.ADMIN))]
Officer = Annotated[Principal, Depends(require(*WORKERS))]
"""Who works on cases; the token's subject is the officer's id."""


async def found(case_id: UUID, runtime: Running) -> dict[str, Any]:
    """The case's row. Raises Problem 404."""
    async with runtime.reading() as connection:
        row = await queries.one_case(connection, case_id)
    if row is None:
        raise Problem(404, "no_such_case", "there is no such case")
    return row


Found = Annotated[dict[str, Any], Depends(found)]


def execution_of(row: dict[str, Any], command: Command, *private_rows: Write) -> Execution:
    """The command on the row's case, with rows that its events do not hold."""
    return Execution(
        decider=case, entity=row["id"], command=command, correlation_id=row["report_id"], private=private_rows
    )


def shown(row: dict[str, Any]) -> Case:
    """A case's row as an answer."""
    progress = Progress(**{name: row[name] for name in Progress.model_fields})
    return Case(**{name: row[name] for name in Case.model_fields if name in row}, progress=progress)


async def current(case_id: UUID, runtime: Running, response: Response) -> Case:
    """The case now, with its version as ETag."""
    told = shown(await found(case_id, runtime))
    private(response, told.version)
    return told
