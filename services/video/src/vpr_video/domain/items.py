"""Items of evidence as a session knows them."""

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.session import (
    EvidenceEnd,
    EvidenceKind,
    SessionEvidenceCaptured,
    SessionEvidenceClosed,
    SessionEvidenceCopyRequested,
    SessionEvidenceDiscarded,
    SessionEvidenceErased,
    SessionEvidenceOpened,
    SessionUploadBegun,
)
from vpr_events.event import Event

type Items = tuple[Item, ...]

MEDIA_SERVER = "media_server"
"""The method of a recording that the media server makes."""


class Stage(StrEnum):
    """Where an item stands. MAKING: a copy is being made. CLOSING: nothing more is taken, its hash is being made."""

    MAKING = "making"
    OPEN = "open"
    CLOSING = "closing"
    CAPTURED = "captured"
    DISCARDED = "discarded"
    ERASED = "erased"


UNDER_WAY = frozenset({Stage.MAKING, Stage.OPEN, Stage.CLOSING})


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is, was or is being secured; ``reason`` is why it was closed.

    ``participant_id`` is who sends it, or the link by which it comes. A working copy names what it was ``copied_from``.
    ``served``: the media server records it.
    """

    id: UUID
    kind: EvidenceKind
    participant_id: UUID | None
    stage: Stage = Stage.OPEN
    reason: EvidenceEnd | None = None
    sha256: str = ""
    copied_from: UUID | None = None
    served: bool = False


def item_in(items: Items, evidence_id: UUID) -> Item | None:
    """The item of this id."""
    return next((item for item in items if item.id == evidence_id), None)


def open_recordings(items: Items) -> Items:
    """The recordings that run."""
    return tuple(item for item in items if item.kind is EvidenceKind.RECORDING and item.stage is Stage.OPEN)


def served_recordings(items: Items) -> Items:
    """The recordings that run at the media server."""
    return tuple(item for item in open_recordings(items) if item.served)


def with_event(items: Items, event: Event) -> Items:
    """The items after an event of any kind."""
    match event:
        case SessionEvidenceOpened():
            served = event.method == MEDIA_SERVER
            return (*items, Item(event.evidence_id, event.kind, event.participant_id, served=served))
        case SessionUploadBegun():
            return (*items, Item(event.evidence_id, event.kind, event.link_id))
        case SessionEvidenceCopyRequested():
            copy = Item(event.evidence_id, event.kind, None, Stage.MAKING, copied_from=event.copied_from)
            return (*items, copy)
        case SessionEvidenceClosed():
            return _changed(items, event.evidence_id, stage=Stage.CLOSING, reason=event.reason)
        case SessionEvidenceCaptured() if item_in(items, event.evidence_id) is None:
            made = Item(event.evidence_id, event.kind, event.participant_id, Stage.CAPTURED, sha256=event.sha256)
            return (*items, made)
        case SessionEvidenceCaptured():
            return _changed(items, event.evidence_id, stage=Stage.CAPTURED, sha256=event.sha256)
        case SessionEvidenceDiscarded():
            return _changed(items, event.evidence_id, stage=Stage.DISCARDED)
        case SessionEvidenceErased():
            return _changed(items, event.evidence_id, stage=Stage.ERASED)
    return items


def _changed(items: Items, evidence_id: UUID, **changes: object) -> Items:
    return tuple(replace(one, **changes) if one.id == evidence_id else one for one in items)  # type: ignore[arg-type] # names of Item's
