"""The fused engine for CPUs: the same minibatch update as autograd's, on all cores, in Numba.

A batch takes two phases. First, over chunks of windows: draw them, and compute every coefficient
-lr · ∂loss/∂logit against tables that nobody changes. This leaves *terms*, each a multiple of one
vector to be added to one row. Then, over buckets of rows: each bucket's terms are added by one
thread, in the order of the batch. So the result is the minibatch's, exactly, and the same bits for
any number of threads, whoever takes which part.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.batches.batch import Rows
from w2v.batches.batcher import NO_WINDOWS, CpuWindows
from w2v.batches.windows import Draws, draw_rows, max_entries
from w2v.compiled import compiled, prefetch_row
from w2v.config import Config
from w2v.engines.base import Engine, Floats
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
from w2v.engines.cpu_threads import Threads, add_one, wait_until

CHUNK = 64  # windows that a thread takes at a time
BUCKETS_PER_WORKER = 4  # fewer leave threads idle at the end of a phase, more read vectors anew
PREFETCH_DISTANCE = 6  # terms between asking for a row and using it
PARTS_TAKEN, PARTS_DONE = 0, 16  # which counter is which: so far apart, no cache line has both

F32 = np.float32
U32 = np.uint32  # for indices: compiled code need not look whether they are negative

TERM = np.dtype([("row", U32), ("source", U32), ("scale", F32)])


class Scratch(NamedTuple):
    """What the first phase leaves for the second, chunk by chunk.

    A term t of chunk c says: table[t.row] += t.scale · sources[c, t.source]. The terms are sorted
    by bucket: those of bucket b are terms[c, starts[c, b] : starts[c, b+1]].

    sources: (chunks, 2·CHUNK, width) float32: copies of the center vectors, then their steps.
    terms:   (chunks, as many as there can be) of TERM.
    starts:  (chunks, buckets + 1) uint32.
    """

    sources: Floats
    terms: npt.NDArray[np.void]
    starts: npt.NDArray[np.uint32]

    @classmethod
    def empty(cls, chunks: int, max_entries: int, width: int, buckets: int) -> Scratch:
        return cls(
            aligned_rows(chunks * 2 * CHUNK, width).reshape(chunks, 2 * CHUNK, width),
            np.zeros((chunks, CHUNK * (max_entries + 1) + PREFETCH_DISTANCE), TERM),
            np.zeros((chunks, buckets + 1), U32),
        )


class Task(NamedTuple):
    """What the threads share while they train some batches; passed to compiled code as it is.

    tokens, draws: of the windows.  order: places of the centers to train, batch after batch.
    lrs: (n,) float64, of each batch.
    table: (2V, stride) float32: in_vectors, then out_vectors.  n_words: V.
    rows: the windows of the batch under way, CHUNK for each chunk.  scratch: their terms.
    losses: (n, chunks) float64, the result.
    counters: int64, of the parts of the work that are taken and done.
    """

    tokens: npt.NDArray[np.int32]
    draws: Draws
    order: npt.NDArray[np.int64]
    batch_size: int
    lrs: npt.NDArray[np.float64]
    table: Floats
    n_words: int
    rows: Rows
    scratch: Scratch
    losses: npt.NDArray[np.float64]
    counters: npt.NDArray[np.int64]


@compiled(nogil=True, **FAST)
def train_batches(task: Task) -> None:
    """What every thread does: take the next part of the work, until none is left.

    The parts of a batch are its chunks of windows, then its buckets. They are taken in order, so
    a thread that waits, waits for parts that others are at, never for one that nobody has.
    """
    counters = task.counters
    n_chunks, n_buckets = len(task.scratch.starts), task.scratch.starts.shape[1] - 1
    n_parts = n_chunks + n_buckets
    while True:
        taken = add_one(counters, PARTS_TAKEN)
        batch, part = taken // n_parts, taken % n_parts
        if batch >= len(task.lrs):
            return
        before = batch * n_parts  # parts of earlier batches
        if part < n_chunks:
            wait_until(counters, PARTS_DONE, before - n_buckets)  # nobody reads the last windows
            rows = _draw_chunk(task, batch, part)
            wait_until(counters, PARTS_DONE, before)
            task.losses[batch, part] = _differentiate(task, rows, part, task.lrs[batch])
        else:
            wait_until(counters, PARTS_DONE, before + n_chunks)
            for chunk in range(n_chunks):
                _apply(task, chunk, part - n_chunks)
        add_one(counters, PARTS_DONE)


@njit(inline="always")
def _draw_chunk(task, batch, chunk):
    """Draw the windows of a batch's chunk; returns them, in their place among the task's Rows."""
    end_of_batch = min(len(task.order), (batch + 1) * task.batch_size)
    first = min(end_of_batch, batch * task.batch_size + chunk * CHUNK)
    order = task.order[first : min(end_of_batch, first + CHUNK)]
    here = slice(chunk * CHUNK, chunk * CHUNK + len(order))
    every = task.rows
    rows = Rows(
        every.centers[here], every.entries[here], every.n_contexts[here], every.n_entries[here]
    )
    draw_rows(task.tokens, order, task.draws, rows)
    return rows


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
def _differentiate(task, rows, chunk, lr):
    """Find the terms of the windows of a chunk, given as Rows; return the sum of their losses."""
    table = task.table
    centers, entries, n_contexts, n_entries = rows
    sources = task.scratch.sources[chunk]
    terms, starts = task.scratch.terms[chunk], task.scratch.starts[chunk]
    _to_rows(entries, n_entries, task.n_words)
    _count_terms(centers, entries, n_entries, starts)
    n_buckets = len(starts) - 1
    x = np.empty(entries.shape[1], F32)
    loss = 0.0
    for window in range(len(centers)):
        center, ids, n = centers[window], entries[window], n_entries[window]
        v, step = U32(window), U32(CHUNK + window)
        for k in range(0, sources.shape[1], LANES):
            store(sources, v, k, load(table, center, k))
        logits(sources, v, table, ids, round_up(n, 4), x)
        mean = F32(1) / F32(n)
        loss += mean * coefficients(x, n_contexts[window], n, F32(lr) * mean)
        weighted_sum(x, table, ids, round_up(n, 4), sources, step)
        if window + 1 < len(centers):
            prefetch_row(table, centers[window + 1])
            for e in range(n_entries[window + 1]):
                prefetch_row(table, entries[window + 1, e])
        for e in range(n):
            _put_term(terms, starts, n_buckets, ids[e], x[e], v)
        _put_term(terms, starts, n_buckets, center, F32(1), step)
    for bucket in range(n_buckets, 0, -1):  # each now stands where the next one began
        starts[bucket] = starts[bucket - 1]
    starts[0] = 0
    return loss


@compiled(**FAST)
def _count_terms(centers, entries, n_entries, starts):
    """Set starts[b] to how many terms of some windows are in buckets before b."""
    n_buckets = len(starts) - 1
    starts[:] = 0
    for window in range(len(centers)):
        starts[_bucket(centers[window], n_buckets) + 1] += U32(1)
        for e in range(n_entries[window]):
            starts[_bucket(entries[window, e], n_buckets) + 1] += U32(1)
    for bucket in range(n_buckets):
        starts[bucket + 1] += starts[bucket]


@njit(inline="always")
def _put_term(terms, starts, n_buckets, row, scale, source):
    """Write a term behind those of its bucket."""
    bucket = _bucket(row, n_buckets)
    place = starts[bucket]
    starts[bucket] = place + U32(1)
    terms[place].row, terms[place].source, terms[place].scale = U32(row), source, scale


@compiled(**FAST)
def _apply(task, chunk, bucket):
    """Add a bucket's terms of a chunk to their rows."""
    table, sources, terms = task.table, task.scratch.sources[chunk], task.scratch.terms[chunk]
    for term in range(task.scratch.starts[chunk, bucket], task.scratch.starts[chunk, bucket + 1]):
        prefetch_row(table, terms[term + PREFETCH_DISTANCE].row)
        row, source, scale = terms[term].row, terms[term].source, splat(terms[term].scale)
        for k in range(0, sources.shape[1], LANES):
            old = load(table, row, k)
            store(table, row, k, multiply_add(scale, load(sources, source, k), old))


