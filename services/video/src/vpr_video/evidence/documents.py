"""Documents of what was told in a call: as evidence, when the session ends or when an officer asks for one.

Of what was written, and of where the resident was.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.session import EvidenceKind
from vpr_events.effect_runner import Task, Tried
from vpr_events.event import derived_id
from vpr_events.pipeline import Execution
from vpr_evidence.keys import new_item_key
from vpr_service.runtime import Runtime
from vpr_video import queries
from vpr_video.domain.evidence_commands import SecureDocument
from vpr_video.domain.session import session
from vpr_video.evidence import items, making
from vpr_video.evidence.taking import evidence_of
from vpr_video.sending.wiring import settings_of
from vpr_video.settings import MOST_TOLD

DOCUMENTING = "evidence_documenting"
"""The kind of the effect."""

JSON = "application/json"
"""GeoJSON too: an event tells a media type as a code, which has no ``+``."""
type Told = Sequence[Mapping[str, Any]]
type Reading = Callable[[AsyncConnection, UUID, int], Awaitable[Told]]
type Writing = Callable[[UUID, Told, datetime, int], bytes]


@dataclass(frozen=True)
class Documenter:
    """The handler that secures what was told in a session that ended."""

    runtime: Runtime

    async def __call__(self, task: Task) -> Tried:
        """Secure one session's; where nothing was told, or nothing is kept here, there is none."""
        if not settings_of(self.runtime).takes_files:
            return Tried()
        row = {"id": UUID(str(task.data["session"])), "report_id": task.correlation_id}
        made = [
            await document(kind, told, derived_id(task.id, kind), row, None, self.runtime)
            for kind in DOCUMENTS
            if (told := await told_in(kind, row["id"], self.runtime))
        ]
        return Tried(executions=made)


async def told_in(kind: EvidenceKind, session_id: UUID, runtime: Runtime) -> Told:
    """What a document of this kind would hold now. Personal."""
    read, _ = DOCUMENTS[kind]
    async with runtime.reading() as connection:
        return await read(connection, session_id, MOST_TOLD)


async def document(
    kind: EvidenceKind, told: Told, evidence_id: UUID, row: Mapping[str, Any], staff_id: UUID | None, runtime: Runtime
) -> Execution:
    """The command that secures what was told in the session of this row (id, report_id). Raises as storing does."""
    _, write = DOCUMENTS[kind]
    wrapped = evidence_of(runtime).keys.wrap(evidence_id, new_item_key())
    most = settings_of(runtime).positions_most if kind is EvidenceKind.LOCATION else MOST_TOLD
    content = _once(write(row["id"], told, runtime.now(), most))
    stored = await making.store(content, evidence_id, wrapped, runtime)
    command = SecureDocument(
        at=runtime.now(),
        evidence_id=evidence_id,
        kind=kind,
        sha256=stored.sha256,
        size=stored.size,
        media_type=JSON,
        staff_id=staff_id,
    )
    kept = items.file_kept(evidence_id, row["report_id"], wrapped_key=wrapped, declared_type=JSON)
    return Execution(
        decider=session,
        entity=row["id"],
        command=command,
        correlation_id=row["report_id"],
        private=[*kept, *stored.kept(evidence_id, row["report_id"], runtime)],
    )


def chat_document(session_id: UUID, told: Told, made_at: datetime, most: int) -> bytes:
    """What was written in a session, by whom (their place in the call) and when, as JSON.

    ``limit_reached``: as much was told as is kept of a session (``most``), and perhaps more.
    """
    messages = [{name: row[name] for name in ("id", "at", "kind", "participant_id", "text")} for row in told]
    return _json(_about("chat", session_id, told, made_at, most) | {"messages": messages})


def location_document(session_id: UUID, told: Told, made_at: datetime, most: int) -> bytes:
    """Where residents said to be, as GeoJSON (RFC 7946): a point for each position, in the order in which they came.

    Its properties: ``measured_at`` by the device's clock, ``received_at`` by ours, ``accuracy_metres`` as the device
    estimates it, and whose it is. ``limit_reached`` as above.
    """
    features = [_feature(row) for row in told]
    whole = {"type": "FeatureCollection"} | _about("location", session_id, told, made_at, most)
    return _json(whole | {"features": features})


def _about(document: str, session_id: UUID, told: Told, made_at: datetime, most: int) -> dict[str, Any]:
    told_of = {"document": document, "session_id": session_id, "made_at": made_at}
    return told_of | {"limit_reached": len(told) >= most}


def _feature(row: Mapping[str, Any]) -> Mapping[str, Any]:
    point = {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]}
    properties = {name: row[name] for name in ("measured_at", "received_at", "participant_id")}
    return {"type": "Feature", "geometry": point, "properties": properties | {"accuracy_metres": row["accuracy"]}}


DOCUMENTS: Mapping[EvidenceKind, tuple[Reading, Writing]] = {
    EvidenceKind.CHAT: (queries.chat_of, chat_document),
    EvidenceKind.LOCATION: (queries.positions_of, location_document),
}
"""What documents are made of, and how."""


def _json(whole: Mapping[str, Any]) -> bytes:
    return orjson.dumps(whole, str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
