"""Who may see sessions, and who may act on one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends

from vpr_events.contracts.values import Role
from vpr_service.auth import Principal, require
from vpr_service.problems import Problem
from vpr_service.runtime import Running, Runtime
from vpr_video import queries

OVERSEERS = (Role.SUPERVISOR, Role.DISPATCHER, Role.AUDITOR, Role.ADMIN)

Reader = Annotated[Principal, Depends(require(Role.OFFICER, *OVERSEERS))]
Actor = Annotated[Principal, Depends(require(Role.OFFICER, Role.SUPERVISOR))]


async def session_row(session_id: UUID, runtime: Runtime) -> dict[str, Any]:
    """The session's row, with its case's ``holder_id``. Raises Problem 404."""
    async with runtime.reading() as connection:
        row = await queries.one_session(connection, session_id)
    if row is None:
        raise Problem(404, "no_such_session", "there is no such session")
    return row


def acts_on(row: dict[str, Any], caller: Principal) -> bool:
    """Whether the caller acts on a session: who holds the case does, and supervisors."""
    return caller.id == row["holder_id"] or caller.has(Role.SUPERVISOR)


async def acting(session_id: UUID, caller: Actor, runtime: Running) -> dict[str, Any]:
    """The row of a session on which the caller may act. Raises Problem 403 or 404."""
    row = await session_row(session_id, runtime)
    if not acts_on(row, caller):
        raise Problem(403, "not_your_session", "only the officer who holds the case, or a supervisor, may do this")
    return row


ActedOn = Annotated[dict[str, Any], Depends(acting)]
