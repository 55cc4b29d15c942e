"""Functions of vectors of LANES float32s for compiled code, and tables that suit such vectors."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.engines.cpu_lanes import (
    LANES,
    exponent,
    mantissa,
    multiply_add,
    nearest,
    power_of_two,
    splat,
    where_above,
)

# Coefficients, the highest power's first. 2^x for |x| ≤ 1/2 by Taylor, to 1e-7 of it; log(1+q) / q
# for 0 ≤ q ≤ 1 through Chebyshev's nodes, to 2e-7; 1 / d for 1 ≤ d ≤ 2, to 1 % of it.
EXP2 = tuple(math.log(2) ** n / math.factorial(n) for n in range(6, -1, -1))
LOG = (
    0.00512610214, -0.0290740647, 0.0775160867, -0.136022476, 0.190768807, -0.24835399,
    0.333181217, -0.49999445, 0.999999966,
)  # fmt: skip
RECIPROCAL = 0.32321758, -1.45448045, 2.12114792
LN_2 = math.log(2)

F32 = np.float32
# Sums in any order, but NaN and infinity as they are: training that diverges must not go unseen.
# Other threads run beside it, and nobody counts references to its arrays: two atomic operations an
# array and call, on memory that all threads share.
INNER: dict[str, Any] = {
    "nogil": True,
    "_nrt": False,
    "fastmath": {"reassoc", "contract", "arcp", "nsz"},
    "error_model": "numpy",
}

# Called by compiled code alone: without what Python would call.
LEAF: dict[str, Any] = {**INNER, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


@njit(inline="always")
def exp_of_minus(x):
    """exp(-x) for x ≥ 0, as 2^whole · 2^rest. From 2^-64 on, the result says nothing."""
    power = splat(F32(-1.4426950408889634)) * x
    low = splat(F32(-64))
    power = where_above(low, power, low, power)  # NaN stays NaN
    whole = nearest(where_above(power, low, power, low))  # and is no whole number
    return power_of_two(whole) * polynomial(power - whole, EXP2)


@njit(inline="always")
def polynomial(x, coefficients):
    """By Horner's scheme; coefficients: a tuple, the highest power's first."""
    total = splat(F32(coefficients[0]))
    for coefficient in coefficients[1:]:
        total = multiply_add(total, x, splat(F32(coefficient)))
    return total


@njit(inline="always")
def reciprocal_of_1_to_2(d):
    """1 / d for 1 ≤ d ≤ 2: two steps of Newton's from a parabola that is off by 1 % at most."""
    guess = polynomial(d, RECIPROCAL)
    one = splat(F32(1))
    guess = multiply_add(guess, one - d * guess, guess)
    return multiply_add(guess, one - d * guess, guess)


@njit(inline="always")
def log(x):
    """log x for normal x ≥ 1; NaN and infinity stay in sight, as NaN."""
    rest = mantissa(x) - splat(F32(1))
    known = multiply_add(exponent(x), splat(F32(LN_2)), rest * polynomial(rest, LOG))
    return multiply_add(x, splat(F32(0)), known)


def row_stride(vector_size: int) -> int:
    """Floats from one row to the next: whole cache lines, and an odd number of them.

    A row that starts on a cache line touches the fewest; rows a power of two apart would compete
    for the same cache sets.
    """
    lines = -(-vector_size // LANES)
    return LANES * (lines | 1)


def aligned_rows(n_rows: int, stride: int) -> npt.NDArray[np.float32]:
    """(n_rows, stride) float32 zeros that start on a cache line."""
    padded = np.zeros(n_rows * stride + LANES, F32)
    start = -(padded.ctypes.data // padded.itemsize) % LANES
    return padded[start : start + n_rows * stride].reshape(n_rows, stride)
