"""What is measured while training: the rows of metrics.csv."""

import csv
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    progress: epochs done, with the share of this one.
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


def last_rows(metrics: Iterable[Metrics]) -> list[Metrics]:
    """The last row of every epoch."""
    return list({row.epoch: row for row in metrics}.values())


def listed(losses: Sequence[float]) -> str:
    """The losses of some epochs in a line; of more than LISTED only the first and last three."""
    shown = [f"{loss:.4f}" for loss in losses]
    return ", ".join(shown if len(shown) <= LISTED else [*shown[:3], "…", *shown[-3:]])


def write_csv(metrics: list[Metrics], path: Path) -> None:
    """Write metrics.csv: a header and a line a row; what a row does not have is left empty."""
    names = [field.name for field in dataclasses.fields(Metrics) if field.name != "scores"]
    names += {name: None for row in metrics for name in row.scores}  # as they first appear
    # A score's column has the name of a file, which may hold bytes that are no UTF-8.
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({**vars(row), **row.scores} for row in metrics)
