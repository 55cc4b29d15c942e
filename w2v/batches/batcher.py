"""From a stream of token ids to batches of groups: centers, the words in reach, noise words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from w2v.batches.batch import Batch, GroupRows
from w2v.batches.draw_groups import Draws, draw_groups
from w2v.batches.draws import NOISE, ORDER, RADIUS, SUBSAMPLE, shuffled, stream_key
from w2v.batches.noise import noise_table
from w2v.batches.subsampling import keep_thresholds, subsample
from w2v.config import Config
from w2v.text.encoded import EncodedText

if TYPE_CHECKING:
    from w2v.batches.batch import Array


GPU_BLOCKS = 64  # the first blocks of the text, 1 GiB of ids, stay on a GPU; others come anew


class Groups(ABC):
    """The centers of one block of text in one epoch, in groups in shuffled order, in batches.

    tokens: (M,) int32, the words that survived subsampling, flagged with SENTENCE_START; every one
        is a center, and group i has those from i·G on. The last group may be short.
    order:  (⌈M/G⌉,) int64, a permutation: the n-th group to train is group order[n].
    """

    tokens: Array
    order: Array
    draws: Draws
    batch_groups: int

    def __len__(self) -> int:
        """How many centers there are, each with its window."""
        return len(self.tokens)

    @abstractmethod
    def batch(self, number: int) -> Batch:
        """The Batch of groups number·N to (number+1)·N - 1; a pure function of its number."""

    @abstractmethod
    def expected_pairs(self) -> float:
        """How many (center, context) pairs these windows have, over the draws of the radius."""

    @property
    def n_batches(self) -> int:
        return -(-len(self.order) // self.batch_groups)

    def n_centers(self, first_batch: int, n_batches: int) -> int:
        """How many centers so many batches hold; only the last of all has fewer groups."""
        group, begin = self.draws.group, first_batch * self.batch_groups
        chosen = self.order[begin : begin + n_batches * self.batch_groups]
        missing = len(self.order) * group - len(self.tokens)
        is_short = missing > 0 and bool((chosen == len(self.order) - 1).any())
        return len(chosen) * group - missing * is_short


class Batcher(Protocol):
    """Makes the Groups of every epoch from an encoded text; the Config's seed decides them."""

    text: EncodedText

    def groups(self, epoch: int, block: int) -> Groups:
        """The Groups of one block of the text in an epoch (counted from 1)."""


@dataclass(frozen=True)
class CpuGroups(Groups):
    """Groups in NumPy arrays; batch_groups: N, groups in a batch."""

    tokens: npt.NDArray[np.int32]
    order: npt.NDArray[np.int64]
    draws: Draws
    batch_groups: int

    def batch(self, number: int) -> Batch:
        chosen = self.order[number * self.batch_groups : (number + 1) * self.batch_groups]
        _, _, _, _, window, negative, group, noise_pool = self.draws
        rows = GroupRows.empty(len(chosen), window, negative, group, noise_pool)
        draw_groups(self.tokens, chosen, self.draws, rows)
        return Batch.from_rows(rows, group)

    def expected_pairs(self) -> float:
        places, window, pairs = np.arange(len(self.tokens)), self.draws.window, 0.0
        left = places - np.maximum.accumulate(np.where(self.tokens < 0, places, 0))
        for radius in range(1, min(window, int(left.max(initial=0))) + 1):
            pairs += 2 * np.minimum(left, radius).sum() / window  # each is seen from its right end
        widest = max(0, window - int(left.max(initial=0)))
        return pairs + 2 * left.sum() * widest / window


# What the CPU engine compiles with, before anyone looks at a clock.
NO_GROUPS = CpuGroups(
    tokens=np.empty(0, np.int32),
    order=np.empty(0, np.int64),
    draws=Draws(0, np.uint64(0), np.uint64(0), np.empty((0, 2), np.uint32), 0, 0, 1, 0),
    batch_groups=1,
)


class EpochKeys(NamedTuple):
    """The keys of all draws of an epoch."""

    subsample: np.uint64
    order: np.uint64
    radius: np.uint64
    noise: np.uint64

    @classmethod
    def of(cls, config: Config, epoch: int) -> EpochKeys:
        """With --no-resample only the order changes from epoch to epoch."""
        drawn = epoch if config.resample else 0
        purposes = ((SUBSAMPLE, drawn), (ORDER, epoch), (RADIUS, drawn), (NOISE, drawn))
        return cls(*(stream_key(config.seed, epoch, purpose) for purpose, epoch in purposes))


class CpuBatcher:
    """The Batcher in NumPy and Numba.

    Args:
        text: the EncodedText.
        counts: (V,) int64, from the Vocabulary.
        config: sample, ns_exponent, window, negative, group, noise_pool, batch_size,
            resample and seed.
    """

    def __init__(self, text: EncodedText, counts: npt.NDArray[np.int64], config: Config) -> None:
        self.text, self.counts, self.config = text, counts, config
        self._keep = keep_thresholds(counts, config.sample)
        self._noise = noise_table(counts, config.ns_exponent)

    def groups(self, epoch: int, block: int) -> CpuGroups:
        config, keys = self.config, EpochKeys.of(self.config, epoch)
        first = self.text.first_position(block)
        tokens = subsample(self.text.blocks[block], first, keys.subsample, self._keep)
        order = shuffled(keys.order, first, -(-len(tokens) // config.group_size))
        draws = draws_of(config, keys, first, self._noise)
        return CpuGroups(tokens, order, draws, batch_groups(config))


def draws_of(
    config: Config, keys: EpochKeys, first_position: int, noise: npt.NDArray[np.uint32]
) -> Draws:
    """The Draws of a block of text, whose first token has that position."""
    return Draws(
        first_position, keys.radius, keys.noise, noise, config.window, config.negative,
        config.group_size, config.pool_size,
    )  # fmt: skip


def batch_groups(config: Config) -> int:
    """N, how many groups a batch of a Config has; batch_size counts windows."""
    return max(1, config.batch_size // config.group_size)
