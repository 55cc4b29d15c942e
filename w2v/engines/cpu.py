"""The fused engine for CPUs: the same minibatch update as autograd's, on all cores, in Numba.

A batch takes two phases. First, over chunks of windows: draw them, and compute every coefficient
-lr · ∂loss/∂logit against tables that nobody changes. This leaves *terms*, each a multiple of one
vector to be added to one row. Then, over buckets of rows: each bucket's terms are added by one
thread, in the order of the batch. So the result is the minibatch's, exactly, and the same bits for
any number of threads, whoever takes which part.
"""

from typing import NamedTuple

import numba
import numpy as np
from numba import njit, prange

from w2v.batches.batch import Rows
from w2v.batches.batcher import NO_WINDOWS
from w2v.batches.windows import draw_rows, max_entries
from w2v.compiled import compiled, prefetch_row
from w2v.engines.base import Engine
from w2v.engines.cpu_kernels import (
    FAST,
    PAD,
    aligned_rows,
    coefficients,
    logits,
    round_up,
    row_stride,
    weighted_sum,
)
from w2v.engines.cpu_lanes import LANES, load, multiply_add, splat, store
from w2v.engines.cpu_threads import add_one, wait_until

CHUNK = 64  # windows that a thread takes at a time
BUCKETS_PER_WORKER = 4  # fewer leave threads idle at the end of a phase, more read vectors anew
AHEAD = 6  # terms between asking for a row and using it
TAKEN, DONE = 0, 16  # counters of parts of the work, so far apart that no cache line has both

F32 = np.float32
U32 = np.uint32  # for indices: compiled code need not look whether they are negative

TERM = np.dtype([("row", U32), ("source", U32), ("scale", F32)])


class _Scratch(NamedTuple):
    """What the first phase leaves for the second, chunk by chunk.

    A term t of chunk c says: rows[t.row] += t.scale · sources[c, t.source]. The terms are sorted
    by bucket: those of bucket b are terms[c, starts[c, b] : starts[c, b+1]].

    sources: (chunks, 2·CHUNK, width) float32: copies of the center vectors, then their steps.
    terms:   (chunks, as many as there can be) of TERM.
    starts:  (chunks, buckets + 1) uint32.
    """

    sources: np.ndarray
    terms: np.ndarray
    starts: np.ndarray

    @classmethod
    def empty(cls, chunks, max_entries, width, buckets):
        return cls(
            aligned_rows(chunks * 2 * CHUNK, width).reshape(chunks, 2 * CHUNK, width),
            np.zeros((chunks, CHUNK * (max_entries + 1) + AHEAD), TERM),
            np.zeros((chunks, buckets + 1), U32),
        )


@njit(inline="always")
def _to_rows(entries, n_entries, n_words):
    """Turn word ids into row numbers of out_vectors, and pad them to a multiple of 4."""
    for window in range(len(n_entries)):
        n = n_entries[window]
        for e in range(n):
            entries[window, e] += n_words
        for e in range(n, round_up(n, 4)):
            entries[window, e] = PAD


@njit(inline="always")
def _bucket(row, n_buckets):
    """Fibonacci hashing: neighbouring rows, alike in how frequent they are, go far apart."""
    share = U32(U32(row) * U32(2654435769))  # of 2³²
    return U32((np.uint64(share) * np.uint64(n_buckets)) >> np.uint64(32))


@compiled(**FAST)
def _differentiate(
    centers, entries, n_contexts, n_entries, rows, n_words, lr, sources, terms, starts
):
    """Find the terms of at most CHUNK windows, as one chunk of a _Scratch; return their loss."""
    _to_rows(entries, n_entries, n_words)
    n_buckets = len(starts) - 1
    starts[:] = 0
    for window in range(len(centers)):
        starts[_bucket(centers[window], n_buckets) + 1] += U32(1)
        for e in range(n_entries[window]):
            starts[_bucket(entries[window, e], n_buckets) + 1] += U32(1)
    for bucket in range(n_buckets):
        starts[bucket + 1] += starts[bucket]

    x = np.empty(entries.shape[1], F32)
    loss = 0.0
    for window in range(len(centers)):
        center, ids, n = centers[window], entries[window], n_entries[window]
        v, step = U32(window), U32(CHUNK + window)
        for k in range(0, sources.shape[1], LANES):
            store(sources, v, k, load(rows, center, k))
        logits(sources, v, rows, ids, round_up(n, 4), x)
        mean = F32(1) / F32(n)
        loss += mean * coefficients(x, n_contexts[window], n, F32(lr) * mean)
        weighted_sum(x, rows, ids, round_up(n, 4), sources, step)
        if window + 1 < len(centers):
            prefetch_row(rows, centers[window + 1])
            for e in range(n_entries[window + 1]):
                prefetch_row(rows, entries[window + 1, e])
        for e in range(n):
            _put_term(terms, starts, n_buckets, ids[e], x[e], v)
        _put_term(terms, starts, n_buckets, center, F32(1), step)
    for bucket in range(n_buckets, 0, -1):  # each now stands where the next one began
        starts[bucket] = starts[bucket - 1]
    starts[0] = 0
    return loss


@njit(inline="always")
def _put_term(terms, starts, n_buckets, row, scale, source):
    bucket = _bucket(row, n_buckets)
    at = starts[bucket]
    starts[bucket] = at + U32(1)
    terms[at].row, terms[at].source, terms[at].scale = U32(row), source, scale


