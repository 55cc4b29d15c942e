"""Drawing windows: the contexts of a center, and noise words that are none of them; compiled."""

import numpy as np
from numba import njit

from w2v.batches.draws import below, draw, stream
from w2v.batches.noise import noise_word
from w2v.compiled import compiled, prefetch_row
from w2v.text.word_table import WORD_MASK

MAX_DRAWS = 16  # a noise word that is one of the contexts after so many draws is left out
AHEAD = 4  # windows between asking for a place in the text and reading there


def max_entries(window, negative):
    """No window has more contexts and noise words than this."""
    return 2 * window * (1 + negative)


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
    state = stream(noise_key, position)
    return n_contexts, _draw_noise(state, noise, n_contexts, n_contexts * negative, entries)


@njit(inline="always")
def _draw_contexts(tokens, center, position, radius_key, window, entries):
    """Fill `entries` with the words within a random radius of the center; return how many."""
    bits = draw(stream(radius_key, position), 0)
    radius = 1 + np.int64(below(bits, window))
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
    """Append noise words that are none of the contexts; return how many entries there are then."""
    seen = also_seen = np.uint64(0)  # marks of the contexts: most noise words need no closer look
    for j in range(n_contexts):
        one, other = _marks(entries[j])
        seen |= np.uint64(1) << one
        also_seen |= np.uint64(1) << other
    suspects = np.uint64(0)
    for number in range(n_noise):
        word = noise_word(draw(state, number * MAX_DRAWS), noise)
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
                bits = draw(state, number * MAX_DRAWS + again)
                word = noise_word(bits, noise)
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
        centers[row] = tokens[center] & WORD_MASK
        n_contexts[row], n_entries[row] = draw_window(
            tokens, center, first_position, radius_key, noise_key, noise, window, negative,
            entries[row],
        )  # fmt: skip
