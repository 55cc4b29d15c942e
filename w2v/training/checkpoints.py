"""Checkpoints: what resuming needs, in one file that is replaced in one step."""

import contextlib
import json
import signal
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from w2v.errors import Interrupted, UsageError, W2VError, damaged
from w2v.setting import flag
from w2v.storage import atomic, layout, safetensors
from w2v.training.progress import Progress

FORMAT = 1
MINUTE = 60.0  # seconds
LONGEST = 5 * MINUTE  # from one checkpoint to the next, by default
WORTH = 50  # by default a checkpoint waits for so many times its own price: 2 %
BYTES_PER_S = 2e8  # what the first is taken to cost, until it is known

# Settings that say where, how fast and how long, not what is computed.
FREE = {
    "corpus", "data_dir", "out", "epochs", "early_stopping", "validation", "evaluate",
    "checkpoint_every",
}  # fmt: skip


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds.

    job: dict, what was trained: {"corpus": SHA-256, "validation": SHA-256 or None, "version": of
        w2v, "settings"}.
    progress: w2v.training.Progress.
    tensors: {name: (n, m) float32 array}; mapped, once read. A finished run's are without the
        tables, which are the run's own.
    finished: SHA-256 of the vectors of the finished run that it is part of; else None.
    """

    job: dict
    progress: Progress
    tensors: dict
    finished: str | None = None


def folder_in(out):
    return Path(out, layout.CHECKPOINT)


def path_of(out, checkpoint):
    """The file of a Checkpoint in a run folder."""
    return folder_in(out) / (layout.STATE if checkpoint.finished else layout.UNFINISHED)


def write(out, checkpoint):
    """Write a Checkpoint into a run folder, whole or not at all. Raises: OSError.

    That of a training under way stands beside that of the run which is there until it is done.
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


@contextlib.contextmanager
def claimed(out):
    """Have a run folder's checkpoints to ourselves. Raises: W2VError: another training has them."""
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


def has_unfinished(out):
    return (folder_in(out) / layout.UNFINISHED).exists()


def find(out, job):
    """The Checkpoint in a run folder that `job` goes on from: the unfinished one, or the run's.

    Returns:
        None where there is none.
    Raises:
        UsageError: there is one, of another job; the message names what differs, and both values.
        W2VError: it is damaged or unreadable.
    """
    refusal = None
    for name in (layout.UNFINISHED, layout.STATE):
        checkpoint = read(folder_in(out) / name)
        if checkpoint is None:
            continue
        try:
            check_same(checkpoint.job, job)
        except UsageError as error:
            refusal = refusal or error
            continue
        return checkpoint
    if refusal:
        raise refusal
    return None


def read(path):
    """The Checkpoint in a file, or None without the file. Raises: W2VError: it is damaged."""
    try:
        with open(path, "rb") as file:
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


def unusable(path, why):
    """What to raise for a checkpoint that cannot be gone on from."""
    why = str(why).removeprefix(f"{path} is damaged: ")
    return damaged(path, f"{why}; remove this file, or start without --resume")


def _crc32(about, tensors):
    crc32 = zlib.crc32(about.encode())
    for name in tensors:
        crc32 = zlib.crc32(name.encode(), crc32)
        for piece in safetensors.pieces_of(tensors[name]):
            crc32 = zlib.crc32(piece, crc32)
    return crc32


def check_same(before, now):
    """Make sure that a checkpoint's job is the one asked for, but for FREE settings.

    Raises:
        UsageError: names what differs, and both values.
    """
    old, new = before["settings"], now["settings"]
    pairs = [
        ("the text", before.get("corpus"), now["corpus"]),
        ("the validation text", before.get("validation"), now["validation"]),
        ("w2v", before.get("version"), now["version"]),
    ]
    # The bits of torch's sums depend on the number of threads.
    free = FREE if new["engine"] == "torch" else {*FREE, "workers"}
    pairs += [(flag(name), old.get(name), new[name]) for name in new if name not in free]
    for what, had, has in pairs:
        if had != has:
            raise UsageError(
                f"cannot resume: {what} is {_shown(has)}, the checkpoint was made with "
                f"{_shown(had)}; give the same, or another --out, or start without --resume"
            )


def _shown(value):
    return f"SHA-256 {value[:16]}…" if isinstance(value, str) and len(value) == 64 else value


class Pace:
    """When a checkpoint is due.

    setting: of --checkpoint-every.  n_bytes: of a checkpoint.
    """

    def __init__(self, setting, n_bytes):
        self.minutes = float(setting[:-1]) if setting and setting.endswith("m") else None
        self.epochs = int(setting[:-1]) if setting and setting.endswith("e") else None
        self.price = n_bytes / BYTES_PER_S  # seconds
        self.last = time.perf_counter()

    def is_due(self, epochs_done):
        """epochs_done: how many, if one has just ended; else None."""
        waited = time.perf_counter() - self.last
        if self.minutes is not None:
            return waited >= self.minutes * MINUTE
        if self.epochs is not None:
            return epochs_done is not None and epochs_done % self.epochs == 0
        return (epochs_done is not None or waited >= LONGEST) and waited >= WORTH * self.price

    @contextlib.contextmanager
    def paid(self):
        """`with pace.paid():` write a checkpoint."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.last = time.perf_counter()
            self.price = self.last - began


class Keeper:
    """Writes the checkpoints of a Training when they are due, and stops it on a signal.

    out: the run folder.  identity: the checkpoints' job.
    """

    def __init__(self, out, identity, training, watcher):
        self.out, self.identity, self.training, self.watcher = out, identity, training, watcher
        n_bytes = sum(array.nbytes for array in training.tensors().values())
        self._pace = Pace(training.config.checkpoint_every, n_bytes)

    def pause(self, epoch_ended, signals):
        """What there is to do between two calls of the engine. Raises: Interrupted, W2VError."""
        if epoch_ended and self.training.at.is_over(self.training.config):
            return  # the run folder is about to be written
        folder = folder_in(self.out)
        at, epochs = self.training.at, self.training.config.epochs
        if signals:
            name = signal.Signals(signals[0]).name
            try:
                self.save()
            except OSError as error:
                raise W2VError(f"{name}, and cannot write {folder}: {error.strerror}") from error
            raise Interrupted(
                f"{name} in epoch {at.epoch} of {epochs}; the state is saved in {folder}: "
                "give the same command with --resume to go on",
                signals[0],
            )
        if self._pace.is_due(at.epoch - 1 if epoch_ended else None):
            try:
                self.save()
            except OSError as error:
                self.watcher.warning(f"cannot write {folder}: {error.strerror}; training goes on")

    def save(self):
        """Write a checkpoint now. Raises: OSError."""
        with self._pace.paid():
            write(self.out, Checkpoint(self.identity, self.training.at, self.training.tensors()))
