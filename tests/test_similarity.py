"""Cosines of sentences' vectors."""

import numpy as np
import pytest

import w2v
from w2v.errors import UsageError


def test_cos_sim_of_all_rows_by_hand():
    found = w2v.cos_sim([[1, 0], [3, 4]], [[0, 2], [-5, 0], [0, 0]])
    np.testing.assert_allclose(found, [[0, -1, 0], [0.8, -0.6, 0]], atol=1e-7)
    assert found.dtype == np.float32


def test_cos_sim_of_pairs_by_hand():
    found = w2v.pairwise_cos_sim([[1, 0], [3, 4], [0, 0]], [[1, 1], [4, 3], [1, 0]])
    np.testing.assert_allclose(found, [np.sqrt(0.5), 0.96, 0], atol=1e-7)


def test_one_vector_is_one_row():
    assert w2v.cos_sim(np.ones(3), np.ones((4, 3))).shape == (1, 4)
    assert w2v.cos_sim([], []).shape == (0, 0)
    assert w2v.cos_sim([], np.ones((4, 3))).shape == (0, 4)
    assert w2v.pairwise_cos_sim([], []).shape == (0,)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_lengths_do_not_matter(scale):
    rows = np.random.default_rng(0).standard_normal((5, 7))
    found = w2v.cos_sim((rows * scale).astype(np.float32), rows)
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([[1, 2]], [[1, 2, 3]], r"a is \(1, 2\) and b \(1, 3\); their rows must be of one length"),
        ([[1, np.nan]], [[1, 2]], "row 0 of a holds NaN or infinity"),
        ([[1, 2]], [["x", "y"]], "b is of shape"),
        ([[[1]]], [[1]], r"a is of shape \(1, 1, 1\)"),
    ],
)
def test_cos_sim_refuses(a, b, message):
    with pytest.raises(UsageError, match=message):
        w2v.cos_sim(a, b)


def test_pairwise_cos_sim_refuses_other_shapes():
    with pytest.raises(UsageError, match="they must be of one shape"):
        w2v.pairwise_cos_sim(np.ones((2, 3)), np.ones((1, 3)))
