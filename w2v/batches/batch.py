"""What one update is computed from: groups of centers, the entries that they share, and a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.compiled import LANES

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
        n_noise = max_entries(window, negative) if group == 1 else noise_pool
        n_entries = padded(group + 2 * window, BLOCK) + padded(n_noise, BLOCK)
        lanes = padded(group, LANES)  # centers are gathered so many at a time, from `window` on
        n_text, n_noises, n_centers, offset = np.zeros((4, n_groups), np.int32)
        return cls(
            np.zeros((n_groups, max(n_entries, window + lanes)), np.int32),
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
        """Labels and mask follow from GroupRows' bounds, and from which words are the same."""
        left, right, center, weight = rows.per_center[:, :, :group, None].swapaxes(0, 1)
        slots = np.arange(rows.entries.shape[1])
        n_text, n_noise = rows.n_text[:, None], rows.n_noise[:, None]
        start = noise_start.py_func(n_text)
        is_text, is_noise = slots < n_text, (slots >= start) & (slots < start + n_noise)
        is_context = ((left <= slots) & (slots < right) & (slots != center)).astype(np.float32)
        noise_mask = np.where(is_noise[:, None, :], weight, np.float32(0))
        if group == 1:  # the center is no entry of its own, and its noise words are no contexts
            is_text &= slots != center[:, 0]
        else:  # a noise word is a context of a center if it stands in any of its slots
            is_same = rows.entries[:, :, None] == rows.entries[:, None, :]
            noise_mask[is_context @ is_same.astype(np.float32) > 0] = 0
        is_center = np.arange(group) < rows.n_centers[:, None]
        places = center[:, :, 0].astype(np.int64)
        is_entry = is_text | is_noise
        longest = is_entry.sum(axis=1).max()
        order = np.argsort(~is_entry, axis=1, kind="stable")[:, :longest]  # entries first
        everywhere = order[:, None, :]
        return cls(
            np.where(is_center, np.take_along_axis(rows.entries, places, 1), 0).astype(np.int32),
            np.take_along_axis(np.where(is_entry, rows.entries, 0), order, 1).astype(np.int32),
            np.take_along_axis(is_context, everywhere, 2),
            np.take_along_axis(np.where(is_context, np.float32(1), noise_mask), everywhere, 2),
        )
