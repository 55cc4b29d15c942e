"""The reference engine: autograd and torch.optim, on any device."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch

from w2v.batches.batch import Batch
from w2v.config import Config
from w2v.engines.base import Engine, Floats, SomeGroups, Steps
from w2v.errors import UsageError
from w2v.model import SkipGram, masked_bce


def choose_device(name: str) -> torch.device:
    """The torch.device for `--device`: auto is cuda, else mps, else cpu.

    Raises:
        UsageError: the device is not there.
    """
    is_there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        name = next(device for device in is_there if is_there[device])
    if not is_there[name]:
        usable = ", ".join(device for device in is_there if is_there[device])
        raise UsageError(f"--device is {name}, which torch does not find here; there is {usable}")
    return torch.device(name)


class TorchEngine(Engine[SomeGroups]):
    """Trains by backpropagation, on any Groups.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: optimizer, device and workers.
        steps: (2, V) float32, the share of the rate that each row takes, or None: 1.
    """

    def __init__(
        self,
        in_vectors: Floats,
        out_vectors: Floats,
        config: Config,
        steps: Steps | None = None,
    ) -> None:
        self.device = choose_device(config.device)
        if config.workers:
            torch.set_num_threads(config.workers)
        tables = (torch.tensor(table, device=self.device) for table in (in_vectors, out_vectors))
        self.model = SkipGram(*tables)
        self._steps = None
        if steps is not None and (steps != 1).any():
            self._steps = torch.tensor(steps[:, :, None], device=self.device)
        self._averages, self.is_adam = config.method.averages, config.optimizer == "adam"
        self.optimizer = self._make_optimizer()

    def _make_optimizer(self):
        parameters, is_fused = self.model.parameters(), self.device.type != "mps"
        if self.is_adam:
            on_gpu = self.device.type == "cuda"  # its count of steps too, for CUDA graphs
            return torch.optim.Adam(parameters, lr=0.0, fused=is_fused, capturable=on_gpu)
        return torch.optim.SGD(parameters, lr=0.0, fused=is_fused)

    @property
    def description(self) -> str:
        return f"torch on {self.device.type}"

    def train(
        self, groups: SomeGroups, first_batch: int, lrs: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        steps = enumerate(lrs, start=first_batch)
        losses = [self.step(groups.batch(number), lr) for number, lr in steps]
        return torch.stack(losses).cpu().numpy()

    def step(self, batch: Batch, lr: float | torch.Tensor) -> torch.Tensor:
        """One update on a Batch; returns the sum of its windows' losses, on the device.

        What is minimised is the sum of all terms, or of the windows' losses, which are means.

        lr: a number, or a tensor of no dimension on the device.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = lr if torch.is_tensor(lr) else float(lr)
        self.optimizer.zero_grad()
        losses, n_terms = self._losses(batch)
        (losses if self._averages else losses * n_terms).sum().backward()
        if self._steps is not None:  # by a gradient of 0, SGD and Adam leave a row as it is
            gradients = (parameter.grad for parameter in self.model.parameters())
            for gradient, steps in zip(gradients, self._steps, strict=True):
                gradient.mul_(steps)  # type: ignore[union-attr]
        self.optimizer.step()
        return self._sum(losses.detach())

    @torch.no_grad()
    def loss(self, groups: SomeGroups) -> float:
        sums = [self._sum(self._losses(groups.batch(n))[0]) for n in range(groups.n_batches)]
        return float(sum(sums))

    def _losses(self, batch):
        """(N, G) each: the loss of every center, and what its terms count together."""
        centers, entries, labels, mask = (self._to_device(part) for part in batch)
        return masked_bce(self.model(centers, entries), labels, mask), mask.sum(dim=-1)

    def _sum(self, losses):
        return losses.to(_summing_device(self.device)).sum(dtype=torch.float64)

    def _to_device(self, part):
        tensor = torch.as_tensor(part)
        if self.device.type != "cuda" or tensor.is_cuda:
            return tensor.to(self.device)
        return tensor.pin_memory().to(self.device, non_blocking=True)

    def tables(self) -> tuple[Floats, Floats]:
        v, u = (parameter.detach().cpu().numpy() for parameter in self.model.parameters())
        return v, u

    def live_tables(self) -> tuple[torch.Tensor, torch.Tensor]:
        v, u = (parameter.detach() for parameter in self.model.parameters())
        return v, u

    def optimizer_state(self) -> dict[str, Floats]:
        return {
            f"{number}.{name}": torch.atleast_2d(tensor.detach().cpu()).numpy()
            for number, state in self.optimizer.state_dict()["state"].items()
            for name, tensor in state.items()
            if tensor is not None
        }

    def restore(self, optimizer_state: Mapping[str, Floats]) -> None:
        parameters = list(self.model.parameters())
        kinds = ("step", "exp_avg", "exp_avg_sq") if self.is_adam else ()
        shapes = {
            f"{number}.{kind}": (1, 1) if kind == "step" else tuple(parameter.shape)
            for number, parameter in enumerate(parameters)
            for kind in kinds
        }
        if {name: array.shape for name, array in optimizer_state.items()} != shapes:
            raise ValueError("the optimizer's state is not there")
        whole = self.optimizer.state_dict()
        for key, array in optimizer_state.items():
            number, name = key.split(".")
            state, tensor = whole["state"].setdefault(int(number), {}), torch.tensor(array)
            state[name] = tensor.reshape(()) if name == "step" else tensor
        self.optimizer.load_state_dict(whole)


def _summing_device(device):
    """MPS knows no float64."""
    return torch.device("cpu") if device.type == "mps" else device
