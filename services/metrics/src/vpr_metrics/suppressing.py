"""Small numbers: which figures are not shown to those who need not see single cases (decision 28)."""

from collections.abc import Sequence

FEWEST = 5
"""Cells of fewer cases are not shown."""


def is_small(n: int, records: int) -> bool:
    """Whether a cell tells of few cases: of few records, or with statistics of few."""
    return 0 < n < FEWEST or 0 < records < FEWEST


def hidden(cells: Sequence[tuple[int, int]]) -> tuple[frozenset[int], bool]:
    """Which of the cells (n, records) of one total are hidden, by position, and whether their total is.

    Beside the small ones as many others, smallest first, as it takes so that the total tells of no single small one:
    two at least, with enough cases together. Where there are not as many, the total is hidden.
    """
    gone = {place for place, cell in enumerate(cells) if is_small(*cell)}
    total = (sum(n for n, _ in cells), sum(records for _, records in cells))
    if not gone:
        return frozenset(), is_small(*total)
    others = sorted((place for place in range(len(cells)) if place not in gone), key=lambda place: cells[place])
    while others and not _covered(cells, gone):
        gone.add(others.pop(0))
    return frozenset(gone), is_small(*total) or not _covered(cells, gone)


def _covered(cells: Sequence[tuple[int, int]], gone: set[int]) -> bool:
    """Whether what the total less the shown cells tells is of many cases: so it is of several cells, too."""
    n, records = (sum(cells[place][part] for place in gone) for part in (0, 1))
    return not is_small(n, records)


def tells_of_few(count: int, whole: int) -> bool:
    """Whether a part, or what is left of the whole without it, is of few."""
    return 0 < count < FEWEST or 0 < whole - count < FEWEST
