"""The drawing of draw_groups.py on a GPU, in Triton, bit for bit, and what it draws."""

from __future__ import annotations

from typing import NamedTuple

import torch
import triton
import triton.language as tl

from w2v.batches import draw_groups as drawing
from w2v.batches.batch import Batch, max_entries, padded
from w2v.batches.gpu_draws import below, draw, first_draw, stream
from w2v.config import Config
from w2v.text import word_table

TILE = 32  # entries are taken so many at a time, none of them both text and noise
WORDS_AT_ONCE = 64  # words that a program of draw_groups handles side by side
STEPS_AT_ONCE = 4096  # (center, step away from it) pairs that it looks at side by side

WORD_MASK = tl.constexpr(int(word_table.WORD_MASK))
MAX_DRAWS = tl.constexpr(drawing.MAX_DRAWS)

# Rows of DrawnGroups.per_center.
LEFT, RIGHT, WEIGHT, TOTAL = (tl.constexpr(row) for row in range(4))

# Fields of the int64 tensor that says what to draw with; keys are uint64 by their bits.
FIRST_POSITION, RADIUS_KEY, NOISE_KEY = (tl.constexpr(field) for field in range(3))


class Sizes(NamedTuple):
    """How the groups of a Config are laid out: `text` columns for the text, then `noise` columns.

    centers: how many centers a program takes at a time.
    """

    group: int
    window: int
    negative: int
    pool: int
    text: int
    noise: int
    centers: int

    @classmethod
    def of(cls, config: Config) -> Sizes:
        group, window, negative = config.group_size, config.window, config.negative
        pool = max_entries(window, negative) if group == 1 else config.pool_size
        text, centers = padded(group + 2 * window, TILE), triton.next_power_of_2(group)
        centers = min(TILE, max(16, centers))  # tl.dot takes no fewer
        return cls(group, window, negative, pool, text, padded(pool, TILE), centers)

    @property
    def entries(self) -> int:
        """E, columns of entries."""
        return self.text + self.noise

    @property
    def tiles(self) -> int:
        """How many tiles, of `centers` rows and TILE columns, a group has."""
        return triton.cdiv(self.group, self.centers) * self.entries // TILE

    @property
    def group_bytes(self) -> int:
        """What a group takes as drawn, its losses included."""
        return 4 * (self.entries + 4 * self.group + self.tiles) + self.group * self.noise


class DrawnGroups(NamedTuple):
    """Groups as words and bounds: what compiled code on the GPU makes and takes, N of them.

    entries: (N, E) int32: words of the text, from `window` places before the first center on, and
        from column Sizes.text on noise words; 0 where there is none, or none in reach.
        Center g is column window + g.
    per_center: (N, 4, G) float32. Center g has columns LEFT to RIGHT - 1 as contexts, except
        itself; a noise word that is none of them counts WEIGHT; all that count make TOTAL. 0 where
        a group has no such center.
    left_out: (N, G, noise) int8: 1 where a noise word is a context of the center.
    """

    entries: torch.Tensor
    per_center: torch.Tensor
    left_out: torch.Tensor

    @classmethod
    def zeros(cls, n_groups: int, sizes: Sizes, device: torch.device) -> DrawnGroups:
        entries = torch.zeros((n_groups, sizes.entries), dtype=torch.int32, device=device)
        per_center = torch.zeros((n_groups, 4, sizes.group), device=device)
        shape = n_groups, sizes.group, sizes.noise
        return cls(entries, per_center, torch.zeros(shape, dtype=torch.int8, device=device))

    def as_batch(self, sizes: Sizes) -> Batch:
        """The Batch of these groups; some of its columns are no entries: 0 in the mask."""
        left, right, weight, _ = self.per_center[:, :, :, None].unbind(1)  # (N, G, 1)
        column = torch.arange(sizes.entries, device=self.entries.device)
        center = sizes.window + torch.arange(sizes.group, device=self.entries.device)
        is_context = (left <= column) & (column < right) & (column != center[:, None])
        mask, is_noise = is_context.float(), self.entries[:, None, sizes.text :] > 0
        mask[:, :, sizes.text :] = weight * (is_noise & (self.left_out == 0))
        entries = self.entries
        if sizes.group == 1:  # the center is no entry of its own
            entries = torch.where(column == sizes.window, 0, entries)
        return Batch(self.entries[:, center], entries, is_context.float(), mask)


