"""The batcher for a GPU: the text lives there, and so do subsampling, shuffling and the groups.

Everything equals what `CpuBatcher` makes, bit for bit: the draws are the same integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import triton

from w2v.batches.batch import Batch
from w2v.batches.batcher import (
    GPU_BLOCKS,
    CpuGroups,
    EpochKeys,
    Groups,
    batch_groups,
    draws_of,
)
from w2v.batches.draw_groups import Draws
from w2v.batches.gpu_draws import shuffled
from w2v.batches.gpu_groups import (
    STEPS_AT_ONCE,
    TILE,
    WORDS_AT_ONCE,
    DrawnGroups,
    Sizes,
    draw_groups,
    leave_out,
    without_gaps,
)
from w2v.batches.gpu_subsampling import subsample
from w2v.batches.noise import noise_table
from w2v.batches.subsampling import keep_thresholds
from w2v.config import Config
from w2v.text.encoded import EncodedText


class GpuBatcher:
    """The Batcher on a Config's device, where the first GPU_BLOCKS of the text are kept.

    Args:
        text, counts, config: as CpuBatcher's, and the config's device.
    """

    def __init__(self, text: EncodedText, counts: npt.NDArray[np.int64], config: Config) -> None:
        self.text, self._config, self._device = text, config, torch.device(config.device)
        self._noise = noise_table(counts, config.ns_exponent)
        keep = keep_thresholds(counts, config.sample)
        self._keep_there = self._there(keep.view(np.int64))
        self._noise_there = self._there(self._noise.view(np.int32))
        self._blocks_there: dict[int, torch.Tensor] = {}

    def _there(self, array):
        return torch.from_numpy(array).to(self._device)

    def _block(self, number):
        there = self._blocks_there.get(number)
        if there is None:
            there = self._there(self.text.blocks[number])
            if number < GPU_BLOCKS:
                self._blocks_there[number] = there
        return there

    def groups(self, epoch: int, block: int) -> GpuGroups:
        config, keys = self._config, EpochKeys.of(self._config, epoch)
        first = self.text.first_position(block)
        tokens = subsample(self._block(block), first, keys.subsample, self._keep_there)
        n_groups = -(-len(tokens) // config.group_size)
        order = shuffled(keys.order, first, n_groups, self._device)
        draws = draws_of(config, keys, first, self._noise)
        n, sizes = batch_groups(config), Sizes.of(config)
        return GpuGroups(tokens, order, self._noise_there, draws, n, sizes)


@dataclass(frozen=True)
class GpuGroups(Groups):
    """Groups as tensors on the device.

    tokens, order: as CpuGroups'.  noise: (V-1, 2) int32, the bits of the noise table.
    """

    tokens: torch.Tensor
    order: torch.Tensor
    noise: torch.Tensor
    draws: Draws
    batch_groups: int
    sizes: Sizes

    def batch(self, number: int) -> Batch:
        """The Batch of `CpuGroups.batch`, as tensors on the device."""
        first = number * self.batch_groups
        ahead = GroupsAhead(min(self.batch_groups, len(self.order) - first), self)
        ahead.load(self, first, first + ahead.n_groups)
        ahead.draw()
        return without_gaps(ahead.drawn.as_batch(self.sizes))

    def expected_pairs(self) -> float:
        tokens, order = self.tokens.cpu().numpy(), self.order.cpu().numpy()
        return CpuGroups(tokens, order, self.draws, self.batch_groups).expected_pairs()


class GroupsAhead:
    """Room on a device for the groups that are drawn together, at addresses that never change.

    A CUDA graph repeats what it has recorded, at the same addresses; so what groups are drawn from
    is copied here, and which are drawn next is read from the device, not from the host.

    Args:
        n_groups: how many are drawn together.
        groups: GpuGroups for which there must be room; those of other blocks mostly fit, too.

    drawn: DrawnGroups, those drawn last.
    position: (1,) int64: how many of the groups loaded were drawn before these.
    end: (1,) int64: how many were loaded.
    """

    def __init__(self, n_groups: int, groups: GpuGroups) -> None:
        self.n_groups, self.sizes, self._device = n_groups, groups.sizes, groups.tokens.device
        self.drawn = DrawnGroups.zeros(n_groups, self.sizes, self._device)
        self.position, self.end, self._n_tokens = self._zeros((3, 1), torch.int64)
        room = triton.next_power_of_2(max(1, len(groups.tokens)))
        self._tokens = self._zeros(room, torch.int32)
        self._order = self._zeros(-(-room // self.sizes.group), torch.int64)
        self._drawn_with = self._zeros(3, torch.int64)
        self._noise = torch.empty_like(groups.noise)

    def _zeros(self, shape, kind):
        return torch.zeros(shape, dtype=kind, device=self._device)

    def has_room(self, groups: GpuGroups) -> bool:
        """Whether `load` may be called with these groups of the same Config."""
        fits = groups.noise.shape == self._noise.shape
        return fits and len(groups.tokens) <= len(self._tokens)

    def load(self, groups: GpuGroups, first: int, end: int) -> None:
        """Make numbers `first` to `end` - 1 of the order of training what is drawn next."""
        draws, n_tokens = groups.draws, len(groups.tokens)
        self._tokens[:n_tokens].copy_(groups.tokens)
        self._order[: end - first].copy_(groups.order[first:end])
        self._noise.copy_(groups.noise)
        keys = np.array([draws.radius_key, draws.noise_key], np.uint64)
        drawn_with = [draws.first_position, *keys.view(np.int64).tolist()]
        self._drawn_with.copy_(torch.tensor(drawn_with))
        self._n_tokens.fill_(n_tokens)
        self.position.zero_()
        self.end.fill_(end - first)

    def draw(self) -> None:
        """Fill `drawn` with the groups from `position` on. Behind `end`, it is left as it is."""
        sizes = self.sizes
        near = triton.next_power_of_2(sizes.window)
        at_once = min(triton.next_power_of_2(sizes.group), max(1, STEPS_AT_ONCE // near))
        layout = {
            "GROUP": sizes.group, "WINDOW": sizes.window, "POOL": sizes.pool, "TEXT": sizes.text,
            "NOISE": sizes.noise,
        }  # fmt: skip
        draw_groups[(self.n_groups,)](
            self._tokens, self._n_tokens, self._order, self.position, self.end, self._drawn_with,
            self._noise, len(self._noise), self.drawn.entries, self.drawn.per_center,
            NEGATIVE=sizes.negative, CENTERS=at_once, REACH=near, WORDS=WORDS_AT_ONCE, **layout,
        )  # fmt: skip
        if sizes.group > 1:
            leave_out[(self.n_groups, triton.cdiv(sizes.group, sizes.centers))](
                self.position, self.end, *self.drawn, CENTERS=sizes.centers, TILE=TILE, **layout
            )

    def advance(self) -> None:
        """What is drawn next are the groups after these."""
        self.position += self.n_groups
