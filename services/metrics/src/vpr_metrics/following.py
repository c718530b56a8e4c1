"""What directly followed what in a log, how often, and how long it took. Arrays in, rows out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vpr_metrics.summaries import SECOND, percentiles_of, sum_of
from vpr_metrics.survival import Whole

ROOM = 63
"""Bits of a number that is not negative."""


def following(before: Whole, after: Whole, taken: Whole, names: Sequence[str]) -> list[dict[str, Any]]:
    """Of steps from one activity to the next (their places in ``names``) and what each took in microseconds: a row each
    pair with n, mean, median and total in seconds, the longest in all first.
    """
    kinds, ordered = _ordered(before.astype(np.int64) * len(names) + after, taken)
    starts = np.flatnonzero(np.diff(kinds, prepend=-1))
    parts = np.split(ordered, starts[1:]) if len(starts) else []
    rows = [_row(names, int(kinds[start]), part) for start, part in zip(starts, parts, strict=True)]
    return sorted(rows, key=lambda row: (-row["total"], row["before"], row["after"]))


def _ordered(kinds: Whole, taken: Whole) -> tuple[Whole, Whole]:
    """By kind, those of a kind by how long they took: as one number each, while there is room for both in it."""
    bits = int(taken.max(initial=0)).bit_length()
    if int(kinds.max(initial=0)).bit_length() + bits <= ROOM:
        both = np.sort(kinds << bits | taken)
        return both >> bits, both & ((1 << bits) - 1)
    order = np.lexsort((taken, kinds))
    return kinds[order], taken[order]


def _row(names: Sequence[str], kind: int, ordered: Whole) -> dict[str, Any]:
    before, after = divmod(kind, len(names))
    n, whole = len(ordered), sum_of(ordered)
    [median] = percentiles_of(ordered, [50.0]).tolist()
    told = {"n": n, "mean": whole / n / SECOND, "median": median, "total": whole / SECOND}
    return {"before": names[before], "after": names[after]} | told
