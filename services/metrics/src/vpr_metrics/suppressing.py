"""Small numbers: which figures are not shown to those who need not see single cases (decision 28)."""

from collections.abc import Iterable, Sequence
from math import ceil, floor

FEWEST = 5
"""Cells of fewer cases are not shown."""

MEDIAN = 50.0


def is_small(*counts: int) -> bool:
    """Whether a cell tells of few cases in any of its counts; of nobody tells none."""
    return any(0 < count < FEWEST for count in counts)


def hidden(cells: Sequence[tuple[int, ...]], gone: Iterable[int] = ()) -> tuple[frozenset[int], bool]:
    """Which of the cells of one total are hidden, by position, and whether their total is.

    A cell has one count or several, such as (n, records), the same in every cell; ``gone`` are hidden already. Beside
    the small ones as many others, smallest first, as it takes so that the total tells of no single small one: two at
    least, with enough cases together. Where there are not as many, the total is hidden.
    """
    out = {*gone, *(place for place, cell in enumerate(cells) if is_small(*cell))}
    total = _sums(cells)
    others = sorted((place for place in range(len(cells)) if place not in out), key=lambda place: cells[place])
    while out and others and not _covered(cells, out):
        out.add(others.pop(0))
    return frozenset(out), is_small(*total) or not _covered(cells, out)


def _covered(cells: Sequence[tuple[int, ...]], gone: set[int]) -> bool:
    """Whether what the total less the shown cells tells is of many cases: so it is of several cells, too."""
    return not is_small(*_sums([cells[place] for place in gone]))


def _sums(cells: Sequence[tuple[int, ...]]) -> list[int]:
    return [sum(counts) for counts in zip(*cells, strict=True)]


def tells_of_few(count: int, whole: int) -> bool:
    """Whether a part, or what is left of the whole without it, is of few."""
    return is_small(count, whole - count)


def is_of_few(percentage: float, count: int) -> bool:
    """Whether fewer than FEWEST of ``count`` values lie at a percentile or on one side of it.

    The percentile is interpolated linearly. The median is not judged: it is the middle of what is shown at all.
    """
    place = (count - 1) * percentage / 100
    return percentage != MEDIAN and min(floor(place) + 1, count - ceil(place)) < FEWEST
