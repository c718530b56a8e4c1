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
    """The session's row. Raises Problem 404."""
    async with runtime.reading() as connection:
        row = await queries.one_session(connection, session_id)
    if row is None:
        raise Problem(404, "no_such_session", "there is no such session")
    return row


async def _acting(session_id: UUID, caller: Actor, runtime: Running) -> dict[str, Any]:
    """The row of a session on which the caller may act. Raises Problem 403 or 404."""
    row = await session_row(session_id, runtime)
    if caller.id != row["officer_id"] and not caller.has(Role.SUPERVISOR):
        raise Problem(403, "not_your_session", "only the session's officer or a supervisor may do this")
    return row


ActedOn = Annotated[dict[str, Any], Depends(_acting)]
