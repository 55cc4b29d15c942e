"""Which rows the groups of a batch change, and how what they gain is added to them.

Three rows of four are those of one group alone: its thread adds to them as soon as it has computed
their gains, with rows and gains in its own cache. A row that several groups look at must wait until
all have; then each bucket of such rows is one thread's, which fetches what others computed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.batches.batch import GroupRows, noise_start
from w2v.compiled import prefetch_row
from w2v.engines.base import Floats
from w2v.engines.cpu_functions import LEAF
from w2v.engines.cpu_lanes import LANES, load, multiply_add, splat, store

AHEAD = 4  # terms between asking for a row and using it
SEVERAL = -1  # in the place of a group's number

Places = npt.NDArray[np.int32]

U32 = np.uint32
TERM = np.dtype([("row", U32), ("source", U32), ("group", U32)])


class Terms(NamedTuple):
    """What the groups of two batches add to rows, one batch's N after the other's.

    A term's `row` of the table gains row `source` of what its `group`, 0 to N - 1, computes.

    own: (2N, most) of TERM: of rows of each group alone, bucket by bucket; all its terms, before
        `tell_apart`.
    starts, ends: (2N, buckets + 1) uint32: where those of each bucket are.
    shared: (buckets, N * most + AHEAD) of TERM: of rows of several groups of one batch, in order.
    n_shared: (buckets,) int64.
    first_gains: (N,) int64: where the gains of each group of a batch begin.
    """

    own: npt.NDArray[np.void]
    starts: npt.NDArray[np.uint32]
    ends: npt.NDArray[np.uint32]
    shared: npt.NDArray[np.void]
    n_shared: npt.NDArray[np.int64]
    first_gains: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, n_groups: int, most: int, buckets: int) -> Terms:
        """Room for so many groups a batch, with at most so many terms each."""
        starts, ends = np.zeros((2, 2 * n_groups, buckets + 1), U32)
        own = np.zeros((2 * n_groups, most), TERM)
        shared = np.zeros((buckets, n_groups * most + AHEAD), TERM)
        n_shared, first_gains = np.zeros(buckets, np.int64), np.zeros(n_groups, np.int64)
        return cls(own, starts, ends, shared, n_shared, first_gains)


@njit(inline="always")
def groups_in_batch(terms: Terms) -> int:
    """N, groups in a batch."""
    return len(terms.own) // 2


def places_for(terms: Terms) -> Places:
    """What a thread needs to `tell_apart`: a power of two of places, 16 or more for each term."""
    of_a_bucket = terms.own.size // 2 // len(terms.shared)
    return np.zeros(2 ** (16 * of_a_bucket).bit_length(), np.int32)


@njit(inline="always")
def _bucket(row, n_buckets):
    """Fibonacci hashing: neighbouring rows, alike in how frequent they are, go far apart."""
    share = U32(U32(row) * U32(2654435769))  # of 2³²
    return np.int64((np.uint64(share) * np.uint64(n_buckets)) >> np.uint64(32))


@njit(**LEAF)
def sort_terms(rows: GroupRows, n: int, n_words: int, terms: Terms) -> None:
    """List the rows of group n with their gains, by bucket."""
    ids, starts, n_buckets = rows.entries[n], terms.starts[n], len(terms.shared)
    centers, group = rows.entries.shape[1], U32(n % groups_in_batch(terms))
    offset, start = rows.offset[n], noise_start(rows.n_text[n])
    stop = start + rows.n_noise[n]
    for bucket in range(n_buckets + 1):
        starts[bucket] = 0
    for e in range(stop):
        if e < rows.n_text[n] or e >= start:
            starts[_bucket(n_words + ids[e], n_buckets) + 1] += U32(1)
    for g in range(rows.n_centers[n]):
        starts[_bucket(ids[offset + g], n_buckets) + 1] += U32(1)
    for bucket in range(n_buckets):
        starts[bucket + 1] += starts[bucket]
        terms.ends[n, bucket] = starts[bucket]
    for e in range(stop):
        if e < rows.n_text[n] or e >= start:
            _put_term(terms, n, group, n_words + ids[e], e)
    for g in range(rows.n_centers[n]):
        _put_term(terms, n, group, ids[offset + g], centers + g)


@njit(inline="always")
def _put_term(terms, n, group, row, source):
    bucket = _bucket(row, len(terms.shared))
    at = terms.ends[n, bucket]
    terms.ends[n, bucket] = at + U32(1)
    term = terms.own[n, at]
    term.row, term.source, term.group = U32(row), U32(source), group


@njit(**LEAF)
def tell_apart(terms: Terms, first: int, stop: int, bucket: int, places: Places) -> None:
    """Of a bucket's terms of groups first to stop - 1, a batch: list those of several groups apart.

    places: of rows, the one group or SEVERAL; rows that share a place pass for one row, so that
        they may be listed without need.
    """
    for place in range(len(places)):
        places[place] = 0
    for n in range(first, stop):
        for at in range(terms.starts[n, bucket], terms.ends[n, bucket]):
            place = terms.own[n, at].row & U32(len(places) - 1)
            known = places[place]
            places[place] = n + 1 if known == 0 or known == n + 1 else SEVERAL
    n_shared = 0
    for n in range(first, stop):
        end = terms.starts[n, bucket]
        for at in range(end, terms.ends[n, bucket]):
            term = terms.own[n, at]
            is_shared = places[term.row & U32(len(places) - 1)] == SEVERAL
            # Into both lists, and the next one over it where it does not belong: no branch.
            _copy(terms.shared[bucket, n_shared], term)
            _copy(terms.own[n, end], term)
            n_shared += int(is_shared)
            end += U32(not is_shared)
        terms.ends[n, bucket] = end
    terms.n_shared[bucket] = n_shared


@njit(inline="always")
def _copy(to, term):
    to.row, to.source, to.group = term.row, term.source, term.group


@njit(**LEAF)
def add_own(terms: Terms, n: int, gains: Floats, steps: Floats, table: Floats) -> None:
    """Add what group n alone gives to rows."""
    first = terms.first_gains[n % groups_in_batch(terms)]
    for bucket in range(len(terms.shared)):
        for at in range(terms.starts[n, bucket], terms.ends[n, bucket]):
            _add(table, terms.own[n, at], gains, first, steps)


@njit(**LEAF)
def add_shared(terms: Terms, bucket: int, gains: Floats, steps: Floats, table: Floats) -> None:
    """Add what several groups give to the rows of a bucket, group by group."""
    shared = terms.shared[bucket]
    for at in range(terms.n_shared[bucket]):
        prefetch_row(table, shared[at + AHEAD].row)
        _add(table, shared[at], gains, terms.first_gains[shared[at].group], steps)


@njit(inline="always")
def _add(table, term, gains, first, steps):
    row, source = term.row, first + term.source
    if steps[row] == 0:
        return
    step = splat(steps[row])
    for k in range(0, gains.shape[1], LANES):
        store(table, row, k, multiply_add(step, load(gains, source, k), load(table, row, k)))
