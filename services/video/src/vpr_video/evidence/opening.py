"""Beginning an item: who sends it, what they say of it, and the key that all of it will be encrypted with."""

from dataclasses import replace
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from vpr_events.contracts.session import EvidenceKind, SessionEvidenceCopyRequested, SessionEvidenceOpened
from vpr_events.event import new_id
from vpr_events.idempotency import IdempotencyKey
from vpr_events.pipeline import Execution
from vpr_evidence.keys import new_item_key
from vpr_evidence.names import tidy
from vpr_service.auth import Principal
from vpr_service.evidence import storing
from vpr_service.problems import Problem, invalid_field
from vpr_service.requests import KeyHeader, fingerprint
from vpr_service.runtime import Runtime
from vpr_video.domain.evidence_commands import OpenEvidence, RequestCopy
from vpr_video.domain.session import session
from vpr_video.erased import check_kept
from vpr_video.evidence import items
from vpr_video.evidence.items import Row
from vpr_video.evidence.kinds import check_declared
from vpr_video.evidence.schemas import NewCopy, NewEvidence
from vpr_video.evidence.taking import OFF, evidence_of, execution_of, item_row
from vpr_video.seats import Seat
from vpr_video.sending.wiring import settings_of


async def _key(request: Request, idempotency_key: KeyHeader = None) -> tuple[str, str] | None:
    return (idempotency_key, await fingerprint(request)) if idempotency_key else None


KeyGiven = Annotated[tuple[str, str] | None, Depends(_key)]
"""The Idempotency-Key header, which may be left out, and the request's fingerprint."""


async def opened(new: NewEvidence, seat: Seat, runtime: Runtime, scope: str, key: tuple[str, str] | None) -> Row:
    """Begin an item for who has this place: its row. The same ``key`` in the same ``scope`` leads to the same item.

    Raises Problem 403, 409, 422 and 503.
    """
    if seat.over:
        raise Problem(409, "session_ended", "this session has ended")
    if not seat.inside:
        raise Problem(403, "not_admitted", "wait until the officer lets you in")
    execution = _execution(new, seat, runtime)
    async with runtime.reading() as connection:
        await check_kept(connection, seat.row["report_id"])
        if await items.count_of(connection, seat.row["id"]) >= (most := settings_of(runtime).evidence_most):
            raise Problem(409, "evidence_too_many", f"a session has at most {most} items of evidence")
    given = IdempotencyKey(scope, *key) if key else None
    outcome = await runtime.pipeline.execute(execution, key=given)
    told = cast("SessionEvidenceOpened", outcome.events[-1].data)
    return await item_row(seat.row["id"], told.evidence_id, runtime)


async def copy_begun(
    new: NewCopy, original: Row, caller: Principal, key: tuple[str, str] | None, runtime: Runtime
) -> Row:
    """Begin a working copy: its row. Raises Refused, and Problem 503."""
    copy_id = new_id()
    command = RequestCopy(
        at=runtime.now(),
        evidence_id=copy_id,
        copied_from=original["id"],
        requester_id=caller.id,
        purpose=new.purpose,
        method=new.method,
    )
    edits = new.edits.model_dump(mode="json")
    kept = items.file_kept(copy_id, original["report_id"], wrapped_key=_new_key(copy_id, runtime), edits=edits)
    given = IdempotencyKey(caller.scope, *key) if key else None
    execution = replace(execution_of(original, command), private=list(kept))
    outcome = await runtime.pipeline.execute(execution, key=given)
    told = cast("SessionEvidenceCopyRequested", outcome.events[0].data)
    return await item_row(original["session_id"], told.evidence_id, runtime)


def _new_key(item: UUID, runtime: Runtime) -> bytes:
    """A new item's key as it is stored. Raises Problem 503."""
    with storing(OFF):
        return evidence_of(runtime).keys.wrap(item, new_item_key())


def _execution(new: NewEvidence, seat: Seat, runtime: Runtime) -> Execution:
    item, kind = new_id(), EvidenceKind(new.kind)
    try:
        said = check_declared(kind, new.media_type)
    except ValueError as error:
        raise invalid_field("media_type", str(error)) from None
    command = OpenEvidence(
        at=runtime.now(),
        evidence_id=item,
        kind=kind,
        participant_id=seat.participant_id,
        acts=seat.acts,
        method=new.method,
    )
    kept = items.file_kept(
        item,
        seat.row["report_id"],
        wrapped_key=_new_key(item, runtime),
        declared_type=said,
        file_name=tidy(new.name),
        note=new.note or None,
        device_time=new.captured_at,
    )
    return Execution(
        decider=session,
        entity=seat.row["id"],
        command=command,
        correlation_id=seat.row["report_id"],
        private=list(kept),
    )
