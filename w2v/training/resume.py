"""Going on from a checkpoint: finding it, making sure that it is this job's, taking it over."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError, W2VError, damaged
from w2v.files import open_file
from w2v.setting import flag
from w2v.storage import layout, safetensors
from w2v.storage.layout import TENSORS
from w2v.training import checkpoints
from w2v.training.checkpoints import Checkpoint
from w2v.training.fitted import fitted
from w2v.training.job import Job
from w2v.training.loop import Training
from w2v.training.watcher import Watcher
from w2v.vectors import saving

# Settings that say where, how fast and how long to train, not what is computed.
MAY_DIFFER = {
    "corpus", "data_dir", "out", "epochs", "early_stopping", "validation", "evaluate",
    "checkpoint_every", "cache", "cache_dir", "cache_size", "tensorboard", "init_from",
    "dist_timeout",
}  # fmt: skip


def warn_of_unfinished(job: Job, watcher: Watcher) -> None:
    """Say so if a training that starts from the beginning replaces an unfinished one."""
    if (checkpoints.folder_in(job.out) / layout.UNFINISHED).exists():
        watcher.warning(
            f"{job.out} holds an unfinished training, which this one replaces; "
            "stop it now and give --resume to go on with that one"
        )


def find_checkpoint(job: Job, watcher: Watcher) -> Checkpoint | None:
    """The Checkpoint to go on from: that of the unfinished training, or else of the finished run.

    Returns:
        None where there is neither a checkpoint nor a run.
    Raises:
        UsageError: the run folder holds a run without a checkpoint, or checkpoints of other jobs
            only; the message names what differs, and both values.
        W2VError: a checkpoint is damaged or unreadable.
    """
    checkpoint = _matching_checkpoint(job)
    if checkpoint is None:
        if (job.out / layout.VECTORS).exists():
            raise UsageError(
                f"cannot resume: {job.out} holds a run without a checkpoint; "
                "start without --resume to replace it, or name another --out"
            )
        watcher.notice(f"no checkpoint in {job.out} yet: starting from the beginning")
    elif (before := checkpoint.job["settings"]["epochs"]) > job.config.epochs:
        raise UsageError(
            f"cannot resume: --epochs is {job.config.epochs}, the checkpoint was made with "
            f"{before}; give as many or more"
        )
    return checkpoint


def _matching_checkpoint(job: Job) -> Checkpoint | None:
    refusal = None
    for name in (layout.UNFINISHED, layout.STATE):
        checkpoint = checkpoints.read(checkpoints.folder_in(job.out) / name)
        if checkpoint is None:
            continue
        try:
            _check_same(checkpoint.job, job)
        except UsageError as error:
            refusal = refusal or error
            continue
        return checkpoint
    if refusal:
        raise refusal
    return None


def _check_same(before: dict[str, Any], job: Job) -> None:
    """Make sure that a checkpoint's job is this one, but for settings that MAY_DIFFER.

    Raises:
        UsageError: names what differs, and both values.
    """
    now = job.identity
    old, new = before["settings"], now["settings"]
    if missing := [flag(name) for name in new if name not in old]:
        raise UsageError(
            f"cannot resume: the checkpoint is of a w2v without {', '.join(missing)}; give "
            "another --out, or start without --resume"
        )
    pairs = [
        ("the text", before.get("corpus"), now["corpus"]),
        ("the validation text", before.get("validation"), now["validation"]),
        ("what --init-from names", before.get("init_from"), now["init_from"]),
        ("w2v", before.get("version"), now["version"]),
        ("the number of ranks", before.get("ranks", 1), now["ranks"]),
    ]
    # The bits of torch's sums depend on the number of threads.
    may_differ = MAY_DIFFER if new["engine"] == "torch" else {*MAY_DIFFER, "workers"}
    may_differ = {*may_differ, *_fitted_settings(old, job)}
    if job.config.group_size == 1:  # each center has noise words of its own
        may_differ |= {"noise_pool"}
    pairs += [(flag(name), old.get(name), new[name]) for name in new if name not in may_differ]
    pairs.sort(key=lambda pair: pair[0] == flag("lr"))  # last: by default it follows from others
    for what, had, has in pairs:
        if had != has:
            raise UsageError(
                f"cannot resume: {what} is {_shown(has)}, the checkpoint was made with "
                f"{_shown(had)}; give the same, or another --out, or start without --resume"
            )


def _fitted_settings(old: dict[str, Any], job: Job) -> Iterator[str]:
    """Names of the settings that a checkpoint and a Job have as they are fitted to its epochs."""
    unset = {"lr": dataclasses.replace(job.config, lr=None)}
    unset["noise_pool"] = dataclasses.replace(job.config, noise_pool=None)
    for name, config in unset.items():
        both = dataclasses.replace(config, epochs=old["epochs"]), config
        defaults = [fitted(each, job.vocabulary.counts, job.n_ranks) for each in both]
        if [old[name], getattr(job.config, name)] == [getattr(each, name) for each in defaults]:
            yield name


def _shown(value: Any) -> Any:
    return f"SHA-256 {value[:16]}…" if isinstance(value, str) and len(value) == 64 else value


def is_done(job: Job, checkpoint: Checkpoint) -> bool:
    """Whether nothing is left to train: the vectors are what resuming would end with."""
    path = job.out / layout.VECTORS
    return bool(
        checkpoint.finished
        and checkpoint.progress.is_over(job.config)
        and path.exists()
        and checkpoints.sha256_of(path) == checkpoint.finished
    )


def what_is_lost(job: Job) -> str | None:
    """What is wrong with the files beside a finished run's vectors; None if they are whole."""
    names = (layout.VOCAB, layout.CONFIG, layout.METRICS)
    missing = [name for name in names if not (job.out / name).is_file()]
    if missing:
        return f"{' and '.join(missing)} {'are' if missing[1:] else 'is'} missing"
    try:
        saving.load(job.out, verify=True)
    except W2VError as error:
        return str(error)
    return None


