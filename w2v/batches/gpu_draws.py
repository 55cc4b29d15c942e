"""The draws of sampling.py and drawing.py for a GPU, in Triton: the same integers, bit for bit.

With TRITON_INTERPRET=1 in the environment, the same code runs on the CPU, for tests.
"""

import triton
import triton.language as tl

from w2v.batches import draws, windows
from w2v.text.word_table import WORD_MASK as HOST_WORD_MASK

GAMMA, MIX_1, MIX_2 = (
    tl.constexpr(int(constant)) for constant in (draws.GAMMA, draws.MIX_1, draws.MIX_2)
)
WORD_MASK = tl.constexpr(int(HOST_WORD_MASK))
MAX_DRAWS = tl.constexpr(windows.MAX_DRAWS)
NUMBER_BITS = tl.constexpr(draws.NUMBER_BITS)
SIGN = tl.constexpr(2**63)

LANES = 1024  # tokens that a program of `kept` or `order_keys` takes

# Fields of the int64 tensor that tells a kernel what to draw with; keys are uint64 by their bits.
FIRST_POSITION, RADIUS_KEY, NOISE_KEY = (tl.constexpr(field) for field in range(3))


@triton.jit
def mix64(z):
    z = (z ^ (z >> 30)) * MIX_1
    z = (z ^ (z >> 27)) * MIX_2
    return z ^ (z >> 31)


@triton.jit
def stream(key, position):
    return mix64(key + position.to(tl.uint64) * GAMMA)


@triton.jit
def draw(state, number):
    return mix64(state + (number + 1).to(tl.uint64) * GAMMA)


@triton.jit
def first_draw(state):
    return mix64(state + GAMMA)


@triton.jit
def below(bits, bound):
    return ((bits >> 32) * bound) >> 32


@triton.jit
def kept(tokens, n_tokens, first_position, key, keep, is_kept, LANES: tl.constexpr):
    """is_kept[i] = whether tokens[i] survives subsampling.

    keep: (V,) int64 thresholds.  key: (1,) int64, of the SUBSAMPLE draws.
    """
    i = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    is_token = i < n_tokens
    word = tl.load(tokens + i, mask=is_token, other=0) & WORD_MASK
    bits = first_draw(stream(tl.load(key).to(tl.uint64, bitcast=True), first_position + i))
    threshold = tl.load(keep + word, mask=is_token, other=0)
    tl.store(is_kept + i, (bits >> 32).to(tl.int64) < threshold, mask=is_token)


@triton.jit
def order_keys(n, first_position, key, keys, LANES: tl.constexpr):
    """keys[i] sorts as an int64 like the integers of `sampling.shuffled` do as uint64."""
    i = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    hashed = stream(tl.load(key).to(tl.uint64, bitcast=True), first_position + i)
    packed = (hashed >> NUMBER_BITS << NUMBER_BITS) | i.to(tl.uint64)
    tl.store(keys + i, (packed ^ SIGN).to(tl.int64, bitcast=True), mask=i < n)


@triton.jit
def noise_word(bits, noise, n_slots):
    """The word that 64 random bits stand for; noise: sampling.noise_table as int32, by its bits."""
    slot = below(bits, n_slots).to(tl.int64)
    threshold = tl.load(noise + 2 * slot).to(tl.uint32, bitcast=True)
    other = tl.load(noise + 2 * slot + 1)
    return tl.where((bits & 0xFFFFFFFF) < threshold, slot.to(tl.int32) + 1, other)


@triton.jit
def is_context(words, tokens, center, n_left, n_right):
    """Whether each of `words` is among the contexts of the center at tokens[center]."""
    found = words < 0
    for place in range(center - n_left, center + n_right + 1):
        found |= (words == (tl.load(tokens + place) & WORD_MASK)) & (place != center)
    return found


@triton.jit
def draw_rows(
    tokens, n_tokens, order, first, n_windows, drawn_with, noise, n_slots,
    centers, entries, n_contexts, n_entries,
    WINDOW: tl.constexpr, REACH: tl.constexpr, NEGATIVE: tl.constexpr, WIDEST: tl.constexpr,
    NOISE: tl.constexpr,
):  # fmt: skip
    """A program draws one window: that of the center tokens[order[first + its number]].

    first, n_windows: (1,) int64. From n_windows on there is nothing to draw.
    WINDOW, NEGATIVE: the settings.  REACH: a power of two from WINDOW on.  WIDEST: columns of
    entries.  NOISE: noise words drawn at a time, a power of two.
    The rest as in drawing.draw_rows.
    """
    row = tl.program_id(0)
    if tl.load(first) + row >= tl.load(n_windows):
        return
    center = tl.load(order + tl.load(first) + row)
    position = tl.load(drawn_with + FIRST_POSITION) + center
    key = tl.load(drawn_with + RADIUS_KEY).to(tl.uint64, bitcast=True)
    radius = 1 + below(first_draw(stream(key, position)), WINDOW).to(tl.int64)

    # A side ends after `radius` words, or where the sentence does.
    step = tl.arange(0, REACH)
    token = tl.load(tokens + center - step, mask=(step < radius) & (step <= center), other=-1)
    n_left = tl.min(tl.where(token < 0, step, REACH))
    n_left = tl.minimum(n_left.to(tl.int64), radius)
    is_there = (step < radius) & (center + 1 + step < tl.load(n_tokens))
    token = tl.load(tokens + center + 1 + step, mask=is_there, other=-1)
    n_right = tl.min(tl.where(token < 0, step, REACH))
    n_right = tl.minimum(n_right.to(tl.int64), radius)

    here = entries + row.to(tl.int64) * WIDEST
    left = tl.load(tokens + center - 1 - step, mask=step < n_left, other=0) & WORD_MASK
    tl.store(here + step, left, mask=step < n_left)
    tl.store(here + n_left + step, token, mask=step < n_right)

    n_words = n_left + n_right
    n_drawn = n_words * NEGATIVE
    key = tl.load(drawn_with + NOISE_KEY).to(tl.uint64, bitcast=True)
    state = stream(key, position)
    n_filled = n_words
    for chunk in range(0, n_drawn, NOISE):
        number = chunk + tl.arange(0, NOISE)
        word = noise_word(draw(state, number * MAX_DRAWS), noise, n_slots)
        clashes = (number < n_drawn) & is_context(word, tokens, center, n_left, n_right)
        again = 1
        while (tl.max(clashes.to(tl.int32)) > 0) & (again < MAX_DRAWS):
            fresh = noise_word(draw(state, number * MAX_DRAWS + again), noise, n_slots)
            word = tl.where(clashes, fresh, word)
            clashes &= is_context(word, tokens, center, n_left, n_right)
            again += 1
        is_word = (number < n_drawn) & (clashes == 0)
        place = n_filled + tl.cumsum(is_word.to(tl.int64)) - 1
        tl.store(here + place, word, mask=is_word)
        n_filled += tl.sum(is_word.to(tl.int64))

    tl.store(centers + row, tl.load(tokens + center) & WORD_MASK)
    tl.store(n_contexts + row, n_words.to(tl.int32))
    tl.store(n_entries + row, n_filled.to(tl.int32))
