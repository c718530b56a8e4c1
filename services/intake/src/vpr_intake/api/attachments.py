"""``/v1/reports/{id}/attachments``: files of a report. Uploaded content is served as a download in a sandbox only."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any, cast
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from vpr_events.contracts.report import ReportAttachmentAdded
from vpr_events.event import Recorded
from vpr_evidence.media_types import KINDS
from vpr_evidence.reading import read
from vpr_intake.api.callers import Caller, FilerGiven, ReaderGiven
from vpr_intake.api.disclosing import allowed, disclose_to_staff
from vpr_intake.api.multipart import body_of, file_name_in, is_multipart, parts_of
from vpr_intake.api.reports import existing
from vpr_intake.attaching import Incoming, add_attachment, evidence_of
from vpr_intake.domain.access import Resource
from vpr_intake.kept_files import attachments_of, item_of, one_attachment
from vpr_intake.schemas.attachments import Added, Attachment, Facts
from vpr_service.downloads import Download, answered
from vpr_service.problems import Problem, invalid_field
from vpr_service.requests import GivenKey, private
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/v1/reports/{report_id}/attachments", tags=["attachments"])

FILE = {"schema": {"type": "string", "format": "binary"}}
FORM = {"schema": {"type": "object", "required": ["file"], "properties": {"file": FILE["schema"]}}}
BODY = {
    "requestBody": {
        "required": True,
        "content": {**dict.fromkeys((*KINDS, "application/octet-stream"), FILE), "multipart/form-data": FORM},
    }
}


@router.post("", status_code=201, openapi_extra=BODY)
async def add(
    report_id: UUID, caller: FilerGiven, runtime: Running, key: GivenKey, request: Request, response: Response
) -> Added:
    """Add a file: as the body itself, with its Content-Type and perhaps a name in Content-Disposition, or as the one
    file of a form.

    The answer means that it is stored durably. What the file is, its content decides: 415 when that is no type we take
    or not the one that was declared. A client adds to its own reports; staff need an active claim, an open task or
    broken glass (403 ``no_active_claim``).
    """
    await existing(report_id, caller, runtime)
    if caller.staff:
        await allowed(report_id, caller.staff, runtime)
    named, incoming = await _file_in(request)
    event = await add_attachment(
        report_id, incoming, runtime, scope=caller.scope, key=key, added_by=caller.id, named=named
    )
    private(response)
    response.headers["Location"] = f"{request.scope['path']}/{_added(event).id}"
    return _added(event)


async def _file_in(request: Request) -> tuple[str, Incoming]:
    """The file of a request and what problems call it. Raises Problem 400 or 422."""
    if not is_multipart(request):
        name = file_name_in(request.headers.get("Content-Disposition", ""))
        return "body", Incoming(body_of(request), request.headers.get("Content-Type"), name)
    parts = parts_of(request)
    async for part in parts:
        if part.file_name is not None:
            return part.name, Incoming(_only(part.content(), parts), part.content_type, part.file_name)
    raise invalid_field("file", "the form has no file")


async def _only(content: AsyncIterator[bytes], rest: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """The content of the only file. Raises Problem 422 when another one follows: nothing is stored then."""
    async for piece in content:
        yield piece
    async for part in rest:
        if part.file_name is not None:
            raise invalid_field(part.name, "send one file in a request")


def _added(event: Recorded) -> Added:
    told = cast("ReportAttachmentAdded", event.data)
    return Added(
        id=told.attachment_id,
        report_id=event.entity_id,
        media_type=told.media_type,
        kind=KINDS[told.media_type],
        size=told.size,
        sha256=told.sha256,
        added_at=event.occurred_at,
    )


@router.get("")
async def list_attachments(
    report_id: UUID, caller: ReaderGiven, runtime: Running, response: Response
) -> list[Attachment]:
    """The files of a report, the first first: a client's own, or all for staff, whose reading is recorded."""
    await _disclosed(report_id, caller, runtime, Resource.ATTACHMENTS)
    async with runtime.reading() as connection:
        rows = await attachments_of(connection, report_id, by=caller.client_id)
    private(response)
    return [_shown(row) for row in rows]


@router.get("/{attachment_id}")
async def read_attachment(
    report_id: UUID, attachment_id: UUID, caller: ReaderGiven, runtime: Running, response: Response
) -> Attachment:
    """One file's name and facts. Each reading by staff is recorded."""
    await _disclosed(report_id, caller, runtime, Resource.ATTACHMENTS, attachment_id)
    row = await _existing(report_id, attachment_id, runtime)
    private(response)
    return _shown(row)


@router.get("/{attachment_id}/content", response_class=StreamingResponse)
async def read_content(
    report_id: UUID, attachment_id: UUID, caller: ReaderGiven, runtime: Running, request: Request
) -> Response:
    """The file itself, or the part that Range asks for. Each reading by staff is recorded. 410 once it is erased."""
    await _disclosed(report_id, caller, runtime, Resource.ATTACHMENT, attachment_id)
    row = await _existing(report_id, attachment_id, runtime)
    if row["object_name"] is None:
        raise Problem(410, "erased", "the file was erased")
    item, evidence = item_of(row), evidence_of(runtime)
    download = Download(item.size, item.sha256, item.media_type, row["file_name"], "attachment")
    return await answered(download, partial(read, item, evidence.storage, evidence.keys), request)


async def _disclosed(
    report_id: UUID, caller: Caller, runtime: Runtime, resource: Resource, attachment_id: UUID | None = None
) -> None:
    """It may be shown, and that is recorded. Raises Problem 403 or 404."""
    await existing(report_id, caller, runtime)
    if attachment_id:
        row = await _existing(report_id, attachment_id, runtime)
        if caller.client_id and row["added_by"] != caller.client_id:
            raise _missing()
    if caller.staff:
        await disclose_to_staff(report_id, caller.staff, resource, runtime, attachment_id)


async def _existing(report_id: UUID, attachment_id: UUID, runtime: Runtime) -> dict[str, Any]:
    async with runtime.reading() as connection:
        row = await one_attachment(connection, report_id, attachment_id)
    if row is None:
        raise _missing()
    return row


def _missing() -> Problem:
    return Problem(404, "no_such_attachment", "there is no such attachment of this report")


def _shown(row: dict[str, Any]) -> Attachment:
    own = {name: row[name] for name in Attachment.model_fields if name in row}
    facts = Facts(**row["facts"]) if row["facts"] else None
    return Attachment(
        **own | {"facts": facts}, kind=KINDS[row["media_type"]], erased=row["object_name"] is None
    )  # fmt: skip
