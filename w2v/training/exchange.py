"""The tables of all ranks brought together, row by row, while they train.

What a rank has learned since the last exchange is its *delta* of a row. The rows of all ranks
become what they agreed on last, plus the sum of the deltas, shortened where they agree: by
Σ‖δ‖² / ‖Σδ‖², if that is less than 1. A rare word that one rank met keeps all of what was
learned. Deltas in unlike directions add up, as if one rank had learned one after the other. Of n
ranks that all say the same, as for a frequent word near its place, the mean is taken, for their
sum would overshoot. It is GraphWord2Vec's rule (Gill et al. 2021), which projects one gradient
onto the next, made independent of their order, so that one sum over the ranks does.

Frequent words are exchanged often, all of them now and then (pWord2Vec, Ji et al. 2016): words
stand in the order of their frequency, so these are the first rows of both tables.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import torch

from w2v.engines.base import Engine

if TYPE_CHECKING:
    from w2v.training.ranks import Ranks, Work

TINY = 1e-30  # for deltas of nothing
ROWS = 512  # worked on at a time, while they are in the cache


class _Started(NamedTuple):
    """An exchange under way, of the first n rows.

    sums: (2n · (D + 1),), deltas and then their squared lengths, of this rank and then of all.
    """

    n: int
    sums: torch.Tensor
    totals: torch.Tensor
    works: list[Work]


class Exchange:
    """Exchanges rows of an engine's tables, and a few sums, with all other ranks.

    What comes back is added to rows that were trained on meanwhile.

    seconds: spent on it, without the training that goes on meanwhile.
    """

    def __init__(self, engine: Engine, ranks: Ranks) -> None:
        self._tables = [torch.as_tensor(table) for table in engine.live_tables()]
        self._agreed = [table.clone() for table in self._tables]
        self._own = [table.clone() for table in self._tables]  # as an exchange began
        self._sums = self._tables[0].new_zeros(
            sum(table.numel() + len(table) for table in self._tables)
        )
        self._ranks = ranks
        self._started: _Started | None = None
        self.seconds = 0.0

    @property
    def n_words(self) -> int:
        return len(self._agreed[0])

    def start(self, n_rows: int, totals: list[float]) -> None:
        """Begin with the first rows of both tables, and numbers to sum over the ranks."""
        began = time.perf_counter()
        sums = self._sums[: 2 * n_rows * (self._tables[0].shape[1] + 1)]
        for table, agreed, own, delta, squares in self._some_rows(n_rows, sums):
            own.copy_(table)
            torch.sub(own, agreed, out=delta)
            torch.sum(delta * delta, dim=1, out=squares)
        numbers = torch.tensor(totals, dtype=torch.float64)
        works = [self._ranks.start_sum(sums), self._ranks.start_sum(numbers)]
        self._started = _Started(n_rows, sums, numbers, works)
        self.seconds += time.perf_counter() - began

    def finish(self) -> list[float] | None:
        """End what was begun: rows change; the numbers' sums. None if nothing was begun."""
        if self._started is None:
            return None
        began = time.perf_counter()
        (n_rows, sums, totals, works), self._started = self._started, None
        for work in works:
            self._ranks.finish(work)
        for table, agreed, own, delta, squares in self._some_rows(n_rows, sums):
            agreed += combined(delta, squares)
            # Exactly what was agreed, where nothing was trained meanwhile.
            table.copy_(torch.sub(table, own, out=own).add_(agreed))
        self.seconds += time.perf_counter() - began
        return totals.tolist()

    def _some_rows(self, n_rows: int, sums: torch.Tensor) -> Iterator[list[torch.Tensor]]:
        """Views of some rows at a time: of a table, agreed, own; their deltas and squares."""
        size = self._tables[0].shape[1]
        deltas = sums[: 2 * n_rows * size].view(2, n_rows, size)
        squares = sums[2 * n_rows * size :].view(2, n_rows)
        at_once = n_rows if sums.is_cuda else ROWS
        for parts in zip(self._tables, self._agreed, self._own, deltas, squares, strict=True):
            for first in range(0, n_rows, at_once):
                yield [part[first : min(first + at_once, n_rows)] for part in parts]


def combined(deltas: torch.Tensor, squares: torch.Tensor) -> torch.Tensor:
    """What rows change by.

    Args:
        deltas: (n, D), sums over the ranks.  squares: (n,), sums of their squared lengths.
    Returns:
        (n, D): deltas, shortened where they point the same way.
    """
    of_sum = torch.sum(deltas * deltas, dim=1)
    return deltas * (squares / of_sum.clamp_min(TINY)).clamp_max(1.0)[:, None]
