"""Documents of what was written in a call: as evidence, when the session ends or when an officer asks for one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

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

DOCUMENTING = "evidence_documenting"
"""The kind of the effect."""

JSON = "application/json"
MOST = 100_000
"""How many messages a document holds; more are not written in a call."""


@dataclass(frozen=True)
class Documenter:
    """The handler that secures what was written in a session that ended."""

    runtime: Runtime

    async def __call__(self, task: Task) -> Tried:
        """Secure one session's chat; where nothing was written, or nothing is kept here, there is none."""
        session_id = UUID(str(task.data["session"]))
        if not settings_of(self.runtime).takes_files or not await _written(session_id, self.runtime):
            return Tried()
        made = await chat_document(session_id, task.correlation_id, derived_id(task.id, "chat"), None, self.runtime)
        return Tried(executions=[made])


async def _written(session_id: UUID, runtime: Runtime) -> Sequence[Mapping[str, Any]]:
    async with runtime.reading() as connection:
        return await queries.chat_of(connection, session_id, MOST)


async def chat_document(
    session_id: UUID, report_id: UUID, evidence_id: UUID, staff_id: UUID | None, runtime: Runtime
) -> Execution:
    """The command that secures what was written until now. Raises as storing does."""
    written = await _written(session_id, runtime)
    content = document_of(session_id, written, runtime.now())
    evidence = evidence_of(runtime)
    wrapped = evidence.keys.wrap(evidence_id, new_item_key())
    stored = await making.store(_once(content), evidence_id, wrapped, runtime)
    command = SecureDocument(
        at=runtime.now(),
        evidence_id=evidence_id,
        kind=EvidenceKind.CHAT,
        sha256=stored.sha256,
        size=stored.size,
        media_type=JSON,
        staff_id=staff_id,
    )
    kept = items.file_kept(evidence_id, report_id, wrapped_key=wrapped, declared_type=JSON)
    return Execution(
        decider=session,
        entity=session_id,
        command=command,
        correlation_id=report_id,
        private=[*kept, *stored.kept(evidence_id, report_id, runtime)],
    )


def document_of(session_id: UUID, written: Sequence[Mapping[str, Any]], made_at: datetime) -> bytes:
    """The document: what was written in a session, by whom (their place in the call) and when, as JSON."""
    messages = [{name: row[name] for name in ("id", "at", "kind", "participant_id", "text")} for row in written]
    document = {"document": "chat", "session_id": session_id, "made_at": made_at, "messages": messages}
    return orjson.dumps(document, str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