def tables_of(job: Job, checkpoint: Checkpoint) -> list[npt.NDArray[np.float32]]:
    """in_vectors and out_vectors of a checkpoint, or of the finished run that it is part of.

    Raises: W2VError: they are not there, not in the job's shape, or not what was written.
    """
    path, tensors = checkpoints.path_of(job.out, checkpoint), checkpoint.tensors
    if not tensors.keys() & set(TENSORS):
        path = job.out / layout.VECTORS
        try:
            with open_file(path) as file:
                tensors, _ = safetensors.map_tensors(file, path)
                if safetensors.sha256(file) != checkpoint.finished:
                    raise damaged(path, "it is not what its checkpoint was made with")
        except OSError as error:
            raise W2VError(
                f"cannot read {path}: {error.strerror}; start without --resume"
            ) from error
    shape = (len(job.vocabulary), job.config.vector_size)
    for name in TENSORS:
        if name not in tensors or tensors[name].shape != shape:
            what = f"{name} is not there in the shape {shape}; start without --resume"
            raise damaged(path, what)
    return [tensors[name] for name in TENSORS]


def go_on(training: Training, job: Job, checkpoint: Checkpoint, watcher: Watcher) -> None:
    """Put a Training that was made with a checkpoint's tables where the checkpoint stands."""
    try:
        checkpoints.restore(training, checkpoint)
    except ValueError as error:
        raise checkpoints.unusable(checkpoints.path_of(job.out, checkpoint), error) from error
    progress = training.progress
    if checkpoint.finished and progress.is_over(job.config):
        return  # files beside its vectors are written again
    watcher.notice(
        f"resuming in epoch {progress.epoch}, after {progress.meter.n_batches} of its batches"
    )
    before, pool = checkpoint.job["settings"], job.config.noise_pool
    if before["epochs"] != job.config.epochs:
        is_other = job.config.group_size > 1 and pool != before["noise_pool"]
        other = f", with --noise-pool {pool}" if is_other else ""
        watcher.notice(
            f"--epochs was {before['epochs']} and is {job.config.epochs}: the learning rate goes "
            f"on as if it had been from the start ({job.config.method.schedule}){other}"
        )
