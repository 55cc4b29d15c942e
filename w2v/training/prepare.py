"""From a Job to its Training: tables, engine and batcher, new or as a checkpoint has them."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v.engines import choose
from w2v.engines.base import Steps
from w2v.training.checkpoints import Checkpoint
from w2v.training.fitted import kept_tokens, row_steps
from w2v.training.job import Job
from w2v.training.loop import Training
from w2v.training.progress import Progress
from w2v.training.resume import go_on, tables_of
from w2v.training.tables import initial_tables
from w2v.training.watcher import Watcher

if TYPE_CHECKING:
    from w2v.training.ranks import Ranks

Tables = Sequence[npt.NDArray[np.float32]]


def prepare(job: Job, checkpoint: Checkpoint | None, watcher: Watcher) -> Training:
    """The Training of a Job, at its beginning or where a checkpoint stands.

    Of many ranks, rank 0 sends the others what they begin with.
    """
    steps, tables = _steps(job), tables_of(job, checkpoint) if checkpoint else None
    watcher.preparing(choose.compiled_functions(job.config))
    training = _training(job, tables or _first_tables(job), steps)
    if checkpoint:
        go_on(training, job, checkpoint, watcher)
    if job.ranks is not None:
        best = training.best or []
        send(job.ranks, training.progress, [*training.engine.tables(), *best], steps)
    return training


def received(job: Job) -> Training:
    """The Training of a rank other than 0, with what rank 0 sends."""
    assert job.ranks is not None
    progress, steps, *tables = job.ranks.broadcast(None)
    training = _training(job, tables[:2], steps)
    training.progress = Progress.from_json(json.loads(progress.tobytes()))
    training.best = tables[2:] or None
    return training


def send(ranks: "Ranks", progress: Progress, tables: Tables, steps: Steps | None = None) -> None:
    """Give the other ranks what they begin with: both tables, and the best ones if there are.

    steps: of all rows, where anything is left to train.
    """
    text = np.frombuffer(json.dumps(progress.to_json()).encode(), np.uint8)
    ranks.broadcast(
        [text, np.ones((2, len(tables[0])), np.float32) if steps is None else steps, *tables]
    )


def _first_tables(job: Job) -> Tables:
    if job.start is not None:
        return job.start.tables(job.vocabulary, job.config)
    return initial_tables(len(job.vocabulary), job.config)


def _steps(job: Job) -> Steps:
    """The share of the rate that each row takes: 0 where --freeze-old keeps it."""
    counts, config = job.vocabulary.counts, job.config
    steps = row_steps(config, counts, kept_tokens(config, counts, job.text))
    if job.start is not None and config.freeze_old:
        steps[job.start.frozen(job.vocabulary)] = 0
    return steps


def _training(job: Job, tables: Tables, steps: Steps) -> Training:
    config = job.config
    in_vectors, out_vectors = tables
    engine = choose.make_engine(in_vectors, out_vectors, config, steps)
    batcher = choose.make_batcher(job.text, job.vocabulary.counts, config)
    parts = config, batcher, engine, job.held_out, job.scoring
    if job.ranks is None:
        return Training(*parts)
    from w2v.training.distributed import RanksTraining  # late: with torch

    return RanksTraining(*parts, job.ranks)
