"""What reading an extract yields: case records, and issues that name a row without quoting it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

type PointName = Literal[
    "occurred_from", "occurred_to", "filed", "claimed", "invited", "connected", "assessed", "dispatched", "en_route",
    "arrived", "cleared", "closed",
]  # fmt: skip
LIVE = "live"
"""The source that figures call the service's own cases by: no extract may bear it."""

CLOCK_POINTS: tuple[PointName, ...] = get_args(PointName.__value__)

type IssueKind = Literal["rejected", "duplicate", "excluded", "repaired", "differing"]


def field_of(point: str) -> str:
    """The CaseRecord attribute that holds a clock point."""
    return point if point.startswith("occurred_") else f"{point}_at"


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One past case; every time is aware and in UTC, None where the extract does not tell it.

    `filed_at` is None for an extract that never recorded it; such a case counts as excluded (no start) in every
    interval that begins there. `units` is the number of distinct units, 0 when not recorded. `excluded` is the reason
    code of the mapping's rule that sets this case apart.
    """

    source: str
    record_id: str
    pathway: str
    category: str | None
    district: str | None
    priority: int | None
    gravest: Literal["lowest", "highest"] | None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    filed_at: datetime | None = None
    claimed_at: datetime | None = None
    invited_at: datetime | None = None
    connected_at: datetime | None = None
    assessed_at: datetime | None = None
    dispatched_at: datetime | None = None
    en_route_at: datetime | None = None
    arrived_at: datetime | None = None
    cleared_at: datetime | None = None
    closed_at: datetime | None = None
    units: int = 0
    excluded: str | None = None
    officer_initiated: bool | None = None


@dataclass(frozen=True, slots=True)
class RowIssue:
    """Why a row is not, or not exactly, a counted case. Carries no text of the row but its record id.

    `line` is the row's first line in the file, the header being line 1; in a Parquet file the row's number from 1.
    `reason` matches [a-z][a-z0-9_]{0,39}.
    `field` is a column's name.
    """

    line: int
    record_id: str | None
    kind: IssueKind
    reason: str
    field: str | None
