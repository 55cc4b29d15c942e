"""What is random, and how: subsampling, noise words, and the draws that all of it comes from.

Every random number is a pure function of (seed, epoch, purpose, position, number): no generator is
ever advanced. Each position owns a SplitMix64 stream whose state is itself a hash, so any draw can
be computed at any time, in any order, on any device, by integer arithmetic alone.
"""

import numpy as np
from numba import njit

from w2v.compiled import compiled

# What a draw is for. The numbers are part of what a seed means: never renumber them.
SUBSAMPLE, RADIUS, NOISE, ORDER, IN_VECTORS, OUT_VECTORS, HELD_OUT = range(7)

ALWAYS = 2**32  # a probability of 1, in units of 2⁻³²

GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
NUMBER_BITS = 24  # of the integers that `shuffled` sorts

_27, _30, _31, _32 = (np.uint64(shift) for shift in (27, 30, 31, 32))
_NUMBER = np.uint64(NUMBER_BITS)
_LOW_32 = np.uint64(0xFFFFFFFF)


def mix64(z):
    """SplitMix64's finaliser: a bijection of 64-bit integers whose output looks random.

    Args:
        z: uint64, a scalar in compiled code or an array of any shape.
    Returns:
        uint64, the same shape.
    Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".
    """
    z = (z ^ (z >> _30)) * MIX_1
    z = (z ^ (z >> _27)) * MIX_2
    return z ^ (z >> _31)


compiled_mix64 = njit(mix64, inline="always")


@njit(inline="always")
def stream(key, position):
    """The state of the stream that `position` (≥ 0) owns under a key from `stream_key`."""
    return compiled_mix64(key + np.uint64(position) * GAMMA)


@njit(inline="always")
def draw(state, number):
    """The `number`-th 64 random bits of a stream."""
    return compiled_mix64(state + (np.uint64(number) + np.uint64(1)) * GAMMA)


@njit(inline="always")
def below(bits, bound):
    """An integer in 0..bound-1 (bound ≤ 2³²) from the high half of 64 random bits."""
    return ((bits >> _32) * np.uint64(bound)) >> _32


def stream_key(seed, epoch, purpose):
    """The 64-bit key of all draws for one purpose in one epoch, as np.uint64."""
    key = np.zeros(1, np.uint64)
    for part in (seed, epoch, purpose):
        key = mix64((key ^ np.uint64(part)) + GAMMA)
    return key[0]


def shuffled(key, first_position, n):
    """A random order of 0..n-1 (n ≤ 2²⁴): by the top 40 bits of each position's hash, then by it.

    Returns:
        (n,) int64.
    """
    order = _hash_and_number(key, first_position, n)
    order.sort()  # numbers alone sort several times as fast as an argsort
    order &= np.uint64(2**NUMBER_BITS - 1)
    return order.view(np.int64)


@compiled
def _hash_and_number(key, first_position, n):
    order = np.empty(n, np.uint64)
    for i in range(n):
        hashed = stream(key, first_position + i) >> _NUMBER << _NUMBER
        order[i] = hashed | np.uint64(i)
    return order


@compiled
def uniform_table(key, n_rows, n_columns, scale):
    """(n_rows, n_columns) float32, uniform in [-scale, scale); row r is drawn at position r."""
    table = np.empty((n_rows, n_columns), np.float32)
    for row in range(n_rows):
        state = stream(key, row)
        for column in range(n_columns):
            unit = np.float64(draw(state, column) >> np.uint64(40)) / 2.0**23 - 1.0
            table[row, column] = unit * scale
    return table


def keep_thresholds(counts, sample):
    """With what probability an occurrence of each word survives subsampling, in units of 2⁻³².

    Args:
        counts: (V,) int64; entry 0, `<unk>`, is not among the tokens and never kept.
        sample: threshold t, a share of the tokens; 0 keeps everything.
    Returns:
        (V,) uint64: floor(2³² · min(1, √(t / f))), where f is a word's share of the tokens.
    Source: Mikolov et al. 2013 (arXiv:1310.4546), eq. 5, and Dive into Deep Learning.
    Differs: word2vec.c, gensim and fastText keep √(t / f) + t / f.
    """
    share = counts / counts[1:].sum()
    with np.errstate(divide="ignore"):
        keep = np.minimum(1.0, np.sqrt(sample / share)) if sample else np.ones(len(counts))
    keep[0] = 0.0
    return (keep * ALWAYS).astype(np.uint64)


def expected_kept(counts, sample):
    """(V,) float64: how many occurrences of each word subsampling keeps, on average."""
    return counts * (keep_thresholds(counts, sample) / ALWAYS)


@compiled
def _alias(weights):
    n = len(weights)
    scaled = weights * (n / weights.sum())
    table = np.empty((n, 2), np.uint32)
    small, large = np.empty(n, np.int64), np.empty(n, np.int64)
    n_small = n_large = 0
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
    return table


def noise_table(counts, exponent):
    """Walker's alias table of the noise distribution count^exponent over the words 1..V-1.

    Args:
        counts: (V,) int64; `<unk>`, entry 0, is never noise.
        exponent: 0.75 as in the paper; 1 draws by frequency, 0 all words alike.
    Returns:
        (V-1, 2) uint32. Slot s stands for word s+1 with probability [s, 0] · 2⁻³², else for
        word [s, 1].
    Source: Walker 1977; the distribution: Mikolov et al. 2013 (arXiv:1310.4546), §2.2.
    """
    log_weights = exponent * np.log(counts[1:].astype(np.float64))
    return _alias(np.exp(log_weights - log_weights.max()))


@njit(inline="always")
def noise_word(bits, table):
    """The noise word that 64 random bits stand for: the high half picks a slot, the low a side."""
    slot = np.int64(below(bits, len(table)))
    threshold, other = table[slot, 0], np.int64(table[slot, 1])
    return slot + 1 if (bits & _LOW_32) < threshold else other
