"""The fused engine for CPUs: the same minibatch update as autograd's, on all cores, in Numba.

A batch takes two phases. First, group by group: compute what each row gains, and add it to those
rows that no other group of the batch looks at. Then, over buckets of the other rows: each bucket's
gains are added by one thread, in the order of the batch. So the result is the minibatch's, exactly,
and the same bits for any number of threads, whoever takes which part. Between the two, whoever has
nothing else to do draws the next batch.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.batches.batch import GroupRows, padded, room
from w2v.batches.batcher import NO_GROUPS, CpuGroups, batch_groups
from w2v.batches.draw_groups import Draws, draw_group
from w2v.compiled import compiled
from w2v.config import Config
from w2v.engines.base import Engine, Floats, Steps
from w2v.engines.cpu_crew import Crew
from w2v.engines.cpu_functions import INNER, aligned_rows, row_stride
from w2v.engines.cpu_kernels import Scratch, differentiate
from w2v.engines.cpu_lanes import LANES
from w2v.engines.cpu_terms import (
    TERM,
    Places,
    Terms,
    add_own,
    add_shared,
    groups_in_batch,
    places_for,
    sort_terms,
    tell_apart,
)
from w2v.engines.cpu_threads import add_one, wait_for

PART = 32  # centers in a part of the work, at least: a group, or several small ones
BUCKETS_PER_WORKER = 4  # fewer leave threads idle at the end of a phase, more read gains anew
TAKEN, READY, DONE = 0, 16, 32  # counters, so far apart that no cache line has two


class Drawn(NamedTuple):
    """A batch as drawn, and what its rows gain.

    rows:   GroupRows, two batches of them: one is drawn while the other is trained.
    terms:  Terms, of both: which row gains what.
    gains:  (workers * N * most, width) float32: what the rows of a group gain stands in a slot of
        `most` rows, one of N that are the thread's who computes it: no other core writes there.
    """

    rows: GroupRows
    terms: Terms
    gains: Floats


class Task(NamedTuple):
    """What the threads share while they train some batches; passed to compiled code as it is.

    tokens, draws: of the groups.  order: numbers of the groups to train, batch after batch.
    part: groups in a part of the work.
    table: (2V, stride) float32: in_vectors, then out_vectors.  n_words: V.  size: D.
    steps: (2V,) float32, the share of the rate that each of its rows takes.
    lrs: (n,) float64, of each batch.
    losses: (n + 1, parts) float64, the result; the last: of the batch of nothing before the first.
    counters: int64, of the parts of the work that are taken, computed or drawn, and done.
    """

    tokens: npt.NDArray[np.int32]
    draws: Draws
    order: npt.NDArray[np.int64]
    part: int
    table: Floats
    steps: Floats
    n_words: int
    size: int
    lrs: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    counters: npt.NDArray[np.int64]


class Own(NamedTuple):
    """What a thread has for itself.

    worker: its number.  scratch: for one group.  places: for `tell_apart`.
    """

    worker: int
    scratch: Scratch
    places: Places


@compiled(**INNER)
def train_batches(task: Task, batch: Drawn, own: Own) -> None:
    """What every thread does: take the next part of the work, until none is left.

    A batch's parts are those that compute its groups' gains, those that draw the next batch, and
    buckets. They are taken in order, so a thread that waits, waits for parts that others are at,
    never for one that nobody has. Before batch 0 comes one of nothing, while which 0 is drawn.
    """
    n_batch, n_buckets = groups_in_batch(batch.terms), len(batch.terms.shared)
    n_chunks = -(-n_batch // task.part)
    n_parts = 2 * n_chunks + n_buckets
    slot, slots_of = 0, -1  # the next one of this thread for gains, and of which batch
    while True:
        taken = add_one(task.counters, TAKEN)
        number, part = taken // n_parts - 1, taken % n_parts
        if number >= len(task.lrs):
            return
        if part < 2 * n_chunks:
            wait_for(task.counters, DONE, (number + 1) * n_parts)
        if part < n_chunks:
            if number != slots_of:
                slot, slots_of = own.worker * n_batch, number
            task.losses[number, part], slot = _compute(task, batch, own.scratch, number, part, slot)
            add_one(task.counters, READY)
        elif part < 2 * n_chunks:
            _draw(task, batch, number + 1, part - n_chunks)
            add_one(task.counters, READY)
        else:
            wait_for(task.counters, READY, (number + 2) * 2 * n_chunks)
            _add(task, batch, own.places, number, part - 2 * n_chunks)
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
def _compute(task, batch, scratch, number, part, slot):
    n_batch, most, loss = groups_in_batch(batch.terms), batch.terms.own.shape[1], 0.0
    first, stop, kept = _groups(task, n_batch, number, part)
    for n in range(first, stop):
        loss += differentiate(
            batch.rows, kept + n, task.table[: task.n_words], task.table[task.n_words :], task.size,
            task.draws.window, task.lrs[number], scratch,
            batch.gains[slot * most : (slot + 1) * most],
        )  # fmt: skip
        batch.terms.first_gains[n] = slot * most
        add_own(batch.terms, kept + n, batch.gains, task.steps, task.table)
        slot += 1
    return loss, slot


@njit(inline="always")
def _draw(task, batch, number, part):
    n_batch = groups_in_batch(batch.terms)
    first, stop, kept = _groups(task, n_batch, number, part)
    for n in range(first, stop):
        center = task.order[number * n_batch + n] * task.draws.group
        draw_group(task.tokens, center, task.draws, batch.rows, kept + n)
        sort_terms(batch.rows, kept + n, task.n_words, batch.terms)


@njit(inline="always")
def _add(task, batch, places, number, bucket):
    """Add a bucket's gains of a batch, and tell apart whose the rows of the next one are."""
    add_shared(batch.terms, bucket, batch.gains, task.steps, task.table)
    n_batch, following = groups_in_batch(batch.terms), number + 1
    kept = (following % 2) * n_batch
    tell_apart(batch.terms, kept, kept + _there(task, n_batch, following), bucket, places)


