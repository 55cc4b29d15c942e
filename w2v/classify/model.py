"""The model: the mean of a text's word vectors, and a linear layer, perhaps a hidden one before."""

import torch
from torch import nn

from w2v.classify.dataset import Bag


class TextClassifier(nn.Module):
    """Logits of texts.

    A text's vector is the mean of its known words'; row 0, of unknown words, is left out, so that a
    text of none but these is a vector of zeros.
    """

    def __init__(self, table: torch.Tensor, n_labels: int, hidden: int, tune: bool) -> None:
        """Args:
        table: (V, D) float32, word vectors, which become the model's own; row 0 is for unknown
            words.
        hidden: units of the hidden layer; 0 for none.
        tune: whether the vectors learn, too.
        """
        super().__init__()
        n_dims = table.shape[1]
        self.words = nn.EmbeddingBag.from_pretrained(
            table, freeze=not tune, mode="mean", padding_idx=0
        )
        layers = [nn.Linear(n_dims, hidden), nn.ReLU()] if hidden else []
        self.head = nn.Sequential(*layers, nn.Linear(hidden or n_dims, n_labels))

    def forward(self, bag: Bag) -> torch.Tensor:
        """(n, labels) float32, the logits of a batch of n texts."""
        return self.head(self.words(bag.rows, bag.starts))
