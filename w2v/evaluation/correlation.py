"""Spearman's and Pearson's correlation, with bootstrap intervals."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000  # of the bootstrap: with 353 pairs, its bounds vary by about 0.003
LEVEL = 0.95  # of the bootstrap's interval
FEW = 20  # pairs, below which the percentiles of a bootstrap bound too narrowly
FEWEST = 3  # pairs of numbers for an interval: any resample of two correlates by ±1


@dataclass(frozen=True)
class Correlation:
    """value, and the bounds of its 95 % interval; each None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None


def correlate(
    one: npt.NDArray[np.float64],
    other: npt.NDArray[np.float64],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Correlation]:
    """Spearman's and Pearson's correlation of two series of numbers.

    Args:
        one, other: (n,), finite.
        resamples, seed: of the bootstrap over pairs, whose percentiles bound the interval; 0 for
            none.
    Returns:
        Both; None for fewer than two pairs, or if all numbers of a series are equal. No interval
        for fewer than three pairs.
    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, 13.3 (percentiles).
    Differs from scipy: None instead of NaN.
    """
    series = [(x, np.unique(x, return_inverse=True)[1]) for x in (one, other)]
    n = len(one)
    values = _both(series, np.arange(n))
    rng = np.random.default_rng(seed)
    samples = [
        _both(series, rng.integers(n, size=n)) for _ in range(resamples if n >= FEWEST else 0)
    ]
    bounds = map(_interval, np.array(samples).reshape(-1, 2).T)
    return [
        Correlation(*(None if np.isnan(x) else float(x) for x in (value, *interval)))
        for value, interval in zip(values, bounds, strict=True)
    ]


def _both(series, sample):
    """Spearman's and Pearson's correlation of a sample of the pairs; NaN if not defined.

    series: the numbers of each of the two, and their codes: the places of the numbers among the
        different numbers, in rising order.  sample: (n,) int64, with repetitions.
    """
    ranks = [_ranks(codes[sample]) for _, codes in series]
    return _pearson(*ranks), _pearson(*(numbers[sample] for numbers, _ in series))


def _ranks(codes):
    """(n,) float64, the rank of each number from 1; equal ones share the mean of their ranks.

    _ranks([0, 1, 1, 3]) == [1, 2.5, 2.5, 4]
    """
    counts = np.bincount(codes)
    return (np.cumsum(counts) - (counts - 1) / 2)[codes]


def _pearson(one, other):
    centered = []
    for numbers in (one, other):
        if len(numbers) < 2 or numbers.min() == numbers.max():
            return np.nan
        numbers = numbers / np.abs(numbers).max()  # the squares of huge ones would overflow
        centered.append(numbers - numbers.mean())
    one, other = centered
    return np.clip((one @ other) / np.sqrt((one @ one) * (other @ other)), -1.0, 1.0)


def _interval(samples):
    """The bounds of the middle 95 % of resampled correlations; NaN if there are none."""
    samples = samples[~np.isnan(samples)]
    if not len(samples):
        return np.nan, np.nan
    return np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
