"""``/v1/sessions``: read sessions, connect and end them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from vpr_events.decider import Command
from vpr_events.pipeline import Execution
from vpr_service.auth import Principal
from vpr_service.requests import cursor_of, link_next, moment_of, private
from vpr_service.runtime import Running, Runtime
from vpr_video import queries
from vpr_video.api.callers import OVERSEERS, ActedOn, Reader, session_row
from vpr_video.domain.commands import ChangeMode, Connect, EndSession
from vpr_video.domain.session import session
from vpr_video.schemas import Connection, End, Session, SessionQuery

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])


@router.get("")
async def list_sessions(
    caller: Reader,
    runtime: Running,
    query: Annotated[SessionQuery, Query()],
    request: Request,
    response: Response,
) -> list[Session]:
    """Sessions, newest first: an officer's own unless a case or an officer is named, all for other roles.

    ``Link`` leads to the next page.
    """
    officer_id = query.officer_id
    if officer_id is None and query.case_id is None:
        officer_id = _default_officer(caller)
    wanted = queries.Filter(officer_id=officer_id, case_id=query.case_id, statuses=query.status)
    after = query.after(moment_of, UUID)
    async with runtime.reading() as connection:
        rows = await queries.list_sessions(connection, wanted, limit=query.limit + 1, after=after)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    link_next(request, response, cursor_of(rows[-1]["created_at"].isoformat(), str(rows[-1]["id"])) if more else None)
    private(response)
    return [Session(**row) for row in rows]


def _default_officer(caller: Principal) -> UUID | None:
    return None if caller.has(*OVERSEERS) else caller.id


@router.get("/{session_id}")
async def read_session(session_id: UUID, _: Reader, runtime: Running, response: Response) -> Session:
    """One session."""
    return _shown(await session_row(session_id, runtime), response)


@router.post("/{session_id}/connection")
async def connect(row: ActedOn, body: Connection, runtime: Running, response: Response) -> Session:
    """Officer and resident see each other, for the first time or again after an interruption."""
    return await execute(Connect(at=runtime.now(), mode=body.mode), row, runtime, response)


@router.post("/{session_id}/mode")
async def change_mode(row: ActedOn, body: Connection, runtime: Running, response: Response) -> Session:
    """Go up or down the ladder of video, audio, chat, upload."""
    return await execute(ChangeMode(at=runtime.now(), mode=body.mode), row, runtime, response)


@router.post("/{session_id}/end")
async def end(row: ActedOn, body: End, runtime: Running, response: Response) -> Session:
    """End the session; the first reason stays."""
    return await execute(EndSession(at=runtime.now(), reason=body.reason), row, runtime, response)


async def execute(command: Command, row: dict[str, Any], runtime: Runtime, response: Response) -> Session:
    """Run a command on a session: the session as it is then."""
    execution = Execution(decider=session, entity=row["id"], command=command, correlation_id=row["report_id"])
    await runtime.pipeline.execute(execution)
    return _shown(await session_row(row["id"], runtime), response)


def _shown(row: dict[str, Any], response: Response) -> Session:
    private(response, row["version"])
    return Session(**row)
