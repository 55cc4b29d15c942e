"""Training as one call: from a Config to a run folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2v.config import Config, from_recipe, with_parameters_of
from w2v.engines import choose
from w2v.errors import W2VError
from w2v.storage import run_folder
from w2v.text.corpus import open_corpus
from w2v.training import advice, epoch_scores, validation
from w2v.training.job import Job
from w2v.training.metrics import last_rows
from w2v.training.watcher import Watcher
from w2v.vectors import saving, wordvectors


@dataclass(frozen=True)
class Run:
    """What training returns.

    vectors: WordVectors of the run folder.  metrics: list of Metrics.  folder: pathlib.Path.
    """

    vectors: wordvectors.WordVectors
    metrics: list
    folder: Path

    @property
    def epoch_losses(self):
        """The loss of each epoch, in nats."""
        return [row.loss for row in last_rows(self.metrics)]


@dataclass(frozen=True)
class _Arguments(Config):
    recipe: str = "default"
    resume: bool = False


@with_parameters_of(_Arguments)
def train(recipe: str = "default", resume: bool = False, **settings: Any) -> Run:
    """Train word vectors: what `w2v train` does, without a word on the terminal.

    Args:
        recipe: "default" or "textbook".
        resume: go on from the checkpoint in the run folder, if there is one.
        settings: those listed below, such as corpus="reviews.txt" or epochs=3.
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
    config = choose.resolve(config)
    with choose.device_memory():
        return _train_resolved(config, watcher, resume)


def _train_resolved(config, watcher, resume):
    validation.check(config)
    named_testsets = epoch_scores.read(config.evaluate)
    if config.out is not None:
        run_folder.check_out(config.out)  # before a corpus is fetched
    corpus = open_corpus(config, watcher.fetching)
    if corpus.notice:
        watcher.warning(corpus.notice)
    out = Path(run_folder.default_out(corpus.name) if config.out is None else config.out)
    run_folder.check_out(out)
    job = Job.read(config, corpus, out, watcher, named_testsets)
    checkpoint = job.checkpoint(resume, watcher)
    if checkpoint and job.is_done(checkpoint):
        done = checkpoint.progress.epoch - 1
        watcher.notice(f"{out} is trained already, {done} epochs: nothing is left to do")
        return _remembered(out, checkpoint.progress.metrics, watcher)
    for line in advice.warnings(job):
        watcher.warning(line)
    training = job.training(checkpoint, watcher)
    watcher.starting(job, training)
    job.run(training, watcher)
    return _remembered(out, training.metrics, watcher)


def _remembered(out, metrics, watcher):
    """The Run in a folder, noted as the one trained last."""
    try:
        run_folder.remember(out)
    except W2VError as error:  # the run is whole all the same
        watcher.warning(f"{error}; name this run with --run {out}")
    return Run(saving.load(out), metrics, out)
