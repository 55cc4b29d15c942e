"""The draws that all randomness comes from.

Every random number is a pure function of (seed, epoch, purpose, position, number): no generator is
ever advanced. Each position owns a SplitMix64 stream whose state is itself a hash, so any draw can
be computed at any time, in any order, on any device, by integer arithmetic alone.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.compiled import compiled

# What a draw is for. The numbers are part of what a seed means: never renumber them.
SUBSAMPLE, RADIUS, NOISE, ORDER, IN_VECTORS, OUT_VECTORS, HELD_OUT = range(7)

ALWAYS = 2**32  # a probability of 1, in units of 2⁻³²

GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
NUMBER_BITS = 24  # of the integers that `shuffled` sorts

Bits = TypeVar("Bits", np.uint64, npt.NDArray[np.uint64])

_27, _30, _31, _32 = (np.uint64(shift) for shift in (27, 30, 31, 32))
_NUMBER = np.uint64(NUMBER_BITS)


def mix64(z: Bits) -> Bits:
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


INLINE = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
compiled_mix64 = njit(mix64, **INLINE)


@njit(**INLINE)
def stream(key: np.uint64, position: int) -> np.uint64:
    """The state of the stream that `position` (≥ 0) owns under a key from `stream_key`."""
    return compiled_mix64(key + np.uint64(position) * GAMMA)


@njit(**INLINE)
def draw(state: np.uint64, number: int) -> np.uint64:
    """The `number`-th 64 random bits of a stream."""
    return compiled_mix64(state + (np.uint64(number) + np.uint64(1)) * GAMMA)


@njit(**INLINE)
def below(bits: np.uint64, bound: int) -> np.uint64:
    """An integer in 0..bound-1 (bound ≤ 2³²) from the high half of 64 random bits."""
    return ((bits >> _32) * np.uint64(bound)) >> _32


def stream_key(seed: int, epoch: int, purpose: int) -> np.uint64:
    """The 64-bit key of all draws for one purpose in one epoch."""
    key = np.zeros(1, np.uint64)
    for part in (seed, epoch, purpose):
        key = mix64((key ^ np.uint64(part)) + GAMMA)
    return key[0]


def shuffled(key: np.uint64, first_position: int, n: int) -> npt.NDArray[np.int64]:
    """A random order of 0..n-1 (n ≤ 2²⁴): by the top 40 bits of each position's hash.

    Equal ones are ordered by position.

    Returns:
        (n,) int64.
    """
    order = np.empty(n, np.uint64)
    _put_hashes_and_numbers(key, first_position, order)
    order.sort()  # several times as fast as an argsort
    order &= np.uint64(2**NUMBER_BITS - 1)
    return order.view(np.int64)


@compiled
def _put_hashes_and_numbers(key, first_position, order):
    """Into (n,) uint64: the hash of each position above its number in the lowest NUMBER_BITS."""
    for i in range(len(order)):
        hashed = stream(key, first_position + i) >> _NUMBER << _NUMBER
        order[i] = hashed | np.uint64(i)


def uniform_table(
    key: np.uint64, n_rows: int, n_columns: int, scale: np.float64
) -> npt.NDArray[np.float32]:
    """(n_rows, n_columns) float32, uniform in [-scale, scale); row r is drawn at position r."""
    table = np.empty((n_rows, n_columns), np.float32)
    _put_uniform(key, scale, table)
    return table


@compiled
def _put_uniform(key, scale, table):
    for row in range(table.shape[0]):
        state = stream(key, row)
        for column in range(table.shape[1]):
            unit = np.float64(draw(state, column) >> np.uint64(40)) / 2.0**23 - 1.0
            table[row, column] = unit * scale
