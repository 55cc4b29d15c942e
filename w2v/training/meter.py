"""The loss and the speed of the epoch under way, and the rows of metrics.csv that they make."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.batches.batcher import Groups
from w2v.storage.metrics import Metrics

ROWS_PER_EPOCH = 20  # of metrics.csv and of the loss curve


@dataclass
class Meter:
    """Sums over the epoch under way, and the rows of Metrics that they make.

    n_batches, n_centers, loss_sum, seconds: of this epoch so far.
    rows_due: the next row is due once `rows_due / ROWS_PER_EPOCH` of the epoch is done.
    row: the newest row, whether metrics.csv will hold it or not; None before the epoch's first.
    metrics: the rows of metrics.csv so far, of all epochs.
    before: seconds of all earlier epochs.
    """

    n_batches: int = 0
    n_centers: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    rows_due: int = 1
    row: Metrics | None = None
    metrics: list[Metrics] = dataclasses.field(default_factory=list)
    before: float = 0.0

    def add(
        self,
        epoch: int,
        groups: Groups,
        first_batch: int,
        *,
        lrs: npt.NDArray[np.float64],
        losses: npt.NDArray[np.float64],
        shares: npt.NDArray[np.float64],
        seconds: float,
    ) -> Metrics:
        """Account for the n batches of one call of the engine; returns the newest row.

        Args:
            lrs, losses: (n,), the learning rate and the summed loss of each batch.
            shares: (n,), the share of the epoch that is done after each batch.
            seconds: of the whole call; spread evenly over its batches.
        """
        n, seconds_before = len(lrs), self.seconds
        loss_sums = np.cumsum([self.loss_sum, *losses])[1:]
        due = (shares * ROWS_PER_EPOCH).astype(np.int64)
        kept = np.flatnonzero(np.diff(due, prepend=self.rows_due - 1) > 0).tolist()
        for last in sorted({*kept, n - 1}):
            n_centers = self.n_centers + groups.n_centers(first_batch, last + 1)
            self.seconds = seconds_before + seconds * (last + 1) / n
            self.row = row = Metrics(
                epoch=epoch,
                batch=self.n_batches + last + 1,
                loss=float(loss_sums[last]) / n_centers,
                lr=float(lrs[last]),
                centers_per_s=n_centers / self.seconds,
                seconds=self.before + self.seconds,
                progress=epoch - 1 + float(shares[last]),
            )
            if last in kept:
                self.metrics.append(row)
        self.rows_due = max(self.rows_due, int(due[-1]) + 1)
        self.n_batches, self.n_centers = self.n_batches + n, n_centers
        self.loss_sum = float(loss_sums[-1])
        return row

    def add_sums(
        self,
        epoch: int,
        loss_sum: float,
        n_centers: float,
        n_batches: float,
        *,
        lr: float,
        share: float,
        seconds: float,
    ) -> None:
        """Account for what many ranks have done, of which only these sums are known.

        Args:
            lr, share: as for `add`, of the last batch.
        """
        self.loss_sum += loss_sum
        self.n_centers += int(n_centers)
        self.n_batches += int(n_batches)
        self.seconds += seconds
        self.row = Metrics(
            epoch=epoch,
            batch=self.n_batches,
            loss=self.loss_sum / self.n_centers,
            lr=lr,
            centers_per_s=self.n_centers / self.seconds,
            seconds=self.before + self.seconds,
            progress=epoch - 1 + share,
        )
        if (due := int(share * ROWS_PER_EPOCH)) >= self.rows_due:
            self.metrics.append(self.row)
            self.rows_due = due + 1

    def next_epoch(self, row: Metrics) -> "Meter":
        """The Meter of the next epoch, after this one has ended with `row`."""
        # Where subsampling leaves nothing of the last block, the newest row was not kept.
        kept = self.metrics[:-1] if self.metrics[-1:] == [self.row] else self.metrics
        return Meter(metrics=[*kept, row], before=self.before + self.seconds)
