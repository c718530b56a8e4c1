"""An operator's view of what could not be handled, events and effects, alike on every service."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from vpr_events import dead_effects, parking
from vpr_events.contracts.values import Role
from vpr_service.auth import require
from vpr_service.problems import Problem
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1", tags=["operation"], dependencies=[Depends(require(Role.ADMIN))])

LetterId = Annotated[int, Path(ge=1, lt=2**63, description="the letter's number in the list")]
EffectId = Annotated[UUID, Path(description="the effect's id in the list")]


@router.get("/dead-letters")
async def letters(runtime: Running) -> list[dict[str, Any]]:
    """The events that this service could not handle, oldest first, without their bodies."""
    async with runtime.reading() as connection:
        return [dict(row._mapping) for row in await parking.dead_letters(connection)]  # noqa: SLF001 - its public name


@router.post("/dead-letters/{letter}/replay", status_code=204)
async def replay(runtime: Running, letter: LetterId) -> None:
    """Try it again now, with all its tries; 404 when it is none that can be read."""
    async with runtime.engine.begin() as connection:
        found = await parking.replay(connection, letter)
    if not found:
        raise Problem(404, "no_such_letter", "there is no dead letter of that number that could be replayed")


@router.delete("/dead-letters/{letter}", status_code=204)
async def discard(runtime: Running, letter: LetterId) -> None:
    """Drop it for good; what waits behind it goes on."""
    async with runtime.engine.begin() as connection:
        found = await parking.discard(connection, letter)
    if not found:
        raise Problem(404, "no_such_letter", "there is no dead letter of that number")


@router.get("/dead-effects")
async def effects(runtime: Running) -> list[dict[str, Any]]:
    """The effects of this service that failed for good, oldest first, without their data."""
    async with runtime.reading() as connection:
        rows = await dead_effects.dead_effects(connection)
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - its public name


@router.post("/dead-effects/{effect}/replay", status_code=204)
async def replay_effect(runtime: Running, effect: EffectId) -> None:
    """Run it again now, with all its tries; 404 when there is no such effect."""
    async with runtime.engine.begin() as connection:
        _found(await dead_effects.replay(connection, effect))


@router.delete("/dead-effects/{effect}", status_code=204)
async def discard_effect(runtime: Running, effect: EffectId) -> None:
    """Drop it for good; 404 when there is no such effect."""
    async with runtime.engine.begin() as connection:
        _found(await dead_effects.discard(connection, effect))


def _found(effect: bool) -> None:
    if not effect:
        raise Problem(404, "no_such_effect", "there is no dead effect of that id")
