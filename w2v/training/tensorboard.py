"""The metrics as TensorBoard shows them: written while training runs, by torch's own writer."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from w2v.config import Config
from w2v.errors import UsageError, W2VError
from w2v.storage.metrics import Metrics, last_rows
from w2v.training.callbacks import Several
from w2v.training.job import Job
from w2v.training.loop import Training
from w2v.training.watcher import Watcher

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FLUSH_SECONDS = 5  # until what was written can be seen


@contextlib.contextmanager
def beside(watcher: Watcher, config: Config, out: Path) -> Iterator[Watcher]:
    """`with beside(watcher, …) as watchers:` tell TensorBoard, too, where a Config asks for it.

    Raises:
        UsageError: tensorboard is not installed, or its folder is in the run folder.
        W2VError: the folder cannot be made.
    """
    if config.tensorboard is None:
        yield watcher
        return
    folder = Path(config.tensorboard).absolute()
    if folder.is_relative_to(out.absolute()):
        raise UsageError(
            f"--tensorboard is {config.tensorboard}, in the run folder {out}, which is replaced "
            "as a whole; name another one, such as tensorboard"
        )
    board = _TensorBoard(folder, watcher)
    try:
        yield Several(board, watcher)  # told first: a callback that raises takes no row from it
    finally:
        board.close()


class _TensorBoard(Watcher):
    """Writes each row of metrics.csv as scalars, by the number of batches since training began."""

    def __init__(self, folder: Path, watcher: Watcher) -> None:
        try:
            import torch.utils.tensorboard  # noqa: F401 (it says here that there is none)
        except ImportError as error:
            raise UsageError(
                "--tensorboard needs the package tensorboard, which is not here: "
                "pip install 'w2v[tensorboard]'"
            ) from error
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise W2VError(f"cannot write --tensorboard {folder}: {error.strerror}") from error
        self._folder, self._watcher = folder, watcher
        self._writer: SummaryWriter | None = None
        self._batches = 0  # of all earlier epochs

    def starting(self, job: Job, training: Training) -> None:
        from torch.utils.tensorboard import SummaryWriter

        progress = training.progress
        earlier = [row for row in last_rows(training.metrics) if row.epoch < progress.epoch]
        self._batches = sum(row.batch for row in earlier)
        # Hides what an earlier training wrote to this folder, or this one after its checkpoint.
        first = self._batches + progress.meter.n_batches + 1
        with self._watched():
            self._writer = SummaryWriter(self._folder, purge_step=first, flush_secs=FLUSH_SECONDS)

    def measured(self, row: Metrics) -> None:
        if self._writer is None:
            return
        with self._watched():
            for name, value in row.as_dict().items():
                self._writer.add_scalar(name, value, self._batches + row.batch)

    def epoch_done(self, row: Metrics) -> None:
        self._batches += row.batch

    def close(self) -> None:
        if self._writer is not None:
            with self._watched():
                self._writer.close()

    @contextlib.contextmanager
    def _watched(self):
        """A picture is not worth a training: what cannot be written is a warning, once."""
        try:
            yield
        except OSError as error:
            self._writer = None
            self._watcher.warning(
                f"cannot write to {self._folder}: {error.strerror or error}; it gets no more"
            )