@compiled(**FAST)
def _apply(terms, start, stop, sources, rows):
    """Add terms start to stop - 1 of a chunk to their rows."""
    for at in range(start, stop):
        prefetch_row(rows, terms[at + AHEAD].row)
        row, source, scale = terms[at].row, terms[at].source, splat(terms[at].scale)
        for k in range(0, sources.shape[1], LANES):
            old = load(rows, row, k)
            store(rows, row, k, multiply_add(scale, load(sources, source, k), old))


@compiled(**FAST)
def _work(
    counters, batch_size, tokens, order, first_position, radius_key, noise_key, noise, window,
    negative, centers, entries, n_contexts, n_entries, n_given, rows, n_words, lrs, losses,
    sources, terms, starts,
):  # fmt: skip
    """What every thread does: take the next part of the work, until none is left.

    The parts of a batch are its chunks of windows, then its buckets. They are taken in order, so
    a thread that waits, waits for parts that others are at, never for one that nobody has.
    """
    n_chunks, n_buckets = len(sources), starts.shape[1] - 1
    n_parts = n_chunks + n_buckets
    while True:
        taken = add_one(counters, TAKEN)
        batch, part = taken // n_parts, taken % n_parts
        if batch >= len(lrs):
            return
        before = batch * n_parts  # parts of earlier batches
        if part < n_chunks:
            start = part * CHUNK
            if len(order):
                wait_until(counters, DONE, before - n_buckets)  # nobody reads the last windows
                chosen = order[batch * batch_size : (batch + 1) * batch_size]
                here = slice(start, min(start + CHUNK, max(start, len(chosen))))
                draw_rows(
                    tokens, chosen[here], first_position, radius_key, noise_key, noise, window,
                    negative, centers[here], entries[here], n_contexts[here], n_entries[here],
                )  # fmt: skip
            else:
                here = slice(start, min(start + CHUNK, max(start, n_given)))
            wait_until(counters, DONE, before)
            losses[batch, part] = _differentiate(
                centers[here], entries[here], n_contexts[here], n_entries[here], rows, n_words,
                lrs[batch], sources[part], terms[part], starts[part],
            )  # fmt: skip
        else:
            wait_until(counters, DONE, before + n_chunks)
            bucket = part - n_chunks
            for chunk in range(n_chunks):
                start, stop = starts[chunk, bucket], starts[chunk, bucket + 1]
                _apply(terms[chunk], start, stop, sources[chunk], rows)
        add_one(counters, DONE)


@compiled(parallel=True, **FAST)
def _train(
    workers, counters, batch_size, tokens, order, first_position, radius_key, noise_key, noise,
    window, negative, centers, entries, n_contexts, n_entries, n_given, rows, n_words, lrs,
    losses, sources, terms, starts,
):  # fmt: skip
    """len(lrs) updates, by so many workers."""
    for _ in prange(workers):
        _work(
            counters, batch_size, tokens, order, first_position, radius_key, noise_key, noise,
            window, negative, centers, entries, n_contexts, n_entries, n_given, rows, n_words,
            lrs, losses, sources, terms, starts,
        )  # fmt: skip


class CpuEngine(Engine):
    """Stochastic gradient descent on all cores.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: batch_size, window, negative and workers.
    """

    def __init__(self, in_vectors, out_vectors, config):
        self.n_words, self.vector_size = in_vectors.shape
        self.workers = min(config.workers, numba.config.NUMBA_NUM_THREADS)  # its limit is final
        stride = row_stride(self.vector_size)
        self._rows = aligned_rows(2 * self.n_words, stride)  # in_vectors, then out_vectors
        self._in, self._out = self._rows.reshape(2, self.n_words, stride)[:, :, : self.vector_size]
        self._in[:], self._out[:] = in_vectors, out_vectors
        self._batch_size = config.batch_size
        chunks = -(-config.batch_size // CHUNK)
        widest = round_up.py_func(max_entries(config.window, config.negative), LANES)
        width = round_up.py_func(self.vector_size, LANES)
        buckets = max(2, self.workers) * BUCKETS_PER_WORKER
        self._batch = Rows.empty(chunks * CHUNK, widest)
        self._scratch = _Scratch.empty(chunks, widest, width, buckets)
        self.train(NO_WINDOWS, 0, np.empty(0))  # compiles

    @property
    def description(self):
        return f"cpu, {self.workers} thread" + "s" * (self.workers > 1)

    def train(self, windows, first_batch, lrs):
        return self._run(windows, windows.order[first_batch * windows.batch_size :], 0, lrs)

    def step(self, rows, lr):
        """One update on given w2v.batches.Rows; returns the sum of the window losses."""
        for ours, given in zip(self._batch, rows, strict=True):
            ours[tuple(map(slice, given.shape))] = given
        return self._run(NO_WINDOWS, NO_WINDOWS.order, len(rows.centers), np.array([lr])).item()

    def _run(self, windows, order, n_given, lrs):
        numba.set_num_threads(self.workers)
        counters = np.zeros(2 * DONE, np.int64)
        losses = np.zeros((len(lrs), len(self._scratch.sources)))
        _train(
            self.workers, counters, self._batch_size, windows.tokens, order,
            windows.first_position, *windows.draws, *self._batch, n_given, self._rows, self.n_words,
            lrs, losses, *self._scratch,
        )  # fmt: skip
        return losses.sum(axis=1)

    def tables(self):
        return self._in, self._out
