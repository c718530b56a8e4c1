"""``/v1/sessions``: read sessions, join, connect and end them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from vpr_events.decider import Command
from vpr_events.pipeline import Execution
from vpr_service.auth import Principal
from vpr_service.problems import invalid_field
from vpr_service.requests import Page, PageQuery, cursor_of, link_next, private
from vpr_service.runtime import Running, Runtime
from vpr_video import queries
from vpr_video.api.callers import OVERSEERS, ActedOn, Actor, Reader, session_row
from vpr_video.domain.session import Connect, EndSession, JoinOfficer, session
from vpr_video.schemas import Connection, End, Session, SessionStatus

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])


@router.get("")
async def list_sessions(
    caller: Reader,
    runtime: Running,
    page: Page,
    request: Request,
    response: Response,
    case_id: UUID | None = None,
    officer_id: UUID | None = None,
    status: Annotated[list[SessionStatus] | None, Query(description="only in these states")] = None,
) -> list[Session]:
    """Sessions, newest first: an officer's own unless a case or an officer is named, all for other roles.

    ``Link`` leads to the next page.
    """
    if officer_id is None and case_id is None:
        officer_id = _default_officer(caller)
    wanted = queries.Filter(officer_id=officer_id, case_id=case_id, statuses=status or ())
    async with runtime.reading() as connection:
        rows = await queries.list_sessions(connection, wanted, limit=page.limit + 1, after=_behind(page))
    more = len(rows) > page.limit
    rows = rows[: page.limit]
    link_next(request, response, cursor_of(rows[-1]["created_at"].isoformat(), str(rows[-1]["id"])) if more else None)
    private(response)
    return [Session(**row) for row in rows]


def _default_officer(caller: Principal) -> UUID | None:
    return None if caller.has(*OVERSEERS) else caller.id


def _behind(page: PageQuery) -> queries.Behind | None:
    """The cursor's sort key. Raises Problem 422 for a cursor that is not one of ours."""
    if (key := page.after()) is None:
        return None
    try:
        created_at, session_id = key
        return datetime.fromisoformat(created_at), UUID(session_id)
    except (ValueError, TypeError, AttributeError):
        raise invalid_field("cursor", "not a cursor of ours") from None


@router.get("/{session_id}")
async def read_session(session_id: UUID, _: Reader, runtime: Running, response: Response) -> Session:
    """One session."""
    return _shown(await session_row(session_id, runtime), response)


@router.post("/{session_id}/participants")
async def join(row: ActedOn, caller: Actor, runtime: Running, response: Response) -> Session:
    """The caller takes the officer's place in the session; doing it twice is the same as once."""
    return await _execute(JoinOfficer(at=runtime.now(), officer_id=caller.id), row, runtime, response)


@router.post("/{session_id}/connection")
async def connect(row: ActedOn, body: Connection, runtime: Running, response: Response) -> Session:
    """Officer and resident see each other; only the first time counts."""
    return await _execute(Connect(at=runtime.now(), mode=body.mode), row, runtime, response)


@router.post("/{session_id}/end")
async def end(row: ActedOn, body: End, runtime: Running, response: Response) -> Session:
    """End the session; the first reason stays."""
    return await _execute(EndSession(at=runtime.now(), reason=body.reason), row, runtime, response)


async def _execute(command: Command, row: dict[str, Any], runtime: Runtime, response: Response) -> Session:
    execution = Execution(decider=session, entity=row["id"], command=command, correlation_id=row["report_id"])
    await runtime.pipeline.execute(execution)
    return _shown(await session_row(row["id"], runtime), response)


def _shown(row: dict[str, Any], response: Response) -> Session:
    private(response, row["version"])
    return Session(**row)
