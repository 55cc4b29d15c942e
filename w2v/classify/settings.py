"""Every setting of a classifier's training, once: its default, its range, and its help."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from w2v.errors import UsageError


def _setting(default: Any, low: float, high: float, help: str) -> Any:
    return dataclasses.field(default=default, metadata={"low": low, "high": high, "help": help})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Frozen, and checked when made. Raises: UsageError: a value out of its range."""

    hidden: int = _setting(0, 0, 100_000, "units of a hidden layer; 0 for a linear classifier")
    tune: bool = _setting(False, 0, 1, "train the word vectors, too")
    class_weights: bool = _setting(False, 0, 1, "let all labels weigh the same, however rare")
    epochs: int = _setting(100, 1, 100_000, "passes over the training texts, at most")
    patience: int = _setting(
        5, 1, 100_000, "stop after this many epochs without a lower validation loss"
    )
    lr: float = _setting(0.01, 1e-9, 10.0, "learning rate of Adam")
    batch_size: int = _setting(64, 1, 2**20, "texts in a batch")
    validation_share: float = _setting(0.1, 0.0, 0.5, "of the texts, where no file is given")
    test_share: float = _setting(0.1, 0.0, 0.5, "of the texts, where no file is given")
    seed: int = _setting(0, 0, 2**63 - 1, "of the split, the first weights and the order of texts")

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, kind = getattr(self, field.name), type(field.default)
            low, high = field.metadata["low"], field.metadata["high"]
            fits = isinstance(value, (int, float) if kind is float else kind)
            fits &= isinstance(value, bool) == (kind is bool)
            if not fits or not math.isfinite(value) or not low <= value <= high:
                name = "--" + field.name.replace("_", "-")
                raise UsageError(f"{name} is {value!r}; it must be between {low} and {high}")
