"""Checkpoints: what resuming needs, in one file that is replaced in one step."""

import contextlib
import json
import signal
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from w2v import atomic, runs, stored
from w2v.config import UsageError, W2VError, flag
from w2v.interrupts import Interrupted

FORMAT = 1
MINUTE = 60.0  # seconds
LONGEST = 5 * MINUTE  # from one checkpoint to the next, by default
WORTH = 50  # by default a checkpoint waits for so many times its own price: 2 %
BYTES_PER_S = 2e8  # what the first is taken to cost, until it is known

# Settings that say where, how fast and how long, not what is computed.
FREE = {"corpus", "data_dir", "out", "epochs", "validation", "checkpoint_every", "workers"}


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds.

    job: dict, what was trained: {"corpus": SHA-256, "validation": SHA-256 or None, "settings"}.
    progress: dict, of w2v.training.Progress.
    tensors: {name: (n, m) float32 array}; mapped, once read. A finished run's are without the
        tables, which the run itself has.
    """

    job: dict
    progress: dict
    tensors: dict
    is_finished: bool = False


def path_in(out):
    return Path(out, runs.CHECKPOINT, runs.STATE)


def write(out, checkpoint):
    """Write a Checkpoint into a run folder, whole or not at all. Raises: OSError."""
    path = path_in(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        atomic.sweep(path)
    about = {name: getattr(checkpoint, name) for name in ("job", "progress", "is_finished")}
    text = json.dumps({"format": FORMAT, **about})
    metadata = {"w2v": text, "crc32": str(_crc32(text, checkpoint.tensors))}
    with atomic.staged_file(path) as staging:
        stored.write_tensors(staging, checkpoint.tensors, metadata)


def read(out):
    """The Checkpoint of a run folder, or None. Raises: W2VError: it is damaged or unreadable."""
    path = path_in(out)
    try:
        with open(path, "rb") as file:
            tensors, metadata = stored.map_tensors(file, path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    try:
        about, crc32 = metadata["w2v"], int(metadata["crc32"])
        if crc32 != _crc32(about, tensors):
            raise ValueError("its checksum differs")
        about = json.loads(about)
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']}, not {FORMAT}")
        return Checkpoint(about["job"], about["progress"], tensors, about["is_finished"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise stored.damaged(path, f"{error}; remove it, and start without --resume") from error


def _crc32(about, tensors):
    crc32 = zlib.crc32(about.encode())
    for name in tensors:
        crc32 = zlib.crc32(name.encode(), crc32)
        for piece in stored.pieces_of(tensors[name]):
            crc32 = zlib.crc32(piece, crc32)
    return crc32


def check_same(before, now):
    """Make sure that a checkpoint's job is the one asked for, but for FREE settings.

    Raises:
        UsageError: names what differs, and both values.
    """
    pairs = [
        ("the text", before.get("corpus"), now["corpus"]),
        ("the validation text", before.get("validation"), now["validation"]),
    ]
    old, new = before.get("settings", {}), now["settings"]
    pairs += [(flag(name), old.get(name), new[name]) for name in new if name not in FREE]
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
        yield
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
        if epoch_ended and self.training.is_done:
            return  # the run folder is about to be written
        folder = path_in(self.out).parent
        at, epochs = self.training.at, self.training.config.epochs
        if signals:
            name = signal.Signals(signals[0]).name
            try:
                self._save()
            except OSError as error:
                raise W2VError(f"{name}, and cannot write {folder}: {error.strerror}") from error
            raise Interrupted(
                f"{name} in epoch {at.epoch} of {epochs}; the state is saved in {folder}: "
                "give the same command with --resume to go on",
                signals[0],
            )
        if self._pace.is_due(at.epoch - 1 if epoch_ended else None):
            try:
                self._save()
            except OSError as error:
                self.watcher.warning(f"cannot write {folder}: {error.strerror}; training goes on")

    def _save(self):
        with self._pace.paid():
            at, tensors = self.training.at.to_json(), self.training.tensors()
            write(self.out, Checkpoint(self.identity, at, tensors))
