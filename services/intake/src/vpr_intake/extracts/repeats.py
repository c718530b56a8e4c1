"""Rows that carry a record id seen before."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from vpr_intake.extracts.records import CaseRecord, RowIssue
from vpr_intake.extracts.rows import Parsed
from vpr_intake.extracts.seen import Seen, content_of

_EARLIEST = (
    "occurred_from", "occurred_to", "filed_at", "claimed_at", "invited_at", "connected_at", "assessed_at",
    "dispatched_at", "en_route_at", "arrived_at",
)  # fmt: skip
_LATEST = ("cleared_at", "closed_at")


def merged(case: CaseRecord, job: CaseRecord) -> CaseRecord:
    """Two jobs of one case as one: the earliest of each point but cleared and closed, which are the latest.

    A case with a job that is not cleared or closed is not. Codes are the first job's; units add up.
    """
    changes: dict[str, Any] = {name: min(_known(case, job, name), default=None) for name in _EARLIEST}
    for name in _LATEST:
        known = _known(case, job, name)
        changes[name] = max(known) if len(known) == len((case, job)) else None
    return replace(case, units=case.units + job.units, **changes)


def _known(case: CaseRecord, job: CaseRecord, name: str) -> list[datetime]:
    return [value for value in (getattr(case, name), getattr(job, name)) if value is not None]


@dataclass(slots=True)
class Repeats:
    """Lets each record id through once. Holds back one row, which rows that follow it directly may extend."""

    merge: bool
    seen: Seen
    held: Parsed | None = None

    def add(self, parsed: Parsed) -> Parsed | None:
        """What is settled by one more row: itself, or the one that was held back, or nothing."""
        record = parsed.record
        if record is None:
            return parsed
        content, known = content_of(record), self.seen.contents(record.record_id)
        self.seen.add(record.record_id, content)
        if known:
            return self._repeated(parsed, record, same=content in known)
        held, self.held = self.held, parsed
        return held

    def flush(self) -> Parsed | None:
        """The row held back, if any."""
        held, self.held = self.held, None
        return held

    def _repeated(self, parsed: Parsed, record: CaseRecord, *, same: bool) -> Parsed:
        reason = "same_content"
        if not same:
            reason = "merged_same_id" if self._extend(parsed, record) else "same_id_differs"
        return Parsed(parsed.line, None, (RowIssue(parsed.line, record.record_id, "duplicate", reason, None),))

    def _extend(self, parsed: Parsed, record: CaseRecord) -> bool:
        held = self.held.record if self.held else None
        if not self.merge or self.held is None or held is None:
            return False
        if (held.record_id, held.excluded) != (record.record_id, record.excluded):
            return False
        repairs = tuple(issue for issue in parsed.issues if issue.kind == "repaired")
        self.held = Parsed(self.held.line, merged(held, record), self.held.issues + repairs)
        return True
