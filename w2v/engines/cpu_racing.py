"""The fused engine for CPUs whose threads race: the fastest, and different each time.

Every thread trains windows one by one on tables that all share, without locks (Hogwild: Niu et al.
2011, arXiv:1106.5730). Half of all visits go to a few hundred context vectors, and a core must
fetch anew what another has just written; so each thread trains copies of its own of the most
frequent words' vectors, and now and then adds what they have learned to the shared ones.
"""

import numba
import numpy as np
from numba import prange

from w2v.batches.batch import Rows
from w2v.batches.batcher import NO_WINDOWS
from w2v.batches.windows import draw_rows, max_entries
from w2v.compiled import compiled, prefetch_row
from w2v.engines.base import Engine
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
from w2v.engines.cpu_threads import add_one

CHUNK = 32  # windows that a thread takes at a time
HOT = 2048  # words of which each thread has its own vector
ALONE = 1024  # windows that the threads train, together, between exchanges

F32 = np.float32


@compiled(**FAST)
def _exchange(rows, shared, own, known, n):
    """Add what `own` learned since it was `known` to the `shared` rows, and learn of the others'.

    shared, own, known: the first of n rows each.
    """
    one, minus = splat(F32(1)), splat(F32(-1))
    for row in range(n):
        for k in range(0, rows.shape[1], LANES):
            learned = multiply_add(minus, load(rows, known + row, k), load(rows, own + row, k))
            total = multiply_add(one, learned, load(rows, shared + row, k))
            store(rows, shared + row, k, total)
            store(rows, own + row, k, total)
            store(rows, known + row, k, total)


@compiled(**FAST)
def _train_rows(centers, entries, n_contexts, n_entries, rows, n_words, own, hot, lr, x, sources):
    """Train windows one by one; returns the sum of their losses."""
    for window in range(len(centers)):
        n = n_entries[window]
        for e in range(n):
            entries[window, e] += own if entries[window, e] < hot else n_words
        entries[window, n : round_up(n, 4)] = own  # of `<unk>`: never changes

    loss = 0.0
    for window in range(len(centers)):
        center, ids, n = centers[window], entries[window], n_entries[window]
        for k in range(0, sources.shape[1], LANES):
            store(sources, 0, k, load(rows, center, k))
        logits(sources, 0, rows, ids, round_up(n, 4), x)
        mean = F32(1) / F32(n)
        loss += mean * coefficients(x, n_contexts[window], n, F32(lr) * mean)
        if window + 1 < len(centers):
            prefetch_row(rows, centers[window + 1])
            for e in range(n_entries[window + 1]):
                prefetch_row(rows, entries[window + 1, e])
        update(x, rows, ids, round_up(n, 4), sources, 0, 1)
        for k in range(0, sources.shape[1], LANES):
            total = multiply_add(splat(F32(1)), load(sources, 1, k), load(rows, center, k))
            store(rows, center, k, total)
    return loss


@compiled(**FAST)
def _work(
    counters, batch_size, tokens, order, first_position, radius_key, noise_key, noise, window,
    negative, centers, entries, n_contexts, n_entries, rows, n_words, own, hot, alone, lrs,
    losses, sources,
):  # fmt: skip
    """What every thread does: take the next windows and train them, until none is left.

    alone: chunks between exchanges.  losses: of each batch, of the windows that it trained.
    """
    known = own + hot
    _exchange(rows, n_words, own, known, hot)
    x = np.empty(entries.shape[1], F32)
    n_chunks = 0
    while True:
        start = add_one(counters, 0) * CHUNK
        if start >= len(order):
            break
        chosen = order[start : start + CHUNK]
        here = slice(0, len(chosen))
        draw_rows(
            tokens, chosen, first_position, radius_key, noise_key, noise, window, negative,
            centers[here], entries[here], n_contexts[here], n_entries[here],
        )  # fmt: skip
        batch = start // batch_size  # a chunk counts for the batch that it begins in
        losses[batch] += _train_rows(
            centers[here], entries[here], n_contexts[here], n_entries[here], rows, n_words, own,
            hot, lrs[batch], x, sources,
        )  # fmt: skip
        n_chunks += 1
        if n_chunks % alone == 0:
            _exchange(rows, n_words, own, known, hot)
    _exchange(rows, n_words, own, known, hot)


@compiled(parallel=True, **FAST)
def _train(
    workers, counters, batch_size, tokens, order, first_position, radius_key, noise_key, noise,
    window, negative, centers, entries, n_contexts, n_entries, rows, n_words, hot, lrs, losses,
    sources,
):  # fmt: skip
    alone = max(1, ALONE // CHUNK // workers)
    for thread in prange(workers):
        here = slice(thread * CHUNK, (thread + 1) * CHUNK)
        _work(
            counters, batch_size, tokens, order, first_position, radius_key, noise_key, noise,
            window, negative, centers[here], entries[here], n_contexts[here], n_entries[here],
            rows, n_words, 2 * n_words + thread * 2 * hot, hot, alone, lrs, losses[thread],
            sources[thread],
        )  # fmt: skip


class RacingEngine(Engine):
    """Stochastic gradient descent, window by window.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: batch_size (which sets the learning rate's steps), window, negative and workers.
    """

    def __init__(self, in_vectors, out_vectors, config):
        n_words, self.vector_size = in_vectors.shape
        self.workers = min(config.workers, numba.config.NUMBA_NUM_THREADS)  # its limit is final
        self._batch_size = config.batch_size
        self._hot = min(HOT, n_words)
        # in_vectors, out_vectors, then every thread's own hot rows, and these as last exchanged.
        n_rows = 2 * n_words + 2 * self.workers * self._hot
        self._rows = aligned_rows(n_rows, row_stride(self.vector_size))
        self._tables = [
            self._rows[first : first + n_words, : self.vector_size] for first in (0, n_words)
        ]
        for ours, given in zip(self._tables, (in_vectors, out_vectors), strict=True):
            ours[:] = given
        copies = self._rows[2 * n_words :].reshape(2 * self.workers, self._hot, -1)
        copies[:, :, : self.vector_size] = out_vectors[: self._hot]
        widest = round_up.py_func(max_entries(config.window, config.negative), LANES)
        self._batches = Rows.empty(self.workers * CHUNK, widest)
        width = round_up.py_func(self.vector_size, LANES)
        self._sources = aligned_rows(self.workers * 2, width).reshape(self.workers, 2, width)
        self.train(NO_WINDOWS, 0, np.empty(0))  # compiles

    @property
    def description(self):
        return f"cpu, {self.workers} thread" + "s" * (self.workers > 1) + ", racing"

    def train(self, windows, first_batch, lrs):
        first = first_batch * windows.batch_size
        order = windows.order[first : first + len(lrs) * windows.batch_size]
        numba.set_num_threads(self.workers)
        losses = np.zeros((self.workers, len(lrs)))
        _train(
            self.workers, np.zeros(1, np.int64), self._batch_size, windows.tokens, order,
            windows.first_position, *windows.draws, *self._batches, self._rows,
            len(self._tables[0]), self._hot, lrs, losses, self._sources,
        )  # fmt: skip
        return losses.sum(axis=0)

    def tables(self):
        return tuple(self._tables)