def without_gaps(batch: Batch) -> Batch:
    """The Batch with the columns that are entries in front, as many as the longest group has."""
    centers, entries, labels, mask = map(torch.as_tensor, batch)
    is_entry = entries > 0
    order = torch.argsort((~is_entry).to(torch.int8), dim=1, stable=True)
    order = order[:, : int(is_entry.sum(dim=1).max())]
    everywhere = order[:, None, :].expand(-1, centers.shape[1], -1)
    labels, mask = labels.gather(2, everywhere), mask.gather(2, everywhere)
    return Batch(centers, entries.gather(1, order), labels, mask)


@triton.jit
def noise_word(bits, noise, n_slots):
    """The noise word of 64 random bits; noise: the bits of the noise_table as int32."""
    slot = below(bits, n_slots).to(tl.int64)
    threshold = tl.load(noise + 2 * slot).to(tl.uint32, bitcast=True)
    other = tl.load(noise + 2 * slot + 1)
    return tl.where((bits & 0xFFFFFFFF) < threshold, slot.to(tl.int32) + 1, other)


# So many parameters because Triton takes no records.
@triton.jit
def draw_groups(
    tokens, n_tokens, order, position, end, drawn_with, noise, n_slots, entries, per_center,
    GROUP: tl.constexpr, WINDOW: tl.constexpr, NEGATIVE: tl.constexpr, POOL: tl.constexpr,
    TEXT: tl.constexpr, NOISE: tl.constexpr, CENTERS: tl.constexpr, REACH: tl.constexpr,
    WORDS: tl.constexpr,
):  # fmt: skip
    """A program draws one group: number order[position + its own number].

    n_tokens, position, end: (1,) int64. From `end` on there is nothing to draw.
    drawn_with: (3,) int64, by its fields.
    CENTERS, REACH, WORDS: powers of two: centers at a time; from WINDOW on; words at a time.
    """
    row = tl.program_id(0).to(tl.int64)
    if tl.load(position) + row >= tl.load(end):
        return
    n, first_position = tl.load(n_tokens), tl.load(drawn_with + FIRST_POSITION)
    first = tl.load(order + tl.load(position) + row) * GROUP
    key = tl.load(drawn_with + RADIUS_KEY).to(tl.uint64, bitcast=True)
    begin, stop = first, tl.minimum(first + GROUP, n)  # of the words in reach
    here = per_center + row * 4 * GROUP
    for start in range(0, GROUP, CENTERS):
        g = start + tl.arange(0, CENTERS)
        center = first + g
        is_center = (g < GROUP) & (center < n)
        radius = 1 + below(first_draw(stream(key, first_position + center)), WINDOW).to(tl.int64)
        n_left, n_right = reach(tokens, n, center, radius, is_center, REACH)
        begin = tl.minimum(begin, tl.min(tl.where(is_center, center - n_left, first)))
        stop = tl.maximum(stop, tl.max(tl.where(is_center, center + n_right + 1, first)))
        weight = (n_left + n_right).to(tl.float32) * (NEGATIVE / POOL)
        is_row = g < GROUP
        left = tl.where(is_center, WINDOW + g - n_left, 0)
        right = tl.where(is_center, WINDOW + g + n_right + 1, 0)
        tl.store(here + LEFT * GROUP + g, left.to(tl.float32), mask=is_row)
        tl.store(here + RIGHT * GROUP + g, right.to(tl.float32), mask=is_row)
        tl.store(here + WEIGHT * GROUP + g, tl.where(is_center, weight, 0.0), mask=is_row)

    words = entries + row * (TEXT + NOISE)
    for start in range(0, TEXT, WORDS):
        column = start + tl.arange(0, WORDS)
        place = first - WINDOW + column
        is_word = (place >= begin) & (place < stop)
        word = tl.load(tokens + place, mask=is_word, other=0) & WORD_MASK
        tl.store(words + column, word, mask=column < TEXT)
    key = tl.load(drawn_with + NOISE_KEY).to(tl.uint64, bitcast=True)
    state = stream(key, first_position + first)
    if GROUP > 1:
        for start in range(0, POOL, WORDS):
            number = start + tl.arange(0, WORDS)
            word = noise_word(draw(state, number), noise, n_slots)
            tl.store(words + TEXT + number, word, mask=number < POOL)
    else:
        n_contexts = stop - begin - 1
        n_noise = draw_own_noise(
            tokens, first, begin, stop, state, noise, n_slots, words + TEXT,
            n_contexts * NEGATIVE, NOISE, WORDS,
        )  # fmt: skip
        tl.store(here + WEIGHT, 1.0)
        tl.store(here + TOTAL, (n_contexts + n_noise).to(tl.float32))


