"""The steps from one milestone to the next, by arithmetic: a happening is one number.

Its upper bits are its microseconds since the year 1, its lower ones its place among the milestones. A case's numbers in
their order are its way; two neighbours tell the step and how long it took.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Row
from vpr_metrics.flow import MILESTONES
from vpr_metrics.following import following
from vpr_metrics.survival import Whole

ROWS = 10_000
"""Cases that are read at once, while those before them are worked on."""

NAMES = [point.removesuffix("_at") for point in MILESTONES]
BITS = np.uint64(5)
"""Room for the places of the milestones. With it the year 9999 fits into 64 bits."""

PLACE = (np.uint64(1) << BITS) - np.uint64(1)
NEVER = np.uint64(np.iinfo(np.uint64).max)
YEAR_1 = np.datetime64("0001-01-01", "us").astype(np.int64)

type Marks = np.ndarray[tuple[int, int], np.dtype[np.uint64]]
"""A number for each milestone of each case; NEVER for what did not happen."""

type Steps = tuple[Whole, Whole, Whole]
"""The places of the milestones before and after, and what each step took in microseconds."""

NONE: Steps = (np.empty(0, np.uint16), np.empty(0, np.uint16), np.empty(0, np.int64))


def transitions(connection: DuckDBPyConnection) -> Sequence[Row]:
    """The steps of the chosen cases with n, mean, median and total in seconds, the longest in all first."""
    batches = [*_steps(connection), NONE]
    before, after, taken = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return following(before, after, taken, NAMES)


def _steps(connection: DuckDBPyConnection) -> Iterator[Steps]:
    """What was read is worked on while more is read."""
    moments = ", ".join(f"epoch_us({point}) as {point}" for point in MILESTONES)
    known = connection.sql(f"select {moments} from chosen where excluded is null")  # noqa: S608 - names of ours
    with ThreadPoolExecutor(1) as beside:
        before = None
        for batch in known.to_arrow_reader(ROWS):
            if before:
                yield before.result()
            before = beside.submit(_steps_of, batch)
        if before:
            yield before.result()


def _steps_of(batch: pa.RecordBatch) -> Steps:
    ways = np.sort(_marks(batch), axis=1)
    happened = ways.ravel()
    follows = happened[1:] != NEVER
    follows[ways.shape[1] - 1 :: ways.shape[1]] = False  # the first of a case follows nothing
    earlier, later = happened[:-1][follows], happened[1:][follows]
    before, after = ((way & PLACE).astype(np.uint16) for way in (earlier, later))
    return before, after, ((later >> BITS) - (earlier >> BITS)).astype(np.int64)


def _marks(batch: pa.RecordBatch) -> Marks:
    """A row a case; what happened to none of them has no column, but for the first."""
    known = [(place, one) for place, one in enumerate(batch.columns) if place == 0 or one.null_count < len(one)]
    marks = np.empty((len(batch), len(known)), np.uint64)
    for number, (place, moments) in enumerate(known):
        since = (moments.fill_null(0).to_numpy() - YEAR_1).astype(np.uint64)
        marks[:, number] = since << BITS | np.uint64(place)
        if moments.null_count:
            marks[moments.is_null().to_numpy(zero_copy_only=False), number] = NEVER
    return marks
