"""A dataset: texts as rows of word vectors, with their labels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from w2v.sentences.words import Rows


class Bag(NamedTuple):
    """A batch of n texts, as torch.nn.EmbeddingBag takes it, and their labels.

    rows: (words,) int64, one text after the other.  starts: (n,) int64, where each begins.
    labels: (n,) int64.
    """

    rows: torch.Tensor
    starts: torch.Tensor
    labels: torch.Tensor


class TextDataset(Dataset[tuple[npt.NDArray[np.int64], int]]):
    """n texts and their labels; item i is a text's rows, (words,) int64, and its label's number.

    Unknown words are row 0.
    """

    def __init__(
        self, rows_of: Rows, texts: Sequence[str], labels: Sequence[int] | None = None
    ) -> None:
        """Args: labels: n numbers from 0; None where they are not known."""
        rows, n_words = rows_of(texts)
        self.rows = np.split(rows, np.cumsum(n_words)[:-1]) if len(texts) else []
        self.labels = np.zeros(len(texts), np.int64) if labels is None else np.asarray(labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, item: int) -> tuple[npt.NDArray[np.int64], int]:
        return self.rows[item], int(self.labels[item])

    def bag(self, items: Sequence[int] | npt.NDArray[np.int64]) -> Bag:
        """Some of the items as one batch."""
        rows = [self.rows[item] for item in items]
        lengths = np.array([len(of_text) for of_text in rows], np.int64)
        together = np.concatenate([np.empty(0, np.int64), *rows])
        starts = np.cumsum(lengths) - lengths
        labels = self.labels[np.asarray(items, np.int64)]
        return Bag(*map(torch.from_numpy, (together, starts, labels)))
