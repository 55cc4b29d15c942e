"""The arithmetic of a batch on a GPU, in Triton: what the cuda engine repeats.

table: (2V, STRIDE) float32, in_vectors, then out_vectors; sums: the same shape, of the gradient.
They are taken in SLICES of WIDTH columns. entries, per_center, left_out: of DrawnGroups; row 0 is
group `position` of those to train, of which there are `end`. A batch is BATCH rows from `first` on.
The kernels have so many parameters because Triton takes no records.
"""

import triton
import triton.language as tl

from w2v.batches.gpu_groups import LEFT, RIGHT, TOTAL, WEIGHT

# 1 in sums of whole numbers: they reach 2²³, above the gradient of 2¹⁶ windows.
ONE = tl.constexpr(2.0**40)

# Products in float32 itself. "tf32" rounds to 11 bits; "tf32x3", three products of it on the tensor
# cores, is as exact as float32, but splitting the numbers takes more instructions than these small
# products save: compiled for compute capability 9.0, twice as many in all, and all registers.
PRECISION = tl.constexpr("ieee")

# torch.optim.Adam's defaults.
BETA_1, BETA_2, EPSILON = tl.constexpr(0.9), tl.constexpr(0.999), tl.constexpr(1e-8)


@triton.jit
def places(row, is_row, k, STRIDE: tl.constexpr, WIDTH: tl.constexpr):
    """Where slice k of some rows is, (rows, WIDTH), and what of it is there."""
    column = k * WIDTH + tl.arange(0, WIDTH)
    return row[:, None] * STRIDE + column[None, :], is_row[:, None] & (column < STRIDE)[None, :]


@triton.jit
def product(one, other):
    return tl.dot(one, other, input_precision=PRECISION)


@triton.jit
def add(sums, place, is_there, term, IS_EXACT: tl.constexpr):
    if IS_EXACT:
        tl.atomic_add(sums + place, (term * ONE).to(tl.int64), mask=is_there, sem="relaxed")
    else:
        tl.atomic_add(sums + place, term, mask=is_there, sem="relaxed")


@triton.jit
def take(sums, place, is_there, IS_EXACT: tl.constexpr):
    """Sums as float32; they are 0 afterwards."""
    taken = tl.load(sums + place, mask=is_there, other=0)
    tl.store(sums + place, taken * 0, mask=is_there & (taken != 0))
    return taken.to(tl.float32) * (1.0 / ONE) if IS_EXACT else taken


@triton.jit
def weigh(
    word, e, g, per_center, left_out, GROUP: tl.constexpr, WINDOW: tl.constexpr,
    TEXT: tl.constexpr, NOISE: tl.constexpr,
):  # fmt: skip
    """Labels and mask of entries `e`, whose words are `word`, for centers `g`: (g, e).

    And (g,), what is left of one term where all of a center's are averaged.
    """
    is_row = g < GROUP
    left = tl.load(per_center + LEFT * GROUP + g, mask=is_row, other=0.0)
    right = tl.load(per_center + RIGHT * GROUP + g, mask=is_row, other=0.0)
    weight = tl.load(per_center + WEIGHT * GROUP + g, mask=is_row, other=0.0)
    total = tl.load(per_center + TOTAL * GROUP + g, mask=is_row, other=0.0)
    is_context = (e[None, :] >= left[:, None]) & (e[None, :] < right[:, None])
    is_context &= e[None, :] != (WINDOW + g)[:, None]
    is_noise = is_row[:, None] & ((e >= TEXT) & (word > 0))[None, :]
    place = g[:, None] * NOISE + (e - TEXT)[None, :]
    is_noise &= tl.load(left_out + place, mask=is_noise, other=1) == 0
    mask = tl.where(is_context, 1.0, tl.where(is_noise, weight[:, None], 0.0))
    return is_context, mask, 1.0 / tl.where(total > 0, total, 1.0)


