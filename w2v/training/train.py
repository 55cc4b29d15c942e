"""Training as one call: from a Config to a run folder."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2v.config import Config, with_settings
from w2v.engines import choose
from w2v.errors import UsageError, W2VError
from w2v.evaluation.testsets import Analogies, Pairs
from w2v.pictures.drawing import Drawing
from w2v.recipes import DEFAULT_RECIPE, from_recipe, with_parameters_of
from w2v.storage import run_folder
from w2v.storage.metrics import Metrics
from w2v.text.corpus import Corpus, corpus_of, open_corpus
from w2v.text.sentences import STDIN, Sentences, are_paths
from w2v.training import (
    advice,
    checkpoints,
    epoch_scores,
    signals,
    start,
    tensorboard,
    torchrun,
    validation,
)
from w2v.training.bar import Bar
from w2v.training.callbacks import Callback, Callbacks, Several, any_true
from w2v.training.checkpointing import Checkpointer
from w2v.training.job import Job, read_job
from w2v.training.joined import joined, resolved
from w2v.training.live import Live
from w2v.training.loop import Training
from w2v.training.notebook import Notebook
from w2v.training.prepare import prepare, send
from w2v.training.resume import (
    find_checkpoint,
    is_done,
    tables_of,
    warn_of_unfinished,
    what_is_lost,
)
from w2v.training.run import Run
from w2v.training.watcher import Watcher
from w2v.training.write_run import write_run
from w2v.vectors import saving

if TYPE_CHECKING:
    from w2v.training.ranks import Ranks

PROGRESS = {"bar": Bar, "notebook": Notebook}


TextSource = str | os.PathLike[str] | Sequence[os.PathLike[str]] | Sentences


@dataclass(frozen=True, kw_only=True)
class _Arguments(Config):
    corpus: TextSource | Config | None = dataclasses.field(  # type: ignore[assignment]
        default=None, kw_only=False
    )
    recipe: str = DEFAULT_RECIPE
    resume: bool = False
    watcher: Watcher | None = None
    progress: str = "bar"
    on_metrics: Callback | None = None
    on_epoch: Callback | None = None


@with_parameters_of(_Arguments)
def train(
    corpus: TextSource | Config | None = None,
    *,
    recipe: str = DEFAULT_RECIPE,
    resume: bool = False,
    watcher: Watcher | None = None,
    progress: str = "bar",
    on_metrics: Callback | None = None,
    on_epoch: Callback | None = None,
    **settings: Any,
) -> Run:
    """Train word vectors, as `w2v train` does.

    Args:
        corpus: ptb, sample, or a path, see below, or several `pathlib.Path`s; or any iterable of
            sentences, each a string or a list of words, which is gone through once; or a Config,
            whose settings those given here replace.
        recipe: "default" or "textbook".
        resume: go on from the checkpoint in the run folder, if there is one.
        watcher: is told what happens. None: what `progress` says, and warnings to the logger `w2v`.
            w2v.Watcher() does nothing.
        progress: "bar", at a terminal or in a notebook; or "notebook", the loss curve below it,
            too, where this is a notebook.
        on_metrics: called with each row that metrics.csv gets, a Metrics, about 20 an epoch, whose
            as_dict() gives plain numbers. Where it returns True, training ends there: the run is
            written, and resume=True goes on from it.
        on_epoch: the same, with the last row of each epoch.
        settings: those listed below, such as vector_size=50 or epochs=3.
    Raises:
        UsageError: a setting that is not allowed, or not the one of the checkpoint.
        W2VError: the corpus cannot be read, or the run folder not written.
        KeyboardInterrupt: as Interrupted, after Ctrl-C or SIGTERM; the state is saved.
        Whatever a callback raises; the state is saved.
    """
    config, sentences = _told_apart(corpus, recipe, settings)
    if not isinstance(watcher, Watcher | None):
        raise UsageError(f"watcher is {watcher!r}; it must be a w2v.Watcher, such as w2v.Watcher()")
    if progress not in PROGRESS:
        raise UsageError(f"progress is {progress!r}; it must be one of {', '.join(PROGRESS)}")
    callbacks = Callbacks(on_metrics, on_epoch)
    if watcher is not None:
        return train_run(config, Several(watcher, callbacks), resume, sentences)
    with PROGRESS[progress]() as bar:
        run = train_run(config, Several(bar, callbacks), resume, sentences)
        bar.done(run.folder)
        return run


def _told_apart(
    corpus: Any, recipe: str, settings: dict[str, Any]
) -> tuple[Config, Sentences | None]:
    """The Config, and the sentences if the corpus is no path."""
    if isinstance(corpus, Config):
        if recipe != DEFAULT_RECIPE:
            raise UsageError(f"recipe is {recipe!r} beside a Config; give from_recipe({recipe!r})")
        return with_settings(corpus, **settings), None
    sentences = None if are_paths(corpus) else corpus
    paths = STDIN if sentences is not None else corpus
    return from_recipe(recipe, **{**settings, "corpus": paths}), sentences


def train_run(
    config: Config, watcher: Watcher, resume: bool = False, sentences: Sentences | None = None
) -> Run:
    """Read the corpus of a Config, train, and write the run folder; raises as `train` does.

    Args:
        sentences: are read in place of the Config's corpus, where they are given.
    """
    with Drawing(torchrun.leads()) as drawing:
        return train_and_draw(config, watcher, resume, drawing, sentences)


def train_and_draw(
    config: Config,
    watcher: Watcher,
    resume: bool,
    drawing: Drawing,
    sentences: Sentences | None = None,
) -> Run:
    """As train_run, with a Drawing that has begun already."""
    with joined(config) as ranks:
        leads = ranks is None or ranks.leads
        config = resolved(config, ranks)
        validation.check(config)
        if config.out is not None and leads:
            run_folder.check_out(config.out)  # before a corpus is fetched
        named_testsets = epoch_scores.read(config.evaluate) if leads else {}
        if sentences is None:
            corpus = open_corpus(config, watcher.fetching if leads else None)
        else:
            corpus = corpus_of(sentences, config)
        if ranks is None or ranks.leads:
            return _lead(config, corpus, named_testsets, ranks, watcher, resume, drawing)
        from w2v.training.follow import follow  # late: with torch

        return follow(config, corpus, ranks)


def _lead(
    config: Config,
    corpus: Corpus,
    named_testsets: Mapping[str, Pairs | Analogies],
    ranks: "Ranks | None",
    watcher: Watcher,
    resume: bool,
    drawing: Drawing,
) -> Run:
    """Train, alone or as rank 0, which alone tells, writes, and looks into the run folder."""
    if corpus.notice:
        watcher.warning(corpus.notice)
    out = Path(run_folder.default_out(corpus.name) if config.out is None else config.out)
    run_folder.check_out(out)
    start.check(config, out)
    with (
        choose.device_memory(),
        choose.threads_put_back(config),
        checkpoints.claimed(out),  # refused before a long text is read
        tensorboard.beside(watcher, config, out) as watcher,
    ):
        with signals.raised(), choose.compiling(config) as finish_compiling:
            old, warn = start.read(config, watcher.warning), watcher.warning
            progress = watcher.reading(corpus)
            job = read_job(config, corpus, out, named_testsets, progress, warn, old, ranks)
            finish_compiling()
        metrics = _train_job(job, watcher, resume, drawing)
    return _remembered(out, metrics, watcher)


def _train_job(job: Job, watcher: Watcher, resume: bool, drawing: Drawing) -> list[Metrics]:
    """Train a Job and write its run, unless that is done already; the rows of its metrics.csv."""
    checkpoint = None
    if resume or (job.ranks is not None and job.ranks.goes_on):
        checkpoint = find_checkpoint(job, watcher)
    else:
        warn_of_unfinished(job, watcher)
    if checkpoint and is_done(job, checkpoint):
        if job.ranks is not None:
            send(job.ranks, checkpoint.progress, tables_of(job, checkpoint))
            job = dataclasses.replace(job, ranks=None)  # the others have nothing to do
        done = f"{job.out} is trained already, {checkpoint.progress.epoch - 1} epochs"
        if lost := what_is_lost(job):
            watcher.notice(f"{done}, but {lost}: all but the vectors is written again")
            _run(job, prepare(job, checkpoint, watcher), watcher, drawing)
        else:
            watcher.notice(f"{done}: nothing is left to do")
        return checkpoint.progress.meter.metrics
    for line in advice.warnings(job):
        watcher.warning(line)
    training = prepare(job, checkpoint, watcher)
    watcher.starting(job, training)
    _run(job, training, watcher, drawing)
    return training.metrics


def _run(job: Job, training: Training, watcher: Watcher, drawing: Drawing) -> None:
    """Train to the end, writing checkpoints, and write the run.

    Raises: Interrupted, or whatever goes wrong, with the state saved. Once training is done, a
        signal changes nothing: the run is written.
    """
    with signals.heard() as heard:
        live = Live(job.out, training, drawing)
        checkpointer = Checkpointer(job, training, watcher, live, heard)
        try:
            ends = False
            for row, is_whole_epoch in training.run():
                ends = _report(row, is_whole_epoch, training, watcher) or ends
                if checkpointer.pause(is_whole_epoch, ends):
                    break
            for line in training.remarks():
                watcher.notice(line)
            write_run(job, training, watcher, drawing)
        except (Exception, SystemExit):  # no room on the disk, or what nobody thought of
            checkpointer.save_whatever_happened()
            raise


def _report(row: Metrics, is_whole_epoch: bool, training: Training, watcher: Watcher) -> bool:
    """Tell a watcher of what was trained; whether it asks for the training to end here."""
    if not is_whole_epoch:
        watcher.trained(row)
    for line in advice.epoch_warnings(row, training.config) if is_whole_epoch else ():
        watcher.warning(line)
    answers = [watcher.measured(new) for new in training.new_rows]
    answers += [watcher.epoch_done(row)] if is_whole_epoch else []
    ends = any_true(answers)
    if ends and not training.progress.is_over(training.config):
        watcher.notice(
            f"ended in epoch {row.epoch} of {training.config.epochs}, as it was asked for; "
            "--resume goes on"
        )
    return ends


def _remembered(out: Path, metrics: list[Metrics], watcher: Watcher) -> Run:
    """The Run in a folder, noted as the one trained last."""
    try:
        run_folder.remember(out)
    except W2VError as error:  # the run is whole all the same
        watcher.warning(f"{error}; name this run with --run {out}")
    return Run(saving.load(out), metrics, out)
