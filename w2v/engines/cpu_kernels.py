"""The arithmetic of one window, in vectors of LANES numbers: what the CPU engine repeats.

Everywhere, sources[v] is the center's vector, and `ids` are the rows of `table` that hold the
window's entries, padded with PAD to a multiple of 4. `sources` is as wide as is computed with, a
multiple of LANES.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.compiled import compiled
from w2v.engines.base import Floats
from w2v.engines.cpu_lanes import (
    LANES,
    absolute,
    in_first,
    load,
    multiply_add,
    nearest,
    power_of_two,
    splat,
    store,
    sums,
    where_above,
)

PAD = 0  # the row of `<unk>` in in_vectors: always zero, and nobody trains it

# Coefficients, the highest power's first. 2^x for |x| ≤ 1/2 by Taylor, to 1e-7 of it; log(1+q) / q
# for 0 ≤ q ≤ 1 through Chebyshev's nodes, to 2e-7.
EXP2 = tuple(math.log(2) ** n / math.factorial(n) for n in range(6, -1, -1))
LOG = (
    0.00512610214, -0.0290740647, 0.0775160867, -0.136022476, 0.190768807, -0.24835399,
    0.333181217, -0.49999445, 0.999999966,
)  # fmt: skip

F32 = np.float32
# Sums in any order, but NaN and infinity as they are: training that diverges must not go unseen.
FAST: dict[str, Any] = {"fastmath": {"reassoc", "contract", "arcp", "nsz"}, "error_model": "numpy"}


@compiled(**FAST)
def logits(
    sources: Floats, v: int, table: Floats, ids: npt.NDArray[np.int32], n: int, x: Floats
) -> None:
    """x[e] = table[ids[e]] · sources[v] for e < n, a multiple of 4; four share the loads."""
    for e in range(0, n, 4):
        a, b, c, d = ids[e], ids[e + 1], ids[e + 2], ids[e + 3]
        xa = xb = xc = xd = splat(F32(0))
        for k in range(0, sources.shape[1], LANES):
            center = load(sources, v, k)
            xa = multiply_add(center, load(table, a, k), xa)
            xb = multiply_add(center, load(table, b, k), xb)
            xc = multiply_add(center, load(table, c, k), xc)
            xd = multiply_add(center, load(table, d, k), xd)
        x[e], x[e + 1], x[e + 2], x[e + 3] = sums(xa, xb, xc, xd)


@compiled(**FAST)
def weighted_sum(
    x: Floats, table: Floats, ids: npt.NDArray[np.int32], n: int, sources: Floats, step: int
) -> None:
    """sources[step] = Σ x[e] · table[ids[e]] over e < n, a multiple of 4."""
    for k in range(0, sources.shape[1], LANES):
        store(sources, step, k, splat(F32(0)))
    for e in range(0, n, 4):
        a, b, c, d = ids[e], ids[e + 1], ids[e + 2], ids[e + 3]
        xa, xb, xc, xd = splat(x[e]), splat(x[e + 1]), splat(x[e + 2]), splat(x[e + 3])
        for k in range(0, sources.shape[1], LANES):
            total = multiply_add(xa, load(table, a, k), load(sources, step, k))
            total = multiply_add(xb, load(table, b, k), total)
            total = multiply_add(xc, load(table, c, k), total)
            store(sources, step, k, multiply_add(xd, load(table, d, k), total))


@compiled(**FAST)
def update(x: Floats, table: Floats, ids: npt.NDArray[np.int32], n: int, sources: Floats) -> None:
    """weighted_sum into sources[1], and table[ids[e]] += x[e] · sources[0], in one go."""
    for k in range(0, sources.shape[1], LANES):
        store(sources, 1, k, splat(F32(0)))
    for e in range(0, n, 4):
        a, b, c, d = ids[e], ids[e + 1], ids[e + 2], ids[e + 3]
        xa, xb, xc, xd = splat(x[e]), splat(x[e + 1]), splat(x[e + 2]), splat(x[e + 3])
        for k in range(0, sources.shape[1], LANES):
            v, total = load(sources, 0, k), load(sources, 1, k)
            u = load(table, a, k)
            total = multiply_add(xa, u, total)
            store(table, a, k, multiply_add(xa, v, u))
            u = load(table, b, k)
            total = multiply_add(xb, u, total)
            store(table, b, k, multiply_add(xb, v, u))
            u = load(table, c, k)
            total = multiply_add(xc, u, total)
            store(table, c, k, multiply_add(xc, v, u))
            u = load(table, d, k)
            total = multiply_add(xd, u, total)
            store(table, d, k, multiply_add(xd, v, u))
            store(sources, 1, k, total)


@compiled(**FAST)
def coefficients(x: Floats, n_contexts: int, n: int, step: np.float32) -> float:
    """Turn logits into -step · ∂loss/∂logit; return Σ loss of the entries, in nats.

    With s = -logit for a context and +logit for a noise word, loss = softplus(s) and its
    derivative is σ(s). Both come from q = exp(-|s|): σ(|s|) = 1 / (1 + q), σ(-|s|) = q σ(|s|),
    and softplus(s) = max(s, 0) + log(1 + q).

    x: float32, with room for n rounded up to LANES. The entries from n on become 0.
    """
    x = x.reshape(1, -1)
    zero, one, minus = splat(F32(0)), splat(F32(1)), splat(F32(-1))
    total = zero
    for e in range(0, n, LANES):
        sign = in_first(n_contexts - e, minus, one)
        s = sign * load(x, 0, e)
        q = _exp_of_minus(absolute(s))
        large = one / (one + q)
        slope = where_above(s, zero, large, q * large)
        store(x, 0, e, in_first(n - e, splat(-step) * sign * slope, zero))
        loss = where_above(s, zero, s, zero) + q * _polynomial(q, LOG)
        total = total + in_first(n - e, loss, zero)
    return sums(total, zero, zero, zero)[0]


@njit(inline="always")
def _exp_of_minus(x):
    """exp(-x) for x ≥ 0, as 2^whole · 2^rest. From 2^-64 on, the result says nothing."""
    exponent = splat(F32(-1.4426950408889634)) * x
    low = splat(F32(-64))
    exponent = where_above(low, exponent, low, exponent)  # NaN stays NaN
    whole = nearest(where_above(exponent, low, exponent, low))  # and is no whole number
    return power_of_two(whole) * _polynomial(exponent - whole, EXP2)


@njit(inline="always")
def _polynomial(x, coefficients):
    total = splat(F32(coefficients[0]))
    for coefficient in coefficients[1:]:
        total = multiply_add(total, x, splat(F32(coefficient)))
    return total


@njit(inline="always")
def round_up(n: int, multiple: int) -> int:
    return (n + multiple - 1) // multiple * multiple


def row_stride(vector_size: int) -> int:
    """Floats from one row to the next: whole cache lines, and an odd number of them.

    A row that starts on a cache line touches the fewest; rows a power of two apart would compete
    for the same cache sets.
    """
    lines = -(-vector_size // LANES)
    return LANES * (lines | 1)


def aligned_rows(n_rows: int, stride: int) -> Floats:
    """(n_rows, stride) float32 zeros that start on a cache line."""
    padded = np.zeros(n_rows * stride + LANES, F32)
    start = -(padded.ctypes.data // padded.itemsize) % LANES
    return padded[start : start + n_rows * stride].reshape(n_rows, stride)
