"""From a stream of token ids to batches: one center, its contexts, and noise words, a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from w2v.batches.batch import Batch, Rows
from w2v.batches.draws import NOISE, ORDER, RADIUS, SUBSAMPLE, shuffled, stream_key
from w2v.batches.noise import noise_table
from w2v.batches.subsampling import keep_thresholds, subsample
from w2v.batches.windows import Draws, draw_rows, max_entries
from w2v.config import Config
from w2v.text.vocab import EncodedText


class Windows(ABC):
    """The centers of one block of text in one epoch, in shuffled order, in batches."""

    batch_size: int

    @abstractmethod
    def __len__(self) -> int:
        """How many windows, which is how many centers, there are."""

    @abstractmethod
    def batch(self, number: int) -> Batch:
        """The Batch of windows number·B to (number+1)·B - 1; a pure function of its number."""

    @abstractmethod
    def expected_pairs(self) -> float:
        """How many (center, context) pairs these windows have, over the draws of the radius."""

    @property
    def n_batches(self) -> int:
        return -(-len(self) // self.batch_size)

    def n_centers(self, first_batch: int, n_batches: int) -> int:
        """How many centers n_batches batches hold; only the last of all may be short."""
        begin = first_batch * self.batch_size
        return min(len(self), begin + n_batches * self.batch_size) - begin


class Batcher(Protocol):
    """Makes the Windows of every epoch from an encoded text; the Config's seed decides them."""

    text: EncodedText

    def windows(self, epoch: int, block: int) -> Windows:
        """The Windows of one block of the text in an epoch (counted from 1)."""


@dataclass(frozen=True)
class CpuWindows(Windows):
    """Windows in NumPy arrays.

    tokens: (M,) int32, the words that survived subsampling, flagged with SENTENCE_START; each is
        a center.
    order:  (M,) int64, a permutation: the n-th window to train has its center at order[n].
    """

    tokens: npt.NDArray[np.int32]
    order: npt.NDArray[np.int64]
    draws: Draws
    batch_size: int

    def __len__(self) -> int:
        return len(self.order)

    def batch(self, number: int) -> Batch:
        order = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        rows = Rows.empty(len(order), max_entries(self.draws.window, self.draws.negative))
        draw_rows(self.tokens, order, self.draws, rows)
        return Batch.from_rows(rows)

    def expected_pairs(self) -> float:
        places, window, pairs = np.arange(len(self.tokens)), self.draws.window, 0.0
        left = places - np.maximum.accumulate(np.where(self.tokens < 0, places, 0))
        for radius in range(1, min(window, int(left.max(initial=0))) + 1):
            pairs += 2 * np.minimum(left, radius).sum() / window  # each is seen from its right end
        widest = max(0, window - int(left.max(initial=0)))
        return pairs + 2 * left.sum() * widest / window


# What the CPU engines compile with, before anyone looks at a clock.
NO_WINDOWS = CpuWindows(
    tokens=np.empty(0, np.int32),
    order=np.empty(0, np.int64),
    draws=Draws(0, np.uint64(0), np.uint64(0), np.empty((0, 2), np.uint32), 0, 0),
    batch_size=1,
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
        config: sample, ns_exponent, window, negative, batch_size, resample and seed.
    """

    def __init__(self, text: EncodedText, counts: npt.NDArray[np.int64], config: Config) -> None:
        self.text, self.counts, self.config = text, counts, config
        self._keep = keep_thresholds(counts, config.sample)
        self._noise = noise_table(counts, config.ns_exponent)

    def windows(self, epoch: int, block: int) -> CpuWindows:
        config, keys = self.config, EpochKeys.of(self.config, epoch)
        first = self.text.first_position(block)
        tokens = subsample(self.text.blocks[block], first, keys.subsample, self._keep)
        order = shuffled(keys.order, first, len(tokens))
        draws = Draws(first, keys.radius, keys.noise, self._noise, config.window, config.negative)
        return CpuWindows(tokens, order, draws, config.batch_size)
