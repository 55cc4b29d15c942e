"""From a stream of token ids to batches: one center, its contexts, and noise words, a row."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from w2v.batches.batch import Batch, Rows
from w2v.batches.draws import NOISE, ORDER, RADIUS, SUBSAMPLE, shuffled, stream_key
from w2v.batches.noise import noise_table
from w2v.batches.subsampling import keep_thresholds, subsample
from w2v.batches.windows import draw_rows, max_entries


class Draws(NamedTuple):
    """What a window is drawn with; passed to compiled code as it is."""

    radius_key: np.uint64
    noise_key: np.uint64
    noise: np.ndarray  # (V-1, 2) uint32, from noise_table
    window: int
    negative: int


@dataclass(frozen=True)
class Windows:
    """The centers of one block of text in one epoch, in shuffled order, in batches.

    tokens: (M,) int32, the words that survived subsampling, flagged with SENTENCE_START; every one is a
        center.
    order:  (M,) int64, a permutation: the n-th window to train has its center at order[n].
    first_position: position of tokens[0] in the draws.
    """

    tokens: np.ndarray
    order: np.ndarray
    first_position: int
    draws: Draws
    batch_size: int

    @property
    def n_batches(self):
        return -(-len(self.order) // self.batch_size)

    def n_centers(self, first_batch, n_batches):
        """How many centers so many batches hold; only the last batch may be short."""
        begin = first_batch * self.batch_size
        return min(len(self.order), begin + n_batches * self.batch_size) - begin

    def expected_pairs(self):
        """How many (center, context) pairs these windows have, over the draws of the radius."""
        places, window, pairs = np.arange(len(self.tokens)), self.draws.window, 0.0
        left = places - np.maximum.accumulate(np.where(self.tokens < 0, places, 0))
        for radius in range(1, min(window, int(left.max(initial=0))) + 1):
            pairs += 2 * np.minimum(left, radius).sum() / window  # each is seen from its right end
        widest = max(0, window - int(left.max(initial=0)))
        return pairs + 2 * left.sum() * widest / window

    def batch(self, number):
        """The Batch of windows number·B to (number+1)·B - 1; a pure function of its number."""
        order = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        widest = max_entries(self.draws.window, self.draws.negative)
        rows = Rows.empty(len(order), widest)
        draw_rows(self.tokens, order, self.first_position, *self.draws, *rows)
        return Batch.from_rows(rows)


# What engines compile with, before anyone looks at a clock.
NO_WINDOWS = Windows(
    tokens=np.empty(0, np.int32),
    order=np.empty(0, np.int64),
    first_position=0,
    draws=Draws(np.uint64(0), np.uint64(0), np.empty((0, 2), np.uint32), 0, 0),
    batch_size=1,
)


@dataclass(frozen=True)
class Batcher:
    """Makes the Windows of every epoch from an encoded text; all of it is decided by the seed.

    counts: (V,) int64, from the Vocabulary.
    """

    text: object
    counts: np.ndarray
    config: object

    def __post_init__(self):
        keep = keep_thresholds(self.counts, self.config.sample)
        noise = noise_table(self.counts, self.config.ns_exponent)
        object.__setattr__(self, "_keep", keep)
        object.__setattr__(self, "_noise", noise)

    def windows(self, epoch, block):
        """The Windows of one block of the text in an epoch (counted from 1)."""
        config = self.config
        drawn_epoch = epoch if config.resample else 0

        def key(purpose, epoch=drawn_epoch):
            return stream_key(config.seed, epoch, purpose)

        first = sum(len(before) for before in self.text.blocks[:block])
        kept = self._subsampled(block, first, key(SUBSAMPLE))
        order = self._shuffled(key(ORDER, epoch), first, len(kept))
        draws = Draws(key(RADIUS), key(NOISE), self._noise, config.window, config.negative)
        return self._windows(kept, order, first, draws, config.batch_size)

    _windows = Windows  # ResidentBatcher makes them of tensors, and does these two on its device

    def _subsampled(self, block, first, key):
        return subsample(self.text.blocks[block], first, key, self._keep)

    def _shuffled(self, key, first, n):
        return shuffled(key, first, n)
