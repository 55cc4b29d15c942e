"""The fused engine for NVIDIA GPUs, in Triton: the minibatch update of autograd, on the device.

A batch takes two kernels. `differentiate`, a program a window: logits against tables that nobody
changes, the loss, and every term of the gradient, added to `sums`. `apply`, a program for some
rows: one step of the optimiser on the rows that have a sum. So the result is the minibatch's. To
add in any order and still get the same bits each time, sums are whole numbers, of 2⁻⁴⁰; with
--no-deterministic they are float32.

Windows are drawn for some batches ahead, and all kernels of those batches are one CUDA graph. It
asks nothing of the host: a batch's number and its learning rate are read on the device.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
import triton

from w2v.batches.batch import max_entries
from w2v.batches.gpu_batcher import GpuWindows, Slab
from w2v.config import Config
from w2v.engines.base import GPU_CALL_CENTERS, Engine, Floats
from w2v.engines.cuda_graph import Graph, Recorded
from w2v.engines.cuda_kernels import BETA_1, BETA_2, apply, differentiate

SLAB_ENTRIES = 2**21  # entries drawn ahead, at least those of one batch
MOST_BATCHES = 64  # in a CUDA graph

WIDTH = 128  # dimensions in a slice; a slice of a window's entries stays in registers
ENTRIES = 32  # entries taken at a time
ROWS = 16  # rows that a program of `apply` takes
SECTOR = 8  # floats in the 32 bytes that memory moves at least; rows are whole sectors


class CudaEngine(Engine[GpuWindows]):
    """SGD or Adam on one GPU.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: optimizer, batch_size, window, negative, deterministic and device.
    """

    call_centers = GPU_CALL_CENTERS

    def __init__(self, in_vectors: Floats, out_vectors: Floats, config: Config) -> None:
        self._config, self._device = config, torch.device(config.device)
        self.n_words, self.vector_size = in_vectors.shape
        self._stride = -(-self.vector_size // SECTOR) * SECTOR
        shape = (2 * self.n_words, self._stride)
        self._rows = self._zeros(shape)  # in_vectors, then out_vectors
        self._in, self._out = self._rows.view(2, self.n_words, -1)[:, :, : self.vector_size]
        self._in.copy_(torch.tensor(in_vectors))
        self._out.copy_(torch.tensor(out_vectors))
        self._sums = self._zeros(shape, torch.int64 if config.deterministic else torch.float32)
        self._stamps = self._zeros(shape[0], torch.int32)
        self._stamp, self._begin = self._zeros((2, 1), torch.int64)
        self._is_adam = config.optimizer == "adam"
        self._moments = self._zeros((2, *shape) if self._is_adam else 1)
        self._updates = 0
        widest = max_entries(config.window, config.negative)
        ahead = SLAB_ENTRIES // (widest * config.batch_size)
        self._ahead = min(max(ahead, 1), MOST_BATCHES)  # batches whose windows are drawn at once
        self._recorded: Recorded | None = None
        self._rates, self._losses = self._zeros(0), self._zeros(0)

    def _zeros(self, shape, kind=torch.float32):
        return torch.zeros(shape, dtype=kind, device=self._device)

    @property
    def description(self) -> str:
        gpu = self._device.type == "cuda"
        return f"cuda, {torch.cuda.get_device_name()}" if gpu else "cuda, interpreted on the CPU"

    def train(
        self, windows: GpuWindows, first_batch: int, lrs: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        n, size = len(lrs), self._config.batch_size
        slab, update_all = self._recorded_for(windows, n)
        first = first_batch * size
        slab.load(windows, first, first + windows.n_centers(first_batch, n))
        self._start(first, lrs)
        for _ in range(0, n, self._ahead):
            update_all()
        return self._losses.view(-1, size)[:n].sum(dim=1, dtype=torch.float64).cpu().numpy()

    def loss(self, windows: GpuWindows) -> float:
        (slab, _), n = self._recorded_for(windows, 1), len(windows)
        slab.load(windows, 0, n)
        self._begin.fill_(0)
        losses = self._zeros(n)
        for _ in range(0, n, slab.n_windows):
            slab.draw()
            self._differentiate(slab, slab.n_windows, 0, losses, trains=False)
            slab.advance()
        return float(losses.sum(dtype=torch.float64))

    def tables(self) -> tuple[Floats, Floats]:
        return self._in.cpu().numpy(), self._out.cpu().numpy()

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

    def _recorded_for(self, windows, n_batches):
        """A Slab, and the Graph of its updates, with room for rates and losses of n_batches.

        New ones are made only where the old ones are too small; the old ones are freed first.
        """
        size = self._config.batch_size
        recorded, has_rates = self._recorded, n_batches <= len(self._rates)
        if recorded is not None and recorded.slab.has_room(windows) and has_rates:
            return recorded
        self._recorded = recorded = None
        n_batches = max(n_batches, self.call_centers // size)
        self._rates = self._zeros((n_batches, 2))
        self._losses = self._zeros(n_batches * size)
        slab = Slab(self._ahead * size, windows)  # its `end` is 0: recording changes nothing
        self._recorded = Recorded(slab, Graph(lambda: self._update_all(slab), self._device))
        return self._recorded

    def _start(self, first, lrs):
        """Begin updates at these rates with window number `first`."""
        updates = self._updates + np.arange(1, len(lrs) + 1)
        root = np.zeros(len(lrs))
        if self._is_adam:
            lrs = lrs / (1 - BETA_1.value**updates)
            root = 1 / np.sqrt(1 - BETA_2.value**updates)
        rates = torch.from_numpy(np.stack([lrs, root], axis=1).astype(np.float32))
        self._rates[: len(lrs)].copy_(rates)
        self._losses.zero_()
        self._begin.fill_(first)
        self._stamp.fill_(self._updates)
        self._updates += len(lrs)

    def _update_all(self, slab):
        """Draw windows into the slab, and do an update on each of their batches."""
        slab.draw()
        for batch in range(self._ahead):
            self._update(slab, batch * self._config.batch_size)
        slab.advance()

    def _update(self, slab, first):
        """One update on the batch that begins at row `first` of the slab."""
        size = self._config.batch_size
        self._differentiate(slab, size, first, self._losses, trains=True)
        n_rows = len(self._rows)
        apply[(triton.cdiv(n_rows, ROWS),)](
            slab.next, slab.end, self._begin, first, self._rows, n_rows, self._sums, self._stamps,
            self._stamp, self._rates, self._moments, IS_EXACT=self._config.deterministic,
            IS_ADAM=self._is_adam, BATCH=size, ROWS=ROWS, **self._slices,
        )  # fmt: skip

    def _differentiate(self, slab, n_windows, first, losses, trains):
        differentiate[(n_windows,)](
            slab.next, slab.end, self._begin, *slab.rows, first, self._rows, self.n_words,
            self._sums, self._stamps, self._stamp, losses, TRAINS=trains,
            IS_EXACT=self._config.deterministic, BATCH=self._config.batch_size,
            WIDEST=slab.max_entries,
            ENTRIES=min(ENTRIES, triton.next_power_of_2(slab.max_entries)), **self._slices,
        )  # fmt: skip

    @property
    def _slices(self):
        width = min(WIDTH, triton.next_power_of_2(self._stride))
        return {"STRIDE": self._stride, "SLICES": -(-self._stride // width), "WIDTH": width}
