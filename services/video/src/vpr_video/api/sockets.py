"""The WebSocket of each participant: signalling, presence and chat, protocol ``vpr.call.1`` (docs/decisions/0026)."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, WebSocket

from vpr_service.problems import Problem
from vpr_service.runtime import Running
from vpr_video.api.callers import Actor
from vpr_video.api.seats import ResidentSeat, StaffSeat, staff_seat
from vpr_video.seats import Seat, seat_in
from vpr_video.signalling.hub import hub_of
from vpr_video.signalling.lines import Line
from vpr_video.signalling.messages import PROTOCOL
from vpr_video.signalling.talk import Talk

router = APIRouter()


@router.websocket("/v1/call/socket")
async def resident(websocket: WebSocket, seat: ResidentSeat, runtime: Running) -> None:
    """A resident's: by the cookie that joining gave and our own Origin, or by the credential in a header."""
    await _accept(websocket, seat)
    look = partial(seat_in, seat.row["id"], seat.participant_id, runtime)
    await Talk(hub_of(runtime), Line(websocket, seat, look)).hold()


@router.websocket("/v1/sessions/{session_id}/socket")
async def staff(websocket: WebSocket, session_id: UUID, seat: StaffSeat, caller: Actor, runtime: Running) -> None:
    """A member of staff's: by a bearer token, or by the cookie with our own Origin and the CSRF token."""
    await _accept(websocket, seat)
    look = partial(staff_seat, session_id, caller, runtime)
    await Talk(hub_of(runtime), Line(websocket, seat, look)).hold()


async def _accept(websocket: WebSocket, seat: Seat) -> None:
    if PROTOCOL not in websocket.scope.get("subprotocols", ()):
        raise Problem(400, "protocol_unknown", f"offer the WebSocket subprotocol {PROTOCOL}")
    if seat.over:
        raise Problem(409, "session_ended", "this session has ended")
    await websocket.accept(PROTOCOL)
