"""From a stream of token ids to batches: one center, its contexts, and noise words, a row."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from w2v import sampling
from w2v.compiled import compiled, prefetch_row
from w2v.vocab import START, WORD

MAX_DRAWS = 16  # a noise word that is one of the contexts after so many draws is left out
AHEAD = 4  # windows between asking for a place in the text and reading there


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

    @property
    def max_entries(self):
        """No window has more contexts and noise words than this."""
        return 2 * self.draws.window * (1 + self.draws.negative)

    def batch(self, number):
        """The Batch of windows number·B to (number+1)·B - 1; a pure function of its number."""
        order = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        rows = Rows.empty(len(order), self.max_entries)
        draw_rows(self.tokens, order, self.first_position, *self.draws, *rows)
        return Batch.from_rows(rows)


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
        config, tokens = self.config, self.text.blocks[block]
        drawn_epoch = epoch if config.resample else 0

        def key(purpose, epoch=drawn_epoch):
            return sampling.stream_key(config.seed, epoch, purpose)

        first = sum(len(before) for before in self.text.blocks[:block])
        kept = subsample(tokens, first, key(sampling.SUBSAMPLE), self._keep)
        order = sampling.shuffled(key(sampling.ORDER, epoch), first, len(kept))
        draws = Draws(
            key(sampling.RADIUS), key(sampling.NOISE), self._noise, config.window, config.negative
        )
        return Windows(kept, order, first, draws, config.batch_size)


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


@njit(inline="always")
def draw_window(
    tokens, center, first_position, radius_key, noise_key, noise, window, negative, entries
):
    """Fill `entries` with the contexts of the center at tokens[center], then its noise words.

    The radius is uniform in 1..window and stops at the ends of the sentence. Every context word
    brings `negative` noise words; one that is among the contexts is drawn again.

    Returns:
        how many contexts, how many entries.
    """
    position = first_position + center
    n_contexts = _draw_contexts(tokens, center, position, radius_key, window, entries)
    state = sampling.stream(noise_key, position)
    return n_contexts, _draw_noise(state, noise, n_contexts, n_contexts * negative, entries)


@njit(inline="always")
def _draw_contexts(tokens, center, position, radius_key, window, entries):
    """Fill `entries` with the words within a random radius of the center; return how many."""
    bits = sampling.draw(sampling.stream(radius_key, position), 0)
    radius = 1 + np.int64(sampling.below(bits, window))
    n_contexts = 0
    i = center
    while i > center - radius and tokens[i] >= 0:
        i -= 1
        entries[n_contexts] = tokens[i] & WORD
        n_contexts += 1
    i = center + 1
    while i <= center + radius and i < len(tokens) and tokens[i] >= 0:
        entries[n_contexts] = tokens[i]
        n_contexts += 1
        i += 1
    return n_contexts


@njit(inline="always")
def _draw_noise(state, noise, n_contexts, n_noise, entries):
    """Append noise words that are none of the contexts; return how many entries there are then."""
    seen = also_seen = np.uint64(0)  # marks of the contexts: most noise words need no closer look
    for j in range(n_contexts):
        one, other = _marks(entries[j])
        seen |= np.uint64(1) << one
        also_seen |= np.uint64(1) << other
    suspects = np.uint64(0)
    for number in range(n_noise):
        word = sampling.noise_word(sampling.draw(state, number * MAX_DRAWS), noise)
        entries[n_contexts + number] = word
        one, other = _marks(word)
        suspects |= (seen >> one) & (also_seen >> other)
    if not suspects & np.uint64(1):
        return n_contexts + n_noise

    n_entries = n_contexts
    for number in range(n_noise):
        word = entries[n_contexts + number]
        one, other = _marks(word)
        if (seen >> one) & (also_seen >> other) & np.uint64(1):
            again = 1
            while _among(word, entries, n_contexts) and again < MAX_DRAWS:
                bits = sampling.draw(state, number * MAX_DRAWS + again)
                word = sampling.noise_word(bits, noise)
                again += 1
            if _among(word, entries, n_contexts):
                continue
        entries[n_entries] = word
        n_entries += 1
    return n_entries


@njit(inline="always")
def _marks(word):
    """Two numbers below 64 that say little of each other; two words rarely share both."""
    return np.uint64(word & 63), np.uint64(np.uint32(word * 2654435769) >> np.uint32(26))


@njit(inline="always")
def _among(word, entries, n):
    found = False
    for j in range(n):
        found |= entries[j] == word
    return found


@compiled
def draw_rows(
    tokens, order, first_position, radius_key, noise_key, noise, window, negative,
    centers, entries, n_contexts, n_entries,
):  # fmt: skip
    """Draw the windows centered at tokens[order], in this order, into Rows.

    Draws and Rows come as their fields: tuples of arrays go wrong inside Numba's prange.
    """
    places = tokens.reshape(-1, 1)
    for row in range(len(order)):
        if row + AHEAD < len(order):  # a random place of a long text is in no cache
            prefetch_row(places, order[row + AHEAD] - window)
            prefetch_row(places, order[row + AHEAD] + window)
        center = order[row]
        centers[row] = tokens[center] & WORD
        n_contexts[row], n_entries[row] = draw_window(
            tokens, center, first_position, radius_key, noise_key, noise, window, negative,
            entries[row],
        )  # fmt: skip
