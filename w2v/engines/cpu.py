"""The fused engine for CPUs: the same minibatch update as autograd's, on all cores, in Numba.

A batch takes two parallel phases. First, over chunks of windows: draw them, and compute every
coefficient -lr · ∂loss/∂logit against tables that nobody changes. This leaves *terms*, each a
multiple of one vector to be added to one row. Then, over buckets of rows: each bucket's terms are
added by one thread, in the order of the batch. So the result is the minibatch's, exactly, and the
same bits for any number of threads.
"""

from typing import NamedTuple

import numba
import numpy as np
from numba import njit, prange

from w2v.batches import Draws, Rows, draw_rows
from w2v.compiled import compiled, prefetch_row

CHUNK = 32  # windows that one thread takes at a time in the first phase
BUCKET_BITS = 6
BUCKETS = 2**BUCKET_BITS  # shares of the rows in the second phase; one's rows fit in L1, or nearly
AHEAD = 6  # terms between asking for a row and using it, in the second phase
LINE = 16  # float32s in a cache line
LANES = 8  # float32s in a vector register

F32 = np.float32
U32 = np.uint32  # for indices: compiled code need not look whether they are negative
FAST = {"fastmath": True, "error_model": "numpy"}


class _Scratch(NamedTuple):
    """What the first phase leaves for the second, chunk by chunk.

    Term i of chunk c is: rows[row[c, i]] += scale[c, i] · sources[c, source[c, i]]. The terms are
    sorted by bucket: those of bucket b are starts[c, b] to starts[c, b+1] - 1.

    losses:  (B,) float32, of the windows.
    sources: (chunks, 2·CHUNK, width) float32: copies of the center vectors, then their steps.
    """

    losses: np.ndarray
    sources: np.ndarray
    row: np.ndarray
    scale: np.ndarray
    source: np.ndarray
    starts: np.ndarray

    @classmethod
    def empty(cls, batch_size, max_entries, width):
        chunks = -(-batch_size // CHUNK)
        terms = chunks, CHUNK * (max_entries + 1) + AHEAD
        return cls(
            np.empty(batch_size, F32),
            np.zeros((chunks, 2 * CHUNK, width), F32),
            np.zeros(terms, U32),  # prefetching looks AHEAD, at what must be rows too
            np.empty(terms, F32),
            np.empty(terms, U32),
            np.empty((chunks, BUCKETS + 1), U32),
        )


def row_stride(vector_size):
    """Floats from one row to the next: whole cache lines, and an odd number of them.

    A row that starts on a cache line touches the fewest; rows a power of two apart would compete
    for the same cache sets.
    """
    lines = -(-vector_size // LINE)
    return LINE * (lines | 1)


@compiled(**FAST)
def _logits(sources, at, rows, ids, n, x):
    """x[e] = rows[ids[e]] · sources[at] for e < n, a multiple of 4; four share the loads."""
    for e in range(0, n, 4):
        a, b, c, d = ids[e], ids[e + 1], ids[e + 2], ids[e + 3]
        xa = xb = xc = xd = F32(0)
        for k in range(sources.shape[1]):
            v = sources[at, k]
            xa += v * rows[a, k]
            xb += v * rows[b, k]
            xc += v * rows[c, k]
            xd += v * rows[d, k]
        x[e], x[e + 1], x[e + 2], x[e + 3] = xa, xb, xc, xd


@compiled(**FAST)
def _weighted_sum(x, rows, ids, n, sources, at):
    """sources[at] = Σ x[e] · rows[ids[e]] over e < n, a multiple of 4."""
    sources[at, :] = 0
    for e in range(0, n, 4):
        a, b, c, d = ids[e], ids[e + 1], ids[e + 2], ids[e + 3]
        xa, xb, xc, xd = x[e], x[e + 1], x[e + 2], x[e + 3]
        for k in range(sources.shape[1]):
            sources[at, k] += xa * rows[a, k] + xb * rows[b, k] + xc * rows[c, k] + xd * rows[d, k]


@compiled(**FAST)
def _coefficients(x, n_contexts, n, step):
    """Turn logits into -step · ∂loss/∂logit; return Σ loss of the entries, in nats.

    With s = -logit for a context and +logit for a noise word, loss = softplus(s) and its
    derivative is σ(s). Both come from q = exp(-|s|) by polynomials that compile to vector code:
    2^f by Taylor, log1p(q) = 2·artanh(q / (2 + q)).

    x: (≥ n rounded up to LANES) float32. The entries from n on become 0.
    """
    total = F32(0)
    padded = _round_up(n, LANES)
    for e in range(n, padded):
        x[e] = -1e9  # of a noise word: no loss, no slope
    for e in range(padded):
        sign = F32(-1) if e < n_contexts else F32(1)
        s = sign * x[e]
        exponent = F32(-1.4426950408889634) * abs(s)
        exponent = exponent if exponent > F32(-126) else F32(-126)
        whole = np.int32(exponent)
        f = exponent - F32(whole)
        power = F32(1.5403530393e-4)
        power = power * f + F32(1.3333558146e-3)
        power = power * f + F32(9.6181291076e-3)
        power = power * f + F32(5.5504108665e-2)
        power = power * f + F32(0.24022650696)
        power = power * f + F32(0.69314718056)
        power = power * f + F32(1)
        q = power * np.int32((whole + 127) << 23).view(F32)
        r = F32(1) / (F32(1) + q)
        x[e] = -sign * step * (r if s > 0 else q * r)
        w = q / (F32(2) + q)
        w2 = w * w
        series = F32(1 / 11)
        series = series * w2 + F32(1 / 9)
        series = series * w2 + F32(1 / 7)
        series = series * w2 + F32(1 / 5)
        series = series * w2 + F32(1 / 3)
        series = series * w2 + F32(1)
        total += F32(2) * w * series + (s if s > 0 else F32(0))
    return total


@njit(inline="always")
def _round_up(n, multiple):
    return (n + multiple - 1) // multiple * multiple


@njit(inline="always")
def _bucket(row):
    """Rows are dealt out in turn, with a shift each round: equally spaced rows would compete for
    the same cache sets."""
    row = U32(row)
    return (row + U32(37) * (row >> U32(BUCKET_BITS))) & U32(BUCKETS - 1)


@compiled(**FAST)
def _differentiate(
    centers, entries, n_contexts, n_entries, start, stop, rows, n_words, lr,
    losses, sources, row, scale, source, starts,
):  # fmt: skip
    """The losses and the terms of windows start to stop - 1, for one chunk of a _Scratch."""
    starts[:] = 0
    for window in range(start, stop):
        starts[_bucket(centers[window]) + 1] += 1
        for e in range(n_entries[window]):
            entries[window, e] += n_words  # from here on rows of out_vectors
            starts[_bucket(entries[window, e]) + 1] += 1
    for bucket in range(BUCKETS):
        starts[bucket + 1] += starts[bucket]

    longest = _round_up(entries.shape[1], LANES)
    ids, x = np.zeros(longest, U32), np.empty(longest, F32)
    for window in range(start, stop):
        if window + 1 < stop:
            prefetch_row(rows, centers[window + 1])
            for e in range(n_entries[window + 1]):
                prefetch_row(rows, entries[window + 1, e])
        word, n = U32(centers[window]), n_entries[window]
        v, step = U32(window - start), U32(CHUNK + window - start)
        for e in range(n):
            ids[e] = entries[window, e]
        of_four = _round_up(n, 4)
        for e in range(n, of_four):
            ids[e] = word  # any row will do: their coefficients are 0
        sources[v, :] = rows[word, : sources.shape[1]]
        _logits(sources, v, rows, ids, of_four, x)
        mean = F32(1) / F32(n)
        losses[window] = mean * _coefficients(x, n_contexts[window], n, lr * mean)
        _weighted_sum(x, rows, ids, of_four, sources, step)

        for e in range(n):
            bucket = _bucket(ids[e])
            at = starts[bucket]
            starts[bucket] = at + 1
            row[at], scale[at], source[at] = ids[e], x[e], v
        bucket = _bucket(word)
        at = starts[bucket]
        starts[bucket] = at + 1
        row[at], scale[at], source[at] = word, F32(1), step
    for bucket in range(BUCKETS, 0, -1):
        starts[bucket] = starts[bucket - 1]
    starts[0] = 0


@compiled(parallel=True, **FAST)
def _phase_1(
    tokens, order, first_position, radius_key, noise_key, noise, window, negative,
    centers, entries, n_contexts, n_entries, n_windows, rows, n_words, lr,
    losses, sources, row, scale, source, starts,
):  # fmt: skip
    """Draw a batch's windows, unless `order` is empty and they are there, and differentiate."""
    for chunk in prange((n_windows + CHUNK - 1) // CHUNK):
        start, stop = chunk * CHUNK, min((chunk + 1) * CHUNK, n_windows)
        if len(order):
            draw_rows(
                tokens, order, first_position, radius_key, noise_key, noise, window, negative,
                centers, entries, n_contexts, n_entries, start, stop,
            )  # fmt: skip
        _differentiate(
            centers, entries, n_contexts, n_entries, start, stop, rows, n_words, lr,
            losses, sources[chunk], row[chunk], scale[chunk], source[chunk], starts[chunk],
        )  # fmt: skip


@njit
def _reversed_bits(share):
    """A thread takes neighbouring shares; this deals it rows from the most frequent to the rarest.

    Of 0, 1, 2, … 63, the first half becomes 0, 32, 16, … 62: the even ones.
    """
    bucket = 0
    for bit in range(BUCKET_BITS):
        bucket |= ((share >> bit) & 1) << (BUCKET_BITS - 1 - bit)
    return bucket


@compiled(parallel=True, **FAST)
def _phase_2(n_windows, rows, sources, row, scale, source, starts):
    """Add every bucket's terms to its rows."""
    for share in prange(BUCKETS):
        bucket = _reversed_bits(share)
        for chunk in range((n_windows + CHUNK - 1) // CHUNK):
            for term in range(starts[chunk, bucket], starts[chunk, bucket + 1]):
                prefetch_row(rows, row[chunk, term + AHEAD])
                to, times, of = row[chunk, term], scale[chunk, term], source[chunk, term]
                for k in range(sources.shape[2]):
                    rows[to, k] += times * sources[chunk, of, k]


@compiled
def _train(tokens, order, first_position, draws, batch, n_windows, rows, n_words, lrs, scratch):
    """len(lrs) updates; returns the sum of the windows' losses."""
    radius_key, noise_key, noise, window, negative = draws
    centers, entries, n_contexts, n_entries = batch
    losses, sources, row, scale, source, starts = scratch
    batch_size = len(centers)
    total = 0.0
    for number in range(len(lrs)):
        chosen = order[number * batch_size : (number + 1) * batch_size]
        n = len(chosen) if len(order) else n_windows
        _phase_1(
            tokens, chosen, first_position, radius_key, noise_key, noise, window, negative,
            centers, entries, n_contexts, n_entries, n, rows, n_words, F32(lrs[number]),
            losses, sources, row, scale, source, starts,
        )  # fmt: skip
        _phase_2(n, rows, sources, row, scale, source, starts)
        for i in range(n):
            total += losses[i]
    return total


# The tokens, order, first_position and draws of a batch whose windows are given.
_NOTHING_TO_DRAW = (
    np.empty(0, np.int32),
    np.empty(0, np.int64),
    0,
    Draws(np.uint64(0), np.uint64(0), np.empty((0, 2), np.uint32), 0, 0),
)


class CpuEngine:
    """Stochastic gradient descent on all cores; TorchEngine documents what an engine has.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: batch_size, window, negative and workers.
    """

    def __init__(self, in_vectors, out_vectors, config):
        self.n_words, self.vector_size = in_vectors.shape
        self.workers = config.workers
        stride = row_stride(self.vector_size)
        self._rows = _aligned_zeros(2 * self.n_words, stride)  # in_vectors, then out_vectors
        self._in, self._out = self._rows.reshape(2, self.n_words, stride)[:, :, : self.vector_size]
        self._in[:], self._out[:] = in_vectors, out_vectors
        max_entries = 2 * config.window * (1 + config.negative)
        width = _round_up.py_func(self.vector_size, LANES)
        self._batch = Rows.empty(config.batch_size, max_entries)
        self._scratch = _Scratch.empty(config.batch_size, max_entries, width)
        self._run(*_NOTHING_TO_DRAW, 0, np.empty(0))  # compiles, before anyone looks at a clock

    @property
    def description(self):
        return f"cpu, {self.workers} thread" + "s" * (self.workers > 1)

    def train(self, windows, first_batch, lrs):
        order = windows.order[first_batch * windows.batch_size :]
        return self._run(windows.tokens, order, windows.first_position, windows.draws, 0, lrs)

    def step(self, rows, lr):
        """One update on given w2v.batches.Rows; returns the sum of the window losses."""
        for ours, given in zip(self._batch, rows, strict=True):
            ours[tuple(map(slice, given.shape))] = given
        return self._run(*_NOTHING_TO_DRAW, len(rows.centers), np.array([lr]))

    def _run(self, tokens, order, first_position, draws, n_windows, lrs):
        numba.set_num_threads(self.workers)
        return _train(
            tokens, order, first_position, draws, self._batch, n_windows, self._rows,
            self.n_words, lrs, self._scratch,
        )  # fmt: skip

    def tables(self):
        return self._in.copy(), self._out.copy()


def _aligned_zeros(n_rows, stride):
    """(n_rows, stride) float32 zeros that start on a cache line."""
    padded = np.zeros(n_rows * stride + LINE, F32)
    start = -(padded.ctypes.data // padded.itemsize) % LINE
    return padded[start : start + n_rows * stride].reshape(n_rows, stride)
