"""When a session is to take place, and how the resident is told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vpr_events.contracts.scheduled import SessionScheduled

ASKED = "und"
"""The language of who is asked for theirs when the message leaves (BCP 47: undetermined)."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Moments as in ``session.scheduled``; ``told_by`` is the version of the case's event that the times come from."""

    starts_at: datetime
    zone: str
    opens_at: datetime
    missed_at: datetime
    expires_at: datetime
    told_by: int
    remind_at: datetime | None = None

    @classmethod
    def of(cls, event: SessionScheduled) -> "Schedule":
        """As the event tells."""
        return cls(**{name: getattr(event, name) for name in SessionScheduled.model_fields})

    @property
    def event(self) -> SessionScheduled:
        """What tells of it."""
        return SessionScheduled(**{name: getattr(self, name) for name in SessionScheduled.model_fields})


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that we send: good until ``expires_at``, in the resident's own language unless one is given."""

    id: UUID
    channel: str
    expires_at: datetime
    language: str = ASKED
    neutral: bool = False
