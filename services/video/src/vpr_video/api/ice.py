"""How browsers find a way to each other: told to who was let in, and to nobody else."""

from typing import cast

from fastapi import APIRouter, Response

from vpr_service.described import problems
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running
from vpr_video.api.seats import ResidentSeat, StaffSeat
from vpr_video.schemas import IceConfiguration
from vpr_video.seats import Seat
from vpr_video.settings import Settings
from vpr_video.turn import ice_configuration

router = APIRouter(tags=["calls"])


@router.get("/v1/call/ice", responses=problems(401))
async def ice_of_resident(seat: ResidentSeat, runtime: Running, response: Response) -> IceConfiguration:
    """STUN and TURN servers for a participant whom an officer let in."""
    return _configuration(seat, cast("Settings", runtime.settings), response)


@router.get("/v1/sessions/{session_id}/ice")
async def ice_of_staff(seat: StaffSeat, runtime: Running, response: Response) -> IceConfiguration:
    """The same for staff in the session."""
    return _configuration(seat, cast("Settings", runtime.settings), response)


def _configuration(seat: Seat, settings: Settings, response: Response) -> IceConfiguration:
    if seat.over or not seat.inside:
        raise Problem(403, "not_admitted", "wait until the officer lets you in")
    private(response)
    return ice_configuration(seat, settings)
