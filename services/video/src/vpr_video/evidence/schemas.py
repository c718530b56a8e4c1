"""What video takes and gives of evidence over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from vpr_events.contracts.session import EvidenceKind, Participant
from vpr_events.event import Code, Instant
from vpr_evidence.custody import Deed
from vpr_service.requests import Body
from vpr_video.domain.items import Stage
from vpr_video.evidence.descriptions import described_as

SEQUENCE_LIMIT = 1_000_000

type SentKind = Literal[EvidenceKind.SNAPSHOT, EvidenceKind.PHOTO, EvidenceKind.RECORDING, EvidenceKind.FILE]


class NewEvidence(Body):
    """An item that is about to be sent.

    ``media_type`` as browsers say it, perhaps with codecs. ``captured_at`` is by the sender's own clock, ``name`` the
    file's. With ``method`` ``media_server`` nothing is sent: the media server records until it is stopped.
    """

    kind: SentKind
    media_type: Annotated[str, Field(min_length=1, max_length=200)]
    note: Annotated[str, Field(max_length=2000)] | None = None
    captured_at: Instant | None = None
    name: Annotated[str, Field(max_length=1000)] | None = None
    method: Literal["media_server"] | None = None

    @model_validator(mode="after")
    def _recorded(self) -> Self:
        if self.method and self.kind is not EvidenceKind.RECORDING:
            raise ValueError("the media server makes recordings, nothing else")
        return self


class Completion(Body):
    """How many chunks the item has, and perhaps the SHA-256 of all its bytes."""

    chunks: Annotated[int, Field(ge=1, le=SEQUENCE_LIMIT)]
    sha256: Annotated[str, StringConstraints(pattern="^[0-9A-Fa-f]{64}$", to_lower=True)] | None = None


type Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
type Pixels = Annotated[int, Field(ge=0, le=20_000)]


class Span(Body):
    """A span of the original, in seconds from its beginning."""

    start: Seconds
    end: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError("end must be behind start")
        return self


class Region(Body):
    """A region of the picture in pixels of the original; of a recording perhaps only from ``start`` to ``end``."""

    x: Pixels
    y: Pixels
    width: Annotated[int, Field(ge=1, le=20_000)]
    height: Annotated[int, Field(ge=1, le=20_000)]
    start: Seconds = 0
    end: Seconds | None = None


class Edits(Body):
    """What a redacted copy makes unrecognisable, leaves out and silences."""

    blur: Annotated[list[Region], Field(max_length=50, default_factory=list)]
    cut: Annotated[list[Span], Field(max_length=50, default_factory=list)]
    mute: Annotated[list[Span], Field(max_length=50, default_factory=list)]


class NewCopy(Edits):
    """A working copy, and what for (a code). Without edits a recording only gets a container with a duration."""

    purpose: Code

    @property
    def edits(self) -> Edits:
        """What it leaves out."""
        return Edits(blur=self.blur, cut=self.cut, mute=self.mute)

    @property
    def method(self) -> str:
        """How it differs from the original, as a code."""
        return "redaction" if self.blur or self.cut or self.mute else "remux"


class Described(Body):
    """What an item honestly is."""

    en: str
    fr: str


class ImageFacts(Body):
    """What an image tells of itself; ``captured_at`` by the camera's clock, the position (WGS 84) by the camera's."""

    readable: bool
    width: int | None
    height: int | None
    captured_at: str | None
    located: bool
    latitude: float | None
    longitude: float | None
    camera: str | None


class EvidenceItem(Body):
    """An item of evidence.

    ``open`` takes chunks, the next one ``next_sequence``; ``closing`` takes nothing more, and its hash is being made.
    ``reason`` says why it was closed or why nothing of it was kept. ``incomplete``: its sender did not complete it, it
    is what was acknowledged. ``participant`` is who sent it. ``device_time`` is when it was captured by the sender's
    clock, ``name`` and ``note`` are the sender's words. ``facts`` are what an image tells of itself, null until they
    are read. A working copy names what it was ``copied_from``, with ``purpose``, ``method`` and ``edits``; while it is
    being made it is ``making``. A recording by the media server has the ``method`` ``media_server``; ``made_with`` are
    the programs that made the item of it, ``part_of`` is the item that it continues. ``described_as`` says what the
    item is, and what it is not.
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
    facts: ImageFacts | None
    copied_from: UUID | None
    purpose: str | None
    method: str | None
    made_with: list[str] | None
    part_of: UUID | None
    edits: Edits | None
    described_as: Described
    next_sequence: int
    chunk_limit: int

    @classmethod
    def of(cls, row: dict[str, Any], chunk_limit: int) -> Self:
        """As it is told."""
        told = {name: row[name] for name in cls.model_fields if name in row}
        described = Described(**described_as(row))
        sending = {"next_sequence": row["chunks"], "chunk_limit": chunk_limit}
        return cls(**told, name=row["file_name"], described_as=described, **sending)


class CustodyEntry(Body):
    """What was done with an item: by whom (null: by a rule, or by the service), why (a code), when.

    ``hash`` chains the event that tells it to the one before it in the session's stream, where it is the ``version``th.
    """

    deed: Deed
    by: UUID | None
    why: str | None
    at: datetime
    event_id: UUID
    version: int
    hash: str


class NewExport(Body):
    """What is handed over and what for (a code): these items, or all that are captured."""

    purpose: Code
    items: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None
