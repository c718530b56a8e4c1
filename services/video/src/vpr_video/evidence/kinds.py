"""Which media types each kind of evidence may have, and how large an item may be."""

from collections.abc import Mapping

from vpr_events.contracts.session import EvidenceKind
from vpr_evidence.media_types import KINDS, Kind, declared
from vpr_evidence.receiving import TooLarge, TypeRefused, recognised
from vpr_video.settings import Settings

TAKEN: Mapping[EvidenceKind, frozenset[str]] = {
    EvidenceKind.SNAPSHOT: frozenset({"image/png", "image/jpeg", "image/webp"}),
    EvidenceKind.PHOTO: frozenset(one for one, kind in KINDS.items() if kind is Kind.PHOTO),
    EvidenceKind.RECORDING: frozenset({"video/webm", "video/mp4"}),
    EvidenceKind.FILE: frozenset(KINDS),
}
"""What participants send."""


def check_declared(kind: EvidenceKind, content_type: str) -> str | None:
    """The declared media type by its usual name, None where it says nothing. Raises ValueError for one not taken."""
    said = declared(content_type)
    if said is not None and said not in TAKEN[kind]:
        raise ValueError(f"a {kind} is one of: {', '.join(sorted(TAKEN[kind]))}")
    return said


def type_of(kind: EvidenceKind, head: bytes, said: str | None) -> str:
    """The media type of an item that begins so. Raises Empty and TypeRefused."""
    found = recognised(head, said)
    if found not in TAKEN[kind]:
        raise TypeRefused(f"the content is {found}, which is no {kind}")
    return found


def check_size(kind: EvidenceKind, media_type: str | None, size: int, settings: Settings) -> None:
    """Whether an item of this type (None: of any) may have so many bytes. Raises TooLarge."""
    if kind is EvidenceKind.RECORDING:
        most = settings.recording_bytes
    elif media_type is None:
        most = max(settings.file_bytes[KINDS[one]] for one in TAKEN[kind])
    else:
        most = settings.file_bytes[KINDS[media_type]]
    if size > most:
        raise TooLarge(f"a {kind} may have at most {most} bytes")
