"""``/report/case/photos``: a resident adds photos, videos and documents to a report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from vpr_events.decider import Refused
from vpr_events.idempotency import IdempotencyKey
from vpr_evidence.media_types import KINDS
from vpr_evidence.receiving import Empty, NotTaken, TooLarge
from vpr_intake.attaching import Incoming, Uploads, uploads
from vpr_intake.settings import settings_of
from vpr_intake.web.rendering import PageRoute, language_for, page
from vpr_intake.web.status import Case, case_shown, title_of, way_to
from vpr_intake.web.texts import TEXTS
from vpr_service.multipart import is_multipart, parts_of
from vpr_service.origins import public_page
from vpr_service.problems import Problem
from vpr_service.runtime import Running, Runtime

FIELD_LIMIT = 200
UNSENT = {408: "photo_slow", 503: "not_sent", 507: "not_sent"}
"""What may be sent again."""

router = APIRouter(
    prefix="/report/case/photos", route_class=PageRoute, include_in_schema=False, dependencies=[Depends(public_page)]
)


class Fault(Exception):
    """What is wrong with what was sent, by the name of its text."""


@dataclass
class Sent:
    """The key of a form, and what its files are like, in their order."""

    key: str = ""
    hashes: list[str] = field(default_factory=list)


@router.get("")
async def ask(request: Request, runtime: Running, case: Case) -> Response:
    """The form. It works without JavaScript, and takes several files at once."""
    return _form(request, await case_shown(case, runtime))


@router.post("")
async def add(request: Request, runtime: Running, case: Case) -> Response:
    """Add the files, all of them or none; the same form twice adds them once."""
    shown = await case_shown(case, runtime)
    try:
        await _added(request, case, runtime, neutral=shown["neutral"])
    except Fault as fault:
        return _form(request, shown, str(fault))
    return way_to(request, "/status")


async def _added(request: Request, case: UUID, runtime: Runtime, *, neutral: bool) -> None:
    try:
        async with uploads(runtime) as files:
            sent = await _received(request, files)
            key = IdempotencyKey(f"case:{case}", sent.key, f"photos {' '.join(sent.hashes)}")
            if not (await runtime.pipeline.execute(*files.executions(case, runtime.now(), None), key=key)).replayed:
                files.keep()
    except Refused as refused:
        raise Fault(_refusal(refused, neutral=neutral)) from None
    except Problem as problem:
        if problem.status not in UNSENT:
            raise
        raise Fault(UNSENT[problem.status]) from None


async def _received(request: Request, files: Uploads) -> Sent:
    """Raises Fault for a file that is not taken, and for no file at all."""
    sent = Sent()
    if not is_multipart(request):
        raise Fault("photo_none")
    async for part in parts_of(request):
        if part.name == "key" and part.file_name is None:
            sent.key = await part.text(FIELD_LIMIT)
        elif part.file_name:
            if len(sent.hashes) == settings_of(files.runtime).attachments_most:
                raise Fault("photos_full")
            try:
                item = await files.receive(Incoming(part.content(), part.content_type, part.file_name))
            except NotTaken as refused:
                raise Fault(_fault_of(refused)) from None
            sent.hashes.append(item.sha256)
    if not sent.hashes:
        raise Fault("photo_none")
    return sent


def _refusal(refused: Refused, *, neutral: bool) -> str:
    """Of a sensitive case nobody at this screen learns that it is over."""
    if refused.code == "attachments_full":
        return "photos_full"
    return "photos_ask" if neutral else "photos_over"


def _fault_of(refused: NotTaken) -> str:
    if isinstance(refused, Empty):
        return "photo_none"
    return "photo_large" if isinstance(refused, TooLarge) else "photo_kind"


def _form(request: Request, shown: dict[str, Any], fault: str = "") -> Response:
    faults = {"files": TEXTS[language_for(request)][fault]} if fault else {}
    return page(
        request, "photos", status=422 if fault else 200, title=title_of("photos_title", shown), key=uuid4().hex,
        faults=faults, kinds=_kinds(), **shown,
    )  # fmt: skip


def _kinds() -> Sequence[str]:
    return sorted(KINDS)
