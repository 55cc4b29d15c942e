"""What is measured while training: the rows of metrics.csv, written and read."""

import csv
import dataclasses
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2v.errors import damaged
from w2v.files import read_file

LISTED = 12  # losses, all of which are written into one line


@dataclass(frozen=True)
class Metrics:
    """A row of metrics.csv. The last row of an epoch is about the whole epoch.

    epoch: from 1.
    batch: batches of this epoch so far.
    loss: mean over this epoch's centers so far, in nats.
    lr: of the last update.
    centers_per_s: over this epoch so far.
    seconds: spent on training so far, resumed or not; within a call of the engine spread evenly.
    progress: epochs done, with the share of this one; at the end of an epoch, its number.
    validation_loss: in the last row of an epoch, the mean over the held-out centers, in nats.
    scores: in the last row of an epoch, {name: score or None} on test sets; each is a column.
    """

    epoch: int
    batch: int
    loss: float
    lr: float
    centers_per_s: float
    seconds: float
    progress: float
    validation_loss: float | None = None
    scores: dict[str, float | None] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, float]:
        """{column of metrics.csv: number}, without what this row does not have."""
        columns = {**vars(self), **self.scores}
        del columns["scores"]
        return {name: value for name, value in columns.items() if value is not None}


FIELDS = [field.name for field in dataclasses.fields(Metrics) if field.name != "scores"]
_NEEDED = [name for name in FIELDS if name != "validation_loss"]
_MOST_EPOCHS = 2**31


def last_rows(metrics: Iterable[Metrics]) -> list[Metrics]:
    """The last row of every epoch."""
    return list({row.epoch: row for row in metrics}.values())


def stretches(metrics: Iterable[Metrics]) -> list[tuple[float, float]]:
    """The loss of each stretch between two rows, which hold means since their epoch began.

    A row about n centers of mean l, after one about n' of mean l', tells (n·l - n'·l') / (n - n').
    A row whose loss is not finite is a gap, (its progress, NaN), and the next stretch is longer.

    Returns:
        (progress, loss) pairs, the progress at the middle of the stretch.
    """
    found = []
    epoch, epoch_began, last_seconds = 0, 0.0, 0.0
    n_before, sum_before, progress_before = 0.0, 0.0, 0.0
    for row in metrics:
        if row.epoch != epoch:
            epoch, epoch_began = row.epoch, last_seconds
            n_before, sum_before, progress_before = 0.0, 0.0, row.epoch - 1.0
        last_seconds = row.seconds
        n_centers = row.centers_per_s * (row.seconds - epoch_began)
        if not math.isfinite(row.loss):
            found.append((row.progress, math.nan))
        if not (n_centers > n_before and math.isfinite(row.loss)):
            continue
        loss_sum = row.loss * n_centers
        loss = (loss_sum - sum_before) / (n_centers - n_before)
        found.append(((progress_before + row.progress) / 2, loss))
        n_before, sum_before, progress_before = n_centers, loss_sum, row.progress
    return found


def listed(losses: Sequence[float]) -> str:
    """The losses of some epochs in a line; of more than LISTED only the first and last three."""
    shown = [f"{loss:.4f}" for loss in losses]
    return ", ".join(shown if len(shown) <= LISTED else [*shown[:3], "…", *shown[-3:]])


def write_csv(metrics: list[Metrics], path: Path) -> None:
    """Write metrics.csv: a header and a line a row; what a row does not have is left empty."""
    names = FIELDS + list({name: None for row in metrics for name in row.scores})
    # A score's column has the name of a file, which may hold bytes that are no UTF-8.
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.as_dict() for row in metrics)


def read_csv(path: str | Path) -> list[Metrics]:
    """The rows of a metrics.csv.

    A loss may be NaN or infinite; a score that is not defined is not told from one not measured.

    Raises:
        W2VError: it is damaged; the message names the line.
        OSError: it cannot be read.
    """
    try:
        reader = csv.DictReader(io.StringIO(read_file(path).decode(), newline=""), strict=True)
        if missing := [name for name in _NEEDED if name not in (reader.fieldnames or [])]:
            raise damaged(path, f"it has no column {missing[0]}")
        return [_row(values, f"line {reader.line_num}") for values in reader]
    except (csv.Error, ValueError) as error:
        raise damaged(path, error) from error


def _row(values: dict[str, str | None], line: str) -> Metrics:
    """Raises: ValueError: it is no row that write_csv writes."""
    numbers: dict[str, Any] = {}
    for name, text in values.items():
        if text:
            try:
                numbers[name] = float(text)
            except (TypeError, ValueError):  # TypeError: more columns than the header has
                raise ValueError(f"{line} has {text!r:.50} where a number belongs") from None
    for name, number in numbers.items():
        if not (math.isfinite(number) or name.endswith("loss")):
            raise ValueError(f"{line} has the {name} {number}")
    if missing := [name for name in _NEEDED if name not in numbers]:
        raise ValueError(f"{line} has no {missing[0]}")
    known = {name: numbers.pop(name) for name in FIELDS if name in numbers}
    row = Metrics(**known, scores=numbers)
    if not (1 <= row.epoch < _MOST_EPOCHS and row.epoch - 1 <= row.progress <= row.epoch):
        raise ValueError(f"{line} has epoch {row.epoch:g} and progress {row.progress:g}")
    return dataclasses.replace(row, epoch=int(row.epoch), batch=int(row.batch))
