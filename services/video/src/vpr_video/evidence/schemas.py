"""What video takes and gives of evidence over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from vpr_events.contracts.session import EvidenceKind, Participant
from vpr_events.event import Instant
from vpr_service.requests import Body
from vpr_video.domain.items import Stage

SEQUENCE_LIMIT = 1_000_000

type SentKind = Literal[EvidenceKind.SNAPSHOT, EvidenceKind.PHOTO, EvidenceKind.RECORDING, EvidenceKind.FILE]


class NewEvidence(Body):
    """An item that is about to be sent.

    ``media_type`` as browsers say it, perhaps with codecs. ``captured_at`` is by the sender's own clock, ``name`` the
    file's.
    """

    kind: SentKind
    media_type: Annotated[str, Field(min_length=1, max_length=200)]
    note: Annotated[str, Field(max_length=2000)] | None = None
    captured_at: Instant | None = None
    name: Annotated[str, Field(max_length=1000)] | None = None


class Completion(Body):
    """How many chunks the item has, and perhaps the SHA-256 of all its bytes."""

    chunks: Annotated[int, Field(ge=1, le=SEQUENCE_LIMIT)]
    sha256: Annotated[str, StringConstraints(pattern="^[0-9A-Fa-f]{64}$", to_lower=True)] | None = None


class EvidenceItem(Body):
    """An item of evidence.

    ``open`` takes chunks, the next one ``next_sequence``; ``closing`` takes nothing more, and its hash is being made.
    ``reason`` says why it was closed or why nothing of it was kept. ``incomplete``: its sender did not complete it, it
    is what was acknowledged. ``participant`` is who sent it. ``device_time`` is when it was captured by the sender's
    clock, ``name`` and ``note`` are the sender's words.
    """

    id: UUID
    session_id: UUID
    kind: EvidenceKind
    state: Stage
    reason: str | None
    participant: Participant | None
    opened_at: datetime
    captured_at: datetime | None
    media_type: str | None
    size: int | None
    sha256: str | None
    incomplete: bool
    name: str | None
    note: str | None
    device_time: datetime | None
    next_sequence: int
    chunk_limit: int

    @classmethod
    def of(cls, row: dict[str, Any], chunk_limit: int) -> Self:
        """As it is told."""
        told = {name: row[name] for name in cls.model_fields if name in row}
        return cls(**told, name=row["file_name"], next_sequence=row["chunks"], chunk_limit=chunk_limit)
