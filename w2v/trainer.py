"""Training from a Config to a run folder: epochs, the learning rate, the metrics."""

import csv
import dataclasses
import json
import platform
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from w2v import engines, runs, vectors
from w2v.batches import Batcher
from w2v.config import W2VError, from_recipe
from w2v.corpus import open_corpus
from w2v.plots import plot_loss
from w2v.tables import check_memory, initial_tables
from w2v.vocab import read

CALL_CENTERS = 2**14  # about as many centers are trained in one call of an engine
DIVERGED = 5.0  # nats a center; guessing costs ln 2 = 0.69
ROWS_PER_EPOCH = 20  # of metrics.csv and of the loss curve


@dataclass(frozen=True)
class Metrics:
    """A row of metrics.csv. The last row of an epoch is about the whole epoch.

    epoch: from 1.  batch: batches of this epoch so far.  loss: mean over this epoch's centers so
    far, in nats.  lr: of the last update.  centers_per_s: over this epoch so far.  seconds: since
    training began.  progress: epochs done, with the share of this one.
    """

    epoch: int
    batch: int
    loss: float
    lr: float
    centers_per_s: float
    seconds: float
    progress: float


@dataclass(frozen=True)
class Run:
    """What training returns.

    vectors: WordVectors of the run folder.  metrics: list of Metrics.  folder: pathlib.Path.
    """

    vectors: vectors.WordVectors
    metrics: list
    folder: Path

    @property
    def epoch_losses(self):
        """The loss of each epoch, in nats."""
        return [row.loss for row in _last_rows(self.metrics)]


class Watcher:
    """What training tells while it runs; this one says nothing. Override what you want to hear."""

    def warning(self, message):
        """One line that the user should see."""

    def reading(self, corpus):
        """The text is about to be read. Returns what to call with the bytes read so far."""

    def starting(self, config, text, vocabulary, engine):
        """All is read; the first epoch is about to begin."""

    def trained(self, row):
        """A Metrics row of the epoch so far, a few times a second."""

    def epoch_done(self, row):
        """The Metrics row of a whole epoch."""


def train(recipe="default", **settings):
    """Train word vectors: what `python train.py` does, without a word on the terminal.

    Args:
        recipe: "default" or "textbook".
        settings: fields of Config, such as corpus="reviews.txt" or epochs=3.
    Returns:
        Run
    Raises:
        UsageError: a setting that is not allowed.
        W2VError: the corpus cannot be read, or the run folder not written.
    """
    return train_run(from_recipe(recipe, **settings), Watcher())


def train_run(config, watcher):
    """Read the corpus of a Config, train, and write the run folder. Returns a Run."""
    config = engines.resolve(config)
    if config.out is not None:
        runs.check_out(config.out)  # before a corpus is fetched
    corpus = open_corpus(config)
    if corpus.notice:
        watcher.warning(corpus.notice)
    out = Path(runs.default_out(corpus.name) if config.out is None else config.out)
    runs.check_out(out)
    began = time.perf_counter()
    vocabulary, text = read(corpus, config.min_count, watcher.reading(corpus))
    description = describe(config, corpus, out, text, time.perf_counter() - began)
    check_memory(len(vocabulary), config)
    engine = engines.make_engine(*initial_tables(len(vocabulary), config), config)
    watcher.starting(config, text, vocabulary, engine)
    training = Training(config, Batcher(text, vocabulary.counts, config), engine, watcher)
    training.run()
    save(out, description, vocabulary, engine.tables(), training.metrics)
    try:
        runs.remember(out)
    except W2VError as error:  # the run is whole all the same
        watcher.warning(f"{error}; name this run with --run {out}")
    return Run(vectors.load(out), training.metrics, out)


