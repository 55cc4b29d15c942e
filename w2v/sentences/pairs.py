"""The most similar pairs of n vectors, exactly, in n² / 2 products and little memory.

Cosines are taken in float32, a block at a time; those that may be among the best are computed again
in float64.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_ROWS, _COLUMNS = 2**10, 2**13  # of a block: its cosines take 32 MB
_NUMBERS = 2**18  # held as float64 at a time


class Pair(NamedTuple):
    """Two rows, one < other, and their cosine."""

    cosine: float
    one: int
    other: int


def top_pairs(
    vectors: npt.NDArray[np.float32], lengths: npt.NDArray[np.float64], topn: int
) -> list[Pair]:
    """The `topn` pairs of different rows with the largest cosine.

    Args:
        vectors: (n, D) float32, finite.
        lengths: (n,) float64, of the rows; a row of zeros is in no pair.
    Returns:
        Pairs, best first, equal ones by rows; fewer than topn where there are no more.
    """
    rows = np.flatnonzero(lengths > 0)
    units = np.empty((len(rows), vectors.shape[1]), np.float32)
    for first in range(0, len(rows), _ROWS):
        part = rows[first : first + _ROWS]
        units[first : first + _ROWS] = vectors[part] / lengths[part, None]
    slack = np.float32(2 * (vectors.shape[1] + 4) * np.finfo(np.float32).eps)  # of float32
    best = np.empty((0, 3))  # cosine, one, other: the best so far
    floor = np.float32(-np.inf)
    for first in range(0, len(rows), _ROWS):
        for begin in range(first, len(rows), _COLUMNS):
            cosines = units[first : first + _ROWS] @ units[begin : begin + _COLUMNS].T
            one, other = _candidates(cosines, first - begin, floor - slack, slack, topn)
            one, other = rows[one + first], rows[other + begin]
            exact = _cosines(vectors, one, other)
            found = np.concatenate([best, np.stack([exact, one, other], axis=1)])
            best = found[np.lexsort((found[:, 2], found[:, 1], -found[:, 0]))[:topn]]
            if len(best) == topn:
                floor = np.float32(best[-1, 0])
    return [Pair(cosine, int(one), int(other)) for cosine, one, other in best.tolist()]


def _candidates(cosines, diagonal, floor, slack, topn):
    """The places of a block, (m,) int64 each, that may be among the topn best: few others.

    diagonal: row − column where a vector meets itself; only what is right of there counts.
    """
    if diagonal + len(cosines) > 0:  # else all of the block is
        n_rows, n_columns = cosines.shape
        cosines[np.tri(n_rows, n_columns, diagonal, dtype=bool)] = -np.inf
    flat = cosines.ravel()
    chosen = np.flatnonzero(flat >= floor)
    chosen = chosen[flat[chosen] > -np.inf]
    if len(chosen) > topn:
        cut = np.partition(flat[chosen], -topn)[-topn] - 2 * slack
        chosen = chosen[flat[chosen] >= cut]
    return np.divmod(chosen, cosines.shape[1])


def _cosines(vectors, one, other):
    """(m,) float64, the cosines of m pairs of rows; of two rows that are the same, exactly 1."""
    exact = np.empty(len(one))
    step = max(1, _NUMBERS // vectors.shape[1])
    for first in range(0, len(one), step):
        a, b = one[first : first + step], other[first : first + step]
        left, right = (vectors[rows].astype(np.float64) for rows in (a, b))
        # √(x·x) is x in floating point too, where the sums of both are made in one way.
        squares = (left * left).sum(axis=1) * (right * right).sum(axis=1)
        exact[first : first + step] = (left * right).sum(axis=1) / np.sqrt(squares)
    return exact.clip(-1, 1)
