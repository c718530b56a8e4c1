"""``/v1/reports/{id}/held``: everything that a service holds about one report, for the export that intake makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events import store
from vpr_events.contracts.values import Role
from vpr_events.event import Recorded
from vpr_service.auth import Principal, require
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running

EXPORTER = "intake"
"""The one service that asks, for a member of staff whom it let in, and whose reading it records."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """Where a service holds things about a report, whose id is the parameter ``report`` of each statement.

    ``parts`` select what is shown of each, by name, without ids of staff. ``streams`` selects the names of the report's
    own streams.
    """

    parts: Mapping[str, Select[Any]]
    streams: Select[Any]


class HeldEvent(BaseModel):
    """An event of one of the report's streams, without the ids in it: those of staff are nobody else's affair."""

    type: str
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]


class Held(BaseModel):
    """What one service holds about a report: rows by what they are of, and events in the order of their streams."""

    parts: dict[str, list[dict[str, Any]]]
    events: list[HeldEvent]


async def held_by(engine: AsyncEngine, holdings: Holdings, report_id: UUID) -> Held:
    """Everything at one moment."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        given = {"report": report_id}
        parts = {}
        for name, query in holdings.parts.items():
            parts[name] = [dict(row) for row in (await connection.execute(query, given)).mappings()]
        streams = sorted((await connection.execute(holdings.streams, given)).scalars())
        history = await store.load(connection, streams)
    return Held(parts=parts, events=[_shown(event) for stream in streams for event in history[stream]])


def _shown(event: Recorded) -> HeldEvent:
    data = {name: value for name, value in event.data.model_dump(exclude_none=True).items() if not _is_id(value)}
    return HeldEvent(type=event.type, occurred_at=event.occurred_at, recorded_at=event.recorded_at, data=data)


def _is_id(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(one, UUID) for one in value)
    return isinstance(value, UUID)


def held_router(holdings: Holdings) -> APIRouter:
    """The endpoint of a service that holds these."""
    router = APIRouter(prefix="/v1/reports", tags=["access requests"])

    @router.get("/{report_id}/held")
    async def held(
        report_id: UUID,
        caller: Annotated[Principal, Depends(require(Role.SERVICE))],
        runtime: Running,
        response: Response,
    ) -> Held:
        """Everything held about a report: for intake alone, which says for whom and why, and records the reading."""
        if caller.service != EXPORTER or caller.acting_for is None or caller.purpose is None:
            raise Problem(403, "forbidden", f"this is for {EXPORTER} alone, which says for whom it acts, and why")
        private(response)
        return await held_by(runtime.engine, holdings, report_id)

    return router
