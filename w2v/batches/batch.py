"""What one update is computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

    Array = npt.NDArray[Any] | torch.Tensor


class Rows(NamedTuple):
    """A batch as counts: the entries of each window, and how many there are. Compiled code's form.

    centers:    (B,) int32 word ids.
    entries:    (B, ≥ L) int32; what stands after a row's entries does not matter.
    n_contexts: (B,) int32: how many entries are contexts; they come first.
    n_entries:  (B,) int32: contexts and noise words.
    """

    centers: npt.NDArray[np.int32]
    entries: npt.NDArray[np.int32]
    n_contexts: npt.NDArray[np.int32]
    n_entries: npt.NDArray[np.int32]

    @classmethod
    def empty(cls, n_rows: int, max_entries: int) -> Rows:
        """Room for so many windows, not filled."""
        centers, n_contexts, n_entries = np.empty((3, n_rows), np.int32)
        return cls(centers, np.empty((n_rows, max_entries), np.int32), n_contexts, n_entries)


class Batch(NamedTuple):
    """What one update is computed from. Rows are windows, in the order of training.

    centers:            (B,)   int32 word ids.
    contexts_negatives: (B, L) int32: a row's context words, its noise words, zeros.
    mask:               (B, L) float32: 1 for a word, 0 for padding.
    labels:             (B, L) float32: 1 for a context word, 0 for noise and padding.
    L is the longest row's length. All are NumPy arrays, or all tensors on a GPU.
    """

    centers: Array
    contexts_negatives: Array
    mask: Array
    labels: Array

    @classmethod
    def from_rows(cls, rows: Rows) -> Batch:
        """The mask and the labels follow from a row's two counts.

        Two windows, (1, [2, 2], [3, 3, 3, 3]) and (1, [2, 2, 2], [3, 3]), become
            contexts_negatives [[2,2,3,3,3,3],   mask [[1,1,1,1,1,1],   labels [[1,1,0,0,0,0],
                                [2,2,2,3,3,0]]         [1,1,1,1,1,0]]           [1,1,1,0,0,0]]
        """
        column = np.arange(rows.n_entries.max())
        is_entry = column < rows.n_entries[:, None]
        is_context = column < rows.n_contexts[:, None]
        entries = np.where(is_entry, rows.entries[:, : len(column)], 0).astype(np.int32)
        return cls(
            rows.centers, entries, is_entry.astype(np.float32), is_context.astype(np.float32)
        )
