"""Beginning an item: who sends it, what they say of it, and the key that all of it will be encrypted with."""

from typing import Annotated, cast

from fastapi import Depends, Request

from vpr_events.contracts.session import EvidenceKind, SessionEvidenceOpened
from vpr_events.event import new_id
from vpr_events.idempotency import IdempotencyKey
from vpr_events.pipeline import Execution
from vpr_evidence.keys import new_item_key
from vpr_evidence.names import tidy
from vpr_service.evidence import storing
from vpr_service.problems import Problem, invalid_field
from vpr_service.requests import KeyHeader, fingerprint
from vpr_service.runtime import Runtime
from vpr_video.domain.evidence_commands import OpenEvidence
from vpr_video.domain.session import session
from vpr_video.evidence import items
from vpr_video.evidence.items import Row
from vpr_video.evidence.kinds import check_declared
from vpr_video.evidence.schemas import NewEvidence
from vpr_video.evidence.taking import OFF, evidence_of, item_row
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
        if await items.count_of(connection, seat.row["id"]) >= (most := settings_of(runtime).evidence_most):
            raise Problem(409, "evidence_too_many", f"a session has at most {most} items of evidence")
    given = IdempotencyKey(scope, *key) if key else None
    outcome = await runtime.pipeline.execute(execution, key=given)
    told = cast("SessionEvidenceOpened", outcome.events[-1].data)
    return await item_row(seat.row["id"], told.evidence_id, runtime)


def _execution(new: NewEvidence, seat: Seat, runtime: Runtime) -> Execution:
    evidence, item, kind = evidence_of(runtime), new_id(), EvidenceKind(new.kind)
    try:
        said = check_declared(kind, new.media_type)
    except ValueError as error:
        raise invalid_field("media_type", str(error)) from None
    with storing(OFF):
        wrapped = evidence.keys.wrap(item, new_item_key())
    command = OpenEvidence(
        at=runtime.now(), evidence_id=item, kind=kind, participant_id=seat.participant_id, acts=seat.acts
    )
    kept = items.file_kept(
        item,
        seat.row["report_id"],
        wrapped_key=wrapped,
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
        private=[kept],
    )
