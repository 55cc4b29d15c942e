"""Drawing groups: neighbouring centers, the words within their reach, their noise; compiled."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.batches.batch import LEFT, RIGHT, SLOT, WEIGHT, GroupRows, noise_start
from w2v.batches.draws import below, draw, stream
from w2v.batches.noise import noise_word
from w2v.compiled import compiled
from w2v.text.word_table import WORD_MASK

MAX_DRAWS = 16  # a center's own noise word that is still a context after so many is left out


class Draws(NamedTuple):
    """What groups are drawn with; passed to compiled code as it is.

    first_position: the position in the draws of the first token.
    noise: (V-1, 2) uint32, from noise_table.
    window, negative, group, noise_pool: the settings.
    """

    first_position: int
    radius_key: np.uint64
    noise_key: np.uint64
    noise: npt.NDArray[np.uint32]
    window: int
    negative: int
    group: int
    noise_pool: int


@compiled(nogil=True)
def draw_groups(
    tokens: npt.NDArray[np.int32], chosen: npt.NDArray[np.int64], draws: Draws, rows: GroupRows
) -> None:
    """Draw the groups of these numbers, in this order, into the first of the rows."""
    for n in range(len(chosen)):
        draw_group(tokens, chosen[n] * draws.group, draws, rows, n)


@compiled(nogil=True)
def draw_group(
    tokens: npt.NDArray[np.int32], first: int, draws: Draws, rows: GroupRows, n: int
) -> None:
    """Draw the group whose centers begin at tokens[first] into row n of GroupRows.

    Each center's radius is uniform in 1..window and stops at the ends of its sentence. The noise
    words belong to the group; only where it is one center do they avoid its contexts, as the
    textbook's do.
    """
    last = min(first + draws.group, len(tokens))
    per_center = rows.per_center[n]
    begin, end = _draw_bounds(tokens, first, last, draws, per_center)
    rows.n_text[n], rows.n_centers[n] = end - begin, last - first
    rows.offset[n] = first - begin
    for g in range(last - first):
        per_center[LEFT, g] += np.float32(first - begin)
        per_center[RIGHT, g] += np.float32(first - begin)
        per_center[SLOT, g] = first - begin + g
    for row in range(rows.per_center.shape[1]):
        for g in range(last - first, rows.per_center.shape[2]):
            rows.per_center[n, row, g] = 0
    for i in range(begin, end):
        rows.entries[n, i - begin] = tokens[i] & WORD_MASK
    state = stream(draws.noise_key, draws.first_position + first)
    if draws.group == 1:
        _draw_own_noise(state, draws, rows, n)
    else:
        _draw_shared_noise(state, draws, rows, n)


@njit(inline="always")
def _draw_bounds(tokens, first, last, draws, per_center):
    """The first and one past the last place that each center reaches, counted from `first`.

    Returns:
        the least of the first and the largest of the last, as places in tokens.
    """
    window = draws.window
    sentence, least = max(0, first - window), first
    for i in range(sentence, last):
        if tokens[i] < 0:
            sentence = i
        if i >= first:
            bits = draw(stream(draws.radius_key, draws.first_position + i), 0)
            radius = 1 + np.int64(below(bits, window))
            start = max(sentence, i - radius)
            least = min(least, start)
            per_center[LEFT, i - first] = start - first
            per_center[RIGHT, i - first] = i + radius + 1 - first
    stop, largest = min(last + window, len(tokens)), last
    for i in range(stop - 1, first - 1, -1):
        if i < last:
            end = min(stop, first + np.int64(per_center[RIGHT, i - first]))
            largest = max(largest, end)
            per_center[RIGHT, i - first] = end - first
        if tokens[i] < 0:
            stop = i
    return least, largest


@njit(inline="always")
def _draw_shared_noise(state, draws, rows, n):
    n_noise, start = draws.noise_pool, noise_start(rows.n_text[n])
    for p in range(n_noise):
        rows.entries[n, start + p] = noise_word(draw(state, p), draws.noise)
    rows.n_noise[n] = n_noise
    share = np.float32(draws.negative) / np.float32(n_noise)
    for g in range(rows.n_centers[n]):
        n_contexts = rows.per_center[n, RIGHT, g] - rows.per_center[n, LEFT, g] - np.float32(1)
        rows.per_center[n, WEIGHT, g] = n_contexts * share


@njit(inline="always")
def _draw_own_noise(state, draws, rows, n):
    n_contexts, start = rows.n_text[n] - 1, noise_start(rows.n_text[n])
    words = rows.entries[n, start:]  # the contexts, for now, before the noise words
    for e in range(n_contexts):
        words[e] = rows.entries[n, e if e < rows.offset[n] else e + 1]
    n_words = _draw_noise(state, draws.noise, n_contexts, n_contexts * draws.negative, words)
    for e in range(n_contexts, n_words):
        words[e - n_contexts] = words[e]
    rows.n_noise[n] = n_words - n_contexts
    rows.per_center[n, WEIGHT, 0] = 1


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
