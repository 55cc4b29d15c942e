"""How far training is, and as JSON."""

import dataclasses
import math
from dataclasses import dataclass

from w2v.training.metrics import Metrics


@dataclass
class Progress:
    """How far training is: what comes next, and the sums of the epoch under way.

    epoch: from 1.  block: of the text.  batch: of the block's windows.
    n_batches, n_centers, loss_sum, seconds: of this epoch.  rows_due: Metrics rows to be there
    before the next one.  row: the newest.  metrics: all rows.  before: seconds of earlier epochs.
    best_epoch, best_loss: of the lowest validation loss.
    """

    epoch: int = 1
    block: int = 0
    batch: int = 0
    n_batches: int = 0
    n_centers: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    rows_due: int = 1
    row: Metrics | None = None
    metrics: list = dataclasses.field(default_factory=list)
    before: float = 0.0
    best_epoch: int = 0
    best_loss: float = math.inf

    @property
    def has_begun(self):
        return self.epoch > 1 or self.n_batches > 0

    def is_over(self, config):
        """Whether all epochs are done, or early stopping has had enough."""
        patience = config.early_stopping
        stops_early = patience and self.epoch - 1 - self.best_epoch >= patience
        return bool(self.epoch > config.epochs or stops_early)

    def next_epoch(self):
        """Progress as the next epoch begins."""
        kept = ("metrics", "best_epoch", "best_loss")
        return Progress(
            epoch=self.epoch + 1,
            before=self.before + self.seconds,
            **{name: getattr(self, name) for name in kept},
        )

    def to_json(self):
        """A dict of plain values; `from_json` gives the Progress again, to the last bit."""
        plain = {**vars(self), "metrics": [list(vars(row).values()) for row in self.metrics]}
        plain["row"] = None if self.row is None else list(vars(self.row).values())
        plain["best_loss"] = None if math.isinf(self.best_loss) else self.best_loss
        return plain

    @classmethod
    def from_json(cls, plain):
        """Raises: TypeError, ValueError, KeyError: not what `to_json` gives."""
        plain = dict(plain)
        metrics = [_metrics_row(row) for row in plain.pop("metrics")]
        row, best_loss = plain.pop("row"), plain.pop("best_loss")
        row = None if row is None else _metrics_row(row)
        best_loss = math.inf if best_loss is None else best_loss
        at = cls(**plain, metrics=metrics, row=row, best_loss=best_loss)
        _check_numbers(at, without=("metrics", "row", "best_loss"))
        if at.epoch < 1 or type(best_loss) is not float:
            raise ValueError("its progress is not in numbers")
        return at


def _metrics_row(values):
    row = Metrics(*values)
    without = {"scores"} if row.validation_loss is not None else {"scores", "validation_loss"}
    _check_numbers(row, without)
    if type(row.scores) is not dict:
        raise ValueError(f"its scores are {row.scores!r}")
    for name, score in row.scores.items():
        if not (score is None or (type(score) is float and -1 <= score <= 1)):
            raise ValueError(f"its score of {name} is {score!r}")
    return row


def _check_numbers(record, without):
    """Make sure that a dataclass's numbers are of their type, finite and not negative."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        kind = int if field.type is int else float
        if field.name not in without and not (type(value) is kind and 0 <= value < math.inf):
            raise ValueError(f"its {field.name} is {value!r}")
