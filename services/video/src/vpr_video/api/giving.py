"""``/v1/given/{token}/evidence``: somebody outside of a session sends files by a link, in chunks."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response

from vpr_service.described import problems
from vpr_service.origins import public_page
from vpr_service.requests import private
from vpr_service.runtime import Running
from vpr_video.api.evidence import CHUNK, Sequence
from vpr_video.evidence.completing import complete
from vpr_video.evidence.link_schemas import GivenItem, GivenState
from vpr_video.evidence.links import begun, check_takes, given_link, item_of
from vpr_video.evidence.schemas import Completion
from vpr_video.evidence.taking import item_row, take_chunk
from vpr_video.schemas import TOKEN_LIMIT
from vpr_video.sending.wiring import settings_of

router = APIRouter(prefix="/v1/given/{token}/evidence", tags=["evidence"], dependencies=[Depends(public_page)])

GiveToken = Annotated[str, Path(max_length=TOKEN_LIMIT)]


async def _link(token: GiveToken, runtime: Running) -> dict[str, Any]:
    return await given_link(token, runtime)


Link = Annotated[dict[str, Any], Depends(_link)]


async def _item(link: Link, evidence_id: UUID, runtime: Running) -> dict[str, Any]:
    return await item_of(link, evidence_id, runtime)


Given = Annotated[dict[str, Any], Depends(_item)]


async def _taken(link: Link, row: Given, runtime: Running) -> dict[str, Any]:
    check_takes(link, row, runtime)
    return row


Taken = Annotated[dict[str, Any], Depends(_taken)]


@router.post("", status_code=201)
async def begin(new: GivenItem, link: Link, runtime: Running, response: Response) -> GivenState:
    """Begin to send a file. 409 ``link_revoked``, ``link_expired`` or ``link_used_up``; 422 for what is not taken."""
    private(response)
    return _shown(await begun(new, link, runtime), runtime)


@router.put("/{evidence_id}/chunks/{sequence}", status_code=204, openapi_extra=CHUNK)
async def chunk(sequence: Sequence, row: Taken, request: Request, runtime: Running) -> None:
    """The next chunk, as the body itself. The answer means that it is stored durably.

    409 ``link_revoked``, and ``link_expired`` half an hour after the link was too old for another file.
    """
    await take_chunk(row, sequence, request.stream(), runtime)


@router.post("/{evidence_id}/completion", responses=problems(503))
async def finish(row: Taken, body: Completion, runtime: Running, response: Response) -> GivenState:
    """The file is whole.

    409 as for a chunk; 422 ``file_type_refused`` or ``file_infected``; 503 ``scanner_unavailable``.
    """
    await complete(row, body.chunks, body.sha256, runtime)
    private(response)
    return _shown(await item_row(row["session_id"], row["id"], runtime), runtime)


@router.get("/{evidence_id}")
async def read(row: Given, runtime: Running, response: Response) -> GivenState:
    """How far a file is."""
    private(response)
    return _shown(row, runtime)


def _shown(row: dict[str, Any], runtime: Running) -> GivenState:
    return GivenState.of(row, settings_of(runtime).chunk_bytes)
