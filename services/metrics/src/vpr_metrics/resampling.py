"""Means and medians of resamples, drawn case by case or, of many cases, by the laws that such draws follow. Pure."""

import numpy as np

from vpr_metrics.survival import Floats

MANY = 20_000
"""Of more cases than this a resample's mean is drawn by its law, and its median beside it."""

MANY_OF_A_PART = 200
"""The same of a stratum, where all strata have MANY together: in their sum what each one's law lacks is evened out."""

CELLS = 4_000_000
"""How many drawn values are in memory at the same time."""


def means(generator: np.random.Generator, values: Floats, resamples: int, many: int = MANY) -> Floats:
    """The mean of each resample. Of many cases its law is the normal one with the skewness that so many draws leave
    (Cornish and Fisher's first terms): how far it is from the draws' own falls with their number.
    """
    if len(values) > many:
        return _by_law(generator, values, resamples)
    batch = max(1, CELLS // len(values))
    sizes = [min(batch, resamples - begun) for begun in range(0, resamples, batch)]
    return np.concatenate([generator.choice(values, (size, len(values))).mean(axis=1) for size in sizes])


def _by_law(generator: np.random.Generator, values: Floats, resamples: int) -> Floats:
    mean, deviation, n = values.mean(), values.std(), len(values)
    away = generator.standard_normal(resamples)
    if deviation:
        from_mean = (values - mean) / deviation
        skewness = (from_mean * from_mean * from_mean).mean() / np.sqrt(n)
        away += skewness / 6 * (away * away - 1)
    drawn: Floats = mean + deviation / np.sqrt(n) * away
    return drawn


def medians(generator: np.random.Generator, values: Floats, resamples: int) -> Floats:
    """The median of each resample, exactly: the places of drawn cases in their order are those of uniform numbers, and
    of these the middle ones follow beta distributions.
    """
    ordered, n = np.sort(values), len(values)
    below = (n + 1) // 2
    lower = generator.beta(below, n - below + 1, resamples)
    upper = lower if n % 2 else lower + (1 - lower) * generator.beta(1, n - below, resamples)
    low, high = (ordered[np.minimum((n * place).astype(np.int64), n - 1)] for place in (lower, upper))
    found: Floats = (low + high) / 2
    return found
