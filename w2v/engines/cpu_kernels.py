"""The arithmetic of one window, in vectors of LANES numbers: what the CPU engine repeats.

Everywhere, row at of `sources` is the center's vector v, and ids are the rows of the window's
entries, padded with PAD to a multiple of 4; rows are as wide as `sources`, a multiple of LANES.
"""

import math

import numpy as np
from numba import njit

from w2v.compiled import compiled
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
FAST = {"fastmath": {"reassoc", "contract", "arcp", "nsz"}, "error_model": "numpy"}


@compiled(**FAST)
def logits(sources, at, rows, ids, n, x):
    """x[e] = rows[ids[e]] · sources[at] for e < n, a multiple of 4; four share the loads."""
    for e in range(0, n, 4):
        a, b, c, d = ids[e], ids[e + 1], ids[e + 2], ids[e + 3]
        xa = xb = xc = xd = splat(F32(0))
        for k in range(0, sources.shape[1], LANES):
            v = load(sources, at, k)
            xa = multiply_add(v, load(rows, a, k), xa)
            xb = multiply_add(v, load(rows, b, k), xb)
            xc = multiply_add(v, load(rows, c, k), xc)
            xd = multiply_add(v, load(rows, d, k), xd)
        x[e], x[e + 1], x[e + 2], x[e + 3] = sums(xa, xb, xc, xd)


@compiled(**FAST)
def weighted_sum(x, rows, ids, n, sources, at):
    """sources[at] = Σ x[e] · rows[ids[e]] over e < n, a multiple of 4."""
    for k in range(0, sources.shape[1], LANES):
        store(sources, at, k, splat(F32(0)))
    for e in range(0, n, 4):
        a, b, c, d = ids[e], ids[e + 1], ids[e + 2], ids[e + 3]
        xa, xb, xc, xd = splat(x[e]), splat(x[e + 1]), splat(x[e + 2]), splat(x[e + 3])
        for k in range(0, sources.shape[1], LANES):
            total = multiply_add(xa, load(rows, a, k), load(sources, at, k))
            total = multiply_add(xb, load(rows, b, k), total)
            total = multiply_add(xc, load(rows, c, k), total)
            store(sources, at, k, multiply_add(xd, load(rows, d, k), total))


@compiled(**FAST)
def update(x, rows, ids, n, sources, at, step):
    """weighted_sum into sources[step], and rows[ids[e]] += x[e] · sources[at], in one go."""
    for k in range(0, sources.shape[1], LANES):
        store(sources, step, k, splat(F32(0)))
    for e in range(0, n, 4):
        a, b, c, d = ids[e], ids[e + 1], ids[e + 2], ids[e + 3]
        xa, xb, xc, xd = splat(x[e]), splat(x[e + 1]), splat(x[e + 2]), splat(x[e + 3])
        for k in range(0, sources.shape[1], LANES):
            v, total = load(sources, at, k), load(sources, step, k)
            u = load(rows, a, k)
            total = multiply_add(xa, u, total)
            store(rows, a, k, multiply_add(xa, v, u))
            u = load(rows, b, k)
            total = multiply_add(xb, u, total)
            store(rows, b, k, multiply_add(xb, v, u))
            u = load(rows, c, k)
            total = multiply_add(xc, u, total)
            store(rows, c, k, multiply_add(xc, v, u))
            u = load(rows, d, k)
            total = multiply_add(xd, u, total)
            store(rows, d, k, multiply_add(xd, v, u))
            store(sources, step, k, total)


@compiled(**FAST)
def coefficients(x, n_contexts, n, step):
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
def round_up(n, multiple):
    return (n + multiple - 1) // multiple * multiple


def row_stride(vector_size):
    """Floats from one row to the next: whole cache lines, and an odd number of them.

    A row that starts on a cache line touches the fewest; rows a power of two apart would compete
    for the same cache sets.
    """
    lines = -(-vector_size // LANES)
    return LANES * (lines | 1)


def aligned_rows(n_rows, stride):
    """(n_rows, stride) float32 zeros that start on a cache line."""
    padded = np.zeros(n_rows * stride + LANES, F32)
    start = -(padded.ctypes.data // padded.itemsize) % LANES
    return padded[start : start + n_rows * stride].reshape(n_rows, stride)
