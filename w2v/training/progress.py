"""Where training stands, as a record that a checkpoint holds as JSON."""

import dataclasses
import math
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from w2v.config import Config
from w2v.storage.metrics import Metrics
from w2v.training.meter import Meter


@dataclass
class Progress:
    """Where training stands: which batch comes next, and what has been measured so far.

    epoch: from 1.  block: of the text, from 0.  batch: of the block's groups, from 0.
    meter: the sums of this epoch, and all rows of metrics.csv.
    best_epoch, best_loss: of the lowest validation loss; 0 and infinity before there is one.
    """

    epoch: int = 1
    block: int = 0
    batch: int = 0
    meter: Meter = dataclasses.field(default_factory=Meter)
    best_epoch: int = 0
    best_loss: float = math.inf

    @property
    def has_begun(self) -> bool:
        return self.epoch > 1 or self.meter.n_batches > 0

    def is_over(self, config: Config) -> bool:
        """Whether all epochs are done, or early stopping ends the training here."""
        patience = config.early_stopping
        stops_early = patience and self.epoch - 1 - self.best_epoch >= patience
        return bool(self.epoch > config.epochs or stops_early)

    def end_block(self) -> None:
        """Stand before the first batch of the next block."""
        self.block, self.batch = self.block + 1, 0

    def end_epoch(self, row: Metrics) -> None:
        """Stand before the first batch of the next epoch; `row` is of the whole epoch."""
        self.meter = self.meter.next_epoch(row)
        self.epoch, self.block, self.batch = self.epoch + 1, 0, 0

    def to_json(self) -> dict[str, Any]:
        """A dict of plain values; `from_json` gives the Progress again, to the last bit."""
        meter = self.meter
        return {
            "epoch": self.epoch,
            "block": self.block,
            "batch": self.batch,
            **vars(meter),
            "row": None if meter.row is None else list(vars(meter.row).values()),
            "metrics": [list(vars(row).values()) for row in meter.metrics],
            "best_epoch": self.best_epoch,
            "best_loss": None if math.isinf(self.best_loss) else self.best_loss,
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Progress":
        """Raises: TypeError, ValueError, KeyError: it is not what `to_json` gives."""
        plain = dict(plain)
        sums = {field.name: plain.pop(field.name) for field in dataclasses.fields(Meter)}
        sums["row"] = None if sums["row"] is None else _metrics_row(sums["row"])
        sums["metrics"] = [_metrics_row(row) for row in sums["metrics"]]
        best_loss = plain.pop("best_loss")
        best_loss = math.inf if best_loss is None else best_loss
        progress = cls(**plain, meter=Meter(**sums), best_loss=best_loss)
        _check_numbers(progress.meter, without=("metrics", "row"))
        _check_numbers(progress, without=("meter", "best_loss"))
        if progress.epoch < 1 or type(best_loss) is not float:
            raise ValueError("its progress is not in numbers")
        return progress


def _metrics_row(values: list[Any]) -> Metrics:
    row = Metrics(*values)
    without = {"scores"} if row.validation_loss is not None else {"scores", "validation_loss"}
    _check_numbers(row, without)
    if type(row.scores) is not dict:
        raise ValueError(f"its scores are {row.scores!r}")
    for name, score in row.scores.items():
        if not (score is None or (type(score) is float and -1 <= score <= 1)):
            raise ValueError(f"its score of {name} is {score!r}")
    return row


def _check_numbers(record: Progress | Meter | Metrics, without: Container[str]) -> None:
    """Make sure that a record's numbers are of their type, finite and not negative."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        kind = int if field.type is int else float
        if field.name not in without and not (type(value) is kind and 0 <= value < math.inf):
            raise ValueError(f"its {field.name} is {value!r}")
