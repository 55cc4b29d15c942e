"""The training loop: over epochs, blocks of the text, and batches.

After every call of the engine the loop hands over to its caller, who may stop it there, write down
where it stands, and go on later with the same result as if it had never stopped.
"""

import dataclasses
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from w2v.batches.batcher import Batcher, Groups
from w2v.config import Config
from w2v.engines.base import Engine
from w2v.errors import W2VError
from w2v.storage.metrics import Metrics
from w2v.training.epoch_scores import Scoring
from w2v.training.learning_rate import scheduled_rates, shares_done
from w2v.training.progress import Progress
from w2v.training.validation import HeldOut

DIVERGED_LOSS = 5.0  # nats a center; guessing costs ln 2 = 0.693


class DivergedError(W2VError):
    """The loss is beyond all bounds; the tables are of no use."""


class Training:
    """Trains an engine on a Batcher's groups, from where it stands to the last epoch.

    progress: where it stands.
    is_whole: whether its progress and its tables are those of the same moment; not so within a call
        of the engine, or after one that failed.
    best: the tables of the lowest validation loss, where early stopping asks for them; else None.
    new_rows: rows that metrics.csv gets since `run` yielded before; a whole epoch's at its end.
    """

    def __init__(
        self,
        config: Config,
        batcher: Batcher,
        engine: Engine,
        held_out: HeldOut | None = None,
        scoring: Scoring | None = None,
    ) -> None:
        self.config, self.batcher, self.engine = config, batcher, engine
        self.held_out, self.scoring = held_out, scoring
        self.progress = Progress()
        self.is_whole = True
        self.best: list[npt.NDArray[np.float32]] | None = None
        self.new_rows: list[Metrics] = []
        self._batches_per_call = max(1, engine.call_centers // config.batch_size)

    @property
    def metrics(self) -> list[Metrics]:
        """The rows of metrics.csv so far."""
        return self.progress.meter.metrics

    def tables(self) -> tuple[npt.NDArray[np.float32], ...]:
        """in_vectors, out_vectors: the best ones if early stopping keeps them, else the newest."""
        return self.engine.tables() if self.best is None else tuple(self.best)

    def remarks(self) -> Iterator[str]:
        """Lines about the training that has ended."""
        if self.best is not None:
            yield (
                f"the lowest validation loss was that of epoch {self.progress.best_epoch}: its "
                "vectors are kept"
            )

    def run(self) -> Iterator[tuple[Metrics, bool]]:
        """Train to the last epoch.

        Yields:
            the newest row of Metrics, and whether it is that of a whole epoch: after every call of
            the engine, and after every epoch.
        Raises:
            DivergedError: the loss is infinite, NaN, or far beyond that of guessing.
            W2VError: subsampling leaves nothing to train on.
        """
        progress = self.progress
        for epoch in self._epochs_left():
            for block in range(progress.block, len(self.batcher.text.blocks)):
                groups = self._groups(epoch, block)
                for batch in range(progress.batch, groups.n_batches, self._batches_per_call):
                    yield self._train(groups, batch), False
                progress.end_block()
            yield self._end_epoch(), True

    def _epochs_left(self) -> Iterator[int]:
        while not self.progress.is_over(self.config):
            yield self.progress.epoch

    def _groups(self, epoch: int, block: int) -> Groups:
        began = time.perf_counter()
        groups = self.batcher.groups(epoch, block)
        self.progress.meter.seconds += time.perf_counter() - began
        return groups

    def _train(self, groups: Groups, first: int) -> Metrics:
        """Train the batches of one call of the engine, from number `first` of a block on."""
        progress = self.progress
        epoch, stop = progress.epoch, min(first + self._batches_per_call, groups.n_batches)
        batches = np.arange(first, stop + 1)
        shares = shares_done(self.batcher.text, progress.block, batches, groups.n_batches)
        lrs = scheduled_rates(self.config, epoch - 1 + shares[:-1])
        self.is_whole = False
        began = time.perf_counter()
        losses = self.engine.train(groups, first, lrs)
        seconds = time.perf_counter() - began
        loss = losses.sum() / groups.n_centers(first, len(lrs))
        self._check_loss(loss, lrs[0], progress.meter.n_batches + len(lrs))
        n_rows = len(self.metrics)
        row = progress.meter.add(
            epoch, groups, first, lrs=lrs, losses=losses, shares=shares[1:], seconds=seconds
        )
        self._note_rows(n_rows)
        progress.batch, self.is_whole = stop, True
        return row

    def _note_rows(self, n_before: int) -> None:
        """What metrics.csv has gained since it had so many rows, but for a whole epoch's."""
        epoch = self.progress.epoch
        self.new_rows = [new for new in self.metrics[n_before:] if new.progress < epoch]

    def _check_loss(self, loss: float, lr: float, batch: int) -> None:
        if not loss < DIVERGED_LOSS:  # NaN too
            raise DivergedError(
                f"training diverged: the loss is {loss:.3g} at batch {batch} of epoch "
                f"{self.progress.epoch}, with learning rate {lr:.3g}; what was written before is "
                f"kept; start anew with --lr below {self.config.method.lr:g} (the default is "
                "fitted to the text), or a smaller --batch-size"
            )

    def _validation_loss(self, held_out: HeldOut) -> float:
        return held_out.total_loss(self.engine) / held_out.n_centers

    def _end_epoch(self) -> Metrics:
        """Measure what is measured after an epoch, and stand before the next one."""
        progress = self.progress
        row = progress.meter.row
        if row is None:
            raise W2VError(
                f"no sentence has two words left after --min-count {self.config.min_count} and "
                f"--sample {self.config.sample:g}; a sentence is a line: lower --min-count, raise "
                "--sample, or give more text"
            )
        # Of a last block, subsampling may leave nothing: then its row says less.
        row = dataclasses.replace(row, progress=float(progress.epoch))
        if self.held_out is not None:
            loss = self._validation_loss(self.held_out)
            row = dataclasses.replace(row, validation_loss=loss)
            if loss < progress.best_loss:
                progress.best_epoch, progress.best_loss = progress.epoch, loss
                if self.config.early_stopping:
                    self.best = [table.copy() for table in self.engine.tables()]
        if self.scoring is not None:
            row = dataclasses.replace(row, scores=self.scoring.scores(self.engine.tables()[0]))
        progress.end_epoch(row)
        self.new_rows = [row]
        return row
