"""The update of one group as three small matrix products: what the CPU engine repeats.

Rows of `text` and `noise` become U (entries × D), the centers V (G × D). Then X = U·Vᵀ are the
logits, and with C = -lr · ∂terms/∂X in their place, Cᵀ·U and C·V are what the rows of V and U gain.
Noise words meet every center, words of the text only those within the window: of their part of X
a band is computed, in blocks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.batches.batch import BLOCK, LEFT, RIGHT, SLOT, WEIGHT, GroupRows, noise_start
from w2v.compiled import compiled
from w2v.engines.base import Floats
from w2v.engines.cpu_functions import (
    INNER,
    LEAF,
    aligned_rows,
    exp_of_minus,
    log,
    reciprocal_of_1_to_2,
)
from w2v.engines.cpu_lanes import (
    LANES,
    absolute,
    load,
    multiply_add,
    splat,
    store,
    sums,
    where_above,
)
from w2v.engines.cpu_tiles import tile_product, transpose_tile

FAR = np.float32(-1e30)  # the logit of a noise word that is a context: no loss, no slope
SMALL, WIDE = 4, 4  # rows and vectors of the tiles of the products back

F32 = np.float32
_1, _6, _63 = np.uint64(1), np.uint64(6), np.uint64(63)

_logits_2, _logits_1 = tile_product(BLOCK, 2), tile_product(BLOCK, 1)
_put_4, _put_3, _put_2, _put_1 = (tile_product(SMALL, width) for width in (4, 3, 2, 1))
_add_4, _add_3, _add_2, _add_1 = (tile_product(SMALL, width, adds=True) for width in (4, 3, 2, 1))


class Scratch(NamedTuple):
    """What a thread needs for one group; E and lanes as in GroupRows.

    vt:  (width, lanes) float32: V transposed.
    x:   (E, lanes) float32: logits, then coefficients.
    left_out: (1, lanes) float32: how many noise words are a center's contexts.
    marks: (64,) uint64: bits of words.
    """

    vt: Floats
    x: Floats
    left_out: Floats
    marks: npt.NDArray[np.uint64]

    @classmethod
    def empty(cls, rows: GroupRows, width: int) -> Scratch:
        n_entries, lanes = rows.entries.shape[1], rows.per_center.shape[2]
        shapes = (width, lanes), (n_entries, lanes), (1, lanes)
        vt, x, left_out = (aligned_rows(*shape) for shape in shapes)
        return cls(vt, x, left_out, np.zeros(64, np.uint64))


@compiled(**INNER)
def differentiate(
    batch: GroupRows, n: int, v: Floats, u: Floats, size: int, window: int, lr: np.float64,
    scratch: Scratch, gains: Floats,
) -> float:  # fmt: skip
    """Compute what the rows of group n of a batch gain; return the sum of its centers' losses.

    Args:
        batch: GroupRows.  n: of them.
        v, u: (V, stride) float32, in_vectors and out_vectors; `size` numbers of a row are used.
        scratch: Scratch.
        gains: (E + lanes, width) float32, filled: of the entries, then of the centers.
    """
    _logits(batch, n, v, u, size, window, scratch.vt, scratch.x)
    _leave_out(batch, n, window, scratch)
    n_centers, loss = batch.n_centers[n], 0.0
    start = noise_start(batch.n_text[n])
    for g in range(0, n_centers, LANES):
        low, high = _band(g, LANES, batch.n_text[n], batch.offset[n], window)
        loss += _coefficients(
            g, low, high, start, batch.n_noise[n], F32(lr), batch.per_center[n], scratch.left_out,
            scratch.x,
        )  # fmt: skip
    _gains_of_centers(batch, n, u, window, scratch.x.T, gains)
    _gains_of_entries(batch, n, window, scratch.x, v, gains)
    return loss


@njit(inline="always")
def _band(g, n_centers, n_text, offset, window):
    """The entries that centers g to g + n_centers - 1 can have as contexts, and some beside."""
    return max(0, offset + g - window), min(n_text, offset + g + n_centers + window)


@njit(**LEAF)
def _logits(batch, n, v, u, size, window, vt, x):
    """X = U·Vᵀ: a band of the text, and the noise."""
    ids, offset = batch.entries[n], batch.offset[n]
    n_text, n_noise, n_centers = batch.n_text[n], batch.n_noise[n], batch.n_centers[n]
    for g in range(0, n_centers, LANES):
        for k in range(0, vt.shape[0], LANES):
            transpose_tile(v, ids, offset + g, k, vt, k, g)
    for g in range(0, n_centers, LANES):
        low, high = _band(g, LANES, n_text, offset, window)
        for e in range(low // BLOCK * BLOCK, high, BLOCK):
            _logits_1(x, e, g, u, ids, e, vt, None, 0, size)
    start = noise_start(n_text)
    for g in range(0, n_centers, 2 * LANES):
        for e in range(start, start + n_noise, BLOCK):
            if g + LANES < n_centers:
                _logits_2(x, e, g, u, ids, e, vt, None, 0, size)
            else:
                _logits_1(x, e, g, u, ids, e, vt, None, 0, size)


@njit(**LEAF)
def _leave_out(batch, n, window, scratch):
    """Take noise words that are contexts of a center out of its loss."""
    ids, start, marks = batch.entries[n], noise_start(batch.n_text[n]), scratch.marks
    for g in range(scratch.left_out.shape[1]):
        scratch.left_out[0, g] = 0
    for i in range(len(marks)):  # of the words of the text: most noise words need no closer look
        marks[i] = 0
    for e in range(batch.n_text[n]):
        word = np.uint64(ids[e])
        marks[(word >> _6) & _63] |= _1 << (word & _63)
    for e in range(start, start + batch.n_noise[n]):
        word = np.uint64(ids[e])
        if (marks[(word >> _6) & _63] >> (word & _63)) & _1:
            for i in range(batch.n_text[n]):
                if ids[i] == ids[e]:
                    _leave_out_near(i, e, batch.n_centers[n], window, batch.per_center[n], scratch)


@njit(**LEAF)
def _leave_out_near(i, e, n_centers, window, per_center, scratch):
    """Noise word e is word i of the text: leave it out where that is a context."""
    at = np.int64(per_center[SLOT, 0])
    for g in range(max(0, i - window - at), min(n_centers, i + window + 1 - at)):
        is_context = per_center[LEFT, g] <= i < per_center[RIGHT, g] and i != at + g
        if is_context and scratch.x[e, g] != FAR:
            scratch.x[e, g] = FAR
            scratch.left_out[0, g] += F32(1)


@njit(**LEAF)
def _coefficients(g, low, high, start, n_noise, lr, per_center, left_out, x):
    """Turn the logits of LANES centers from g on into coefficients; return their losses' sum.

    low, high: the entries of the text to look at.  start: where the noise begins.

    With s = -logit for a context and +logit for a noise word, loss = softplus(s) and its
    derivative is σ(s). Both come from q = exp(-|s|): σ(|s|) = 1 / (1 + q), σ(-|s|) = q σ(|s|),
    and softplus(s) = max(s, 0) + log(1 + q). The logs of a BLOCK of entries are the log of a
    product.
    """
    zero, one = splat(F32(0)), splat(F32(1))
    left, right = load(per_center, LEFT, g), load(per_center, RIGHT, g)
    slot, weight = load(per_center, SLOT, g), load(per_center, WEIGHT, g)
    terms = weight * (splat(F32(n_noise)) - load(left_out, 0, g))
    n_contexts = right - left - one
    terms = terms + where_above(n_contexts, zero, n_contexts, zero)
    share = where_above(terms, zero, one / terms, zero)
    losses = zero
    for block in range(low // BLOCK * BLOCK, high, BLOCK):
        product = one
        for e in range(block, block + BLOCK):
            s = zero - load(x, e, g)
            q = exp_of_minus(absolute(s))
            large = reciprocal_of_1_to_2(one + q)
            slope = where_above(s, zero, large, q * large)
            here = splat(F32(e))
            distance = absolute(here - slot)
            inside = where_above(left, here, zero, where_above(right, here, one, zero))
            inside = where_above(distance, zero, inside, zero)
            store(x, e, g, where_above(inside, zero, splat(lr) * slope, zero))
            product = product * where_above(inside, zero, one + q, one)
            losses = losses + where_above(inside, zero, where_above(s, zero, s, zero), zero)
        losses = losses + log(product)
    step, noise_losses = zero - splat(lr) * weight, zero
    for block in range(start, start + n_noise, BLOCK):
        product = one
        for e in range(block, min(block + BLOCK, start + n_noise)):
            s = load(x, e, g)
            q = exp_of_minus(absolute(s))
            large = reciprocal_of_1_to_2(one + q)
            store(x, e, g, step * where_above(s, zero, large, q * large))
            product = product * (one + q)
            noise_losses = noise_losses + where_above(s, zero, s, zero)
        noise_losses = noise_losses + log(product)
    losses = share * multiply_add(weight, noise_losses, losses)
    return np.float64(sums(losses, zero, zero, zero)[0])


@njit(**LEAF)
def _gains_of_centers(batch, n, u, window, coefficients, gains):
    """Cᵀ·U: of the band of the text, then of the noise. A few columns at a time stay in reach."""
    n_centers, n_text, offset = batch.n_centers[n], batch.n_text[n], batch.offset[n]
    ids, start, first = batch.entries[n], noise_start(n_text), batch.entries.shape[1]
    stop = start + batch.n_noise[n]
    for k in range(0, gains.shape[1], WIDE * LANES):
        width = min(WIDE, (gains.shape[1] - k) // LANES)
        for g in range(0, n_centers, SMALL):
            low, high = _band(g, SMALL, n_text, offset, window)
            _put_product(width, gains, first + g, k, coefficients, g, u, ids, low, high)
            _add_product(width, gains, first + g, k, coefficients, g, u, ids, start, stop)


@njit(**LEAF)
def _gains_of_entries(batch, n, window, coefficients, v, gains):
    """C·V: of the band of the text, then of the noise."""
    n_centers, n_text, offset = batch.n_centers[n], batch.n_text[n], batch.offset[n]
    ids, start = batch.entries[n, offset:], noise_start(n_text)
    for k in range(0, gains.shape[1], WIDE * LANES):
        width = min(WIDE, (gains.shape[1] - k) // LANES)
        for e in range(0, n_text, SMALL):
            low, high = max(0, e - offset - window), min(n_centers, e + SMALL - offset + window)
            _put_product(width, gains, e, k, coefficients, e, v, ids, low, high)
        for e in range(start, start + batch.n_noise[n], SMALL):
            _put_product(width, gains, e, k, coefficients, e, v, ids, 0, n_centers)


@njit(inline="always")
def _put_product(width, out, i, k, a, a_row, b, ids, start, stop):
    """A tile of SMALL rows and `width` vectors of out, from (i, k) on: see tile_product."""
    if width == 4:
        _put_4(out, i, k, a, None, a_row, b, ids, start, stop)
    elif width == 3:
        _put_3(out, i, k, a, None, a_row, b, ids, start, stop)
    elif width == 2:
        _put_2(out, i, k, a, None, a_row, b, ids, start, stop)
    else:
        _put_1(out, i, k, a, None, a_row, b, ids, start, stop)


@njit(inline="always")
def _add_product(width, out, i, k, a, a_row, b, ids, start, stop):
    """As _put_product, added to what is there."""
    if width == 4:
        _add_4(out, i, k, a, None, a_row, b, ids, start, stop)
    elif width == 3:
        _add_3(out, i, k, a, None, a_row, b, ids, start, stop)
    elif width == 2:
        _add_2(out, i, k, a, None, a_row, b, ids, start, stop)
    else:
        _add_1(out, i, k, a, None, a_row, b, ids, start, stop)