class CpuEngine(Engine[CpuGroups]):
    """Stochastic gradient descent on all cores.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: batch_size, group, noise_pool, window, negative and workers.
        steps: (2, V) float32, the share of the rate that each row takes, or None: 1.
    """

    call_centers = 2**16

    def __init__(
        self,
        in_vectors: Floats,
        out_vectors: Floats,
        config: Config,
        steps: Steps | None = None,
    ) -> None:
        self.n_words, self.vector_size = in_vectors.shape
        stride = row_stride(self.vector_size)
        self._table = aligned_rows(2 * self.n_words, stride)  # in_vectors, then out_vectors
        self._in, self._out = self._table.reshape(2, self.n_words, stride)[:, :, : self.vector_size]
        self._in[:], self._out[:] = in_vectors, out_vectors
        ones = np.ones(2 * self.n_words, np.float32)
        self._steps = ones if steps is None else steps.ravel()
        self._workers, group = config.workers or 1, config.group_size
        self._crew, self._part = Crew(self._workers), max(1, PART // group)
        n_groups, width = batch_groups(config), padded(self.vector_size, LANES)
        rows = GroupRows.empty(
            2 * n_groups, config.window, config.negative, group, config.pool_size
        )
        most = rows.entries.shape[1] + rows.per_center.shape[2]
        terms = Terms.empty(n_groups, most, _buckets(self._workers))
        gains = aligned_rows(self._workers * n_groups * most, width)
        self._batch = Drawn(rows, terms, gains)
        self._own = [
            Own(worker, Scratch.empty(rows, width), places_for(terms))
            for worker in range(self._workers)
        ]
        train_batches(self._task(NO_GROUPS, 0, np.empty(0)), self._batch, self._own[0])  # compiles

    @property
    def description(self) -> str:
        return f"cpu, {self._workers} thread" + "s" * (self._workers > 1)

    def train(
        self, groups: CpuGroups, first_batch: int, lrs: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        task = self._task(groups, first_batch, np.asarray(lrs, np.float64))

        def work(worker: int) -> None:
            train_batches(task, self._batch, self._own[worker])

        self._crew.run(groups.n_centers(first_batch, len(lrs)), work)
        return task.losses[:-1].sum(axis=1)

    def _task(self, groups: CpuGroups, first_batch: int, lrs: npt.NDArray[np.float64]) -> Task:
        n_parts = -(-groups_in_batch(self._batch.terms) // self._part)
        return Task(
            groups.tokens,
            groups.draws,
            groups.order[first_batch * groups.batch_groups :],
            self._part,
            self._table,
            self._steps,
            self.n_words,
            self.vector_size,
            lrs,
            losses=np.zeros((len(lrs) + 1, n_parts)),
            counters=np.zeros(3 * 16, np.int64),
        )

    def tables(self) -> tuple[Floats, Floats]:
        return self._in, self._out


def batch_bytes(config: Config) -> int:
    """About what a batch takes in memory: all that its groups' rows gain, and where it belongs."""
    workers, group = config.workers or 1, config.group_size
    n_rows = sum(room(config.window, config.negative, group, config.pool_size))
    gains = workers * padded(config.vector_size, LANES) * np.dtype(np.float32).itemsize
    terms = (2 + _buckets(workers)) * TERM.itemsize
    return batch_groups(config) * n_rows * (gains + terms)


def _buckets(workers):
    return max(2, workers) * BUCKETS_PER_WORKER
