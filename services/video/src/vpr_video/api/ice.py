"""How browsers find a way to each other: told to who was let in, and to nobody else."""

from datetime import UTC, datetime
from typing import cast

from fastapi import APIRouter, Response

from vpr_service.described import problems
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running
from vpr_video.api.seats import ResidentSeat, StaffSeat
from vpr_video.schemas import IceConfiguration, IceServer
from vpr_video.seats import Seat
from vpr_video.settings import Settings
from vpr_video.turn import turn_credentials

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
    expires_at = datetime.now(UTC) + settings.turn_lifetime  # the TURN server goes by real time
    return IceConfiguration(
        ice_servers=_servers(settings, str(seat.participant_id), expires_at),
        ice_transport_policy=settings.ice_policy,
        expires_at=expires_at,
    )


def _servers(settings: Settings, user: str, expires_at: datetime) -> list[IceServer]:
    plain = [url for url in settings.turn_urls if url.startswith("stun")]
    relays = [url for url in settings.turn_urls if url.startswith("turn")]
    servers = [IceServer(urls=plain)] if plain else []
    if relays:
        username, password = turn_credentials(settings.turn_secret.get_secret_value(), user, expires_at)
        servers.append(IceServer(urls=relays, username=username, credential=password))
    return servers
