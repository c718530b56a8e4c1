"""Files of a report, as they are shown."""

from datetime import datetime
from uuid import UUID

from vpr_evidence.media_types import Kind
from vpr_service.requests import Body


class Added(Body):
    """A file that was added: what it is, its size in bytes and the hash of its content. Not its name."""

    id: UUID
    report_id: UUID
    media_type: str
    kind: Kind
    size: int
    sha256: str
    added_at: datetime


class Facts(Body):
    """What an image tells of itself; ``captured_at`` by the camera's clock. ``located``: it holds a GPS position.

    ``latitude`` and ``longitude`` (WGS 84) and ``camera`` are null where they cannot be read.
    """

    readable: bool
    width: int | None
    height: int | None
    captured_at: str | None
    located: bool
    latitude: float | None = None
    longitude: float | None = None
    camera: str | None = None


class Attachment(Added):
    """A file with its name and what it tells of itself: null while that is not read, and once it is ``erased``."""

    file_name: str | None
    facts: Facts | None
    erased: bool
