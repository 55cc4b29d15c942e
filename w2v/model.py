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

    def forward(self, centers: Tensor, contexts_negatives: Tensor) -> Tensor:
        """The logit of each center with each of its context and noise words.

        Args:
            centers:            (B,) int, word ids.
            contexts_negatives: (B, L) int, word ids; PADDING after the last word of a row.
        Returns:
            (B, L) float, u·v.
        """
        v = self.center(centers)  # (B, D)
        u = self.context(contexts_negatives)  # (B, L, D)
        return torch.bmm(u, v.unsqueeze(-1)).squeeze(-1)  # (B, L, D) @ (B, D, 1): (B, L)


def masked_bce(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Mean sigmoid binary cross-entropy over each row's unmasked entries, in nats.

    Args:
        logits: (B, L) float, u·v.
        labels: (B, L) float, 1 for a context word, 0 for a noise word.
        mask:   (B, L) float, 1 for a word, 0 for padding.
    Returns:
        (B,) float, ≥ 0; ln 2 where all logits are 0, NaN where all of a row is masked.
    Raises:
        ValueError: shapes differ; the message gives all three.
    Source: Mikolov et al. 2013 (arXiv:1310.4546), eq. 4, divided by the number of terms.
    Differs: averaged within a window, as the textbook does, so that long windows weigh no more.
    """
    if not logits.shape == labels.shape == mask.shape:
        shapes = ", ".join(str(tuple(part.shape)) for part in (logits, labels, mask))
        raise ValueError(f"logits, labels and mask must have one shape; they have {shapes}")
    entry_losses = functional.binary_cross_entropy_with_logits(
        logits, labels, weight=mask, reduction="none"
    )  # (B, L)
    return entry_losses.sum(dim=1) / mask.sum(dim=1)
