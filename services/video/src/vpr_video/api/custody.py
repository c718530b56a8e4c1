"""``/v1/sessions/{id}``: the custody of an item of evidence, and evidence handed over as a bag (decision 30)."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse

from vpr_events import store
from vpr_events.contracts.values import Role
from vpr_events.event import Recorded, stream_name
from vpr_evidence.chunked import read_chunks
from vpr_evidence.custody import custody_of
from vpr_service.auth import Principal, require
from vpr_service.downloads import SANDBOX
from vpr_service.problems import Problem, invalid_field
from vpr_service.requests import private
from vpr_service.runtime import Running, Runtime
from vpr_video.api.callers import ActedOn, Actor, acts_on, session_row
from vpr_video.domain.evidence_commands import ExportEvidence
from vpr_video.domain.items import Stage
from vpr_video.evidence import items
from vpr_video.evidence.bagging import Bag, Handover
from vpr_video.evidence.items import Row
from vpr_video.evidence.schemas import CustodyEntry, NewExport
from vpr_video.evidence.taking import evidence_of, execution_of, item_row

router = APIRouter(prefix="/v1/sessions/{session_id}", tags=["evidence"])

Custodian = Annotated[Principal, Depends(require(Role.OFFICER, Role.SUPERVISOR, Role.AUDITOR))]
TAR = "application/x-tar"


@router.get("/evidence/{evidence_id}/custody")
async def custody(
    session_id: UUID, evidence_id: UUID, caller: Custodian, runtime: Running, response: Response
) -> list[CustodyEntry]:
    """Everything that was done with an item, in its order, from the session's chained events. For auditors too."""
    row = await session_row(session_id, runtime)
    if not (acts_on(row, caller) or caller.has(Role.AUDITOR)):
        raise Problem(403, "not_your_session", "only the officer who holds the case, a supervisor or an auditor may")
    await item_row(session_id, evidence_id, runtime)
    events = await _events(session_id, runtime)
    versions = {event.id: event.version for event in events}
    private(response)
    return [
        CustodyEntry(
            deed=entry.deed,
            by=entry.by,
            why=entry.why,
            at=entry.at,
            event_id=entry.event_id,
            version=versions[entry.event_id],
            hash=entry.hash,
        )
        for entry in custody_of(evidence_id, events)
    ]


async def _events(session_id: UUID, runtime: Runtime) -> Sequence[Recorded]:
    stream = stream_name("session", session_id)
    async with runtime.reading() as connection:
        return (await store.load(connection, [stream]))[stream]


@router.post("/export", response_class=StreamingResponse)
async def export(row: ActedOn, new: NewExport, caller: Actor, runtime: Running) -> Response:
    """Hand evidence over: a bag (BagIt 1.0) as a tar, with the custody log, a statement and a program that verifies it.

    That each item is handed over is recorded before anything is sent. The archive breaks off, without its manifests, at
    an item that is not what was captured. 409 ``nothing_to_export``.
    """
    wanted = await _wanted(row["id"], new, runtime)
    now = runtime.now()
    handed = [
        ExportEvidence(at=now, evidence_id=one["id"], exporter_id=caller.id, purpose=new.purpose) for one in wanted
    ]
    await runtime.pipeline.execute(*(execution_of(one, command) for one, command in zip(wanted, handed, strict=True)))
    handover = Handover(
        session_id=row["id"],
        report_id=row["report_id"],
        exporter_id=caller.id,
        purpose=new.purpose,
        at=now,
        items=wanted,
        events=await _events(row["id"], runtime),
    )
    content = Bag(handover).stream(partial(_reading, runtime))
    headers = SANDBOX | {"Content-Disposition": f"attachment; filename={handover.name}.tar"}
    return StreamingResponse(content, 200, headers | {"Accept-Ranges": "none"}, TAR)


async def _wanted(session_id: UUID, new: NewExport, runtime: Runtime) -> Sequence[Row]:
    async with runtime.reading() as connection:
        rows = await items.items_of(connection, session_id)
    kept = {one["id"]: one for one in rows if one["state"] == Stage.CAPTURED and one["wrapped_key"] is not None}
    if new.items is None:
        if not kept:
            raise Problem(409, "nothing_to_export", "nothing of this session's evidence is captured and kept")
        return list(kept.values())
    for place, named in enumerate(new.items):
        if named not in kept:
            raise invalid_field(f"items.{place}", "there is no such item of this session that is captured and kept")
    return [kept[named] for named in dict.fromkeys(new.items)]


async def _reading(runtime: Runtime, row: dict[str, Any]) -> AsyncIterator[bytes]:
    async with runtime.reading() as connection:
        item = await items.chunked(connection, row)
    evidence = evidence_of(runtime)
    async for part in read_chunks(item, evidence.storage, evidence.keys):
        yield part
