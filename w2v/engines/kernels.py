"""The arithmetic of one window, in vectors of LANES numbers: what the CPU engine repeats.

Everywhere, row at of `sources` is the center's vector v, and ids are the rows of the window's
entries, padded with PAD to a multiple of 4; rows are as wide as `sources`, a multiple of LANES.
"""

import numpy as np
from numba import njit

from w2v.compiled import compiled
from w2v.lanes import LANES, load, multiply_add, splat, store, sums

PAD = 0  # the row of `<unk>` in in_vectors: always zero, and nobody trains it
PRODUCT = 64  # of so many numbers from 1 to 2, no float32 overflows

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
def coefficients(x, n_contexts, n, step):
    """Turn logits into -step · ∂loss/∂logit; return Σ loss of the entries, in nats.

    With s = -logit for a context and +logit for a noise word, loss = softplus(s) and its
    derivative is σ(s). Both come from q = exp(-|s|): σ(|s|) = 1 / (1 + q), and Σ softplus(s) =
    Σ max(s, 0) + log Π (1 + q), with one logarithm for PRODUCT factors. exp is 2^whole · 2^f,
    the latter by Taylor; all of it compiles to vector code.

    x: float32, with room for n rounded up to LANES. The entries from n on become 0.
    """
    padded = round_up(n, LANES)
    for e in range(n, padded):
        x[e] = -1e9  # of a noise word: no loss, no slope
    total = F32(0)
    for first in range(0, padded, PRODUCT):
        last = min(padded, first + PRODUCT)
        linear, product = _slopes(x[first:last], n_contexts - first, step)
        total += linear + np.log(product)
    x[n:padded] = 0
    return total


@compiled(**FAST)
def _slopes(x, n_contexts, step):
    linear, product = F32(0), F32(1)
    for e in range(len(x)):
        sign = F32(-1) if e < n_contexts else F32(1)
        s = sign * x[e]
        exponent = F32(-1.4426950408889634) * abs(s)
        # Below that, σ says nothing, and numbers below 2^-126 would take 100 times as long.
        exponent = F32(-64) if exponent < F32(-64) else exponent  # and NaN stays NaN
        whole = np.int32(exponent)
        f = exponent - F32(whole)
        power = F32(1.5403530393e-4)
        power = power * f + F32(1.3333558146e-3)
        power = power * f + F32(9.6181291076e-3)
        power = power * f + F32(5.5504108665e-2)
        power = power * f + F32(0.24022650696)
        power = power * f + F32(0.69314718056)
        power = power * f + F32(1)
        q = power * np.int32((whole + 127) << 23).view(F32)
        r = F32(1) / (F32(1) + q)
        x[e] = -sign * step * (r if s > 0 else q * r)
        product *= F32(1) + q
        linear += s if s > 0 else F32(0)
    return linear, product


@njit(inline="always")
def round_up(n, multiple):
    return (n + multiple - 1) // multiple * multiple
