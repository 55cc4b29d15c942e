"""The checkpoint: one file with all that resuming needs, replaced in one step."""

import contextlib
import json
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError, damaged
from w2v.files import open_file
from w2v.storage import atomic, layout, safetensors
from w2v.storage.layout import TENSORS
from w2v.training.loop import Training
from w2v.training.progress import Progress

FORMAT = 1
BEST, OPTIMIZER = "best_", "optimizer."  # what names of tensors begin with


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint's file holds.

    job: what was trained: {"corpus": SHA-256, "validation": SHA-256 or None, "version": of w2v,
        "settings": {name: value}}.
    progress: where training stood.
    tensors: {name: (n, m)}; memory-mapped, if read from a file. Those of a finished run are without
        the tables, which are in the run's own file.
    finished: SHA-256 of the vectors of the finished run that it is part of; else None.
    """

    job: dict[str, Any]
    progress: Progress
    tensors: Mapping[str, npt.NDArray[np.float32]]
    finished: str | None = None


def state_tensors(training: Training) -> dict[str, npt.NDArray[np.float32]]:
    """{name: (n, m)}: with its Progress, all that going on with a Training depends on."""
    tensors = dict(zip(TENSORS, training.engine.tables(), strict=True))
    state = training.engine.optimizer_state()
    tensors |= {OPTIMIZER + name: array for name, array in state.items()}
    if training.best is not None:
        tensors |= {BEST + name: table for name, table in zip(TENSORS, training.best, strict=True)}
    return tensors


def restore(training: Training, checkpoint: Checkpoint) -> None:
    """Put a Training whose engine has a checkpoint's tables already where the checkpoint stands.

    Raises: ValueError: the tensors do not fit each other, or this training.
    """
    training.progress, tensors = checkpoint.progress, checkpoint.tensors
    if training.progress.has_begun:
        state = {name: tensors[name] for name in tensors if name.startswith(OPTIMIZER)}
        training.engine.restore({name.removeprefix(OPTIMIZER): state[name] for name in state})
    if not training.config.early_stopping:
        return
    best = [tensors[BEST + name] for name in TENSORS if BEST + name in tensors]
    if not best:  # early stopping was not asked for so far
        training.progress.best_epoch, training.progress.best_loss = 0, math.inf
    elif [table.shape for table in best] != [table.shape for table in training.engine.tables()]:
        raise ValueError("the best tables do not fit")
    else:
        training.best = best


def folder_in(out: str | Path) -> Path:
    """The folder of checkpoints in a run folder."""
    return Path(out, layout.CHECKPOINT)


def path_of(out: str | Path, checkpoint: Checkpoint) -> Path:
    """The file of a Checkpoint in a run folder."""
    return folder_in(out) / (layout.STATE if checkpoint.finished else layout.UNFINISHED)


def write(out: str | Path, checkpoint: Checkpoint) -> None:
    """Write a Checkpoint into a run folder, whole or not at all. Raises: OSError.

    That of an unfinished training stands beside that of an earlier run, until it is finished.
    """
    path = path_of(out, checkpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        atomic.sweep(path)
    about = {"job": checkpoint.job, "progress": checkpoint.progress.to_json()}
    text = json.dumps({"format": FORMAT, **about, "finished": checkpoint.finished})
    metadata = {"w2v": text, "crc32": str(_crc32(text, checkpoint.tensors))}
    with atomic.staged_file(path) as staging:
        safetensors.write_tensors(staging, checkpoint.tensors, metadata)


def read(path: Path) -> Checkpoint | None:
    """The Checkpoint in a file, or None without the file. Raises: W2VError: it is damaged."""
    try:
        with open_file(path) as file:
            tensors, metadata = safetensors.map_tensors(file, path)
        text, crc32 = metadata["w2v"], int(metadata["crc32"])
        if crc32 != _crc32(text, tensors):
            raise ValueError("its checksum differs")
        about = json.loads(text)
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']}, not {FORMAT}")
        job = {**about["job"], "settings": dict(about["job"]["settings"])}
        if type(job["settings"]["epochs"]) is not int:
            raise ValueError("--epochs is no number")
        return Checkpoint(job, Progress.from_json(about["progress"]), tensors, about["finished"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    except (W2VError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise unusable(path, error) from error


def unusable(path: Path, why: Exception) -> W2VError:
    """What to raise for a checkpoint that nothing can be resumed from."""
    reason = str(why).removeprefix(f"{path} is damaged: ")
    return damaged(path, f"{reason}; remove this file, or start without --resume")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open_file(path) as file:
        return safetensors.sha256(file)


def _crc32(about: str, tensors: Mapping[str, npt.NDArray[np.float32]]) -> int:
    crc32 = zlib.crc32(about.encode())
    for name in tensors:
        crc32 = zlib.crc32(name.encode(), crc32)
        for piece in safetensors.pieces_of(tensors[name]):
            crc32 = zlib.crc32(piece, crc32)
    return crc32


@contextlib.contextmanager
def claimed(out: str | Path) -> Iterator[None]:
    """`with claimed(out):` no other training writes to this run folder.

    Raises: W2VError: another training is writing to it already, or it cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(atomic.claimed(folder_in(out)))
        except BlockingIOError as error:
            raise W2VError(
                f"another training is writing to {out}; wait for it, or name another --out"
            ) from error
        except OSError as error:
            raise W2VError(f"cannot write {out}: {error.strerror}") from error
        yield
