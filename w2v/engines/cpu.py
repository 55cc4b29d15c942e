"""The fused engine for CPUs: the same minibatch update as autograd's, on all cores, in Numba.

A batch takes two phases. First, group by group: compute what each row gains, against tables that
nobody changes. Then, over buckets of rows: each bucket's gains are added by one thread, in the
order of the batch. So the result is the minibatch's, exactly, and the same bits for any number of
threads, whoever takes which part. Between the two, whoever has nothing else to do draws the next
batch.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.batches.batch import GroupRows, noise_start, padded
from w2v.batches.batcher import NO_GROUPS, CpuGroups, batch_groups
from w2v.batches.draw_groups import Draws, draw_group
from w2v.compiled import compiled, prefetch_row
from w2v.config import Config
from w2v.engines.base import Engine, Floats, Frozen
from w2v.engines.cpu_crew import Crew
from w2v.engines.cpu_functions import INNER, LEAF, aligned_rows, row_stride
from w2v.engines.cpu_kernels import Scratch, differentiate
from w2v.engines.cpu_lanes import LANES, load, store
from w2v.engines.cpu_threads import add_one, wait_for

PART = 32  # centers in a part of the work, at least: a group, or several small ones
BUCKETS_PER_WORKER = 4  # fewer leave threads idle at the end of a phase, more read gains anew
AHEAD = 4  # terms between asking for a row and using it
TAKEN, COMPUTED, DONE = 0, 16, 32  # counters, so far apart that no cache line has two

U32 = np.uint32
TERM = np.dtype([("row", U32), ("source", U32)])


class Drawn(NamedTuple):
    """A batch as drawn, and what its rows gain.

    rows:   GroupRows, two batches of them: one is drawn while the other is trained.
    terms:  (2N, most) of TERM: rows[t.row] += gains[n, t.source], by bucket: those of bucket b
        are terms[n, starts[n, b] : starts[n, b + 1]].
    starts: (2N, buckets + 1) uint32.
    gains:  (N, most, width) float32.
    """

    rows: GroupRows
    terms: npt.NDArray[np.void]
    starts: npt.NDArray[np.uint32]
    gains: Floats


class Task(NamedTuple):
    """What the threads share while they train some batches; passed to compiled code as it is.

    tokens, draws: of the groups.  order: numbers of the groups to train, batch after batch.
    part: groups in a part of the work.
    table: (2V, stride) float32: in_vectors, then out_vectors.  n_words: V.  size: D.
    frozen: (2V,) bool, its rows that stay as they are; (0,) where none do.
    lrs: (n,) float64, of each batch.
    losses: (n + 1, parts) float64, the result; the last: of the batch of nothing before the first.
    counters: int64, of the parts of the work that are taken, computed and done.
    """

    tokens: npt.NDArray[np.int32]
    draws: Draws
    order: npt.NDArray[np.int64]
    part: int
    table: Floats
    frozen: Frozen
    n_words: int
    size: int
    lrs: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    counters: npt.NDArray[np.int64]


@compiled(**INNER)
def train_batches(task: Task, batch: Drawn, scratch: Scratch) -> None:
    """What every thread does: take the next part of the work, until none is left.

    A batch's parts are those that compute its groups' gains, those that draw the next batch, and
    buckets. They are taken in order, so a thread that waits, waits for parts that others are at,
    never for one that nobody has. Before batch 0 comes one of nothing, while which 0 is drawn.
    """
    n_batch, n_buckets = len(batch.gains), batch.starts.shape[1] - 1
    n_chunks = -(-n_batch // task.part)
    n_parts = 2 * n_chunks + n_buckets
    while True:
        taken = add_one(task.counters, TAKEN)
        number, part = taken // n_parts - 1, taken % n_parts
        if number >= len(task.lrs):
            return
        if part < 2 * n_chunks:
            wait_for(task.counters, DONE, (number + 1) * n_parts)
        if part < n_chunks:
            task.losses[number, part] = _compute(task, batch, scratch, number, part)
            add_one(task.counters, COMPUTED)
        elif part < 2 * n_chunks:
            _draw(task, batch, number + 1, part - n_chunks)
        else:
            wait_for(task.counters, COMPUTED, (number + 2) * n_chunks)
            _apply(task, batch, number, part - 2 * n_chunks)
        add_one(task.counters, DONE)


@njit(inline="always")
def _groups(task, n_batch, number, part):
    """Of a part: the first group within its batch and one past the last, and where it is kept."""
    there = _there(task, n_batch, number)
    return part * task.part, min((part + 1) * task.part, there), (number % 2) * n_batch


@njit(inline="always")
def _there(task, n_batch, number):
    """How many groups a batch has: none before the first batch and after the last."""
    if number < 0 or number >= len(task.lrs):
        return 0
    return min(n_batch, len(task.order) - number * n_batch)


@njit(inline="always")
def _compute(task, batch, scratch, number, part):
    n_batch, loss = len(batch.gains), 0.0
    first, stop, kept = _groups(task, n_batch, number, part)
    for n in range(first, stop):
        loss += differentiate(
            batch.rows, kept + n, task.table[: task.n_words], task.table[task.n_words :], task.size,
            task.draws.window, task.lrs[number], scratch, batch.gains[n],
        )  # fmt: skip
    return loss


@njit(inline="always")
def _draw(task, batch, number, part):
    n_batch = len(batch.gains)
    first, stop, kept = _groups(task, n_batch, number, part)
    for n in range(first, stop):
        center = task.order[number * n_batch + n] * task.draws.group
        draw_group(task.tokens, center, task.draws, batch.rows, kept + n)
        _sort_terms(
            batch.rows, kept + n, task.n_words, task.frozen, batch.terms[kept + n],
            batch.starts[kept + n],
        )  # fmt: skip


@njit(inline="always")
def _bucket(row, n_buckets):
    """Fibonacci hashing: neighbouring rows, alike in how frequent they are, go far apart."""
    share = U32(U32(row) * U32(2654435769))  # of 2³²
    return np.int64((np.uint64(share) * np.uint64(n_buckets)) >> np.uint64(32))


@njit(**LEAF)
def _sort_terms(rows, n, n_words, frozen, terms, starts):
    """List the rows of group n, bucket by bucket, with the place of their gains.

    Frozen ones are not listed, so what they would gain is added to nothing.
    """
    ids, n_buckets, centers = rows.entries[n], len(starts) - 1, rows.entries.shape[1]
    offset, start = rows.offset[n], noise_start(rows.n_text[n])
    stop = start + rows.n_noise[n]
    for bucket in range(n_buckets + 1):
        starts[bucket] = 0
    for e in range(stop):
        if (e < rows.n_text[n] or e >= start) and _moves(frozen, n_words + ids[e]):
            starts[_bucket(n_words + ids[e], n_buckets) + 1] += U32(1)
    for g in range(rows.n_centers[n]):
        if _moves(frozen, ids[offset + g]):
            starts[_bucket(ids[offset + g], n_buckets) + 1] += U32(1)
    for bucket in range(n_buckets):
        starts[bucket + 1] += starts[bucket]
    for e in range(stop):
        if (e < rows.n_text[n] or e >= start) and _moves(frozen, n_words + ids[e]):
            _put_term(terms, starts, n_buckets, n_words + ids[e], e)
    for g in range(rows.n_centers[n]):
        if _moves(frozen, ids[offset + g]):
            _put_term(terms, starts, n_buckets, ids[offset + g], centers + g)
    for bucket in range(n_buckets, 0, -1):  # each now stands where the next one began
        starts[bucket] = starts[bucket - 1]
    starts[0] = 0


@njit(inline="always")
def _moves(frozen, row):
    return len(frozen) == 0 or not frozen[row]


@njit(inline="always")
def _put_term(terms, starts, n_buckets, row, source):
    bucket = _bucket(row, n_buckets)
    at = starts[bucket]
    starts[bucket] = at + U32(1)
    terms[at].row, terms[at].source = U32(row), U32(source)


@njit(inline="always")
def _apply(task, batch, number, bucket):
    """Add to a bucket's rows what they gain, group by group."""
    n_batch, table = len(batch.gains), task.table
    kept = (number % 2) * n_batch
    for n in range(_there(task, n_batch, number)):
        gains, terms = batch.gains[n], batch.terms[kept + n]
        first, last = batch.starts[kept + n, bucket], batch.starts[kept + n, bucket + 1]
        for at in range(first, last):
            prefetch_row(table, terms[at + AHEAD].row)
            row, source = terms[at].row, terms[at].source
            for k in range(0, gains.shape[1], LANES):
                store(table, row, k, load(table, row, k) + load(gains, source, k))


