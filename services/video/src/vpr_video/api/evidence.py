"""``/v1/sessions/{id}/evidence``: staff secure evidence in a call, list it and look at it (docs/decisions/0030)."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import IntegrityError

from vpr_events.contracts.session import EvidenceEnd, EvidenceKind
from vpr_events.contracts.values import Role
from vpr_events.decider import Refused
from vpr_events.event import new_id
from vpr_evidence.chunked import read_chunks
from vpr_service.auth import Principal
from vpr_service.described import problems
from vpr_service.downloads import Download, answered
from vpr_service.evidence import storing
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running, Runtime
from vpr_video.api.callers import ActedOn, Actor, acts_on, session_row
from vpr_video.api.seats import StaffSeat
from vpr_video.domain.evidence_commands import StopRecording, ViewEvidence
from vpr_video.domain.items import Stage
from vpr_video.domain.securing import SCOPES
from vpr_video.erased import check_kept
from vpr_video.evidence import items
from vpr_video.evidence.beginning import check_served
from vpr_video.evidence.completing import complete
from vpr_video.evidence.copying import check_copy
from vpr_video.evidence.documents import document, told_in
from vpr_video.evidence.opening import KeyGiven, copy_begun, opened
from vpr_video.evidence.schemas import SEQUENCE_LIMIT, Completion, EvidenceItem, NewCopy, NewEvidence
from vpr_video.evidence.taking import OFF, evidence_of, execution_of, item_row, take_chunk
from vpr_video.sending.wiring import settings_of

router = APIRouter(prefix="/v1/sessions/{session_id}/evidence", tags=["evidence"])

Sequence = Annotated[int, Path(ge=0, lt=SEQUENCE_LIMIT)]
BYTES = {"schema": {"type": "string", "format": "binary"}}
CHUNK = {"requestBody": {"required": True, "content": {"application/octet-stream": BYTES}}}
"""How the body of a chunk is described."""


@router.post("", status_code=201)
async def begin(
    new: NewEvidence, seat: StaffSeat, caller: Actor, runtime: Running, key: KeyGiven, response: Response
) -> EvidenceItem:
    """Begin to send an item. A snapshot and a recording are for who acts on the session, with the resident's consent.

    With ``method`` ``media_server`` the media server records instead, until it is stopped or the consent ends: 409
    ``not_through_media_server`` for a call that does not go through it, 503 ``recording_off`` where it does not record,
    507 ``storage_full`` where fewer than ``VIDEO_JANUS_RECORDINGS_FREE`` bytes are left for it.

    403 ``not_your_session`` or ``not_admitted``; 409 ``no_consent``; 503 ``evidence_off``.
    """
    if new.kind in SCOPES and not seat.acts:
        raise Problem(403, "not_your_session", "only the officer who holds the case, or a supervisor, may do this")
    if new.method:
        await check_served(seat, runtime)
    private(response)
    return shown(await opened(new, seat, runtime, caller.scope, key), runtime)


@router.post("/{evidence_id}/stop", status_code=202)
async def stop(row: ActedOn, evidence_id: UUID, runtime: Running, response: Response) -> EvidenceItem:
    """Stop a recording at the media server. What was recorded is captured soon after; the same again changes nothing.

    409 ``not_at_media_server`` for anything else.
    """
    found = await item_row(row["id"], evidence_id, runtime)
    command = StopRecording(at=runtime.now(), evidence_id=evidence_id, reason=EvidenceEnd.STOPPED)
    await runtime.pipeline.execute(execution_of(found, command))
    private(response)
    return shown(await item_row(row["id"], evidence_id, runtime), runtime)


async def own_item(session_id: UUID, evidence_id: UUID, caller: Actor, runtime: Running) -> dict[str, Any]:
    """An item that the caller began, or (to be looked at) of a session on which the caller acts.

    Raises Problem 403 or 404.
    """
    acts = acts_on(await session_row(session_id, runtime), caller)
    try:
        row = await item_row(session_id, evidence_id, runtime)
    except Problem:
        if not acts:
            raise _foreign() from None
        raise
    if not acts and row["participant_id"] != caller.id:
        raise _foreign()
    return row


def _foreign() -> Problem:
    return Problem(403, "not_your_session", "only the officer who holds the case, or a supervisor, may do this")


async def sent_item(row: Annotated[dict[str, Any], Depends(own_item)], caller: Actor) -> dict[str, Any]:
    """An item that the caller began. Raises Problem 403 or 404."""
    if row["participant_id"] != caller.id:
        raise Problem(403, "not_yours", "somebody else began this item")
    return row


Known = Annotated[dict[str, Any], Depends(own_item)]
Sent = Annotated[dict[str, Any], Depends(sent_item)]


@router.put("/{evidence_id}/chunks/{sequence}", status_code=204, openapi_extra=CHUNK)
async def chunk(sequence: Sequence, row: Sent, request: Request, runtime: Running) -> None:
    """The next chunk, as the body itself. The answer means that it is stored durably.

    The same chunk again changes nothing; with other bytes it is 409 ``chunk_differs``. 409 ``expected_sequence`` names
    the chunk to go on with.
    """
    await take_chunk(row, sequence, request.stream(), runtime)


@router.post("/{evidence_id}/completion")
async def finish(row: Sent, body: Completion, runtime: Running, response: Response) -> EvidenceItem:
    """The item is whole: it is hashed, and what it is, its content decides (422 ``file_type_refused``)."""
    await complete(row, body.chunks, body.sha256, runtime)
    private(response)
    return shown(await item_row(row["session_id"], row["id"], runtime), runtime)


@router.get("/{evidence_id}")
async def read(row: Known, runtime: Running, response: Response) -> EvidenceItem:
    """How far an item is."""
    private(response)
    return shown(row, runtime)


@router.get("")
async def list_items(row: ActedOn, runtime: Running, response: Response) -> list[EvidenceItem]:
    """All items of a session, the first first."""
    async with runtime.reading() as connection:
        rows = await items.items_of(connection, row["id"])
    private(response)
    return [shown(one, runtime) for one in rows]


@router.get("/{evidence_id}/content", response_class=StreamingResponse, responses=problems(410, 416))
async def content(row: ActedOn, evidence_id: UUID, caller: Actor, runtime: Running, request: Request) -> Response:
    """The item itself, or the part that Range asks for. Each reading is recorded before anything is shown.

    409 ``evidence_not_captured`` until it is captured; 410 once it is erased.
    """
    found = await item_row(row["id"], evidence_id, runtime)
    if found["state"] in {Stage.DISCARDED, Stage.ERASED} or found["wrapped_key"] is None:
        raise Problem(410, "erased", "nothing of this item is kept")
    viewing = ViewEvidence(
        at=runtime.now(), evidence_id=evidence_id, viewer_id=caller.id, purpose=_purpose(row, caller)
    )
    await runtime.pipeline.execute(execution_of(found, viewing))
    return await _answer(found, request, runtime)


@router.post("/{evidence_id}/copies", status_code=202)
async def copy(
    row: ActedOn,
    evidence_id: UUID,
    new: NewCopy,
    caller: Actor,
    runtime: Running,
    key: KeyGiven,
    response: Response,
) -> EvidenceItem:
    """A working copy, which is being made: redacted, or with a container that states its duration.

    The original never changes. Times are seconds and regions pixels of the original. The copy is ``discarded`` with a
    reason when it cannot be made. 409 ``evidence_is_a_copy`` for a copy; 503 ``copies_off`` without ffmpeg.
    """
    original = await item_row(row["id"], evidence_id, runtime)
    if original["state"] != Stage.CAPTURED:
        raise Refused("evidence_not_captured", f"there is nothing to be copied: it is {original['state']}")
    check_copy(new, original, runtime)
    made = await copy_begun(new, original, caller, key, runtime)
    private(response)
    return shown(made, runtime)


@router.post("/chat", status_code=201)
async def secure_chat(row: ActedOn, caller: Actor, runtime: Running, response: Response) -> EvidenceItem:
    """Secure what was written in the call until now, as a document. It is done at the session's end in any case.

    409 ``erased``.
    """
    private(response)
    return await _secured(EvidenceKind.CHAT, row, caller, runtime)


@router.post("/location", status_code=201)
async def secure_location(row: ActedOn, caller: Actor, runtime: Running, response: Response) -> EvidenceItem:
    """Secure where the resident was until now, as GeoJSON. It is done at the session's end in any case.

    409 ``nothing_told`` where they told no position, and ``erased``.
    """
    private(response)
    return await _secured(EvidenceKind.LOCATION, row, caller, runtime)


async def _secured(kind: EvidenceKind, row: dict[str, Any], caller: Principal, runtime: Runtime) -> EvidenceItem:
    await _check_kept(row, runtime)
    evidence_id, told = new_id(), await told_in(kind, row["id"], runtime)
    if kind is EvidenceKind.LOCATION and not told:
        raise Refused("nothing_told", "no position was told in this session")
    with storing(OFF):
        made = await document(kind, told, evidence_id, row, caller.id, runtime)
    try:
        await runtime.pipeline.execute(made)
    except IntegrityError:
        await _check_kept(row, runtime)
        raise
    return shown(await item_row(row["id"], evidence_id, runtime), runtime)


async def _check_kept(row: dict[str, Any], runtime: Runtime) -> None:
    async with runtime.reading() as connection:
        await check_kept(connection, row["report_id"])


def _purpose(row: dict[str, Any], caller: Principal) -> str:
    return "claim" if row["holder_id"] == caller.id else str(Role.SUPERVISOR)


async def _answer(row: dict[str, Any], request: Request, runtime: Runtime) -> Response:
    async with runtime.reading() as connection:
        item = await items.chunked(connection, row)
    evidence = evidence_of(runtime)
    download = Download(row["size"], row["sha256"], row["media_type"], row["file_name"], "evidence")
    return await answered(download, partial(read_chunks, item, evidence.storage, evidence.keys), request)


def shown(row: dict[str, Any], runtime: Runtime) -> EvidenceItem:
    """An item as it is told."""
    return EvidenceItem.of(row, settings_of(runtime).chunk_bytes)
