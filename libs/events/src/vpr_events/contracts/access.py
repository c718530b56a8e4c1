"""Family ``access``, owned by intake: who read what personal data, and why. Its own stream a report."""

from uuid import UUID

from vpr_events.contracts.values import Role
from vpr_events.event import Code, Event


class AccessRecorded(Event, name="access.recorded"):
    """Personal data of a report was read. ``resource`` names what, ``purpose`` why."""

    reader_id: UUID
    role: Role
    resource: Code
    purpose: Code
    break_glass: bool = False