@triton.jit
def reach(tokens, n_tokens, center, radius, is_center, REACH: tl.constexpr):
    """How many words on its left and right each center has within its radius and its sentence."""
    step = tl.arange(0, REACH)[None, :]
    is_near = is_center[:, None] & (step < radius[:, None])
    place = center[:, None] - step
    token = tl.load(tokens + place, mask=is_near & (place >= 0), other=-1)
    n_left = tl.min(tl.where(token < 0, step, REACH), axis=1).to(tl.int64)
    place = center[:, None] + 1 + step
    token = tl.load(tokens + place, mask=is_near & (place < n_tokens), other=-1)
    n_right = tl.min(tl.where(token < 0, step, REACH), axis=1).to(tl.int64)
    return tl.minimum(n_left, radius), tl.minimum(n_right, radius)


@triton.jit
def is_context(words, tokens, center, begin, stop):
    """Whether each of `words` is one of tokens[begin : stop] beside the center's place."""
    found = words < 0
    for place in range(begin, stop):
        found |= (words == (tl.load(tokens + place) & WORD_MASK)) & (place != center)
    return found


@triton.jit
def draw_own_noise(
    tokens, center, begin, stop, state, noise, n_slots, words, n_drawn, NOISE: tl.constexpr,
    WORDS: tl.constexpr,
):  # fmt: skip
    """Store the noise words of a group of one, none of them a context; return how many."""
    n_filled = n_drawn * 0
    for start in range(0, n_drawn, WORDS):
        number = start + tl.arange(0, WORDS)
        word = noise_word(draw(state, number * MAX_DRAWS), noise, n_slots)
        clashes = (number < n_drawn) & is_context(word, tokens, center, begin, stop)
        again = 1
        while (tl.max(clashes.to(tl.int32)) > 0) & (again < MAX_DRAWS):
            fresh = noise_word(draw(state, number * MAX_DRAWS + again), noise, n_slots)
            word = tl.where(clashes, fresh, word)
            clashes &= is_context(word, tokens, center, begin, stop)
            again += 1
        is_word = (number < n_drawn) & (clashes == 0)
        place = n_filled + tl.cumsum(is_word.to(tl.int64)) - 1
        tl.store(words + place, word, mask=is_word)
        n_filled += tl.sum(is_word.to(tl.int64))
    for start in range(0, NOISE, WORDS):
        column = start + tl.arange(0, WORDS)
        tl.store(words + column, 0, mask=(column >= n_filled) & (column < NOISE))
    return n_filled


@triton.jit
def leave_out(
    position, end, entries, per_center, left_out, GROUP: tl.constexpr, WINDOW: tl.constexpr,
    POOL: tl.constexpr, TEXT: tl.constexpr, NOISE: tl.constexpr, CENTERS: tl.constexpr,
    TILE: tl.constexpr,
):  # fmt: skip
    """Which noise words are contexts of CENTERS centers of a group, and what is left in TOTAL.

    A noise word is a context as often as a product of two matrices of 0 and 1 says.
    """
    row = tl.program_id(0).to(tl.int64)
    if tl.load(position) + row >= tl.load(end):
        return
    start = tl.program_id(1) * CENTERS
    g = start + tl.arange(0, CENTERS)
    is_row = g < GROUP
    here, words = per_center + row * 4 * GROUP + g, entries + row * (TEXT + NOISE)
    left = tl.load(here + LEFT * GROUP, mask=is_row, other=0.0)
    right = tl.load(here + RIGHT * GROUP, mask=is_row, other=0.0)
    n_left_out = tl.zeros([CENTERS], tl.int32)
    for chunk in range(0, NOISE, TILE):
        p = chunk + tl.arange(0, TILE)
        noise = tl.load(words + TEXT + p)
        times = tl.zeros([CENTERS, TILE], tl.float32)
        for near in range(0, CENTERS + 2 * WINDOW, TILE):
            column = start + near + tl.arange(0, TILE)
            word = tl.load(words + column, mask=column < TEXT, other=0)
            inside = (column[None, :] >= left[:, None]) & (column[None, :] < right[:, None])
            inside &= column[None, :] != (WINDOW + g)[:, None]
            same = word[:, None] == noise[None, :]
            times = tl.dot(inside.to(tl.float16), same.to(tl.float16), times)
        is_out = ((times > 0) & (p < POOL)[None, :]).to(tl.int32)
        n_left_out += tl.sum(is_out, axis=1)
        place = (row * GROUP + g)[:, None] * NOISE + p[None, :]
        tl.store(left_out + place, is_out.to(tl.int8), mask=is_row[:, None])
    weight = tl.load(here + WEIGHT * GROUP, mask=is_row, other=0.0)
    n_contexts = tl.where(right > left, right - left - 1, 0.0)
    total = n_contexts + weight * (POOL - n_left_out).to(tl.float32)
    tl.store(here + TOTAL * GROUP, total, mask=is_row)
