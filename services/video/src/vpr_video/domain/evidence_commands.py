"""What can be asked of a session's evidence."""

from dataclasses import dataclass
from uuid import UUID

from vpr_events.contracts.session import EvidenceEnd, EvidenceKind
from vpr_events.decider import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceCommand(Command):
    """Base of these: all name their item."""

    evidence_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEvidence(EvidenceCommand):
    """A participant begins to send an item. ``acts``: it is a member of staff who acts on the session.

    ``method`` ``media_server``: not their page records, but the media server.
    """

    kind: EvidenceKind
    participant_id: UUID
    acts: bool = False
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecording(EvidenceCommand):
    """The media server is to record no more for this item."""

    reason: EvidenceEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureEvidence(EvidenceCommand):
    """An item is whole, or (``incomplete``) was closed and is whatever was acknowledged of it.

    ``made_with``: the programs that made it of what the media server recorded, as codes.
    """

    sha256: str
    size: int
    media_type: str
    incomplete: bool = False
    made_with: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePart(CaptureEvidence):
    """A further part of a recording at the media server, as an item of its own."""

    part_of: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardEvidence(EvidenceCommand):
    """Nothing of an item is kept; ``reason`` is a code."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewEvidence(EvidenceCommand):
    """A member of staff looks at an item; ``purpose`` is a code."""

    viewer_id: UUID
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCopy(EvidenceCommand):
    """A member of staff wants a working copy of ``copied_from``; ``purpose`` and ``method`` are codes."""

    copied_from: UUID
    requester_id: UUID
    purpose: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecureDocument(EvidenceCommand):
    """The service made a document of what it holds of the session. ``staff_id`` asked for it, None for nobody."""

    kind: EvidenceKind
    sha256: str
    size: int
    media_type: str
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportEvidence(EvidenceCommand):
    """A member of staff hands an item over; ``purpose`` is a code."""

    exporter_id: UUID
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseEvidence(EvidenceCommand):
    """An item is erased under a rule."""

    rule: str
