"""The batcher for a GPU: the text lives there, and so do subsampling, shuffling and the windows.

Everything equals what `CpuBatcher` makes for groups of one center, bit for bit: the draws are the
same integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import triton

from w2v.batches.batch import Batch, max_entries
from w2v.batches.batcher import CpuGroups, EpochKeys, Groups
from w2v.batches.draw_groups import Draws
from w2v.batches.gpu_draws import shuffled
from w2v.batches.gpu_subsampling import subsample
from w2v.batches.gpu_windows import NOISE_AT_ONCE, GpuRows, draw_rows
from w2v.batches.noise import noise_table
from w2v.batches.subsampling import keep_thresholds
from w2v.config import Config
from w2v.text.vocab import EncodedText


class GpuBatcher:
    """The Batcher on a Config's device, where the text, 4 bytes a token, is kept.

    Args:
        text, counts, config: as CpuBatcher's, and the config's device.
    """

    def __init__(self, text: EncodedText, counts: npt.NDArray[np.int64], config: Config) -> None:
        self.text, self._config, self._device = text, config, torch.device(config.device)
        self._noise = noise_table(counts, config.ns_exponent)
        keep = keep_thresholds(counts, config.sample)
        self._keep_there = self._there(keep.view(np.int64))
        self._noise_there = self._there(self._noise.view(np.int32))
        self._blocks_there = [self._there(block) for block in text.blocks]

    def _there(self, array):
        return torch.from_numpy(array).to(self._device)

    def groups(self, epoch: int, block: int) -> GpuWindows:
        config, keys = self._config, EpochKeys.of(self._config, epoch)
        first = self.text.first_position(block)
        tokens = subsample(self._blocks_there[block], first, keys.subsample, self._keep_there)
        order = shuffled(keys.order, first, len(tokens), self._device)
        draws = Draws(
            first, keys.radius, keys.noise, self._noise, config.window, config.negative, 1, 0
        )
        return GpuWindows(tokens, order, self._noise_there, draws, config.batch_size)


@dataclass(frozen=True)
class GpuWindows(Groups):
    """Groups of one center, which are windows, as tensors on the device.

    tokens, order: as CpuGroups'.  noise: (V-1, 2) int32, the bits of the noise table.
    """

    tokens: torch.Tensor
    order: torch.Tensor
    noise: torch.Tensor
    draws: Draws
    batch_groups: int

    def batch(self, number: int) -> Batch:
        """The Batch of `CpuGroups.batch`, as tensors on the device."""
        slab = Slab(self.n_centers(number, 1), self)
        slab.load(self, number * self.batch_groups, len(self))
        slab.draw()
        return slab.rows.as_batch(int(slab.rows.n_entries.max()))

    def expected_pairs(self) -> float:
        tokens, order = self.tokens.cpu().numpy(), self.order.cpu().numpy()
        return CpuGroups(tokens, order, self.draws, self.batch_groups).expected_pairs()


class Slab:
    """Room on a device for the windows that are drawn together, at addresses that never change.

    A CUDA graph repeats what it has recorded, at the same addresses; so the windows are copied
    here, and where the next draw begins is read from the device, not from the host.

    Args:
        n_windows: how many are drawn together.
        windows: GpuWindows for which there must be room; those of other blocks mostly fit, too.

    rows: GpuRows, the windows drawn last.
    next: (1,) int64, the first window to draw.  end: (1,) int64, no window from here on is drawn.
    """

    def __init__(self, n_windows: int, windows: GpuWindows) -> None:
        draws, self._device = windows.draws, windows.tokens.device
        self.n_windows, self._window, self._negative = n_windows, draws.window, draws.negative
        self.max_entries = max_entries(draws.window, draws.negative)
        self.rows = GpuRows.zeros(n_windows, self.max_entries, self._device)
        self.next, self.end, self._n_tokens = self._zeros((3, 1), torch.int64)
        room = triton.next_power_of_2(max(1, len(windows.tokens)))
        self._tokens = self._zeros(room, torch.int32)
        self._order = self._zeros(room, torch.int64)
        self._drawn_with = self._zeros(3, torch.int64)
        self._noise = torch.empty_like(windows.noise)

    def _zeros(self, shape, kind):
        return torch.zeros(shape, dtype=kind, device=self._device)

    def has_room(self, windows: GpuWindows) -> bool:
        """Whether `load` may be called with these windows of the same Config."""
        fits = windows.noise.shape == self._noise.shape
        return fits and len(windows.tokens) <= len(self._tokens)

    def load(self, windows: GpuWindows, first: int, end: int) -> None:
        """Make the windows `first` to `end` - 1 what is drawn next."""
        n, draws = len(windows.tokens), windows.draws
        self._tokens[:n].copy_(windows.tokens)
        self._order[:n].copy_(windows.order)
        self._noise.copy_(windows.noise)
        keys = np.array([draws.radius_key, draws.noise_key], np.uint64)
        drawn_with = [draws.first_position, *keys.view(np.int64).tolist()]
        self._drawn_with.copy_(torch.tensor(drawn_with))
        self._n_tokens.fill_(n)
        self.next.fill_(first)
        self.end.fill_(end)

    def draw(self) -> None:
        """Fill `rows` with the windows from `next` on. Those from `end` on are left as they are."""
        draw_rows[(self.n_windows,)](
            self._tokens, self._n_tokens, self._order, self.next, self.end, self._drawn_with,
            self._noise, len(self._noise), *self.rows,
            WINDOW=self._window, REACH=triton.next_power_of_2(self._window),
            NEGATIVE=self._negative, WIDEST=self.max_entries, NOISE=NOISE_AT_ONCE,
        )  # fmt: skip

    def advance(self) -> None:
        """What is drawn next are the windows after these."""
        self.next += self.n_windows
