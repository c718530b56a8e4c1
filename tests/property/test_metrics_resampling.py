"""The laws of resampled means and medians against resamples that are drawn case by case."""

import math

import numpy as np
import pytest

from vpr_metrics.comparing import Sampling, changes, like_for_like
from vpr_metrics.resampling import MANY, means, medians

DRAWS = 100_000


@pytest.mark.parametrize("cases", [1, 2, 3, 4, 5, 8, 9, 40])
def test_a_resamples_median_has_the_law_of_drawn_ones(cases: int) -> None:
    values = np.random.default_rng(cases).permutation(np.arange(cases) * 10.0 + 100)
    by_law = medians(np.random.default_rng(1), values, DRAWS)
    drawn = np.median(np.random.default_rng(2).choice(values, (DRAWS, cases)), axis=1)
    for value in np.union1d(by_law, drawn):
        shares = [(one <= value).mean() for one in (by_law, drawn)]
        assert abs(shares[0] - shares[1]) < 5 * math.sqrt(0.5 / DRAWS), (cases, value, shares)


def test_a_resamples_mean_of_many_skewed_cases_has_the_law_of_drawn_ones() -> None:
    values = np.random.default_rng(3).lognormal(10, 2.2, MANY + 1)
    by_law = means(np.random.default_rng(4), values, DRAWS)
    generator = np.random.default_rng(5)
    drawn = np.array([generator.choice(values, len(values)).mean() for _ in range(4000)])
    error = values.std() / math.sqrt(len(values))
    assert abs(by_law.mean() - values.mean()) < 0.02 * error
    assert by_law.std() == pytest.approx(error, rel=0.02)
    for percent in (2.5, 50, 97.5):
        assert abs(np.percentile(by_law, percent) - np.percentile(drawn, percent)) < 0.12 * error, percent


def test_means_of_many_that_are_alike_do_not_vary() -> None:
    assert set(means(np.random.default_rng(1), np.full(MANY + 1, 7.0), 10)) == {7.0}


def test_given_few_cases_beside_many_when_they_are_compared_then_the_few_decide_how_sure_it_is() -> None:
    generator = np.random.default_rng(6)
    many, few = generator.exponential(100, 10 * MANY), generator.exponential(50, 50)
    sampling = Sampling(resamples=2000, seed=7, confidence=0.95)
    mean, median = changes(many, few, sampling)
    assert mean.low is not None
    assert mean.high is not None
    width = 2 * 1.96 * math.hypot(few.std() / math.sqrt(len(few)), many.std() / math.sqrt(len(many)))
    assert mean.high - mean.low == pytest.approx(width, rel=0.1)
    assert mean.low < few.mean() - many.mean() < mean.high
    assert changes(many, few, sampling) == (mean, median), "the seed repeats it"


def test_given_many_cases_in_strata_when_like_is_compared_with_like_then_the_interval_is_that_of_draws() -> None:
    generator = np.random.default_rng(8)
    strata = [[str(place % 60)] for place in range(MANY + 60)]
    before, after = (generator.lognormal(mean, 1, len(strata)) for mean in (5.0, 4.5))
    found = like_for_like((before, strata), (after, strata), Sampling(resamples=4000, seed=7, confidence=0.95))
    assert found
    names = np.array([int(one) for [one] in strata])
    variances = [
        sum((len(part) * part.std()) ** 2 / len(part) for part in (whole[names == one] for one in range(60)))
        for whole in (before, after)
    ]
    width = 2 * 1.96 * math.sqrt(sum(variances)) / len(strata)
    assert found.mean.low is not None
    assert found.mean.high is not None
    assert found.mean.high - found.mean.low == pytest.approx(width, rel=0.05)
    assert found.mean.low < after.mean() - before.mean() < found.mean.high
