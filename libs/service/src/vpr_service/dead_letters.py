"""An operator's view of what could not be handled, alike on every service."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from vpr_events import parking
from vpr_events.contracts.values import Role
from vpr_service.auth import require
from vpr_service.problems import Problem
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/dead-letters", tags=["operation"], dependencies=[Depends(require(Role.ADMIN))])

LetterId = Annotated[int, Path(ge=1, lt=2**63, description="the letter's number in the list")]


@router.get("")
async def dead_letters(runtime: Running) -> list[dict[str, Any]]:
    """The dead letters of this service, oldest first, without their bodies."""
    async with runtime.reading() as connection:
        return [dict(row._mapping) for row in await parking.dead_letters(connection)]  # noqa: SLF001 - its public name


@router.post("/{letter}/replay", status_code=204)
async def replay(runtime: Running, letter: LetterId) -> None:
    """Try it again now, with all its tries; 404 when it is none that can be read."""
    async with runtime.engine.begin() as connection:
        found = await parking.replay(connection, letter)
    if not found:
        raise Problem(404, "no_such_letter", "there is no dead letter of that number that could be replayed")


@router.delete("/{letter}", status_code=204)
async def discard(runtime: Running, letter: LetterId) -> None:
    """Drop it for good; what waits behind it goes on."""
    async with runtime.engine.begin() as connection:
        found = await parking.discard(connection, letter)
    if not found:
        raise Problem(404, "no_such_letter", "there is no dead letter of that number")
