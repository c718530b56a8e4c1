"""``/v1/alarms``: what supervisors must look at, as a list and as a stream."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from vpr_events.contracts.values import Role
from vpr_intake import queries
from vpr_intake.api.disclosing import note_reading, on_report
from vpr_intake.channels import ALARMS
from vpr_intake.domain.access import AcknowledgeAlarm, Resource
from vpr_intake.schemas.accesses import Alarm, AlarmWithText
from vpr_service.auth import Principal, require
from vpr_service.problems import Problem
from vpr_service.requests import Page, cursor_of, link_next, moment_of, private
from vpr_service.runtime import Running, Runtime
from vpr_service.streams import Feed, feed_on

router = APIRouter(prefix="/v1/alarms", tags=["alarms"])

OVERSEERS = (Role.SUPERVISOR, Role.AUDITOR)

Overseer = Annotated[Principal, Depends(require(*OVERSEERS))]
Supervisor = Annotated[Principal, Depends(require(Role.SUPERVISOR))]


@router.get("")
async def list_alarms(_: Overseer, runtime: Running, query: Page, request: Request, response: Response) -> list[Alarm]:
    """Alarms, open ones first, then the newest. ``Link`` leads to the next page."""
    after = query.after(bool, moment_of, UUID)
    async with runtime.reading() as connection:
        rows = await queries.list_alarms(connection, limit=query.limit + 1, after=after)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    link_next(request, response, _cursor(rows[-1]) if more else None)
    private(response)
    return [Alarm(**row) for row in rows]


def _cursor(row: dict[str, Any]) -> str:
    return cursor_of(row["acknowledged_at"] is None, row["raised_at"].isoformat(), str(row["id"]))


@router.get("/stream", response_class=EventSourceResponse)
async def stream(
    _: Overseer,
    runtime: Running,
    feed: Annotated[Feed, Depends(feed_on(ALARMS))],
    last_event_id: Annotated[str | None, Header(max_length=200)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """``alarm`` and ``acknowledged`` as they happen; ``reload`` asks to load the list anew."""
    async for event in feed.follow(last_event_id, runtime.closing):
        yield event


@router.get("/{alarm_id}")
async def read_alarm(alarm_id: UUID, caller: Overseer, runtime: Running, response: Response) -> AlarmWithText:
    """One alarm with what its cause said for it; that reading is recorded too."""
    row = await _existing(alarm_id, runtime)
    role = next(role for role in OVERSEERS if caller.has(role))
    await note_reading(row["report_id"], caller.id, role, Resource.ALARM_TEXT, "alarm_review", runtime)
    private(response)
    return AlarmWithText(**await _existing(alarm_id, runtime, personal=True))


@router.post("/{alarm_id}/acknowledgement")
async def acknowledge(alarm_id: UUID, caller: Supervisor, runtime: Running, response: Response) -> Alarm:
    """Say that somebody looked at it; the first one counts. 409 ``own_alarm`` for the one who caused it."""
    row = await _existing(alarm_id, runtime)
    command = AcknowledgeAlarm(at=runtime.now(), alarm_id=alarm_id, acknowledged_by=caller.id)
    await runtime.pipeline.execute(on_report(row["report_id"], command))
    private(response)
    return Alarm(**await _existing(alarm_id, runtime))


async def _existing(alarm_id: UUID, runtime: Runtime, *, personal: bool = False) -> dict[str, Any]:
    async with runtime.reading() as connection:
        row = await queries.one_alarm(connection, alarm_id, personal=personal)
    if row is None:
        raise Problem(404, "no_such_alarm", "there is no such alarm")
    return row