@triton.jit
def differentiate(
    position, end, first, entries, per_center, left_out, table, n_words, sums, losses,
    TRAINS: tl.constexpr, AVERAGES: tl.constexpr, IS_EXACT: tl.constexpr, GROUP: tl.constexpr,
    WINDOW: tl.constexpr, TEXT: tl.constexpr, NOISE: tl.constexpr, CENTERS: tl.constexpr,
    TILE: tl.constexpr, STRIDE: tl.constexpr, SLICES: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """A tile of a group: CENTERS of its centers with TILE of its entries.

    Their part of the loss goes to losses[row, number of the tile], that of the gradient into
    `sums`: with X = V·Uᵀ, the logits, and C, the slopes of what is minimised (all terms, or the
    losses, where it AVERAGES), it is C·U for the centers' rows and Cᵀ·V for the entries'.
    """
    group = first + tl.program_id(0).to(tl.int64)
    if tl.load(position) + group >= tl.load(end):
        return
    tile, n_tiles = tl.program_id(1), (TEXT + NOISE) // TILE
    g = tile // n_tiles * CENTERS + tl.arange(0, CENTERS)
    e = tile % n_tiles * TILE + tl.arange(0, TILE)
    words = entries + group * (TEXT + NOISE)
    center = tl.load(words + WINDOW + g, mask=g < GROUP, other=0).to(tl.int64)
    word = tl.load(words + e).to(tl.int64)
    is_context, mask, share = weigh(
        word, e, g, per_center + group * 4 * GROUP, left_out + group * GROUP * NOISE,
        GROUP, WINDOW, TEXT, NOISE,
    )  # fmt: skip
    is_center, is_entry = tl.max(mask, axis=1) > 0, tl.max(mask, axis=0) > 0
    x = tl.zeros([CENTERS, TILE], tl.float32)
    for k in range(SLICES):
        at_v, has_v = places(center, is_center, k, STRIDE, WIDTH)
        at_u, has_u = places(n_words + word, is_entry, k, STRIDE, WIDTH)
        v = tl.load(table + at_v, mask=has_v, other=0.0)
        u = tl.load(table + at_u, mask=has_u, other=0.0)
        x += product(v, tl.trans(u))

    # loss = softplus(s), where s = -logit for a context and +logit for a noise word
    sign = tl.where(is_context, -1.0, 1.0)
    s = sign * x
    q = tl.exp(-tl.abs(s))
    softplus = tl.where(s > 0, s, 0.0) + tl.log(1.0 + q)
    loss = tl.sum(tl.where(mask > 0, share[:, None] * mask * softplus, 0.0))
    tl.store(losses + group * tl.num_programs(1) + tile, loss)
    if TRAINS:
        c = sign * mask * tl.where(s > 0, 1.0, q) / (1.0 + q)
        c = tl.where(mask > 0, c * share[:, None] if AVERAGES else c, 0.0)
        for k in range(SLICES):  # the rows are in the cache next to the multiprocessor
            at_v, has_v = places(center, is_center, k, STRIDE, WIDTH)
            at_u, has_u = places(n_words + word, is_entry, k, STRIDE, WIDTH)
            v = tl.load(table + at_v, mask=has_v, other=0.0)
            u = tl.load(table + at_u, mask=has_u, other=0.0)
            add(sums, at_u, has_u, product(tl.trans(c), v), IS_EXACT)
            add(sums, at_v, has_v, product(c, u), IS_EXACT)


@triton.jit
def apply_sgd(
    position, end, first, entries, table, n_words, sums, last_update, updates, steps, rates,
    IS_EXACT: tl.constexpr, BATCH: tl.constexpr, GROUP: tl.constexpr,
    WINDOW: tl.constexpr, ENTRIES: tl.constexpr, WORDS: tl.constexpr, STRIDE: tl.constexpr,
    SLICES: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """Change the rows of WORDS of a group's entries and centers by their sums.

    A row that several groups have, or one has twice, is changed by the program that comes first:
    by the one that finds it without the mark of this update. The sums are complete, so it does not
    matter which that is.
    last_update: (2V,) int32, the number of the update that changed a row last, from 1.
    updates: (1,) int64, how many there were before.  steps: (2V,) float32, the share of the
    rate that each row takes.  rates: (n, 2) float32; see apply_adam.
    """
    group = first + tl.program_id(0).to(tl.int64)
    number = tl.load(position) + group
    if number >= tl.load(end):
        return
    slot = tl.program_id(1) * WORDS + tl.arange(0, WORDS)  # the entries', then the centers'
    is_entry = slot < ENTRIES
    column = tl.where(is_entry, slot, slot - ENTRIES + WINDOW)
    is_slot = slot < ENTRIES + GROUP
    word = tl.load(entries + group * ENTRIES + column, mask=is_slot, other=0).to(tl.int64)
    row = tl.where(is_entry, n_words + word, word)
    update = (tl.load(updates) + 1 + number // BATCH).to(tl.int32)
    before = tl.atomic_xchg(last_update + row, update, mask=word > 0, sem="relaxed")
    is_mine = (word > 0) & (before != update)
    step = tl.load(steps + row, mask=is_mine, other=0.0)
    is_mine &= step > 0
    step *= tl.load(rates + 2 * (number // BATCH))
    for k in range(SLICES):
        place, is_there = places(row, is_mine, k, STRIDE, WIDTH)
        old = tl.load(table + place, mask=is_there, other=0.0)
        gradient = take(sums, place, is_there, IS_EXACT)
        tl.store(table + place, old - step[:, None] * gradient, mask=is_there)


@triton.jit
def apply_adam(
    position, end, first, table, n_rows, sums, moments, steps, rates, IS_EXACT: tl.constexpr,
    BATCH: tl.constexpr, ROWS: tl.constexpr, STRIDE: tl.constexpr,
    SLICES: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """A step of Adam on ROWS rows: on every row, as its moments carry on without a gradient, too.

    rates: (n, 2) float32, for each batch: the rate and what the root of the second moment is
    multiplied with, both with their bias corrections in them. moments: (2, 2V, STRIDE) float32.
    steps: as for apply_sgd, 0 or 1.
    """
    number = tl.load(position) + first
    if number >= tl.load(end):
        return
    rate = tl.load(rates + 2 * (number // BATCH))
    scale = tl.load(rates + 2 * (number // BATCH) + 1)
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    second_moments = moments + n_rows.to(tl.int64) * STRIDE
    is_row = row < n_rows
    is_row &= tl.load(steps + row, mask=is_row, other=0.0) > 0
    for k in range(SLICES):
        place, is_there = places(row, is_row, k, STRIDE, WIDTH)
        gradient = take(sums, place, is_there, IS_EXACT)
        first_moment = tl.load(moments + place, mask=is_there, other=0.0)
        second_moment = tl.load(second_moments + place, mask=is_there, other=0.0)
        first_moment += (1.0 - BETA_1) * (gradient - first_moment)
        second_moment = BETA_2 * second_moment + (1.0 - BETA_2) * gradient * gradient
        tl.store(moments + place, first_moment, mask=is_there)
        tl.store(second_moments + place, second_moment, mask=is_there)
        old = tl.load(table + place, mask=is_there, other=0.0)
        step = rate * first_moment / (tl.sqrt(second_moment) * scale + EPSILON)
        tl.store(table + place, old - step, mask=is_there)
