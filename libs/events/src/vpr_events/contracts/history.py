"""Family ``history``, owned by intake: past cases of a records extract."""

from vpr_events.contracts.values import Gravest, Pathway
from vpr_events.event import Code, Event, Instant


class HistoryCaseRecorded(Event, name="history.case_recorded"):
    """One past case with every clock point that the extract holds; absent points stay absent.

    ``excluded`` gives the reason why figures leave the case out, ``units`` how many were sent. ``officer_initiated``:
    an officer came upon it, nobody called; absent where the extract does not tell.
    """

    source: Code
    pathway: Pathway = Pathway.IN_PERSON
    category: Code | None = None
    district: Code | None = None
    priority: int | None = None
    gravest: Gravest | None = None
    occurred_from: Instant | None = None
    occurred_to: Instant | None = None
    filed_at: Instant | None = None
    claimed_at: Instant | None = None
    invited_at: Instant | None = None
    connected_at: Instant | None = None
    assessed_at: Instant | None = None
    dispatched_at: Instant | None = None
    en_route_at: Instant | None = None
    arrived_at: Instant | None = None
    cleared_at: Instant | None = None
    closed_at: Instant | None = None
    units: int = 0
    excluded: Code | None = None
    officer_initiated: bool | None = None
