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
from typing import TYPE_CHECKING, NamedTuple

import torch

from w2v.engines.base import Engine

if TYPE_CHECKING:
    from w2v.training.ranks import Ranks, Work

TINY = 1e-30  # for deltas of nothing


class _Started(NamedTuple):
    """An exchange under way: rows as they were when it began, and deltas that become their sum."""

    own: list[torch.Tensor]
    deltas: torch.Tensor
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
        self._ranks = ranks
        self._started: _Started | None = None
        self.seconds = 0.0

    @property
    def n_words(self) -> int:
        return len(self._agreed[0])

    def start(self, n_rows: int, totals: list[float]) -> None:
        """Begin with the first rows of both tables, and numbers to sum over the ranks."""
        began = time.perf_counter()
        own = [table[:n_rows].clone() for table in self._tables]
        n, size = own[0].shape
        deltas = own[0].new_empty((2, n, size + 1))  # and its squared length
        for rows, agreed, delta in zip(own, self._agreed, deltas, strict=True):
            torch.sub(rows, agreed[:n_rows], out=delta[:, :size])
            torch.sum(delta[:, :size] ** 2, dim=1, out=delta[:, size])
        sums = torch.tensor(totals, dtype=torch.float64)
        works = [self._ranks.start_sum(deltas), self._ranks.start_sum(sums)]
        self._started = _Started(own, deltas, sums, works)
        self.seconds += time.perf_counter() - began

    def finish(self) -> list[float] | None:
        """End what was begun: rows change; the numbers' sums. None if nothing was begun."""
        if self._started is None:
            return None
        began = time.perf_counter()
        (own, deltas, totals, works), self._started = self._started, None
        for work in works:
            self._ranks.finish(work)
        n = len(own[0])
        for table, agreed, rows, summed in zip(
            self._tables, self._agreed, own, deltas, strict=True
        ):
            agreed[:n] += combined(summed[:, :-1], summed[:, -1])
            # Exactly what was agreed, where nothing was trained meanwhile.
            table[:n] = agreed[:n] + (table[:n] - rows)
        self.seconds += time.perf_counter() - began
        return totals.tolist()


def combined(deltas: torch.Tensor, squares: torch.Tensor) -> torch.Tensor:
    """What rows change by.

    Args:
        deltas: (n, D), sums over the ranks.  squares: (n,), sums of squared lengths.
    Returns:
        (n, D): deltas, shortened where they point the same way.
    """
    of_sum = torch.sum(deltas**2, dim=1)
    return deltas * (squares / of_sum.clamp_min(TINY)).clamp_max(1.0)[:, None]
