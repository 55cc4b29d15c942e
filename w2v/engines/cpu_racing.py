"""The fused engine for CPUs whose threads race: the fastest, and different each time.

Every thread trains windows one by one on tables that all share, without locks (Hogwild: Niu et al.
2011, arXiv:1106.5730). Half of all visits go to a few hundred context vectors, and a core must
fetch anew what another has just written; so each thread trains copies of its own of the most
frequent words' vectors, and now and then adds what they have learned to the shared ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from w2v.batches.batch import Rows
from w2v.batches.batcher import NO_WINDOWS, CpuWindows
from w2v.batches.windows import Draws, draw_rows, max_entries
from w2v.compiled import compiled, prefetch_row
from w2v.config import Config
from w2v.engines.base import Engine, Floats
from w2v.engines.cpu_kernels import (
    FAST,
    aligned_rows,
    coefficients,
    logits,
    round_up,
    row_stride,
    update,
)
from w2v.engines.cpu_lanes import LANES, load, multiply_add, splat, store
from w2v.engines.cpu_threads import Threads, add_one

CHUNK = 32  # windows that a thread takes at a time
FREQUENT_WORDS = 2048  # of these each thread trains its own copies of the context vectors
EXCHANGE_WINDOWS = 1024  # windows that the threads train, together, between exchanges

F32 = np.float32


class Task(NamedTuple):
    """What the threads share while they train some batches; passed to compiled code as it is.

    tokens, draws: of the windows.  order: places of the centers to train, batch after batch.
    lrs: (n,) float64, of each batch.
    table: float32: in_vectors, out_vectors, then for each thread its copies of the first n_copied
        rows of out_vectors, and these as they were when last exchanged.  n_words: V.
    losses: (threads, n) float64, the result: sums of the windows that a thread trained.
    counter: (1,) int64, chunks of windows that are taken.
    """

    tokens: npt.NDArray[np.int32]
    draws: Draws
    order: npt.NDArray[np.int64]
    batch_size: int
    lrs: npt.NDArray[np.float64]
    table: Floats
    n_words: int
    n_copied: int
    losses: npt.NDArray[np.float64]
    counter: npt.NDArray[np.int64]


class Scratch(NamedTuple):
    """A thread's own room.

    rows: of a chunk.  x: logits, then coefficients, of a window.
    sources: (2, width) float32: the center's vector, then its step.
    """

    rows: Rows
    x: Floats
    sources: Floats

    @classmethod
    def empty(cls, max_entries: int, width: int) -> Scratch:
        return cls(
            Rows.empty(CHUNK, max_entries), np.empty(max_entries, F32), aligned_rows(2, width)
        )


@compiled(nogil=True, **FAST)
def train_racing(task: Task, scratch: Scratch, thread: int) -> None:
    """What every thread does: take the next windows and train them, until none is left."""
    n_threads = len(task.losses)
    copies = 2 * task.n_words + thread * 2 * task.n_copied
    exchange_chunks = max(1, EXCHANGE_WINDOWS // CHUNK // n_threads)
    _exchange(task.table, task.n_words, copies, task.n_copied)
    n_chunks = 0
    while True:
        start = add_one(task.counter, 0) * CHUNK
        if start >= len(task.order):
            break
        batch = start // task.batch_size  # a chunk counts for the batch that it begins in
        task.losses[thread, batch] += _train_chunk(
            task, task.order[start : start + CHUNK], copies, task.lrs[batch], scratch
        )
        n_chunks += 1
        if n_chunks % exchange_chunks == 0:
            _exchange(task.table, task.n_words, copies, task.n_copied)
    _exchange(task.table, task.n_words, copies, task.n_copied)


@compiled(**FAST)
def _exchange(table, shared, own, n):
    """Add what a thread's copies learned to the shared rows, and learn what others have learned.

    shared, own: the first of n rows each; behind the copies stand the rows as last exchanged.
    """
    one, minus, known = splat(F32(1)), splat(F32(-1)), own + n
    for row in range(n):
        for k in range(0, table.shape[1], LANES):
            learned = multiply_add(minus, load(table, known + row, k), load(table, own + row, k))
            total = multiply_add(one, learned, load(table, shared + row, k))
            store(table, shared + row, k, total)
            store(table, own + row, k, total)
            store(table, known + row, k, total)


@compiled(**FAST)
def _train_chunk(task, order, copies, lr, scratch):
    """Draw windows and train them one by one; returns the sum of their losses."""
    table, x, sources = task.table, scratch.x, scratch.sources
    centers, entries, n_contexts, n_entries = scratch.rows
    draw_rows(task.tokens, order, task.draws, scratch.rows)
    for window in range(len(order)):
        n = n_entries[window]
        for e in range(n):
            entries[window, e] += copies if entries[window, e] < task.n_copied else task.n_words
        entries[window, n : round_up(n, 4)] = copies  # of `<unk>`: never changes

    loss = 0.0
    for window in range(len(order)):
        center, ids, n = centers[window], entries[window], n_entries[window]
        for k in range(0, sources.shape[1], LANES):
            store(sources, 0, k, load(table, center, k))
        logits(sources, 0, table, ids, round_up(n, 4), x)
        mean = F32(1) / F32(n)
        loss += mean * coefficients(x, n_contexts[window], n, F32(lr) * mean)
        if window + 1 < len(order):
            prefetch_row(table, centers[window + 1])
            for e in range(n_entries[window + 1]):
                prefetch_row(table, entries[window + 1, e])
        update(x, table, ids, round_up(n, 4), sources)
        for k in range(0, sources.shape[1], LANES):
            total = multiply_add(splat(F32(1)), load(sources, 1, k), load(table, center, k))
            store(table, center, k, total)
    return loss


class RacingEngine(Engine[CpuWindows]):
    """Stochastic gradient descent, window by window.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: batch_size (which sets the learning rate's steps), window, negative and workers.
    """

    def __init__(self, in_vectors: Floats, out_vectors: Floats, config: Config) -> None:
        n_words, self.vector_size = in_vectors.shape
        self._threads = Threads(config.workers or 1)
        self._n_copied = min(FREQUENT_WORDS, n_words)
        n_rows = 2 * n_words + 2 * self._threads.n * self._n_copied
        self._table = aligned_rows(n_rows, row_stride(self.vector_size))  # as in Task
        self._in, self._out = (
            self._table[first : first + n_words, : self.vector_size] for first in (0, n_words)
        )
        self._in[:], self._out[:] = in_vectors, out_vectors
        copies = self._table[2 * n_words :].reshape(2 * self._threads.n, self._n_copied, -1)
        copies[:, :, : self.vector_size] = out_vectors[: self._n_copied]
        widest = round_up.py_func(max_entries(config.window, config.negative), LANES)
        width = round_up.py_func(self.vector_size, LANES)
        self._scratches = [Scratch.empty(widest, width) for _ in range(self._threads.n)]
        self.train(NO_WINDOWS, 0, np.empty(0))  # compiles

    @property
    def description(self) -> str:
        return f"cpu, {self._threads.n} thread" + "s" * (self._threads.n > 1) + ", racing"

    def train(
        self, windows: CpuWindows, first_batch: int, lrs: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        first = first_batch * windows.batch_size
        task = Task(
            windows.tokens,
            windows.draws,
            windows.order[first : first + len(lrs) * windows.batch_size],
            windows.batch_size,
            np.asarray(lrs, np.float64),
            self._table,
            len(self._in),
            self._n_copied,
            losses=np.zeros((self._threads.n, len(lrs))),
            counter=np.zeros(1, np.int64),
        )
        self._threads.run(lambda thread: train_racing(task, self._scratches[thread], thread))
        return task.losses.sum(axis=0)

    def tables(self) -> tuple[Floats, Floats]:
        return self._in, self._out
