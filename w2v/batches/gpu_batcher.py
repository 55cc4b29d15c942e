"""The batcher for a GPU: the text lives there, and so do subsampling, shuffling and the windows.

Everything equals what `Batcher` makes, bit for bit: the draws are the same integers.
"""

from dataclasses import dataclass

import numpy as np
import torch
import triton

from w2v.batches import draws, gpu_draws
from w2v.batches.batch import Batch, Rows
from w2v.batches.batcher import Batcher, Windows
from w2v.batches.windows import max_entries
from w2v.text.word_table import SENTENCE_START, WORD_MASK

NOISE_AT_ONCE = 64  # noise words that a program of draw_rows draws side by side


@dataclass(frozen=True)
class ResidentWindows(Windows):
    """Windows whose tokens, order and noise table are tensors on the device."""

    def on_host(self):
        """The same Windows in NumPy arrays."""
        draws = self.draws._replace(noise=self.draws.noise.cpu().numpy().view(np.uint32))
        tokens, order = self.tokens.cpu().numpy(), self.order.cpu().numpy()
        return Windows(tokens, order, self.first_position, draws, self.batch_size)

    def expected_pairs(self):
        return self.on_host().expected_pairs()

    def batch(self, number):
        """The Batch of `Windows.batch`, as tensors on the device."""
        first = number * self.batch_size
        slab = Slab.of(self, self.n_centers(number, 1))
        slab.load(self, first, len(self.order))
        slab.draw()
        return as_batch(slab.rows, int(slab.rows.n_entries.max()))


def as_batch(rows, length):
    """`Batch.from_rows` on a device, where L is `length`."""
    column = torch.arange(length, device=rows.entries.device)
    is_entry = column < rows.n_entries[:, None]
    is_context = column < rows.n_contexts[:, None]
    entries = torch.where(is_entry, rows.entries[:, :length], 0)
    return Batch(rows.centers, entries, is_entry.float(), is_context.float())


class Slab:
    """Room on a device for the windows that are drawn together, at addresses that never change.

    A CUDA graph repeats what it has recorded, at the same addresses; so the windows are copied
    here, and where the next draw begins is read from the device, not from the host.

    rows: Rows of tensors, the windows drawn last.
    next: (1,) int64, the first window to draw.  end: (1,) int64, no window from here on is drawn.
    """

    def __init__(self, n_windows, n_tokens, draws, device):
        self.n_windows, self.draws, self._device = n_windows, draws, device
        widest = max_entries(draws.window, draws.negative)
        empty = Rows.empty(0, widest)
        self.rows = Rows(
            *(self._zeros((n_windows, *part.shape[1:]), torch.int32) for part in empty)
        )
        self.next, self.end, self._n_tokens = self._zeros((3, 1), torch.int64)
        self._tokens = self._zeros(n_tokens, torch.int32)
        self._order = self._zeros(n_tokens, torch.int64)
        self._drawn_with = self._zeros(3, torch.int64)
        self._noise = torch.empty_like(draws.noise, device=device)

    def _zeros(self, shape, kind):
        return torch.zeros(shape, dtype=kind, device=self._device)

    @classmethod
    def of(cls, windows, n_windows):
        """A Slab with room for these ResidentWindows, and a little more."""
        room = triton.next_power_of_2(len(windows.tokens))
        return cls(n_windows, room, windows.draws, windows.tokens.device)

    def has_room(self, windows):
        """Whether `load` may be called with these windows of the same Config."""
        fits = windows.draws.noise.shape == self._noise.shape
        return fits and len(windows.tokens) <= len(self._tokens)

    def load(self, windows, first, end):
        """Make the windows `first` to `end` - 1 of ResidentWindows what is drawn next."""
        n = len(windows.tokens)
        self._tokens[:n].copy_(windows.tokens)
        self._order[:n].copy_(windows.order)
        self._noise.copy_(windows.draws.noise)
        keys = np.array([windows.draws.radius_key, windows.draws.noise_key], np.uint64)
        drawn_with = [windows.first_position, *keys.view(np.int64).tolist()]
        self._drawn_with.copy_(torch.tensor(drawn_with))
        self._n_tokens.fill_(n)
        self.next.fill_(first)
        self.end.fill_(end)

    def draw(self):
        """Fill `rows` with the windows from `next` on. Those from `end` on are left as they are."""
        draws = self.draws
        gpu_draws.draw_rows[(self.n_windows,)](
            self._tokens, self._n_tokens, self._order, self.next, self.end, self._drawn_with,
            self._noise, len(self._noise), *self.rows,
            WINDOW=draws.window, REACH=triton.next_power_of_2(draws.window),
            NEGATIVE=draws.negative, WIDEST=self.rows.entries.shape[1], NOISE=NOISE_AT_ONCE,
        )  # fmt: skip

    def advance(self):
        """What is drawn next are the windows after these."""
        self.next += self.n_windows


class ResidentBatcher(Batcher):
    """A Batcher on a Config's device, where the text, 4 bytes a token, is kept."""

    def __post_init__(self):
        super().__post_init__()
        # To be interpreted, kernels take tensors on the CPU.
        device = torch.device(self.config.device)
        tensors = {
            "_keep": torch.from_numpy(self._keep.view(np.int64)).to(device),
            "_noise": torch.from_numpy(self._noise.view(np.int32)).to(device),
            "_blocks": [torch.from_numpy(block).to(device) for block in self.text.blocks],
        }
        for name, tensor in tensors.items():
            object.__setattr__(self, name, tensor)

    def _subsampled(self, block, first, key):
        return subsample(self._blocks[block], first, key, self._keep)

    def _shuffled(self, key, first, n):
        return shuffled(key, first, n, self._keep.device)

    _windows = ResidentWindows


def subsample(tokens, first_position, key, keep):
    """`batches.subsample` on a device: (M,) int32 from (N,) int32."""
    is_kept = torch.empty(len(tokens), dtype=torch.bool, device=tokens.device)
    gpu_draws.kept[_grid(len(tokens))](
        tokens, len(tokens), first_position, _as_tensor(key, tokens.device), keep, is_kept,
        LANES=gpu_draws.LANES,
    )  # fmt: skip
    sentence = torch.cumsum(tokens < 0, 0)  # from 1
    n_kept = torch.zeros(len(tokens) + 1, dtype=torch.int32, device=tokens.device)
    n_kept.index_add_(0, sentence, is_kept.int())
    is_kept &= n_kept[sentence] > 1
    place = is_kept.nonzero().squeeze(1)  # the host learns how many: an epoch's one wait
    survivors, sentence = tokens[place] & int(WORD_MASK), sentence[place]
    is_first = torch.ones_like(place, dtype=torch.bool)
    is_first[1:] = sentence[1:] != sentence[:-1]
    return torch.where(is_first, survivors | int(SENTENCE_START), survivors)


def shuffled(key, first_position, n, device):
    """`sampling.shuffled` on a device: (n,) int64."""
    keys = torch.empty(n, dtype=torch.int64, device=device)
    if n:
        gpu_draws.order_keys[_grid(n)](
            n, first_position, _as_tensor(key, device), keys, LANES=gpu_draws.LANES
        )
    return torch.sort(keys).values & (2**draws.NUMBER_BITS - 1)


def _grid(n):
    return (triton.cdiv(n, gpu_draws.LANES),)


def _as_tensor(key, device):
    """A uint64 key as a (1,) int64 tensor of the same bits: a kernel has no unsigned arguments."""
    return torch.tensor([key.view(np.int64)], device=device)
