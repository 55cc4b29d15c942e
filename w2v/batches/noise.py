"""The noise distribution, count^0.75, as an alias table, and a draw from it."""

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.batches.draws import INLINE, below
from w2v.compiled import compiled

_LOW_32 = np.uint64(0xFFFFFFFF)


def noise_weights(counts: npt.NDArray[np.int64], exponent: float) -> npt.NDArray[np.float64]:
    """(V,): how often each word is noise, beside the most frequent one: count^exponent.

    0 for `<unk>`, entry 0, and for a word of count 0, which comes from --init-from.
    """
    is_noise = counts > 0
    is_noise[0] = False
    log_weights = np.full(len(counts), -np.inf)
    log_weights[is_noise] = exponent * np.log(counts[is_noise].astype(np.float64))
    return np.exp(log_weights - log_weights.max())


def _alias_table(weights):
    """(n, 2) uint32, as noise_table returns it, of n weights."""
    n = len(weights)
    table, (small, large) = np.empty((n, 2), np.uint32), np.empty((2, n), np.int64)
    total = weights.cumsum()[-1]  # in this order, and so the same bits, whatever NumPy's version
    _put_aliases(weights * (n / total), small, large, table)
    return table


@compiled
def _put_aliases(scaled, small, large, table):
    """Into (n, 2) uint32, as noise_table returns it: of n weights whose mean is 1.

    scaled: (n,) float64, the weights, which change.  small, large: (n,) int64, to work with.
    """
    n, n_small, n_large = len(scaled), 0, 0
    for slot in range(n):
        table[slot, 0], table[slot, 1] = 0xFFFFFFFF, slot + 1
        if scaled[slot] < 1.0:
            small[n_small] = slot
            n_small += 1
        else:
            large[n_large] = slot
            n_large += 1
    while n_small and n_large:
        n_small -= 1
        poor, rich = small[n_small], large[n_large - 1]
        table[poor, 0], table[poor, 1] = np.uint32(scaled[poor] * 2.0**32), rich + 1
        scaled[rich] -= 1.0 - scaled[poor]
        if scaled[rich] < 1.0:
            n_large -= 1
            small[n_small] = rich
            n_small += 1


def noise_table(counts: npt.NDArray[np.int64], exponent: float) -> npt.NDArray[np.uint32]:
    """Walker's alias table of the noise distribution count^exponent over the words 1..V-1.

    Args:
        counts: (V,) int64; `<unk>`, entry 0, is never noise, nor is a word of count 0.
        exponent: 0.75 as in the paper; 1 draws words by frequency, 0 evenly.
    Returns:
        (V-1, 2) uint32. Slot s stands for word s+1 with probability [s, 0] · 2⁻³², else for
        word [s, 1].
    Source: Walker 1977; the distribution: Mikolov et al. 2013 (arXiv:1310.4546), §2.2.
    """
    return _alias_table(noise_weights(counts, exponent)[1:])


@njit(**INLINE)
def noise_word(bits: np.uint64, table: npt.NDArray[np.uint32]) -> np.int64:
    """The noise word of 64 random bits: the high half picks a slot, the low half one of its two."""
    slot = np.int64(below(bits, len(table)))
    threshold, other = table[slot, 0], np.int64(table[slot, 1])
    return slot + 1 if (bits & _LOW_32) < threshold else other
