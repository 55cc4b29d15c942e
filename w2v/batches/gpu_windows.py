"""The drawing of draw_groups.py on a GPU, in Triton, for groups of one center, bit for bit."""

from __future__ import annotations

from typing import NamedTuple

import torch
import triton
import triton.language as tl

from w2v.batches import draw_groups
from w2v.batches.batch import Batch
from w2v.batches.gpu_draws import below, draw, first_draw, stream
from w2v.text import word_table

WORD_MASK = tl.constexpr(int(word_table.WORD_MASK))
MAX_DRAWS = tl.constexpr(draw_groups.MAX_DRAWS)

NOISE_AT_ONCE = 64  # noise words that a program of draw_rows draws side by side

# Fields of the int64 tensor that tells draw_rows what to draw with; keys are uint64 by their bits.
FIRST_POSITION, RADIUS_KEY, NOISE_KEY = (tl.constexpr(field) for field in range(3))


class GpuRows(NamedTuple):
    """Windows as counts: the entries of each, and how many there are.

    centers:    (B,) int32 word ids.
    entries:    (B, ≥ L) int32; what stands after a window's entries does not matter.
    n_contexts: (B,) int32: how many entries are contexts; they come first.
    n_entries:  (B,) int32: contexts and noise words.
    """

    centers: torch.Tensor
    entries: torch.Tensor
    n_contexts: torch.Tensor
    n_entries: torch.Tensor

    @classmethod
    def zeros(cls, n_rows: int, max_entries: int, device: torch.device) -> GpuRows:
        shapes = (n_rows,), (n_rows, max_entries), (n_rows,), (n_rows,)
        return cls(*(torch.zeros(shape, dtype=torch.int32, device=device) for shape in shapes))

    def as_batch(self, length: int) -> Batch:
        """The Batch of these windows as groups of one center, where E is `length`."""
        column = torch.arange(length, device=self.entries.device)
        is_entry = column < self.n_entries[:, None]
        is_context = column < self.n_contexts[:, None]
        entries = torch.where(is_entry, self.entries[:, :length], 0)
        labels, mask = is_context.float(), is_entry.float()
        return Batch(self.centers[:, None], entries, labels[:, None], mask[:, None])


@triton.jit
def noise_word(bits, noise, n_slots):
    """The noise word of 64 random bits; noise: the bits of the noise_table as int32."""
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


# So many parameters because Triton takes no records.
@triton.jit
def draw_rows(
    tokens, n_tokens, order, first, n_windows, drawn_with, noise, n_slots,
    centers, entries, n_contexts, n_entries,
    WINDOW: tl.constexpr, REACH: tl.constexpr, NEGATIVE: tl.constexpr, WIDEST: tl.constexpr,
    NOISE: tl.constexpr,
):  # fmt: skip
    """A program draws one window: that of the center tokens[order[first + its number]].

    first, n_windows: (1,) int64. From n_windows on there is nothing to draw.  drawn_with: (3,)
    int64, by its fields.
    WINDOW, NEGATIVE: the settings.  REACH: a power of two from WINDOW on.  WIDEST: columns of
    entries.  NOISE: noise words drawn at a time, a power of two.
    centers, entries, n_contexts, n_entries: of GpuRows.
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
    tl.store(here + n_left - 1 - step, left, mask=step < n_left)
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
