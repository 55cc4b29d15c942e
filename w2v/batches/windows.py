"""Drawing windows: the contexts of a center, and noise words that are none of them; compiled."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.batches.batch import Rows
from w2v.batches.draws import below, draw, stream
from w2v.batches.noise import noise_word
from w2v.compiled import compiled, prefetch_row
from w2v.text.word_table import WORD_MASK

MAX_DRAWS = 16  # a noise word is left out if all of these draws are context words
PREFETCH_DISTANCE = 4  # windows between asking for a place in the text and reading there


class Draws(NamedTuple):
    """What windows are drawn with; passed to compiled code as it is.

    first_position: the position in the draws of the first token.
    noise: (V-1, 2) uint32, from noise_table.  window, negative: the settings.
    """

    first_position: int
    radius_key: np.uint64
    noise_key: np.uint64
    noise: npt.NDArray[np.uint32]
    window: int
    negative: int


def max_entries(window: int, negative: int) -> int:
    """No window has more contexts and noise words than this."""
    return 2 * window * (1 + negative)


@compiled
def draw_rows(
    tokens: npt.NDArray[np.int32], order: npt.NDArray[np.int64], draws: Draws, rows: Rows
) -> None:
    """Draw the windows centered at tokens[order], in this order, into the first of the rows."""
    places = tokens.reshape(-1, 1)
    centers, entries, n_contexts, n_entries = rows
    for row in range(len(order)):
        ahead = row + PREFETCH_DISTANCE
        if ahead < len(order):  # a random place of a long text is in no cache
            prefetch_row(places, order[ahead] - draws.window)
            prefetch_row(places, order[ahead] + draws.window)
        center = order[row]
        centers[row] = tokens[center] & WORD_MASK
        n_contexts[row], n_entries[row] = _draw_window(tokens, center, draws, entries[row])


@njit(inline="always")
def _draw_window(tokens, center, draws, entries):
    """Fill `entries` with the contexts of the center at tokens[center], then its noise words.

    The radius is uniform in 1..window and stops at the ends of the sentence. Every context word
    brings `negative` noise words; one that is among the contexts is drawn again.

    Returns:
        how many contexts, how many entries.
    """
    position = draws.first_position + center
    bits = draw(stream(draws.radius_key, position), 0)
    radius = 1 + np.int64(below(bits, draws.window))
    n_contexts = _put_contexts(tokens, center, radius, entries)
    state = stream(draws.noise_key, position)
    n_noise = n_contexts * draws.negative
    return n_contexts, _draw_noise(state, draws.noise, n_contexts, n_noise, entries)


@njit(inline="always")
def _put_contexts(tokens, center, radius, entries):
    """Fill `entries` with the words within the radius of the center; return how many."""
    n_contexts = 0
    i = center
    while i > center - radius and tokens[i] >= 0:
        i -= 1
        entries[n_contexts] = tokens[i] & WORD_MASK
        n_contexts += 1
    i = center + 1
    while i <= center + radius and i < len(tokens) and tokens[i] >= 0:
        entries[n_contexts] = tokens[i]
        n_contexts += 1
        i += 1
    return n_contexts


@njit(inline="always")
def _draw_noise(state, noise, n_contexts, n_noise, entries):
    """Append noise words that are none of the contexts; return how many entries there are then.

    Two 64-bit sets of hashes of the contexts show for most noise words, without a comparison,
    that they are not among them.
    """
    seen = also_seen = np.uint64(0)
    for j in range(n_contexts):
        one, other = _hashes(entries[j])
        seen |= np.uint64(1) << one
        also_seen |= np.uint64(1) << other
    suspects = np.uint64(0)
    for number in range(n_noise):
        word = noise_word(draw(state, number * MAX_DRAWS), noise)
        entries[n_contexts + number] = word
        one, other = _hashes(word)
        suspects |= (seen >> one) & (also_seen >> other)
    if not suspects & np.uint64(1):
        return n_contexts + n_noise

    n_entries = n_contexts
    for number in range(n_noise):
        word = entries[n_contexts + number]
        one, other = _hashes(word)
        if (seen >> one) & (also_seen >> other) & np.uint64(1):
            again = 1
            while _is_among(word, entries, n_contexts) and again < MAX_DRAWS:
                bits = draw(state, number * MAX_DRAWS + again)
                word = noise_word(bits, noise)
                again += 1
            if _is_among(word, entries, n_contexts):
                continue
        entries[n_entries] = word
        n_entries += 1
    return n_entries


@njit(inline="always")
def _hashes(word):
    """Two nearly independent hashes below 64; two different words rarely share both."""
    return np.uint64(word & 63), np.uint64(np.uint32(word * 2654435769) >> np.uint32(26))


@njit(inline="always")
def _is_among(word, entries, n):
    """Whether `word` is one of the first n entries."""
    found = False
    for j in range(n):
        found |= entries[j] == word
    return found