class CpuEngine(Engine[CpuWindows]):
    """Stochastic gradient descent on all cores.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: batch_size, window, negative and workers.
    """

    def __init__(self, in_vectors: Floats, out_vectors: Floats, config: Config) -> None:
        self.n_words, self.vector_size = in_vectors.shape
        self._threads = Threads(config.workers or 1)
        stride = row_stride(self.vector_size)
        self._table = aligned_rows(2 * self.n_words, stride)  # in_vectors, then out_vectors
        self._in, self._out = self._table.reshape(2, self.n_words, stride)[:, :, : self.vector_size]
        self._in[:], self._out[:] = in_vectors, out_vectors
        chunks = -(-config.batch_size // CHUNK)
        widest = round_up.py_func(max_entries(config.window, config.negative), LANES)
        width = round_up.py_func(self.vector_size, LANES)
        buckets = max(2, self._threads.n) * BUCKETS_PER_WORKER
        self._rows = Rows.empty(chunks * CHUNK, widest)
        self._scratch = Scratch.empty(chunks, widest, width, buckets)
        self.train(NO_WINDOWS, 0, np.empty(0))  # compiles

    @property
    def description(self) -> str:
        return f"cpu, {self._threads.n} thread" + "s" * (self._threads.n > 1)

    def train(
        self, windows: CpuWindows, first_batch: int, lrs: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        task = Task(
            windows.tokens,
            windows.draws,
            windows.order[first_batch * windows.batch_size :],
            windows.batch_size,
            np.asarray(lrs, np.float64),
            self._table,
            self.n_words,
            self._rows,
            self._scratch,
            losses=np.zeros((len(lrs), len(self._scratch.starts))),
            counters=np.zeros(2 * PARTS_DONE, np.int64),
        )
        self._threads.run(lambda _: train_batches(task))
        return task.losses.sum(axis=1)

    def tables(self) -> tuple[Floats, Floats]:
        return self._in, self._out
