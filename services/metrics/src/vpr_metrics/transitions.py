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
from vpr_metrics.following import following
from vpr_metrics.survival import Whole

ROWS = 100_000
"""Cases that are in memory at once."""

NAMES = [point.removesuffix("_at") for point in MILESTONES]
BITS = 5
"""Room for the places of the milestones. With it the year 9999 fits into 64 bits."""

PLACE = np.uint64((1 << BITS) - 1)
NEVER = np.iinfo(np.uint64).max

type Steps = tuple[Whole, Whole, Whole]
"""The places of the milestones before and after, and what each step took in microseconds."""

NONE: Steps = (np.empty(0, np.uint16), np.empty(0, np.uint16), np.empty(0, np.int64))


def transitions(connection: DuckDBPyConnection) -> Sequence[Row]:
    """The steps of the chosen cases with n, mean, median and total in seconds, the longest in all first."""
    batches = [*_steps(connection), NONE]
    before, after, taken = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return following(before, after, taken, NAMES)


def _steps(connection: DuckDBPyConnection) -> Iterator[Steps]:
    marks = ", ".join(
        f"coalesce((epoch_us({point}) - epoch_us(timestamp '0001-01-01'))::ubigint * {1 << BITS} + {place}, {NEVER})"
        for place, point in enumerate(MILESTONES)
    )
    known = connection.sql(f"select {marks} from chosen where excluded is null")  # noqa: S608 - names of ours
    for batch in known.to_arrow_reader(ROWS):
        yield _steps_of(batch)


def _steps_of(batch: pa.RecordBatch) -> Steps:
    ways = np.sort(np.column_stack([column.to_numpy() for column in batch.columns]), axis=1)
    happened = ways[:, 1:] != NEVER
    earlier, later = ways[:, :-1][happened], ways[:, 1:][happened]
    before, after = ((way & PLACE).astype(np.uint16) for way in (earlier, later))
    return before, after, ((later >> BITS) - (earlier >> BITS)).astype(np.int64)
