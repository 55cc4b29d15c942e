"""The arithmetic of a batch on a GPU, in Triton: what the cuda engine repeats.

rows: (2V, STRIDE) float32, in_vectors, then out_vectors; sums: the same shape, of the gradient.
They are taken in SLICES of WIDTH columns. Windows are counted in the order of training: a slab of
them is drawn at a time, `next` is the number of its first, `end` that of the first not to train,
`begin` that where the learning rates begin; each is a (1,) int64 tensor. The kernels have so many
parameters because Triton takes no records.
"""

import triton
import triton.language as tl

ONE = tl.constexpr(2.0**40)  # 1 in sums of whole numbers: they reach 2²³, far above any gradient

# torch.optim.Adam's defaults.
BETA_1, BETA_2, EPSILON = tl.constexpr(0.9), tl.constexpr(0.999), tl.constexpr(1e-8)


@triton.jit
def add(sums, place, term, mask, IS_EXACT: tl.constexpr):
    if IS_EXACT:
        tl.atomic_add(sums + place, (term * ONE).to(tl.int64), mask=mask, sem="relaxed")
    else:
        tl.atomic_add(sums + place, term, mask=mask, sem="relaxed")


@triton.jit
def differentiate(
    next, end, begin, centers, entries, n_contexts, n_entries, first, rows, n_words, sums, stamps,
    stamp, losses, TRAINS: tl.constexpr, IS_EXACT: tl.constexpr, BATCH: tl.constexpr,
    WIDEST: tl.constexpr, ENTRIES: tl.constexpr, STRIDE: tl.constexpr, SLICES: tl.constexpr,
    WIDTH: tl.constexpr,
):  # fmt: skip
    """One window: losses[its number since `begin`] = its loss, and its gradient into `sums`.

    A row that gets a gradient is stamped with the number of the update, from 1.
    """
    window = first + tl.program_id(0)
    number = tl.load(next) + window
    if number >= tl.load(end):
        return
    number -= tl.load(begin)
    center = tl.load(centers + window).to(tl.int64)
    n, n_positive = tl.load(n_entries + window), tl.load(n_contexts + window)
    lane = tl.arange(0, WIDTH)
    loss = 0.0
    for start in range(0, n, ENTRIES):
        entry = start + tl.arange(0, ENTRIES)
        is_entry = entry < n
        row = tl.load(entries + window.to(tl.int64) * WIDEST + entry, mask=is_entry, other=0)
        row = n_words + row.to(tl.int64)
        logit = tl.zeros([ENTRIES], tl.float32)
        for k in tl.static_range(SLICES):
            column = k * WIDTH + lane
            is_there = is_entry[:, None] & (column < STRIDE)[None, :]
            v = tl.load(rows + center * STRIDE + column, mask=column < STRIDE, other=0.0)
            u = tl.load(rows + row[:, None] * STRIDE + column[None, :], mask=is_there, other=0.0)
            logit += tl.sum(u * v[None, :], axis=1)

        # loss = softplus(s), where s = -logit for a context and +logit for a noise word
        sign = tl.where(entry < n_positive, -1.0, 1.0)
        s = sign * logit
        q = tl.exp(-tl.abs(s))
        positive = tl.where(s > 0, s, 0.0)
        loss += tl.sum(tl.where(is_entry, positive + tl.log(1.0 + q), 0.0))
        if TRAINS:
            slope = sign * tl.where(s > 0, 1.0, q) / (1.0 + q) / n
            slope = tl.where(is_entry, slope, 0.0)
            for k in tl.static_range(SLICES):
                column = k * WIDTH + lane
                is_there = is_entry[:, None] & (column < STRIDE)[None, :]
                to_v, to_u = center * STRIDE + column, row[:, None] * STRIDE + column[None, :]
                v = tl.load(rows + to_v, mask=column < STRIDE, other=0.0)
                u = tl.load(rows + to_u, mask=is_there, other=0.0)
                add(sums, to_v, tl.sum(slope[:, None] * u, axis=0), column < STRIDE, IS_EXACT)
                add(sums, to_u, slope[:, None] * v[None, :], is_there, IS_EXACT)
            update = (tl.load(stamp) + 1 + number // BATCH).to(tl.int32)
            tl.store(stamps + row, update, mask=is_entry)
            tl.store(stamps + center, update)
    tl.store(losses + number, loss / n)


@triton.jit
def apply(
    next, end, begin, first, rows, n_rows, sums, stamps, stamp, rates, moments,
    IS_EXACT: tl.constexpr, IS_ADAM: tl.constexpr, BATCH: tl.constexpr, ROWS: tl.constexpr,
    STRIDE: tl.constexpr, SLICES: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """One step of the optimiser on some rows, and their sums back to 0.

    rates: (n, 2) float32, for each batch since `begin`. SGD: the rate. Adam: the rate and what
    the root of the second moment is multiplied with, both with their bias corrections in them.
    """
    number = tl.load(next) + first
    if number >= tl.load(end):
        return
    batch = (number - tl.load(begin)) // BATCH
    rate = tl.load(rates + 2 * batch)
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    is_row = row < n_rows
    update = (tl.load(stamp) + 1 + batch).to(tl.int32)
    has_sum = tl.load(stamps + row, mask=is_row, other=0) == update
    for k in tl.static_range(SLICES):
        column = k * WIDTH + tl.arange(0, WIDTH)
        place = row[:, None] * STRIDE + column[None, :]
        is_there = (column < STRIDE)[None, :] & has_sum[:, None]
        gradient = tl.load(sums + place, mask=is_there, other=0)
        tl.store(sums + place, gradient * 0, mask=is_there)
        if IS_EXACT:
            gradient = gradient.to(tl.float32) * (1.0 / ONE)
        if IS_ADAM:  # its moments carry on in the rows that have no gradient
            is_there = (column < STRIDE)[None, :] & is_row[:, None]
            second_moments = moments + n_rows.to(tl.int64) * STRIDE
            first_moment = tl.load(moments + place, mask=is_there, other=0.0)
            second_moment = tl.load(second_moments + place, mask=is_there, other=0.0)
            first_moment += (1.0 - BETA_1) * (gradient - first_moment)
            second_moment = BETA_2 * second_moment + (1.0 - BETA_2) * gradient * gradient
            tl.store(moments + place, first_moment, mask=is_there)
            tl.store(second_moments + place, second_moment, mask=is_there)
            root = tl.sqrt(second_moment) * tl.load(rates + 2 * batch + 1)
            gradient = first_moment / (root + EPSILON)
        old = tl.load(rows + place, mask=is_there, other=0.0)
        tl.store(rows + place, old - rate * gradient, mask=is_there)
