"""The nearest rows of a table, exactly, at the speed of memory and in little of it.

One pass in float32 over the whole table keeps the best cosine of every CHUNK rows; only the chunks
that can hold one of the best are weighed again, in float64.
"""

import numpy as np

CHUNK = 32  # rows that share one best cosine
ROWS = 2**16  # a multiple of that; multiplied at a time: 16 MB of cosines with
QUERIES = 64  # so many queries together; with fewer, as many more rows
_NUMBERS = 2**15  # held as float64 at a time: they stay in the cache

# Between these lengths float32 neither overflows nor loses digits; others are weighed in float64.
_TAME = 1e-15, 1e15


class Directions:
    """The rows of a table as directions: their lengths do not matter.

    Attributes:
        vectors: (V, D) float32, read and never changed.
        lengths: (V,) float64, Euclidean; NaN or infinite where the row's numbers are.
    """

    def __init__(self, vectors):
        self.vectors = vectors
        self.lengths = _lengths(vectors)
        self._divisors = np.where(self.lengths > 0, self.lengths, 1.0)  # a row of zeros: cosine 0
        self._is_tame = _TAME[0] < self._divisors.min() and self._divisors.max() < _TAME[1]
        self._factors = (1 / self._divisors).astype(np.float32) if self._is_tame else None
        # Twice what float32 can err by: D products and sums, the factor, the rounded query.
        self._slack = 2 * (vectors.shape[1] + 4) * np.finfo(np.float32).eps

    def nearest(self, queries, n_best, n_rows):
        """Yield for each query the rows of largest cosine.

        Args:
            queries: (n, D) float64, each of length 1.
            n_best: how many, at most n_rows.
            n_rows: only so many rows from the first on are looked at.
        Yields:
            rows, cosines: (n_best,) int64 and float64, best first, equals in the table's order.
        """
        for first in range(0, len(queries), QUERIES):
            some = queries[first : first + QUERIES]
            for query, rows in zip(some, self._candidates(some, n_best, n_rows), strict=True):
                cosines = self.cosines(rows, query)
                best = np.lexsort((rows, -cosines))[:n_best]
                yield rows[best], cosines[best]

    def n_closer(self, query, cosine):
        """How many rows have a larger cosine to `query`, (D,) float64 of length 1, than this."""
        if not self._is_tame:
            return int((self.cosines(np.arange(len(self.vectors)), query) > cosine).sum())
        n_closer = 0
        for first, (cosines,) in self._blocks(query[None], len(self.vectors)):
            n_closer += int((cosines > cosine + self._slack).sum())
            unsure = first + np.flatnonzero(np.abs(cosines - cosine) <= self._slack)
            n_closer += int((self.cosines(unsure, query) > cosine).sum())
        return n_closer

    def cosines(self, rows, query):
        """(n,) float64, the cosines of n rows to `query`; equal rows have equal ones.

        A matrix product would round equal rows differently, by where they stand in it.
        """
        sums = np.empty(len(rows))
        for part in _parts(len(rows), self.vectors.shape[1]):
            sums[part] = (self.vectors[rows[part]] * query).sum(axis=1)
        return sums / self._divisors[rows]

    def _candidates(self, queries, n_best, n_rows):
        """For each query, (n,) int64: rows that hold all of its `n_best`, and few others."""
        n_chunks = n_rows // CHUNK
        if n_best >= n_chunks or not self._is_tame:
            return [np.arange(n_rows)] * len(queries)
        in_chunks = n_chunks * CHUNK  # the few rows after those are candidates always
        maxima = np.empty((len(queries), n_chunks), np.float32)
        for first, cosines in self._blocks(queries, in_chunks):
            # Every width-th row in one chunk: maxima of neighbouring chunks are then taken at once.
            chunks = cosines.reshape(len(queries), CHUNK, -1)
            begin = first // CHUNK
            np.max(chunks, axis=1, out=maxima[:, begin : begin + chunks.shape[2]])
        # As many rows reach this, so those below by more than float32 errs are not among the best.
        floors = np.partition(maxima, -n_best, axis=1)[:, -n_best] - self._slack
        return [
            np.append(
                _rows(np.flatnonzero(best >= floor), in_chunks, _step(len(queries))),
                np.arange(in_chunks, n_rows),
            )
            for best, floor in zip(maxima, floors, strict=True)
        ]

    def _blocks(self, queries, n_rows):
        """Yield a block's first row and its cosines, (n, rows) float32, _step(n) rows at most."""
        queries, step = queries.astype(np.float32), _step(len(queries))
        for first in range(0, n_rows, step):
            end = min(first + step, n_rows)
            cosines = queries @ self.vectors[first:end].T
            cosines *= self._factors[first:end]
            yield first, cosines


def _step(n_queries):
    """How many rows are multiplied with so many queries at a time."""
    return ROWS * (QUERIES // n_queries)


def _rows(chunks, in_chunks, step):
    """(CHUNK · n,) int64, the rows in n chunks."""
    block, place = np.divmod(chunks, step // CHUNK)
    width = np.minimum(in_chunks - block * step, step) // CHUNK
    return (block * step + place + width * np.arange(CHUNK)[:, None]).ravel()


def _lengths(vectors):
    squares = np.empty(len(vectors))
    with np.errstate(invalid="ignore", over="ignore"):  # NaN is told of where it matters
        for part in _parts(*vectors.shape):
            rows = vectors[part].astype(np.float64)
            squares[part] = np.einsum("vd,vd->v", rows, rows)
    return np.sqrt(squares)


def _parts(n_rows, n_dims):
    """Slices of n_rows rows, few enough each."""
    step = max(1, _NUMBERS // n_dims)
    return (slice(first, first + step) for first in range(0, n_rows, step))
