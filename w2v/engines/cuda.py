"""The fused engine for NVIDIA GPUs, in Triton: the minibatch update of autograd, on the device.

A batch takes two kernels. `differentiate`, a program a tile of a group: logits against tables that
nobody changes, the loss, and the gradient of the rows, added to `sums`. Then, when no program reads
a row any more, `apply_sgd`, for the rows that the batch has, or `apply_adam`: one step of the
optimiser. So the result is the minibatch's. To add in any order and still get the same bits each
time, sums are whole numbers, of 2⁻⁴⁰; with --no-deterministic they are float32.

A group is cut into tiles because a batch of 512 windows has 16 groups, and a large GPU 132
multiprocessors. The centers' rows are gathered, and added to, once a tile for that, the entries'
once a group.

Groups are drawn for some batches ahead, and all kernels of those batches are one CUDA graph. It
asks nothing of the host: a batch's number and its learning rate are read on the device.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
import triton

from w2v.batches.batcher import batch_groups
from w2v.batches.gpu_batcher import GpuGroups, GroupsAhead
from w2v.batches.gpu_groups import TILE, Sizes
from w2v.config import Config
from w2v.engines.base import GPU_CALL_CENTERS, Engine, Floats, Steps
from w2v.engines.cuda_graph import Graph, Recorded
from w2v.engines.cuda_kernels import BETA_1, BETA_2, apply_adam, apply_sgd, differentiate

AHEAD_BYTES = 2**25  # of groups drawn ahead, at least those of one batch
MOST_BATCHES = 64  # in a CUDA graph

# Columns of rows that differentiate takes at a time, and the most that the applying kernels do:
# compiled for compute capability 9.0, more do not fit into the registers.
WIDTH, APPLIED_WIDTH = 32, 128
# Slices are few, so loading them ahead of time gains nothing, and takes registers and memory.
OPTIONS = {"num_warps": 8, "num_stages": 1}  # of differentiate
ROWS = 16  # rows that a program of apply_sgd or apply_adam takes
SECTOR = 8  # floats in the 32 bytes that memory moves at least; rows are whole sectors


class CudaEngine(Engine[GpuGroups]):
    """SGD or Adam on one GPU.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: optimizer, batch_size, group, noise_pool, window, negative, deterministic and
            device.
        steps: (2, V) float32, the share of the rate that each row takes, or None: 1.
    """

    call_centers = GPU_CALL_CENTERS

    def __init__(
        self,
        in_vectors: Floats,
        out_vectors: Floats,
        config: Config,
        steps: Steps | None = None,
    ) -> None:
        self._config, self._device = config, torch.device(config.device)
        self._sizes, self._batch_groups = Sizes.of(config), batch_groups(config)
        self.n_words, self.vector_size = in_vectors.shape
        self._stride = -(-self.vector_size // SECTOR) * SECTOR
        shape = (2 * self.n_words, self._stride)
        self._table = self._zeros(shape)  # in_vectors, then out_vectors
        self._in, self._out = self._table.view(2, self.n_words, -1)[:, :, : self.vector_size]
        self._in.copy_(torch.tensor(in_vectors))
        self._out.copy_(torch.tensor(out_vectors))
        self._sums = self._zeros(shape, torch.int64 if config.deterministic else torch.float32)
        self._last_update = self._zeros(shape[0], torch.int32)
        self._steps = torch.ones(shape[0], device=self._device)
        if steps is not None:
            self._steps.copy_(torch.tensor(steps.ravel()))
        self._is_adam = config.optimizer == "adam"
        self._moments = self._zeros((2, *shape) if self._is_adam else 1)
        self._updates, self._updates_there = 0, self._zeros(1, torch.int64)
        group_bytes = self._sizes.group_bytes * self._batch_groups
        self._n_ahead = min(max(AHEAD_BYTES // group_bytes, 1), MOST_BATCHES)  # batches
        self._recorded: Recorded | None = None
        self._rates = self._zeros(0)
        self._losses = self._zeros((self._n_ahead, self._batch_groups, self._sizes.tiles))
        self._batch_losses = self._zeros(self._n_ahead, torch.float64)

    def _zeros(self, shape, kind=torch.float32):
        return torch.zeros(shape, dtype=kind, device=self._device)

    @property
    def description(self) -> str:
        gpu = self._device.type == "cuda"
        return f"cuda, {torch.cuda.get_device_name()}" if gpu else "cuda, interpreted on the CPU"

    def train(
        self, groups: GpuGroups, first_batch: int, lrs: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        n, first = len(lrs), first_batch * self._batch_groups
        ahead, update_all = self._recorded_for(groups, n)
        ahead.load(groups, first, min(first + n * self._batch_groups, len(groups.order)))
        self._start(lrs)
        losses = self._zeros(n, torch.float64)
        for begin in range(0, n, self._n_ahead):
            update_all()
            here = losses[begin : begin + self._n_ahead]
            here.copy_(self._batch_losses[: len(here)])
        return losses.cpu().numpy()

    def loss(self, groups: GpuGroups) -> float:
        ahead, _ = self._recorded_for(groups, 1)
        ahead.load(groups, 0, len(groups.order))
        total = self._zeros((), torch.float64)
        for _ in range(0, len(groups.order), ahead.n_groups):
            ahead.draw()
            self._losses.zero_()
            self._differentiate(ahead, 0, ahead.n_groups, trains=False)
            total += self._losses.sum(dtype=torch.float64)
            ahead.advance()
        return float(total)

    def tables(self) -> tuple[Floats, Floats]:
        return self._in.cpu().numpy(), self._out.cpu().numpy()

    def live_tables(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self._in, self._out

    def optimizer_state(self) -> dict[str, Floats]:
        if not self._is_adam:
            return {}
        moments = self._moments[:, :, : self.vector_size].cpu().numpy()
        updates = np.array([[self._updates]], np.float32)
        return {"updates": updates, "first_moments": moments[0], "second_moments": moments[1]}

    def restore(self, optimizer_state: Mapping[str, Floats]) -> None:
        wanted = {name: state.shape for name, state in self.optimizer_state().items()}
        if {name: state.shape for name, state in optimizer_state.items()} != wanted:
            raise ValueError("the optimizer's state is not there")
        if self._is_adam:
            self._updates = int(optimizer_state["updates"].item())
            for number, name in enumerate(("first_moments", "second_moments")):
                moments = torch.from_numpy(np.array(optimizer_state[name]))
                self._moments[number, :, : self.vector_size].copy_(moments)

    def _recorded_for(self, groups, n_batches):
        """GroupsAhead, and the Graph of updates on them, with room for the rates of n_batches.

        New ones are made only where the old ones are too small; the old ones are freed first.
        """
        recorded, has_rates = self._recorded, n_batches <= len(self._rates)
        if recorded is not None and recorded.ahead.has_room(groups) and has_rates:
            return recorded
        self._recorded = recorded = None
        n_batches = max(n_batches, self.call_centers // self._config.batch_size)
        self._rates = self._zeros((n_batches, 2))
        ahead = GroupsAhead(self._n_ahead * self._batch_groups, groups)  # none: warming up is void
        self._recorded = Recorded(ahead, Graph(lambda: self._update_all(ahead), self._device))
        return self._recorded

    def _start(self, lrs):
        """Begin updates at these rates."""
        updates = self._updates + np.arange(1, len(lrs) + 1)
        root = np.zeros(len(lrs))
        if self._is_adam:
            lrs = lrs / (1 - BETA_1.value**updates)
            root = 1 / np.sqrt(1 - BETA_2.value**updates)
        rates = torch.from_numpy(np.stack([lrs, root], axis=1).astype(np.float32))
        self._rates[: len(lrs)].copy_(rates)
        self._updates_there.fill_(self._updates)
        self._updates += len(lrs)

    def _update_all(self, ahead):
        """Draw the groups of some batches, and do an update on each."""
        ahead.draw()
        self._losses.zero_()
        for batch in range(self._n_ahead):
            first = batch * self._batch_groups
            self._differentiate(ahead, first, self._batch_groups, trains=True)
            self._apply(ahead, first)
        torch.sum(self._losses, dim=(1, 2), dtype=torch.float64, out=self._batch_losses)
        ahead.advance()

    def _differentiate(self, ahead, first, n_groups, trains):
        sizes = self._sizes
        differentiate[(n_groups, sizes.tiles)](
            ahead.position, ahead.end, first, *ahead.drawn, self._table, self.n_words, self._sums,
            self._losses, TRAINS=trains, AVERAGES=self._config.method.averages, GROUP=sizes.group,
            WINDOW=sizes.window, TEXT=sizes.text, NOISE=sizes.noise, CENTERS=sizes.centers,
            TILE=TILE, **self._slices(WIDTH), **OPTIONS,
        )  # fmt: skip

    def _apply(self, ahead, first):
        """One step of the optimiser on the batch that begins at row `first` of those drawn."""
        sizes, n_rows = self._sizes, len(self._table)
        if self._is_adam:
            apply_adam[(triton.cdiv(n_rows, ROWS),)](
                ahead.position, ahead.end, first, self._table, n_rows, self._sums, self._moments,
                self._steps, self._rates, BATCH=self._batch_groups, ROWS=ROWS,
                **self._slices(APPLIED_WIDTH),
            )  # fmt: skip
            return
        apply_sgd[(self._batch_groups, triton.cdiv(sizes.entries + sizes.group, ROWS))](
            ahead.position, ahead.end, first, ahead.drawn.entries, self._table, self.n_words,
            self._sums, self._last_update, self._updates_there, self._steps, self._rates,
            BATCH=self._batch_groups, GROUP=sizes.group, WINDOW=sizes.window,
            ENTRIES=sizes.entries, WORDS=ROWS, **self._slices(APPLIED_WIDTH),
        )  # fmt: skip

    def _slices(self, most):
        """How kernels take rows: in slices of at most so many columns."""
        width = min(most, max(16, triton.next_power_of_2(self._stride)))  # tl.dot takes no fewer
        slices = {"STRIDE": self._stride, "SLICES": -(-self._stride // width), "WIDTH": width}
        return {"IS_EXACT": self._config.deterministic, **slices}
