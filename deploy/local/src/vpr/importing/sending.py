"""Sending an extract's records to intake in batches."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from typing import Any

import orjson

from vpr.importing.journal import SHOWN, Journal, Tally
from vpr.importing.listing import IssueList
from vpr_intake.extracts import CaseRecord, Mapping, Parsed, Place, Reading, RowIssue, Table

BATCH = 500
IN_FLIGHT = 2
"""So many batches are on their way at once: intake takes one in while it waits for its database with the other."""

type Post = Callable[[bytes], dict[str, Any]]
"""Sends the body of ``POST /v1/history/cases``: its answer, or it raises."""


@dataclass(frozen=True)
class Part:
    """A batch of rows: what is sent of them, and where the reading stands behind them. ``read`` of the table's size."""

    rows: Sequence[Parsed]
    place: Place
    read: int

    @property
    def records(self) -> Sequence[CaseRecord]:
        """What is sent."""
        return [one.record for one in self.rows if one.record]

    @property
    def issues(self) -> Sequence[RowIssue]:
        """What is listed."""
        return [issue for one in self.rows for issue in one.issues]


@dataclass
class Import:
    """One run: ``post`` sends, ``journal`` and ``listed`` remember, ``told`` hears how much of the table is done."""

    post: Post
    journal: Journal
    listed: IssueList
    told: Callable[[int], None]

    def run(self, table: Table, mapping: Mapping) -> Tally:
        """Send all that the journal does not know of yet. Raises what ``post`` raises; MappingError for the file."""
        reading = Reading(table, mapping, self.journal.seen, self.journal.state.place)
        sent: deque[tuple[Part, Future[dict[str, Any]]]] = deque()
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            for rows in batched(reading.settled(), BATCH, strict=False):
                part = Part(rows, reading.place, table.position)
                self.journal.seen.cut()
                sent.append((part, pool.submit(self._send, part.records)))
                if len(sent) > IN_FLIGHT:
                    self._settle(*sent.popleft())
            while sent:
                self._settle(*sent.popleft())
        return self.journal.state.tally

    def _send(self, records: Sequence[CaseRecord]) -> dict[str, Any]:
        nothing = {"recorded": 0, "unchanged": 0, "differing": []}
        return self.post(orjson.dumps({"cases": records})) if records else nothing

    def _settle(self, part: Part, sent: Future[dict[str, Any]]) -> None:
        answer = sent.result()
        differing = set(answer["differing"])
        issues = [*part.issues, *_differing(part.rows, differing)]
        tally = self.journal.state.tally
        tally.recorded += answer["recorded"]
        tally.unchanged += answer["unchanged"]
        tally.differing += sorted(differing)[: max(0, SHOWN - len(tally.differing))]
        tally.add(issues)
        self.journal.settle(part.place, self.listed.add(issues))
        self.told(part.read)


def _differing(rows: Sequence[Parsed], differing: set[str]) -> Sequence[RowIssue]:
    return [
        RowIssue(one.line, one.record.record_id, "differing", "recorded_differently", None)
        for one in rows
        if one.record and one.record.record_id in differing
    ]
