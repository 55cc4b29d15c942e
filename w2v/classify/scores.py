"""How well predicted labels agree with the true ones."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.pictures import looks
from w2v.pictures.confusion import LETTERS


@dataclass(frozen=True)
class Scores:
    """labels: their names.  confusion: (C, C) int64, row: the true label, column: the predicted."""

    labels: list[str]
    confusion: npt.NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """The share of texts whose label is predicted."""
        return float(np.trace(self.confusion) / max(self.confusion.sum(), 1))

    @property
    def f1(self) -> npt.NDArray[np.float64]:
        """(C,) float64, each label's F1: 2·right / (true + predicted); 0 for one that is neither.

        It is the harmonic mean of precision and recall.
        """
        both = self.confusion.sum(axis=0) + self.confusion.sum(axis=1)
        return 2 * np.diag(self.confusion) / np.maximum(both, 1)

    @property
    def macro_f1(self) -> float:
        """The mean of all labels' F1, the rare ones' too. As scikit-learn with zero_division=0."""
        return float(self.f1.mean())

    def table(self) -> list[str]:
        """Lines that show the confusion matrix, with each label's F1."""
        names = [looks.cut(label, LETTERS) for label in self.labels]
        widest = max(map(looks.width, names))
        first, numbers = max(9, widest) + 2, max(7, widest + 2)
        head = "".join(" " * (numbers - looks.width(name)) + name for name in names)
        lines = [f"{'true':<{first}}{head}{'F1':>7}   (columns: predicted)"]
        for name, row, f1 in zip(names, self.confusion, self.f1, strict=True):
            counts = "".join(f"{count:>{numbers}}" for count in row)
            lines.append(f"{name}{' ' * (first - looks.width(name))}{counts}{f1:>7.3f}")
        return lines


def scores_of(
    labels: list[str], true: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]
) -> Scores:
    """The Scores of n texts; true, predicted: (n,) int64, numbers of labels."""
    n_labels = len(labels)
    counts = np.bincount(true * n_labels + predicted, minlength=n_labels**2)
    return Scores(labels, counts.reshape(n_labels, n_labels))
