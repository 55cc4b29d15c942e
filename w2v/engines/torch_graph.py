"""The torch engine on a GPU, without the host: draw, forward, backward and optimiser as one graph.

It takes TorchEngine's steps. Only the kernels are launched from a CUDA graph instead of from
Python, which takes longer to launch one than the kernel runs.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch

from w2v.batches.batcher import batch_groups
from w2v.batches.gpu_batcher import GpuGroups, GroupsAhead
from w2v.config import Config
from w2v.engines.base import GPU_CALL_CENTERS, Floats, Steps
from w2v.engines.cuda_graph import WARM_UPS, Graph, Recorded
from w2v.engines.torch import TorchEngine


class GraphedTorchEngine(TorchEngine[GpuGroups]):
    """Trains by backpropagation; a batch that lacks groups, without the graph."""

    call_centers = GPU_CALL_CENTERS

    def __init__(
        self,
        in_vectors: Floats,
        out_vectors: Floats,
        config: Config,
        steps: Steps | None = None,
    ) -> None:
        super().__init__(in_vectors, out_vectors, config, steps)
        self._batch_groups = batch_groups(config)
        self._recorded: Recorded | None = None
        n_batches = max(WARM_UPS, self.call_centers // config.batch_size)
        self._rates = torch.zeros(n_batches, device=self.device)
        self._totals = torch.zeros(n_batches, dtype=torch.float64, device=self.device)
        self._number = torch.zeros(1, dtype=torch.int64, device=self.device)
        self._rate = torch.zeros((), device=self.device)

    def train(
        self, groups: GpuGroups, first_batch: int, lrs: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        n_full = min(len(lrs), max(0, len(groups.order) // self._batch_groups - first_batch))
        losses = []
        for begin in range(0, n_full, len(self._rates)):
            end = min(begin + len(self._rates), n_full)
            losses.append(self._replay(groups, first_batch + begin, lrs[begin:end]))
        if n_full < len(lrs):
            losses.append(super().train(groups, first_batch + n_full, lrs[n_full:]))
        return torch.cat([torch.as_tensor(part) for part in losses]).numpy()

    def restore(self, optimizer_state: Mapping[str, Floats]) -> None:
        super().restore(optimizer_state)
        self._recorded = None  # the graph changes the tensors that were there before

    def _replay(self, groups, first_batch, lrs):
        """The losses, (n,) float64, of len(lrs) updates on full batches."""
        if self._recorded is None or not self._recorded.ahead.has_room(groups):
            self._recorded = self._record(groups)
        ahead, update = self._recorded
        first, n = first_batch * self._batch_groups, len(lrs)
        ahead.load(groups, first, first + n * self._batch_groups)
        self._rates[:n].copy_(torch.as_tensor(lrs))
        self._number.zero_()
        for _ in range(n):
            update()
        return self._totals[:n].cpu()

    def _record(self, groups):
        ahead = GroupsAhead(self._batch_groups, groups)
        ahead.load(groups, 0, len(groups.order))  # something to warm up on
        self._number.zero_()
        before = [tensor.clone() for tensor in self._state()]
        graph = Graph(lambda: self._draw_and_step(ahead), self.device)
        for tensor, old in zip(self._state(), before, strict=True):
            tensor.copy_(old)
        self.optimizer.zero_grad()
        return Recorded(ahead, graph)

    def _state(self):
        """Every tensor that the next update depends on."""
        if self.is_adam and not self.optimizer.state:  # torch makes it in the first step
            for parameter in self.model.parameters():
                parameter.grad = torch.zeros_like(parameter)
            self.optimizer.step()
            for state in self.optimizer.state.values():
                state["step"].zero_()
        states = [list(state.values()) for state in self.optimizer.state.values()]
        momenta = [tensor for state in states for tensor in state if tensor is not None]
        return [parameter.detach() for parameter in self.model.parameters()] + momenta

    def _draw_and_step(self, ahead):
        ahead.draw()
        torch.index_select(self._rates, 0, self._number, out=self._rate.view(1))
        loss = self.step(ahead.drawn.as_batch(ahead.sizes), self._rate)
        self._totals.index_copy_(0, self._number, loss.view(1))
        self._number += 1
        ahead.advance()
