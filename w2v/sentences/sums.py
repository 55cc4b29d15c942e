"""Sums of the vectors of each sentence's words, without a loop over words."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_NUMBERS = 2**17  # of the table, gathered at a time: they stay in the cache
_LONGEST = 2**12  # words summed at once; a longer sentence is summed in parts


def sums(
    table: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """The weighted sum of the rows of each of n segments.

    Args:
        table:   (V, D) float32.
        rows:    (sum of lengths,) int64, the segments' rows of the table, one after the other.
        lengths: (n,) int64, how many rows each has; 0 is allowed.
        weights: (V,) float32, of each row of the table; None: all 1.
    Returns:
        (n, D) float32; zeros where a segment is empty. What a segment's sum is does not depend on
        the others.
    """
    total = np.zeros((len(lengths), table.shape[1]), np.float32)
    for segments, places in _equally_long(lengths, table.shape[1]):
        chosen = rows[places]  # (segments, words)
        ones = np.ones(chosen.shape, np.float32) if weights is None else weights[chosen]
        # A vector times a matrix for each segment, which adds up as fast as BLAS can.
        total[segments] += np.matmul(ones[:, None, :], table[chosen])[:, 0]
    return total


def lengths_by_dimension(
    table: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """(n, D) float32, the Euclidean length of every dimension over a segment's rows.

    The arguments are those of `sums`.
    """
    squares = np.zeros((len(lengths), table.shape[1]), np.float32)
    for segments, places in _equally_long(lengths, table.shape[1]):
        vectors = table[rows[places]]
        squares[segments] += np.einsum("nld,nld->nd", vectors, vectors)
    return np.sqrt(squares)


def _equally_long(
    lengths: npt.NDArray[np.int64], n_dims: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield a few segments of one length l, (n,), and the places of their rows, (n, l).

    A segment of more than _LONGEST rows comes in parts.
    """
    starts = np.cumsum(lengths) - lengths
    order = np.argsort(lengths, kind="stable")
    bounds = np.flatnonzero(np.diff(lengths[order], prepend=-1, append=-1))
    for first, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        length = int(lengths[order[first]])
        for part in range(0, length, _LONGEST):
            places = np.arange(part, min(part + _LONGEST, length))
            step = max(1, _NUMBERS // (len(places) * n_dims))
            for begin in range(first, end, step):
                segments = order[begin : min(begin + step, end)]
                yield segments, starts[segments, None] + places
