"""Pairs of words that follow each other in a text, counted as numbers in compiled code."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.compiled import compiled
from w2v.text.scanned import Scanned
from w2v.text.word_table import WORD_MASK

FIRST_SLOTS = 2**16
# Different pairs at a time, in a table of 200 MB. Where there are more, rare ones are dropped, as
# word2phrase.c does when there are 350 million words and pairs, and gensim when there are 40.
MOST_SLOTS = 2**24
FULL = 0.75  # of the slots

MOST_PAIRS = int(FULL * MOST_SLOTS)

Numbers = npt.NDArray[np.int64]


class Pairs(NamedTuple):
    """Pairs of neighbours in a text.

    first, second: (n,) int64, their numbers.  counts: (n,) int64.
    n_lacking: the most occurrences that a count lacks, since its pair was dropped before.
    """

    first: Numbers
    second: Numbers
    counts: Numbers
    n_lacking: int


def count_pairs(scanned: Scanned) -> Pairs:
    """How often each word of a text is followed by each other one, within sentences."""
    table, before = _PairTable(), -1
    for block in blocks(scanned):
        done = 0
        while done < len(block):
            done, before, table.n = _count(
                block, done, before, table.keys, table.counts, table.n, int(FULL * len(table.keys))
            )
            if done < len(block):
                table.make_room()
    return table.pairs()


def blocks(scanned: Scanned) -> Iterator[npt.NDArray[np.int32]]:
    """The tokens of a text, block after block."""
    return map(scanned.block, range(-(-scanned.n_read // scanned.tokens.block_tokens)))


class _PairTable:
    """Open addressing, as Table's. keys: (a power of two,) int64, of two numbers, or -1."""

    def __init__(self) -> None:
        self.keys = np.full(FIRST_SLOTS, -1, np.int64)
        self.counts = np.zeros(FIRST_SLOTS, np.uint32)
        self.n = self._bound = self.n_lacking = 0

    def make_room(self) -> None:
        """Twice as many slots; or, where these would be too many, without the rarest pairs."""
        is_kept, size = self.keys >= 0, 2 * len(self.keys)
        if size > MOST_SLOTS:  # as word2phrase.c's ReduceVocab: by a bound that rises
            size = len(self.keys)
            self._bound = max(self._bound + 1, int(self.counts[is_kept].min()))
            self.n_lacking += self._bound
            is_kept &= self.counts > self._bound
        keys, counts = self.keys[is_kept], self.counts[is_kept]
        self.keys, self.counts = np.full(size, -1, np.int64), np.zeros(size, np.uint32)
        self.n = len(keys)
        put(keys, counts, self.keys, self.counts)

    def pairs(self) -> Pairs:
        is_there = self.keys >= 0
        keys, counts = self.keys[is_there], self.counts[is_there]
        return Pairs(keys >> 32, keys & 0xFFFFFFFF, counts.astype(np.int64), self.n_lacking)


@njit(inline="always")
def first_slot(key: np.int64, n_slots: int) -> np.int64:
    """Where to look for a key first: Fibonacci hashing."""
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed >> np.uint64(32)) & np.uint64(n_slots - 1))


@compiled
def put(
    keys: Numbers,
    values: npt.NDArray[np.integer],
    into: Numbers,
    into_values: npt.NDArray[np.integer],
) -> None:
    """Put keys that differ, and their values, into empty slots."""
    for i in range(len(keys)):
        slot = first_slot(keys[i], len(into))
        while into[slot] >= 0:
            slot = (slot + 1) & (len(into) - 1)
        into[slot], into_values[slot] = keys[i], values[i]


@compiled
def _count(tokens, done, before, keys, counts, n, most):
    """Count pairs from tokens[done] on, until a new one finds no room; `before`: the word before.

    Returns: where to go on, the word before that, how many different pairs there are.
    """
    for i in range(done, len(tokens)):
        word = np.int64(tokens[i] & WORD_MASK)
        if tokens[i] >= 0 and before >= 0:
            key = (before << 32) | word
            slot = first_slot(key, len(keys))
            while keys[slot] != key:
                if keys[slot] < 0:
                    if n >= most:
                        return i, before, n
                    keys[slot] = key
                    n += 1
                    break
                slot = (slot + 1) & (len(keys) - 1)
            counts[slot] += np.uint32(1)
        before = word
    return len(tokens), before, n
