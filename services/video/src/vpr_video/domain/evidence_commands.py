"""What can be asked of a session's evidence."""

from dataclasses import dataclass
from uuid import UUID

from vpr_events.contracts.session import EvidenceKind
from vpr_events.decider import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceCommand(Command):
    """Base of these: all name their item."""

    evidence_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEvidence(EvidenceCommand):
    """A participant begins to send an item. ``acts``: it is a member of staff who acts on the session."""

    kind: EvidenceKind
    participant_id: UUID
    acts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureEvidence(EvidenceCommand):
    """An item is whole, or (``incomplete``) was closed and is whatever was acknowledged of it."""

    sha256: str
    size: int
    media_type: str
    incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardEvidence(EvidenceCommand):
    """Nothing of an item is kept; ``reason`` is a code."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewEvidence(EvidenceCommand):
    """A member of staff looks at an item; ``purpose`` is a code."""

    viewer_id: UUID
    purpose: str
