"""``/v1/call/evidence``: what a resident who was let in sends, photos and files (docs/decisions/0030)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from vpr_events.contracts.session import Participant
from vpr_service.described import problems
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running
from vpr_video.api.evidence import CHUNK, Sequence, shown
from vpr_video.api.seats import ResidentSeat
from vpr_video.domain.securing import SCOPES
from vpr_video.evidence.completing import complete
from vpr_video.evidence.opening import KeyGiven, opened
from vpr_video.evidence.schemas import Completion, EvidenceItem, NewEvidence
from vpr_video.evidence.taking import item_row, take_chunk

router = APIRouter(prefix="/v1/call/evidence", tags=["evidence"], responses=problems(401))


@router.post("", status_code=201)
async def begin(
    new: NewEvidence, seat: ResidentSeat, runtime: Running, key: KeyGiven, response: Response
) -> EvidenceItem:
    """Begin to send a photo or a file. 403 ``not_admitted`` in the waiting room, ``not_your_session`` for the rest."""
    if new.kind in SCOPES:
        raise Problem(403, "not_your_session", f"only the officer makes a {new.kind}")
    private(response)
    scope = f"{Participant.RESIDENT}:{seat.participant_id}"
    return shown(await opened(new, seat, runtime, scope, key), runtime)


async def own_item(evidence_id: UUID, seat: ResidentSeat, runtime: Running) -> dict[str, Any]:
    """An item that the caller began. Raises Problem 404."""
    row = await item_row(seat.row["id"], evidence_id, runtime)
    if row["participant_id"] != seat.participant_id:
        raise Problem(404, "no_such_evidence", "there is no such item of this session")
    return row


Own = Annotated[dict[str, Any], Depends(own_item)]


@router.put("/{evidence_id}/chunks/{sequence}", status_code=204, openapi_extra=CHUNK)
async def chunk(sequence: Sequence, row: Own, request: Request, runtime: Running) -> None:
    """The next chunk, as the body itself. The answer means that it is stored durably."""
    await take_chunk(row, sequence, request.stream(), runtime)


@router.post("/{evidence_id}/completion")
async def finish(row: Own, body: Completion, runtime: Running, response: Response) -> EvidenceItem:
    """The item is whole: it is hashed, and what it is, its content decides (422 ``file_type_refused``)."""
    await complete(row, body.chunks, body.sha256, runtime)
    private(response)
    return shown(await item_row(row["session_id"], row["id"], runtime), runtime)


@router.get("/{evidence_id}")
async def read(row: Own, runtime: Running, response: Response) -> EvidenceItem:
    """How far an item is."""
    private(response)
    return shown(row, runtime)
