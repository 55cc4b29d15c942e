"""The skip-gram model and its loss, as one writes them in PyTorch."""

import torch
from torch import Tensor, nn
from torch.nn import functional

PADDING = 0  # the id of `<unk>`, which pads batches; its row is never trained


class SkipGram(nn.Module):
    """Two vectors for each word, v as a center and u as a context; the logit of a pair is u·v.

    Args:
        in_vectors:  (V, D) float, v of every word at first.
        out_vectors: (V, D) float, u of every word at first.
    Source: Mikolov et al. 2013 (arXiv:1310.4546), §2.
    """

    def __init__(self, in_vectors: Tensor, out_vectors: Tensor) -> None:
        super().__init__()
        self.center = nn.Embedding.from_pretrained(in_vectors, freeze=False)
        self.context = nn.Embedding.from_pretrained(out_vectors, freeze=False, padding_idx=PADDING)

    def forward(self, centers: Tensor, entries: Tensor) -> Tensor:
        """The logit of each center with each entry, a context or noise word, of its group.

        Args:
            centers: (N, G) int, word ids; PADDING after the last center of a group.
            entries: (N, E) int, word ids; PADDING after the last word of a group.
        Returns:
            (N, G, E) float, u·v.
        """
        v = self.center(centers)  # (N, G, D)
        u = self.context(entries)  # (N, E, D)
        return torch.bmm(v, u.transpose(1, 2))  # (N, G, D) @ (N, D, E): (N, G, E)


def masked_bce(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Mean sigmoid binary cross-entropy over each center's entries, weighted by the mask, in nats.

    Args:
        logits: (…, E) float, u·v; a group's are (G, E).
        labels: (…, E) float, 1 for a context word, 0 for a noise word.
        mask:   (…, E) float ≥ 0, what an entry counts: 1 for a context word, 0 for padding.
    Returns:
        (…,) float, ≥ 0; ln 2 where all logits are 0, but 0 where all of a row is masked.
    Raises:
        ValueError: shapes differ; the message gives all three.
    Source: Mikolov et al. 2013 (arXiv:1310.4546), eq. 4, divided by the number of terms.
    Differs: averaged within a window, as the textbook does. With SGD, engines minimise the sum.
    """
    if not logits.shape == labels.shape == mask.shape:
        shapes = ", ".join(str(tuple(part.shape)) for part in (logits, labels, mask))
        raise ValueError(f"logits, labels and mask must have one shape; they have {shapes}")
    entry_losses = functional.binary_cross_entropy_with_logits(
        logits, labels, weight=mask, reduction="none"
    )  # (…, E)
    return entry_losses.sum(dim=-1) / mask.sum(dim=-1).clamp(min=1)  # one context counts 1
