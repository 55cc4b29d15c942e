"""The reference engine: autograd and torch.optim, on any device."""

import torch

from w2v.config import UsageError
from w2v.model import SkipGram, masked_bce


def choose_device(name):
    """The torch.device for `--device`: auto is cuda, else mps, else cpu.

    Raises:
        UsageError: the device is not there.
    """
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        name = next(device for device in there if there[device])
    if not there[name]:
        usable = ", ".join(device for device, is_there in there.items() if is_there)
        raise UsageError(f"--device is {name}, which torch does not find here; there is {usable}")
    return torch.device(name)


class TorchEngine:
    """Trains by backpropagation.

    Args:
        in_vectors, out_vectors: (V, D) float32 arrays, the first tables; copied.
        config: optimizer, device and workers.
    """

    def __init__(self, in_vectors, out_vectors, config):
        self.device = choose_device(config.device)
        if config.workers:
            torch.set_num_threads(config.workers)
        tables = (torch.tensor(table, device=self.device) for table in (in_vectors, out_vectors))
        self.model = SkipGram(*tables)
        self.optimizer = self._make_optimizer(config.optimizer)

    def _make_optimizer(self, name):
        parameters = self.model.parameters()
        if name == "sgd":
            return torch.optim.SGD(parameters, lr=0.0)
        return torch.optim.Adam(parameters, lr=0.0, fused=self.device.type != "mps")

    @property
    def description(self):
        return f"torch on {self.device.type}"

    def train(self, windows, first_batch, lrs):
        """Do len(lrs) updates, each on the next batch.

        Args:
            windows: w2v.batches.Windows.  first_batch: number of the first one.
            lrs: (n,) float64, the learning rate of each update.
        Returns:
            The sum of the windows' losses, a float64 in nats.
        """
        total = torch.zeros((), dtype=torch.float64, device=_summing_device(self.device))
        for number, lr in enumerate(lrs, start=first_batch):
            total += self.step(windows.batch(number), lr)
        return total.item()

    def step(self, batch, lr):
        """One update on the sum of a Batch's window losses; returns that sum, on the device."""
        centers, contexts_negatives, mask, labels = (self._to_device(part) for part in batch)
        for group in self.optimizer.param_groups:
            group["lr"] = float(lr)
        self.optimizer.zero_grad()
        losses = masked_bce(self.model(centers, contexts_negatives), labels, mask)
        losses.sum().backward()
        self.optimizer.step()
        return losses.detach().to(_summing_device(self.device)).sum(dtype=torch.float64)

    def _to_device(self, array):
        tensor = torch.from_numpy(array)
        if self.device.type != "cuda":
            return tensor.to(self.device)
        return tensor.pin_memory().to(self.device, non_blocking=True)

    def tables(self):
        """in_vectors, out_vectors: (V, D) float32 arrays; views, where the engine's memory is."""
        embeddings = self.model.center, self.model.context
        return tuple(embedding.weight.detach().cpu().numpy() for embedding in embeddings)


def _summing_device(device):
    """MPS knows no float64."""
    return torch.device("cpu") if device.type == "mps" else device
