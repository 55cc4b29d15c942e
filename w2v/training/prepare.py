"""From a Job to its Training: tables, engine and batcher, new or as a checkpoint has them."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v.engines import choose
from w2v.training.checkpoints import Checkpoint
from w2v.training.job import Job
from w2v.training.loop import Training
from w2v.training.progress import Progress
from w2v.training.resume import go_on, tables_of
from w2v.training.tables import initial_tables
from w2v.training.watcher import Watcher

if TYPE_CHECKING:
    from w2v.training.ranks import Ranks

Tables = Sequence[npt.NDArray[np.float32]]
Frozen = npt.NDArray[np.bool_] | None


def prepare(job: Job, checkpoint: Checkpoint | None, watcher: Watcher) -> Training:
    """The Training of a Job, at its beginning or where a checkpoint stands.

    Of many ranks, rank 0 sends the others what they begin with.
    """
    frozen = job.start.frozen(job.vocabulary) if job.start and job.config.freeze_old else None
    tables = tables_of(job, checkpoint) if checkpoint else None
    watcher.preparing(choose.compiled_functions(job.config))
    training = _training(job, tables or _first_tables(job), frozen)
    if checkpoint:
        go_on(training, job, checkpoint, watcher)
    if job.ranks is not None:
        best = training.best or []
        send(job.ranks, training.progress, [*training.engine.tables(), *best], frozen)
    return training


def received(job: Job) -> Training:
    """The Training of a rank other than 0, with what rank 0 sends."""
    assert job.ranks is not None
    progress, frozen, *tables = job.ranks.broadcast(None)
    training = _training(job, tables[:2], frozen if frozen.size else None)
    training.progress = Progress.from_json(json.loads(progress.tobytes()))
    training.best = tables[2:] or None
    return training


def send(ranks: "Ranks", progress: Progress, tables: Tables, frozen: Frozen = None) -> None:
    """Give the other ranks what they begin with: both tables, and the best ones if there are."""
    text = np.frombuffer(json.dumps(progress.to_json()).encode(), np.uint8)
    ranks.broadcast([text, np.empty(0, np.bool_) if frozen is None else frozen, *tables])


def _first_tables(job: Job) -> Tables:
    if job.start is not None:
        return job.start.tables(job.vocabulary, job.config)
    return initial_tables(len(job.vocabulary), job.config)


def _training(job: Job, tables: Tables, frozen: Frozen) -> Training:
    config = job.config
    in_vectors, out_vectors = tables
    engine = choose.make_engine(in_vectors, out_vectors, config, frozen)
    batcher = choose.make_batcher(job.text, job.vocabulary.counts, config)
    parts = config, batcher, engine, job.held_out, job.scoring
    if job.ranks is None:
        return Training(*parts)
    from w2v.training.distributed import RanksTraining  # late: with torch

    return RanksTraining(*parts, job.ranks)
