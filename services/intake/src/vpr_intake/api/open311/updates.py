"""Service request updates, both ways, as 311 platforms built on FixMyStreet use them.

They read what became of their reports, and send what a resident adds. Status words are lower case in the first and
upper case in the second.
"""

import hashlib
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import EmailStr, Field, ValidationError

from vpr_events.decider import Refused
from vpr_events.event import Instant
from vpr_events.idempotency import IdempotencyKey, KeyReused
from vpr_events.pipeline import Execution, Outcome
from vpr_intake import queries
from vpr_intake.api.callers import Caller
from vpr_intake.api.open311.asking import Window, caller_of, check_jurisdiction, moment, served
from vpr_intake.api.open311.documents import Chosen, Document, stamp
from vpr_intake.api.open311.errors import Fault, Faulty, Open311Route
from vpr_intake.api.open311.forms import MULTIPART, URLENCODED, Form, faults_in, read_form, with_files
from vpr_intake.api.open311.reading import PRIVATE, own_report
from vpr_intake.api.open311.shown import TEXTS
from vpr_intake.attaching import Uploads, uploads
from vpr_intake.domain.report import report
from vpr_intake.domain.report_commands import AddUpdate
from vpr_intake.private import update_of
from vpr_intake.schemas.filing import DESCRIPTION_LIMIT, WebAddress
from vpr_service.api_keys import KeyScope
from vpr_service.requests import Body
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/open311/v2", tags=["open311"], route_class=Open311Route, default_response_class=Response)

MOST = 10_000
ROOT = "service_request_updates"


class Status(StrEnum):
    """The words that both sides know."""

    OPEN = "open"
    CLOSED = "closed"
    FIXED = "fixed"
    IN_PROGRESS = "in_progress"
    PLANNED = "planned"
    ACTION_SCHEDULED = "action_scheduled"
    INVESTIGATING = "investigating"
    DUPLICATE = "duplicate"
    NO_FURTHER_ACTION = "no_further_action"
    INTERNAL_REFERRAL = "internal_referral"
    CANCELLED = "cancelled"
    FOR_TRIAGE = "for_triage"


class Update(Body):
    """What a client adds to a report; ``updated_datetime`` is when the resident wrote it."""

    update_id: Annotated[str, Field(max_length=100)]
    status: Status
    updated_datetime: Instant
    description: Annotated[str, Field(max_length=DESCRIPTION_LIMIT)] | None = None
    first_name: Annotated[str, Field(max_length=100)] | None = None
    last_name: Annotated[str, Field(max_length=100)] | None = None
    email: Annotated[EmailStr, Field(max_length=254)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    media_urls: Annotated[list[Annotated[WebAddress, Field(max_length=2000)]], Field(max_length=20)]


REQUIRED = ("service_request_id", "update_id", "updated_datetime", "status")
OPTIONAL = ("description", "first_name", "last_name", "email", "phone")


@router.get("/servicerequestupdates.{format}", dependencies=[Depends(served)])
async def get_updates(
    form: Chosen, runtime: Running, api_key: str = "", start_date: str = "", end_date: str = ""
) -> Response:
    """What became of the caller's own reports within at most 90 days, the oldest change first."""
    caller = await caller_of(runtime, api_key, KeyScope.READ)
    start, end = moment("start_date", start_date), moment("end_date", end_date)
    window = Window.of(start, end, runtime.now(), "start_date and end_date")
    async with runtime.reading() as connection:
        rows = await queries.status_changes_between(
            connection, _client(caller), window.start, window.end, limit=MOST + 1
        )
    if len(rows) > MOST:
        raise Faulty([Fault(400, f"start_date and end_date: hold more than {MOST} updates, ask for a shorter time")])
    return Document(ROOT, [_shown(row) for row in rows]).response(form, headers=PRIVATE)


def _client(caller: Caller) -> UUID:
    if caller.client_id is None:
        raise TypeError("an API key is a client's")
    return caller.client_id


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "update_id": str(row["id"]),
        "service_request_id": str(row["report_id"]),
        "status": row["status"],
        "description": TEXTS[row["status"]],
        "updated_datetime": stamp(row["at"]),
        "media_url": None,
    }


FORM = {
    "type": "object",
    "required": ["api_key", *REQUIRED],
    "properties": {name: {"type": "string"} for name in ("api_key", *REQUIRED, *OPTIONAL, "media_url")},
}
BODY = {"requestBody": {"content": {URLENCODED: {"schema": FORM}, MULTIPART: {"schema": with_files(FORM)}}}}


@router.post("/servicerequestupdates.{format}", openapi_extra=BODY)
async def post_update(form: Chosen, request: Request, runtime: Running) -> Response:
    """Add to a report of the caller's own, with files; the same update_id again changes nothing."""
    async with uploads(runtime) as files:
        sent = await read_form(request, files)
        caller = await caller_of(runtime, sent.one("api_key") or "", KeyScope.WRITE)
        check_jurisdiction(runtime, sent.one("jurisdiction_id") or "")
        update = update_sent(sent)
        row = await own_report(runtime, caller, sent.one("service_request_id") or "", "service_request_id")
        if not (await _add(runtime, caller, row["id"], update, files)).replayed:
            files.keep()
    return Document(ROOT, [{"update_id": update.update_id}]).response(form, headers=PRIVATE)


async def _add(runtime: Runtime, caller: Caller, report_id: UUID, update: Update, files: Uploads) -> Outcome:
    told = update.model_dump(exclude={"updated_datetime", "status"})
    at = runtime.now()
    text = update_of(
        report_id, **told, told_status=str(update.status), updated_at=update.updated_datetime, received_at=at
    )  # fmt: skip
    execution = Execution(decider=report, entity=report_id, command=AddUpdate(at=at), private=[text])
    named = hashlib.sha256(update.update_id.encode()).hexdigest()
    key = IdempotencyKey(f"{caller.scope}:updates", named, str(report_id))
    try:
        return await runtime.pipeline.execute(execution, *files.executions(report_id, at, caller.id), key=key)
    except KeyReused:
        raise Faulty([Fault(400, "update_id: came with another service_request_id before")]) from None
    except Refused as refused:
        raise Faulty([Fault(400, f"service_request_id: {refused}")]) from None


def update_sent(sent: Form) -> Update:
    """What a form adds. Raises Faulty, with everything that is wrong."""
    faults = [Fault(400, f"{name}: is missing") for name in REQUIRED if sent.one(name) is None]
    faults += sent.faults
    values: dict[str, Any] = {name: sent.one(name) for name in ("update_id", *OPTIONAL)} | {"media_urls": sent.links}
    values["status"] = (sent.one("status") or "").lower()
    try:
        values["updated_datetime"] = moment("updated_datetime", sent.one("updated_datetime") or "")
    except Faulty as faulty:
        faults += faulty.faults
    try:
        update = Update.model_validate(values)
    except ValidationError as error:
        faults += faults_in(error, known={fault.description.partition(":")[0] for fault in faults})
    if faults:
        raise Faulty(faults)
    return update
