"""The steps from one milestone to the next, by arithmetic: a happening is one number.

Its upper bits are its microseconds since the year 1, its lower ones its place among the milestones. A case's numbers in
their order are its way; two neighbours tell the step and how long it took.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Row
from vpr_metrics.flow import MILESTONES
from vpr_metrics.summaries import summary
from vpr_metrics.survival import Whole

ROWS = 100_000
"""Cases that are in memory at once."""

NAMES = [point.removesuffix("_at") for point in MILESTONES]
BITS = 5
"""Room for the places of the milestones. With it the year 9999 fits into 64 bits."""

PLACE = np.uint64((1 << BITS) - 1)
NEVER = np.iinfo(np.uint64).max


def transitions(connection: DuckDBPyConnection) -> Sequence[Row]:
    """The steps of the chosen cases with n, mean, median and total in seconds, the longest in all first.

    What ``flow.directly_follows`` finds of their milestones.
    """
    batches = list(_steps(connection))
    kinds = np.concatenate([kinds for kinds, _ in batches]) if batches else np.empty(0, np.uint16)
    taken = np.concatenate([taken for _, taken in batches]) if batches else np.empty(0, np.int64)
    taken = taken[np.argsort(kinds, kind="stable")]
    found, counts = np.unique(kinds, return_counts=True)
    parts = np.split(taken, np.cumsum(counts)[:-1])
    rows = [_row(int(kind), part) for kind, part in zip(found, parts, strict=False)]
    return sorted(rows, key=lambda row: (-row["total"], row["before"], row["after"]))


def _steps(connection: DuckDBPyConnection) -> Iterator[tuple[Whole, Whole]]:
    """Of each batch of cases the kinds of its steps, and what they took in microseconds."""
    marks = ", ".join(
        f"coalesce((epoch_us({point}) - epoch_us(timestamp '0001-01-01'))::ubigint * {1 << BITS} + {place}, {NEVER})"
        for place, point in enumerate(MILESTONES)
    )
    known = connection.sql(f"select {marks} from chosen where excluded is null")  # noqa: S608 - names of ours
    for batch in known.to_arrow_reader(ROWS):
        yield _steps_of(batch)


def _steps_of(batch: pa.RecordBatch) -> tuple[Whole, Whole]:
    ways = np.sort(np.column_stack([column.to_numpy() for column in batch.columns]), axis=1)
    happened = ways[:, 1:] != NEVER
    earlier, later = ways[:, :-1][happened], ways[:, 1:][happened]
    kinds = (earlier & PLACE) << BITS | later & PLACE
    return kinds.astype(np.uint16), ((later >> BITS) - (earlier >> BITS)).astype(np.int64)


def _row(kind: int, taken: Whole) -> Row:
    before, after = divmod(kind, 1 << BITS)
    found = summary(taken, [50.0])
    [median] = found.percentiles
    told = {"n": found.n, "mean": found.mean, "median": median, "total": found.total}
    return {"before": NAMES[before], "after": NAMES[after]} | told
