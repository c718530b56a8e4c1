"""Small numbers cannot be read off what is shown beside them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpr_metrics.suppressing import FEWEST, hidden, is_of_few, is_small

cells = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda one: (min(one), max(one))), max_size=8)


@given(cells)
def test_small_cells_are_hidden_and_nothing_more_than_it_takes(counted: list[tuple[int, int]]) -> None:
    gone, _ = hidden(counted)
    small = {place for place, cell in enumerate(counted) if is_small(*cell)}
    assert small <= gone
    assert small or not gone


@given(cells)
def test_what_a_shown_total_leaves_over_is_never_one_cell_nor_few_cases(counted: list[tuple[int, int]]) -> None:
    gone, without_total = hidden(counted)
    if gone and not without_total:
        left = [sum(cell[part] for place, cell in enumerate(counted) if place in gone) for part in (0, 1)]
        assert len(gone) > 1
        assert all(count == 0 or count >= FEWEST for count in left)


def test_the_smallest_other_cell_goes_with_a_single_small_one() -> None:
    assert hidden([(40, 40), (3, 3), (9, 9)]) == (frozenset({1, 2}), False)
    assert hidden([(3, 3), (40, 40)]) == (frozenset({0, 1}), False)
    assert hidden([(3, 3)]) == (frozenset({0}), True)
    assert hidden([(2, 2), (2, 2)]) == (frozenset({0, 1}), True)
    assert hidden([(5, 9), (6, 6)]) == (frozenset(), False)


@given(st.floats(0.01, 99.99).map(lambda one: round(one, 2)), st.integers(1, 500))
def test_a_percentile_is_of_few_where_few_lie_on_either_side(percentage: float, count: int) -> None:
    values = np.arange(float(count))
    found = np.percentile(values, percentage)
    sides = sum(values <= np.floor(found + 1e-9)), sum(values >= np.ceil(found - 1e-9))
    assert is_of_few(percentage, count) == (percentage != 50 and min(sides) < FEWEST)


@pytest.mark.parametrize(("percentage", "least"), [(90, 41), (10, 41), (75, 17), (99, 401), (50, 1)])
def test_from_how_many_cases_on_a_percentile_is_shown(percentage: float, least: int) -> None:
    assert not is_of_few(percentage, least)
    assert percentage == 50 or is_of_few(percentage, least - 1)
