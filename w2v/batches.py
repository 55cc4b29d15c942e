"""From a stream of token ids to batches: one center, its contexts, and noise words, a row."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from w2v import sampling
from w2v.compiled import compiled
from w2v.drawing import draw_rows, max_entries
from w2v.vocab import START, WORD


class Rows(NamedTuple):
    """A batch as counts: of each window, its entries and how many there are. Compiled code's form.

    centers:    (B,) int32 word ids.
    entries:    (B, ≥ L) int32; what stands behind a row's entries does not matter.
    n_contexts: (B,) int32: so many entries are contexts; they come first.
    n_entries:  (B,) int32: contexts and noise words.
    """

    centers: np.ndarray
    entries: np.ndarray
    n_contexts: np.ndarray
    n_entries: np.ndarray

    @classmethod
    def empty(cls, n_rows, max_entries):
        centers, n_contexts, n_entries = np.empty((3, n_rows), np.int32)
        return cls(centers, np.empty((n_rows, max_entries), np.int32), n_contexts, n_entries)


class Batch(NamedTuple):
    """What one update is computed from. Rows are windows, in the order of training.

    centers:            (B,)   int32 word ids.
    contexts_negatives: (B, L) int32: a row's context words, its noise words, zeros.
    mask:               (B, L) float32: 1 for a word, 0 for padding.
    labels:             (B, L) float32: 1 for a context word, 0 for noise and padding.
    L is the longest row's length.
    """

    centers: np.ndarray
    contexts_negatives: np.ndarray
    mask: np.ndarray
    labels: np.ndarray

    @classmethod
    def from_rows(cls, rows):
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


class Draws(NamedTuple):
    """What a window is drawn with; passed to compiled code as it is."""

    radius_key: np.uint64
    noise_key: np.uint64
    noise: np.ndarray  # (V-1, 2) uint32, from sampling.noise_table
    window: int
    negative: int


@dataclass(frozen=True)
class Windows:
    """The centers of one block of text in one epoch, in shuffled order, in batches.

    tokens: (M,) int32, the words that survived subsampling, flagged with START; every one is a
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
        keep = sampling.keep_thresholds(self.counts, self.config.sample)
        noise = sampling.noise_table(self.counts, self.config.ns_exponent)
        object.__setattr__(self, "_keep", keep)
        object.__setattr__(self, "_noise", noise)

    def windows(self, epoch, block):
        """The Windows of one block of the text in an epoch (counted from 1)."""
        config = self.config
        drawn_epoch = epoch if config.resample else 0

        def key(purpose, epoch=drawn_epoch):
            return sampling.stream_key(config.seed, epoch, purpose)

        first = sum(len(before) for before in self.text.blocks[:block])
        kept = self._subsampled(block, first, key(sampling.SUBSAMPLE))
        order = self._shuffled(key(sampling.ORDER, epoch), first, len(kept))
        draws = Draws(
            key(sampling.RADIUS), key(sampling.NOISE), self._noise, config.window, config.negative
        )
        return self._windows(kept, order, first, draws, config.batch_size)

    _windows = Windows  # ResidentBatcher makes them of tensors, and does these two on its device

    def _subsampled(self, block, first, key):
        return subsample(self.text.blocks[block], first, key, self._keep)

    def _shuffled(self, key, first, n):
        return sampling.shuffled(key, first, n)


@compiled
def subsample(tokens, first_position, key, keep):
    """The tokens that survive, flagged with START; sentences left with one word are dropped.

    Args:
        tokens: (N,) int32, flagged with START.  first_position: position of tokens[0].
        key: of the SUBSAMPLE draws.  keep: (V,) uint64 from sampling.keep_thresholds.
    Returns:
        (M,) int32.
    """
    kept = np.empty(len(tokens), np.int32)
    n = sentence = 0  # kept[sentence:n] is the current sentence
    for i in range(len(tokens)):
        token = tokens[i]
        if token < 0:
            if n - sentence < 2:
                n = sentence
            sentence = n
        word = token & WORD
        bits = sampling.draw(sampling.stream(key, first_position + i), 0)
        if (bits >> np.uint64(32)) < keep[word]:
            kept[n] = word | START if n == sentence else word
            n += 1
    if n - sentence < 2:
        n = sentence
    return kept[:n].copy()
