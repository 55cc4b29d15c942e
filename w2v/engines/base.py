"""The interface of an engine."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from w2v.batches.batcher import Groups

GPU_CALL_CENTERS = 2**21  # a block of text, about: the host waits for the device once a call

Floats = npt.NDArray[np.float32]
Steps = npt.NDArray[np.float32]
SomeGroups = TypeVar("SomeGroups", bound=Groups)  # those that an engine can train on


class Engine(ABC, Generic[SomeGroups]):
    """One way to do updates of masked sigmoid binary cross-entropy on two tables.

    Made from in_vectors and out_vectors, (V, D) float32 arrays which it copies, a resolved Config,
    and `steps`: (2, V) float32, the share of the learning rate that each row of either table takes
    (default: 1; with Adam, whose steps do not follow the gradient's size, only 0 or 1). A row of 0
    keeps its bits; other rows are trained against it as ever. It knows no text, no files, and no
    epochs.
    """

    call_centers = 2**14  # about as many centers should be trained in one call

    @property
    @abstractmethod
    def description(self) -> str:
        """A few words for people."""

    @abstractmethod
    def train(
        self, groups: SomeGroups, first_batch: int, lrs: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Do len(lrs) updates, each on the next batch.

        Args:
            groups: the Groups of a block.  first_batch: number of the first one.
            lrs: (n,) float64, the learning rate of each update.
        Returns:
            (n,) float64: the sum of each batch's losses, of its centers, in nats.
        """

    def loss(self, groups: SomeGroups) -> float:
        """The sum of the losses of all centers, a float64 in nats; the tables stay as they are.

        Here: training at a rate of 0, which is right where an update is a multiple of the rate.
        """
        return self.train(groups, 0, np.zeros(groups.n_batches)).sum()

    @abstractmethod
    def tables(self) -> tuple[Floats, Floats]:
        """in_vectors, out_vectors: (V, D) float32 arrays; views, where the engine's memory is."""

    def live_tables(self) -> tuple[Any, Any]:
        """in_vectors, out_vectors: views to read and to change, (V, D) float32, between two calls.

        NumPy arrays, or torch tensors where the engine's memory is a GPU's.
        """
        return self.tables()

    def optimizer_state(self) -> dict[str, Floats]:
        """{name: (n, m) float32 array}: all that the next update depends on beside the tables."""
        return {}

    def restore(self, optimizer_state: Mapping[str, Floats]) -> None:
        """Go on from what `optimizer_state` gave. Raises: ValueError: it is not that."""
        if optimizer_state:
            raise ValueError(f"{next(iter(optimizer_state))} is no state of this engine")
