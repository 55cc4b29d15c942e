"""Training as one call: from a Config to a run folder."""

from dataclasses import dataclass
from pathlib import Path

from w2v import engines, heldout, remarks, runs, scoring, vectors
from w2v.config import W2VError, from_recipe
from w2v.corpus import open_corpus
from w2v.job import Job
from w2v.metrics import last_rows


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
        return [row.loss for row in last_rows(self.metrics)]


class Watcher:
    """What training tells while it runs; this one says nothing. Override what you want to hear."""

    def warning(self, message):
        """One line that the user should see."""

    def notice(self, message):
        """One line that is good to know."""

    def reading(self, corpus):
        """The text is about to be read. Returns what to call with the bytes read so far."""

    def preparing(self, modules):
        """All is read; the code of these modules is compiled if it is not in the cache."""

    def starting(self, job, training):
        """The first epoch of this sitting is about to begin: w2v.job.Job, w2v.training.Training."""

    def trained(self, row):
        """A Metrics row of the epoch so far, every moment."""

    def epoch_done(self, row):
        """The Metrics row of a whole epoch."""


def train(recipe="default", resume=False, **settings):
    """Train word vectors: what `python train.py` does, without a word on the terminal.

    Args:
        recipe: "default" or "textbook".
        resume: go on from the checkpoint in the run folder, if there is one.
        settings: fields of Config, such as corpus="reviews.txt" or epochs=3.
    Returns:
        Run
    Raises:
        UsageError: a setting that is not allowed, or not the one of the checkpoint.
        W2VError: the corpus cannot be read, or the run folder not written.
        KeyboardInterrupt: as Interrupted, after Ctrl-C or SIGTERM; the state is saved.
    """
    return train_run(from_recipe(recipe, **settings), Watcher(), resume)


def train_run(config, watcher, resume=False):
    """Read the corpus of a Config, train, and write the run folder. Returns a Run."""
    config = engines.resolve(config)
    with engines.device_memory():
        return _train_resolved(config, watcher, resume)


def _train_resolved(config, watcher, resume):
    heldout.check(config)
    named_testsets = scoring.read(config.evaluate)
    if config.out is not None:
        runs.check_out(config.out)  # before a corpus is fetched
    corpus = open_corpus(config)
    if corpus.notice:
        watcher.warning(corpus.notice)
    out = Path(runs.default_out(corpus.name) if config.out is None else config.out)
    runs.check_out(out)
    job = Job.read(config, corpus, out, watcher, named_testsets)
    checkpoint = job.checkpoint(resume, watcher)
    if checkpoint and job.is_done(checkpoint):
        done = checkpoint.progress.epoch - 1
        watcher.notice(f"{out} is trained already, {done} epochs: nothing is left to do")
        return _remembered(out, checkpoint.progress.metrics, watcher)
    for line in remarks.warnings(job):
        watcher.warning(line)
    training = job.training(checkpoint, watcher)
    watcher.starting(job, training)
    job.run(training, watcher)
    return _remembered(out, training.metrics, watcher)


def _remembered(out, metrics, watcher):
    """The Run in a folder, noted as the one trained last."""
    try:
        runs.remember(out)
    except W2VError as error:  # the run is whole all the same
        watcher.warning(f"{error}; name this run with --run {out}")
    return Run(vectors.load(out), metrics, out)
