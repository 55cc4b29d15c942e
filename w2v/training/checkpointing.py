"""When a checkpoint is written while training: as often as is asked for, and on a signal."""

import contextlib
import signal
import time
from collections.abc import Iterator

from w2v.errors import Interrupted, W2VError
from w2v.training import checkpoints
from w2v.training.checkpoints import Checkpoint, state_tensors
from w2v.training.job import Job
from w2v.training.live import Live
from w2v.training.loop import Training
from w2v.training.watcher import Watcher

SECONDS_PER_MINUTE = 60.0
DEFAULT_WAIT = 5 * SECONDS_PER_MINUTE  # from one checkpoint to the next, at most
DEFAULT_WAIT_PER_COST = 50  # and at least: writing them takes 2 % of the time
BYTES_PER_S = 2e8  # what writing the first is taken to cost, until it is known


class Pace:
    """When a checkpoint is due.

    Args:
        setting: of --checkpoint-every.
        n_bytes: of a checkpoint.
    """

    def __init__(self, setting: str | None, n_bytes: float) -> None:
        self.minutes = float(setting[:-1]) if setting and setting.endswith("m") else None
        self.epochs = int(setting[:-1]) if setting and setting.endswith("e") else None
        self._cost = n_bytes / BYTES_PER_S  # seconds
        self._last = time.perf_counter()

    def is_due(self, epochs_done: int | None) -> bool:
        """Whether to write one now.

        Args:
            epochs_done: how many, if one has just ended; None within an epoch.
        """
        waited = time.perf_counter() - self._last
        if self.minutes is not None:
            return waited >= self.minutes * SECONDS_PER_MINUTE
        has_ended = epochs_done is not None
        if self.epochs is not None:
            return epochs_done is not None and epochs_done % self.epochs == 0
        is_late = waited >= DEFAULT_WAIT
        return (has_ended or is_late) and waited >= DEFAULT_WAIT_PER_COST * self._cost

    @contextlib.contextmanager
    def timed(self) -> Iterator[None]:
        """`with pace.timed():` write a checkpoint, whose cost is measured."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._last = time.perf_counter()
            self._cost = self._last - began


class Checkpointer:
    """Writes the checkpoints of a Training when they are due, and stops it on a signal.

    Args:
        live: what can be looked at meanwhile.
        signals: numbers of the signals that have arrived; see `signals.heard`.
    """

    def __init__(
        self, job: Job, training: Training, watcher: Watcher, live: Live, signals: list[int]
    ) -> None:
        self.job, self.training, self.watcher = job, training, watcher
        self.live, self.signals = live, signals
        n_bytes = sum(array.nbytes for array in state_tensors(training).values())
        self._pace = Pace(training.config.checkpoint_every, n_bytes)

    def pause(self, epoch_has_ended: bool, ends: bool = False) -> bool:
        """Do what there is to do between two calls of the engine. Raises: Interrupted, W2VError.

        Args:
            ends: whether somebody has asked for the training to end.
        Returns:
            whether it ends here: all ranks, where there are several, do so together.
        """
        progress, epochs = self.training.progress, self.training.config.epochs
        if epoch_has_ended and progress.is_over(self.training.config):
            return ends  # the run folder is about to be written
        if ends and self.job.ranks is None:
            return True
        self.live.update(epoch_has_ended)
        if not self.training.is_whole:
            return False  # rows of other ranks are still to come
        is_due = self._pace.is_due(progress.epoch - 1 if epoch_has_ended else None)
        if self.job.ranks is not None:
            is_due, ends = self.job.ranks.agree(self.signals, is_due, ends)
        folder = checkpoints.folder_in(self.job.out)
        if self.signals:
            name = signal.Signals(self.signals[0]).name
            try:
                self.save()
            except OSError as error:
                raise W2VError(f"{name}, and cannot write {folder}: {error.strerror}") from error
            if self.job.ranks is not None:
                self.job.ranks.meet()  # the others wait until the state is saved
            raise Interrupted(
                f"{name} in epoch {progress.epoch} of {epochs}; the state is saved in {folder}: "
                "give the same command with --resume to go on",
                self.signals[0],
            )
        if is_due and not ends:
            try:
                self.save()
            except OSError as error:
                self.watcher.warning(f"cannot write {folder}: {error.strerror}; training goes on")
        return ends

    def save(self) -> None:
        """Write a checkpoint now. Raises: OSError."""
        with self._pace.timed():
            tensors = state_tensors(self.training)
            checkpoint = Checkpoint(self.job.identity, self.training.progress, tensors)
            checkpoints.write(self.job.out, checkpoint)
        if self.job.ranks is not None:
            self.job.ranks.note_checkpoint()
        self.live.write_metrics()

    def save_whatever_happened(self) -> None:
        """Write a checkpoint, if there is something whole to keep, and say so; never raises."""
        if not (self.training.progress.has_begun and self.training.is_whole):
            return
        with contextlib.suppress(Exception):  # what is on its way up is the one to tell
            self.save()
            self.watcher.warning(
                f"the training so far is saved in {checkpoints.folder_in(self.job.out)}: "
                "give the same command with --resume to go on"
            )