class Training:
    """The loop over epochs, blocks of text and batches.

    metrics: list of Metrics, a row about ROWS_PER_EPOCH times an epoch.
    """

    def __init__(self, config, batcher, engine, watcher):
        self.config, self.batcher, self.engine, self.watcher = config, batcher, engine, watcher
        self.metrics = []
        self._began = time.perf_counter()

    def run(self):
        for epoch in range(1, self.config.epochs + 1):
            self._run_epoch(epoch)

    def _run_epoch(self, epoch):
        began = time.perf_counter()
        loss_sum, n_centers, n_batches, rows_due = 0.0, 0, 0, 1
        row = None
        for windows, first, lrs, share in self._calls(epoch):
            call_loss = self.engine.train(windows, first, lrs)
            call_centers = windows.n_centers(first, len(lrs))
            n_batches += len(lrs)
            if not call_loss < DIVERGED * call_centers:  # NaN too
                raise W2VError(
                    f"training diverged: the loss is {call_loss / call_centers:.3g} at batch "
                    f"{n_batches} of epoch {epoch}, with learning rate {lrs[0]:.3g}; nothing was "
                    f"written; try --lr {lrs[0] / 4:.2g}, or a smaller --batch-size"
                )
            loss_sum += call_loss
            n_centers += call_centers
            now = time.perf_counter()
            row = Metrics(
                epoch,
                n_batches,
                loss_sum / n_centers,
                float(lrs[-1]),
                n_centers / (now - began),
                now - self._began,
                epoch - 1 + share,
            )
            self.watcher.trained(row)
            if share * ROWS_PER_EPOCH >= rows_due:
                self.metrics.append(row)
                rows_due = int(share * ROWS_PER_EPOCH) + 1
        if row is None:
            raise W2VError(
                f"no sentence has two words left after --min-count {self.config.min_count} and "
                f"--sample {self.config.sample:g}; a sentence is a line: lower --min-count, raise "
                "--sample, or give more text"
            )
        if self.metrics[-1:] != [row]:  # subsampling may leave nothing of the last block
            self.metrics.append(row)
        self.watcher.epoch_done(row)

    def _calls(self, epoch):
        """Yield (Windows, first batch, learning rates, share of the epoch done afterwards)."""
        blocks = self.batcher.text.blocks
        n_tokens, done = self.batcher.text.n_tokens, 0
        per_call = max(1, CALL_CENTERS // self.config.batch_size)
        for block, tokens in enumerate(blocks):
            windows = self.batcher.windows(epoch, block)
            for first in range(0, windows.n_batches, per_call):
                stop = min(first + per_call, windows.n_batches)
                batches = np.arange(first, stop + 1)
                shares = (done + len(tokens) * batches / windows.n_batches) / n_tokens
                yield windows, first, self._learning_rates(epoch, shares[:-1]), float(shares[-1])
            done += len(tokens)

    def _learning_rates(self, epoch, shares):
        """(n,) float64: the rate of updates that come when such shares of the epoch are done."""
        method = self.config.method
        if method.schedule == "constant":
            return np.full(len(shares), method.lr)
        return method.lr * (1.0 - (epoch - 1 + shares) / self.config.epochs)


def describe(config, corpus, out, text, seconds):
    """What config.json says of a run: the text, every setting, the versions."""
    return {
        "corpus": {
            "name": corpus.name,
            "description": corpus.description,
            "sha256": text.digest,
            "lines": text.n_lines,
            "tokens": text.n_read,
            "seconds": round(seconds, 3),
        },
        "settings": {**dataclasses.asdict(config), "out": str(out)},
        "versions": _versions(config),
    }


def save(out, description, vocabulary, tables, metrics):
    """Write a run folder, whole or not at all. Raises: W2VError, as runs.replace_run does."""
    with runs.replace_run(out) as folder:
        vectors.save_vectors(folder, vocabulary.words, vocabulary.counts, *tables)
        with open(folder / runs.CONFIG, "w", encoding="utf-8") as file:
            json.dump(description, file, indent=2, ensure_ascii=False)
            file.write("\n")
        with open(folder / runs.METRICS, "w", encoding="utf-8", newline="") as file:
            names = [field.name for field in dataclasses.fields(Metrics)]
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(map(dataclasses.asdict, metrics))
        plot_loss(metrics, folder / runs.LOSS)


def _versions(config):
    import w2v

    packages = ["numpy", "numba"] + ["torch"] * (config.engine == "torch")
    versions = {package: metadata.version(package) for package in packages}
    return {"w2v": w2v.__version__, "python": platform.python_version(), **versions}


def _last_rows(metrics):
    """The last row of every epoch."""
    return list({row.epoch: row for row in metrics}.values())
