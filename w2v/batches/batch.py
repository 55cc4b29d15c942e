"""What one update is computed from: groups of centers, the entries that they share, and a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.compiled import LANES, compiled

if TYPE_CHECKING:
    import torch

    Array = npt.NDArray[Any] | torch.Tensor

BLOCK = 8  # entries are padded to a multiple of this, for tiles of so many rows
LEFT, RIGHT, SLOT, WEIGHT = range(4)  # rows of GroupRows.per_center


def max_entries(window: int, negative: int) -> int:
    """No window has more contexts and noise words of its own than this."""
    return 2 * window * (1 + negative)


def padded(n: int, multiple: int) -> int:
    """n, rounded up to a multiple."""
    return -(-n // multiple) * multiple


@njit(inline="always")
def noise_start(n_text: int) -> int:
    """Where the noise words of a group with so many words of the text begin."""
    return (n_text + BLOCK - 1) // BLOCK * BLOCK


def room(window: int, negative: int, group: int, noise_pool: int) -> tuple[int, int]:
    """How many entries and centers a group takes in GroupRows, places to pad them included."""
    n_noise = max_entries(window, negative) if group == 1 else noise_pool
    n_entries = padded(group + 2 * window, BLOCK) + padded(n_noise, BLOCK)
    lanes = padded(group, LANES)  # centers are gathered so many at a time, from `window` on
    return max(n_entries, window + lanes), lanes


class GroupRows(NamedTuple):
    """Groups as lists of words and bounds: compiled code's form of a batch, N rows.

    entries: (N, E) int32: the words of the text in reach of the centers, in order, then, from
        `noise_start` on, noise words. What stands behind either does not matter, but is a word.
    per_center: (N, 4, G up to a multiple of LANES) float32. Center g is entries[SLOT], and has
        entries[LEFT] to [RIGHT - 1] as contexts, except itself; a noise word that is none of
        them counts WEIGHT. All 0 where a group has no such center.
    n_text, n_noise, n_centers, offset: (N,) int32: how many there are; the SLOT of center 0.
    """

    entries: npt.NDArray[np.int32]
    per_center: npt.NDArray[np.float32]
    n_text: npt.NDArray[np.int32]
    n_noise: npt.NDArray[np.int32]
    n_centers: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int32]

    @classmethod
    def empty(
        cls, n_groups: int, window: int, negative: int, group: int, noise_pool: int
    ) -> GroupRows:
        """Room for so many groups of these settings."""
        n_entries, lanes = room(window, negative, group, noise_pool)
        n_text, n_noises, n_centers, offset = np.zeros((4, n_groups), np.int32)
        return cls(
            np.zeros((n_groups, n_entries), np.int32),
            np.zeros((n_groups, 4, lanes), np.float32),
            n_text, n_noises, n_centers, offset,
        )  # fmt: skip


class Batch(NamedTuple):
    """What one update is computed from: N groups of G centers with E entries, padded with zeros.

    centers: (N, G) int32 word ids.
    entries: (N, E) int32: the text's words in reach of a center, then noise words.
    labels:  (N, G, E) float32: 1 where entry e is a context of center g.
    mask:    (N, G, E) float32: 1 there; at the noise words that are no context of center g, what
        each counts for: negative · n / P, for n contexts and P noise words; else 0.
    E is the longest group's. G = 1 is the textbook's batch, whose noise words are the center's own
    and count 1. All are NumPy arrays, or all tensors on a GPU.
    """

    centers: Array
    entries: Array
    labels: Array
    mask: Array

    @classmethod
    def from_rows(cls, rows: GroupRows, group: int) -> Batch:
        """The Batch that GroupRows stand for."""
        n_entries = int((rows.n_text + rows.n_noise).max()) - (group == 1)
        shape = len(rows.entries), group, n_entries
        batch = cls(
            np.zeros(shape[:2], np.int32), np.zeros(shape[::2], np.int32),
            np.zeros(shape, np.float32), np.zeros(shape, np.float32),
        )  # fmt: skip
        _fill(rows, batch)
        return batch


@compiled(nogil=True)
def _fill(rows, batch):
    group = batch.centers.shape[1]
    for n in range(len(batch.centers)):
        n_text, start = rows.n_text[n], noise_start(rows.n_text[n])
        for g in range(rows.n_centers[n]):
            batch.centers[n, g] = rows.entries[n, np.int64(rows.per_center[n, SLOT, g])]
        at = 0
        for e in range(start + rows.n_noise[n]):
            is_own_center = group == 1 and e == rows.per_center[n, SLOT, 0]
            if is_own_center or n_text <= e < start:
                continue
            batch.entries[n, at] = word = rows.entries[n, e]
            if e < n_text:
                _mark(rows, n, e, batch.labels[n, :, at], 1)
                _mark(rows, n, e, batch.mask[n, :, at], 1)
            else:
                _mark_noise(rows, n, word, batch.mask[n, :, at])
            at += 1


@njit(inline="always")
def _mark(rows, n, e, marks, mark):
    """Mark the centers that entry e, a word of the text, is a context of."""
    left, right, slot = rows.per_center[n, :WEIGHT]
    for g in range(rows.n_centers[n]):
        if left[g] <= e < right[g] and e != slot[g]:
            marks[g] = mark


@njit(inline="always")
def _mark_noise(rows, n, word, mask):
    """What a noise word counts for each center: nothing where it is a context too."""
    for g in range(rows.n_centers[n]):
        mask[g] = rows.per_center[n, WEIGHT, g]
    for e in range(rows.n_text[n] if len(mask) > 1 else 0):  # a center's own are none anyway
        if rows.entries[n, e] == word:
            _mark(rows, n, e, mask, 0)
