"""What directly followed what in a log, how often, and how long it took. Arrays in, rows out."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from vpr_metrics.summaries import summary
from vpr_metrics.survival import Whole


def following(before: Whole, after: Whole, taken: Whole, names: Sequence[str]) -> list[dict[str, Any]]:
    """Of steps from one activity to the next (their places in ``names``) and what each took in microseconds: a row each
    pair with n, mean, median and total in seconds, the longest in all first.
    """
    kinds = before.astype(np.int64) * len(names) + after
    if len(names) ** 2 <= np.iinfo(np.uint16).max:
        kinds = kinds.astype(np.uint16)  # numpy orders these by radix, much faster
    order = np.argsort(kinds, kind="stable")
    found, counts = np.unique(kinds, return_counts=True)
    parts = np.split(taken[order], np.cumsum(counts)[:-1])
    with ThreadPoolExecutor() as beside:  # they are ordered outside the interpreter's lock
        rows = list(beside.map(partial(_row, names), map(int, found), parts))
    return sorted(rows, key=lambda row: (-row["total"], row["before"], row["after"]))


def _row(names: Sequence[str], kind: int, taken: Whole) -> dict[str, Any]:
    before, after = divmod(kind, len(names))
    found = summary(taken, [50.0])
    [median] = found.percentiles
    told = {"n": found.n, "mean": found.mean, "median": median, "total": found.total}
    return {"before": names[before], "after": names[after]} | told