class CpuEngine(Engine[CpuGroups]):
    """Stochastic gradient descent on all cores.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: batch_size, group, noise_pool, window, negative and workers.
        frozen: (2, V) bool, rows that no update changes, or None.
    """

    call_centers = 2**16

    def __init__(
        self,
        in_vectors: Floats,
        out_vectors: Floats,
        config: Config,
        frozen: Frozen | None = None,
    ) -> None:
        self.n_words, self.vector_size = in_vectors.shape
        stride = row_stride(self.vector_size)
        self._table = aligned_rows(2 * self.n_words, stride)  # in_vectors, then out_vectors
        self._in, self._out = self._table.reshape(2, self.n_words, stride)[:, :, : self.vector_size]
        self._in[:], self._out[:] = in_vectors, out_vectors
        self._frozen = np.empty(0, np.bool_) if frozen is None else frozen.ravel()
        self._workers, group = config.workers or 1, config.group_size
        self._crew, self._part = Crew(self._workers), max(1, PART // group)
        n_groups, width = batch_groups(config), padded(self.vector_size, LANES)
        rows = GroupRows.empty(
            2 * n_groups, config.window, config.negative, group, config.pool_size
        )
        most = rows.entries.shape[1] + rows.per_center.shape[2]
        buckets = max(2, self._workers) * BUCKETS_PER_WORKER
        self._batch = Drawn(
            rows,
            np.zeros((2 * n_groups, most + AHEAD), TERM),
            np.zeros((2 * n_groups, buckets + 1), U32),
            aligned_rows(n_groups * most, width).reshape(n_groups, most, width),
        )
        self._scratch = [Scratch.empty(rows, width) for _ in range(self._workers)]
        self.train(NO_GROUPS, 0, np.empty(0))  # compiles

    @property
    def description(self) -> str:
        return f"cpu, {self._workers} thread" + "s" * (self._workers > 1)

    def train(
        self, groups: CpuGroups, first_batch: int, lrs: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        n_parts = -(-len(self._batch.gains) // self._part)
        task = Task(
            groups.tokens,
            groups.draws,
            groups.order[first_batch * groups.batch_groups :],
            self._part,
            self._table,
            self._frozen,
            self.n_words,
            self.vector_size,
            np.asarray(lrs, np.float64),
            losses=np.zeros((len(lrs) + 1, n_parts)),
            counters=np.zeros(3 * 16, np.int64),
        )

        def work(worker: int) -> None:
            train_batches(task, self._batch, self._scratch[worker])

        self._crew.run(len(lrs), work)
        return task.losses[:-1].sum(axis=1)

    def tables(self) -> tuple[Floats, Floats]:
        return self._in, self._out
