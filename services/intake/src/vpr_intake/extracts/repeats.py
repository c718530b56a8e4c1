"""Rows that carry a record id seen before."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from vpr_intake.extracts.records import CaseRecord, RowIssue
from vpr_intake.extracts.rows import Parsed

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
    """Lets each record id through once. Holds back one record, which rows that follow it directly may extend.

    Memory grows with the number of records: an id and a hash each.
    """

    merge: bool
    _ids: set[str] = field(default_factory=set)
    _contents: set[int] = field(default_factory=set)
    _held: Parsed | None = None

    def add(self, parsed: Parsed) -> Iterator[CaseRecord | RowIssue]:
        """What is settled by one more row."""
        record = parsed.record
        if record is None:
            yield from parsed.issues
        elif record.record_id in self._ids:
            yield from self._repeated(parsed, record)
        else:
            yield from self.flush()
            self._held = parsed
            self._ids.add(record.record_id)
            self._contents.add(hash(record))

    def flush(self) -> Iterator[CaseRecord | RowIssue]:
        """The record held back, if any, with its issues."""
        held, self._held = self._held, None
        if held and held.record:
            yield held.record
            yield from held.issues

    def _repeated(self, parsed: Parsed, record: CaseRecord) -> Iterator[RowIssue]:
        reason = "same_content"
        if hash(record) not in self._contents:
            reason = "merged_same_id" if self._extend(parsed, record) else "same_id_differs"
            self._contents.add(hash(record))
        yield RowIssue(parsed.line, record.record_id, "duplicate", reason, None)

    def _extend(self, parsed: Parsed, record: CaseRecord) -> bool:
        held = self._held.record if self._held else None
        if not self.merge or self._held is None or held is None:
            return False
        if (held.record_id, held.excluded) != (record.record_id, record.excluded):
            return False
        repairs = tuple(issue for issue in parsed.issues if issue.kind == "repaired")
        self._held = Parsed(self._held.line, merged(held, record), self._held.issues + repairs)
        return True
