"""Correlations: against hand arithmetic and SciPy."""

import math

import numpy as np
import pytest

from w2v.evaluation.correlation import Correlation, correlate


def test_spearman_shares_ranks_among_equals():
    # Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4; less 2.5: −1.5, 0, 0, 1.5 and −1.5, −.5, .5, 1.5.
    # Their product sums to 4.5, their squares to 4.5 and 5: 4.5 / √22.5.
    spearman, pearson = correlate(np.array([1.0, 2, 2, 9]), np.array([0.1, 0.2, 0.3, 0.4]))
    assert spearman.value == pytest.approx(4.5 / math.sqrt(22.5), abs=1e-12)
    # Less 3.5 and 0.25: −2.5, −1.5, −1.5, 5.5 and −.15, −.05, .05, .15: 1.2 / √(41 · 0.05).
    assert pearson.value == pytest.approx(1.2 / math.sqrt(2.05), abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 10, 400])
def test_correlations_equal_scipys(n):
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(n)
    one, other = rng.integers(0, max(3, n // 4), n).astype(float), rng.normal(size=n)
    one[0], one[1] = 0, 1
    other += one
    spearman, pearson = correlate(one, other)
    assert spearman.value == pytest.approx(stats.spearmanr(one, other)[0], abs=1e-12)
    assert pearson.value == pytest.approx(stats.pearsonr(one, other)[0], abs=1e-12)


def test_correlation_that_is_not_defined_is_none():
    nothing = [Correlation(None)] * 2
    assert correlate(np.array([]), np.array([])) == nothing
    assert correlate(np.array([3.0]), np.array([1.0])) == nothing
    assert correlate(np.full(5, 0.1), np.arange(5.0)) == nothing
    assert correlate(np.array([1.0, 2]), np.array([5.0, 3])) == [Correlation(-1.0)] * 2


def test_correlation_of_huge_scores_is_finite():
    _, pearson = correlate(np.array([1e300, -1e300, 1.5e308]), np.array([1.0, -1.0, 1.5e8]))
    assert 0.5 < pearson.value <= 1.0


def test_interval_holds_the_middle_of_scipys_correlations_of_resampled_pairs():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    one = rng.integers(0, 9, 60).astype(float)
    other = one + 3 * rng.normal(size=60)
    rng = np.random.default_rng(4)
    samples = [rng.integers(60, size=60) for _ in range(200)]
    spearman, pearson = correlate(one, other, resamples=200, seed=4)
    for ours, theirs in ((spearman, stats.spearmanr), (pearson, stats.pearsonr)):
        low, high = np.percentile([theirs(one[s], other[s])[0] for s in samples], [2.5, 97.5])
        assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-12)
        assert low < ours.value < high


def test_interval_depends_on_the_seed_alone():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 30))
    assert correlate(one, other) == correlate(one, other)
    assert correlate(one, other)[0].low != correlate(one, other, seed=1)[0].low
    assert correlate(one, other, resamples=0)[0] == Correlation(correlate(one, other)[0].value)
