"""The nearest rows of a table, exactly, as fast as memory is read and with little of it taken.

One pass in float32 over the whole table keeps the best cosine of every CHUNK rows; only the chunks
that can hold one of the best rows are computed again, in float64.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

CHUNK = 32  # rows that share one best cosine
QUERIES = 64  # answered together, and
ROWS = 2**16  # multiplied with them at a time, a multiple of CHUNK: their cosines take 16 MB
_NUMBERS = 2**15  # held as float64 at a time: they stay in the cache

# Rows of these lengths neither overflow nor lose digits in float32; for others, float64 is used.
_SAFE_LENGTHS = 1e-15, 1e15


class Directions:
    """The rows of a table as directions: their lengths do not matter.

    Attributes:
        vectors: (V, D) float32, read and never changed.
        lengths: (V,) float64, Euclidean; NaN or infinite where the row's numbers are.
        slack:   twice the largest error of the cosines in `blocks`.
    """

    def __init__(self, vectors: npt.NDArray[np.float32]) -> None:
        self.vectors = vectors
        self.lengths = _lengths(vectors)
        self._divisors = np.where(self.lengths > 0, self.lengths, 1.0)  # a row of zeros: cosine 0
        low, high = _SAFE_LENGTHS
        self._is_safe = low < self._divisors.min() and self._divisors.max() < high
        with np.errstate(over="ignore"):  # where it is not safe, they are not used
            self._factors = (1 / self._divisors).astype(np.float32)
        # The errors of float32: D products and sums, the factor, the rounded query.
        self.slack = 2 * (vectors.shape[1] + 4) * np.finfo(np.float32).eps

    def nearest(
        self, queries: npt.NDArray[np.float64], n_best: int, n_rows: int
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
        """Yield for each query the rows of largest cosine.

        Args:
            queries: (n, D) float64, each of length 1.
            n_best: how many, at most n_rows.
            n_rows: only the first n_rows rows are searched.
        Yields:
            rows, cosines: (n_best,) int64 and float64, best first, equal ones by row.
        """
        for first in range(0, len(queries), QUERIES):
            block = queries[first : first + QUERIES]
            for query, rows in zip(block, self._candidates(block, n_best, n_rows), strict=True):
                cosines = self.cosines(rows, query)
                best = np.lexsort((rows, -cosines))[:n_best]
                yield rows[best], cosines[best]

    def closer(self, query: npt.NDArray[np.float64], cosine: float) -> npt.NDArray[np.int64]:
        """The rows, rising, with a larger cosine than `cosine` to `query`, (D,), of length 1."""
        found = []
        for first, (cosines,) in self.blocks(query[None], len(self.vectors)):
            rows = np.flatnonzero(cosines > cosine - self.slack)
            is_closer = cosines[rows] > cosine + self.slack
            unsure = ~is_closer
            is_closer[unsure] = self.cosines(first + rows[unsure], query) > cosine
            found.append(first + rows[is_closer])
        return np.concatenate(found)

    def first_cosines(
        self, query: npt.NDArray[np.float64], n_rows: int
    ) -> npt.NDArray[np.floating[Any]]:
        """(n_rows,), the cosines of the first rows to `query`, each within `slack` / 2."""
        return np.concatenate([cosines for _, (cosines,) in self.blocks(query[None], n_rows)])

    def cosines(
        self, rows: npt.NDArray[np.int64], query: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """(n,) float64, the cosines of n rows to `query`; equal rows have equal cosines.

        A matrix product would round equal rows differently, depending on their places in it.
        """
        sums = np.empty(len(rows))
        for part in _parts(len(rows), self.vectors.shape[1]):
            sums[part] = (self.vectors[rows[part]] * query).sum(axis=1)
        return (sums / self._divisors[rows]).clip(-1, 1)

    def _candidates(self, queries, n_best, n_rows):
        """For each query, (n,) int64: its `n_best` rows, and few others."""
        n_chunks = n_rows // CHUNK
        if n_best >= n_chunks:
            return [np.arange(n_rows)] * len(queries)
        in_chunks = n_chunks * CHUNK  # the few rows after those are always candidates
        maxima = np.empty((len(queries), n_chunks), np.float32)
        for first, cosines in self.blocks(queries, in_chunks):
            # A chunk is every width-th row, so that the maxima of neighbouring chunks are taken
            # together.
            chunks = cosines.reshape(len(queries), CHUNK, -1)
            begin = first // CHUNK
            np.max(chunks, axis=1, out=maxima[:, begin : begin + chunks.shape[2]])
        # n_best rows reach this cosine, so a row that is lower by more than the error of float32
        # is not among the best.
        floors = np.partition(maxima, -n_best, axis=1)[:, -n_best] - self.slack
        return [
            np.append(
                _rows(np.flatnonzero(best >= floor), in_chunks, _step(len(queries))),
                np.arange(in_chunks, n_rows),
            )
            for best, floor in zip(maxima, floors, strict=True)
        ]

    def blocks(
        self, queries: npt.NDArray[np.float64], n_rows: int
    ) -> Iterator[tuple[int, npt.NDArray[np.floating[Any]]]]:
        """Yield a block's first row and its cosines, (n, rows), each within `slack` / 2.

        In float32 with one product; one by one in float64 where lengths are not safe in float32.
        """
        rounded, step = queries.astype(np.float32), _step(len(queries))
        for first in range(0, n_rows, step):
            end = min(first + step, n_rows)
            if self._is_safe:
                cosines = rounded @ self.vectors[first:end].T
                cosines *= self._factors[first:end]
            else:
                rows = np.arange(first, end)
                cosines = np.array([self.cosines(rows, query) for query in queries])
            yield first, cosines


def _step(n_queries: int) -> int:
    """How many rows are multiplied with n_queries queries at a time."""
    return ROWS * max(1, QUERIES // n_queries)


def _rows(chunks: npt.NDArray[np.int64], in_chunks: int, step: int) -> npt.NDArray[np.int64]:
    """(CHUNK · n,) int64, the rows in n chunks."""
    block, place = np.divmod(chunks, step // CHUNK)
    width = np.minimum(in_chunks - block * step, step) // CHUNK
    return (block * step + place + width * np.arange(CHUNK)[:, None]).ravel()


def _lengths(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    squares = np.empty(len(vectors))
    with np.errstate(invalid="ignore", over="ignore"):  # the caller tells of NaN
        for part in _parts(*vectors.shape):
            rows = vectors[part].astype(np.float64)
            squares[part] = np.einsum("vd,vd->v", rows, rows)
    return np.sqrt(squares)


def _parts(n_rows: int, n_dims: int) -> Iterator[slice]:
    """Slices of n_rows rows that hold about _NUMBERS numbers each."""
    step = max(1, _NUMBERS // n_dims)
    return (slice(first, first + step) for first in range(0, n_rows, step))
