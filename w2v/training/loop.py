"""The loop over epochs, blocks of text and batches. Between two calls of the engine it can stop,
be written down, and go on later as if nothing had been."""

import dataclasses
import math
import time

import numpy as np

from w2v.errors import W2VError
from w2v.storage.layout import TENSORS
from w2v.training.metrics import Metrics
from w2v.training.progress import Progress

DIVERGED = 5.0  # nats a center
CHANCE = 0.7  # guessing costs ln 2 = 0.693
ROWS_PER_EPOCH = 20  # of metrics.csv and of the loss curve

BEST, OPTIMIZER = "best_", "optimizer."  # what tensors' names begin with


class DivergedError(W2VError):
    """The loss is beyond all bounds; the tables are of no use."""


class Training:
    """Trains an engine on a Batcher's windows, from where it stands to the last epoch.

    at: Progress.
    best: the tables of the lowest validation loss, where early stopping asks for them; else None.
    """

    def __init__(self, config, batcher, engine, watcher, held_out=None, scoring=None):
        self.config, self.batcher, self.engine, self.watcher = config, batcher, engine, watcher
        self.held_out, self.scoring = held_out, scoring
        self.at, self.best = Progress(), None

    def run(self, pause=lambda epoch_ended: None):
        """Train to the end. `pause` is called between two calls of the engine; it may raise."""
        while not self.at.is_over(self.config):
            self._run_epoch(pause)

    @property
    def metrics(self):
        return self.at.metrics

    def tables(self):
        """in_vectors, out_vectors: the best ones if early stopping keeps them, else the newest."""
        return self.engine.tables() if self.best is None else self.best

    def tensors(self):
        """{name: (n, m) float32 array}: with `at`, all that going on depends on."""
        tensors = dict(zip(TENSORS, self.engine.tables(), strict=True))
        tensors |= {OPTIMIZER + name: a for name, a in self.engine.optimizer_state().items()}
        if self.best is not None:
            tensors |= {BEST + name: a for name, a in zip(TENSORS, self.best, strict=True)}
        return tensors

    def restore(self, at, tensors):
        """Go on from a Progress and what `tensors` gave then, without the tables themselves.

        Raises: ValueError: they do not fit each other, or this training.
        """
        self.at = at
        if at.has_begun:
            state = {name: array for name, array in tensors.items() if name.startswith(OPTIMIZER)}
            self.engine.restore({name[len(OPTIMIZER) :]: a for name, a in state.items()})
        best = [tensors[BEST + name] for name in TENSORS if BEST + name in tensors]
        if not self.config.early_stopping:
            return
        if not best:  # nobody asked for them so far
            at.best_epoch, at.best_loss = 0, math.inf
        elif [table.shape for table in best] != [table.shape for table in self.engine.tables()]:
            raise ValueError("the best tables do not fit")
        else:
            self.best = best

    def _run_epoch(self, pause):
        at, blocks = self.at, self.batcher.text.blocks
        per_call = max(1, self.engine.call_centers // self.config.batch_size)
        for block in range(at.block, len(blocks)):
            began = time.perf_counter()
            windows = self.batcher.windows(at.epoch, block)
            at.seconds += time.perf_counter() - began
            while at.batch < windows.n_batches:
                self._call(windows, min(at.batch + per_call, windows.n_batches))
                pause(False)
            at.block, at.batch = block + 1, 0
        self._end_epoch()
        pause(True)

    def _call(self, windows, stop):
        """Train the batches from where we stand up to `stop`."""
        at, first = self.at, self.at.batch
        shares = self._shares(windows, np.arange(first, stop + 1))
        lrs = self._learning_rates(shares[:-1])
        n_centers = windows.n_centers(first, len(lrs))
        began = time.perf_counter()
        losses = self.engine.train(windows, first, lrs)
        seconds = time.perf_counter() - began
        at.batch = stop
        if not losses.sum() < DIVERGED * n_centers:  # NaN too
            raise DivergedError(
                f"training diverged: the loss is {losses.sum() / n_centers:.3g} at batch "
                f"{at.n_batches + len(lrs)} of epoch {at.epoch}, with learning rate {lrs[0]:.3g}; "
                f"what was written before is kept; start anew with --lr {lrs[0] / 4:.2g}, or a "
                "smaller --batch-size"
            )
        self._add_rows(windows, first, lrs, losses, seconds, shares[1:])
        self.watcher.trained(at.row)

    def _add_rows(self, windows, first, lrs, losses, seconds, shares):
        """Account for the batches of a call; its time is spread evenly over them.

        shares: (n,) float64, of the epoch that are done after each batch.
        """
        at, n = self.at, len(lrs)
        before, loss_sums = at.seconds, np.cumsum([at.loss_sum, *losses])[1:]
        due = (shares * ROWS_PER_EPOCH).astype(np.int64)
        ends = np.flatnonzero(np.diff(due, prepend=at.rows_due - 1) > 0).tolist()
        for end in [*ends, n - 1]:
            n_centers = at.n_centers + windows.n_centers(first, end + 1)
            at.seconds = before + seconds * (end + 1) / n
            at.row = Metrics(
                at.epoch,
                at.n_batches + end + 1,
                float(loss_sums[end]) / n_centers,
                float(lrs[end]),
                n_centers / at.seconds,
                at.before + at.seconds,
                at.epoch - 1 + float(shares[end]),
            )
            if end in ends and at.metrics[-1:] != [at.row]:
                at.metrics.append(at.row)
        at.rows_due = max(at.rows_due, int(due[-1]) + 1)
        at.n_batches, at.n_centers = at.n_batches + n, n_centers
        at.loss_sum = float(loss_sums[-1])

    def _end_epoch(self):
        at = self.at
        if at.row is None:
            raise W2VError(
                f"no sentence has two words left after --min-count {self.config.min_count} and "
                f"--sample {self.config.sample:g}; a sentence is a line: lower --min-count, raise "
                "--sample, or give more text"
            )
        if at.metrics[-1:] == [at.row]:  # not so where subsampling leaves nothing of the last block
            at.metrics.pop()
        if self.held_out is not None:
            at.row = dataclasses.replace(at.row, validation_loss=self.held_out.loss(self.engine))
            if at.row.validation_loss < at.best_loss:
                at.best_epoch, at.best_loss = at.epoch, at.row.validation_loss
                if self.config.early_stopping:
                    self.best = [table.copy() for table in self.engine.tables()]
        if self.scoring is not None:
            scores = self.scoring.scores(self.engine.tables()[0])
            at.row = dataclasses.replace(at.row, scores=scores)
        if at.row.loss > CHANCE:
            self.watcher.warning(
                f"the loss of epoch {at.epoch}, {at.row.loss:.3f}, is that of guessing or worse "
                f"(ln 2 = 0.693): the vectors learn nothing; try a lower --lr than {at.row.lr:.3g}"
            )
        at.metrics.append(at.row)
        self.at = at.next_epoch()
        self.watcher.epoch_done(at.row)

    def _shares(self, windows, batches):
        """(n,) float64: the share of the epoch that is done before each of a block's batches."""
        blocks, block = self.batcher.text.blocks, self.at.block
        done = sum(map(len, blocks[:block]))
        return (
            done + len(blocks[block]) * batches / windows.n_batches
        ) / self.batcher.text.n_tokens

    def _learning_rates(self, shares):
        """(n,) float64: the rate of updates that come when such shares of the epoch are done."""
        method = self.config.method
        if method.schedule == "constant":
            return np.full(len(shares), method.lr)
        return method.lr * (1.0 - (self.at.epoch - 1 + shares) / self.config.epochs)
