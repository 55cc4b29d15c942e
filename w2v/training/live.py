"""What can be looked at while training runs: metrics.csv and its picture, beside the checkpoint."""

import contextlib
import time
from pathlib import Path

from w2v.storage import atomic, layout
from w2v.training import checkpoints, plots
from w2v.training.loop import Training
from w2v.training.metrics import write_csv

PERIOD = 30.0  # seconds; drawing takes one core 0.6 s, beside the training


class Live:
    """Keeps metrics.csv and loss.png in the folder of checkpoints. A context manager: nothing is
    drawn any more when it ends, and what is there stays.

    Nothing here ever stops the training: what cannot be written now is tried again later.
    """

    def __init__(self, out: Path, training: Training) -> None:
        self.folder, self.training = checkpoints.folder_in(out), training
        self._drawing: plots.Drawing | None = None
        self._last = time.perf_counter()

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawing is not None:
            self._drawing.__exit__()

    def update(self) -> None:
        """Write and draw if it is time to."""
        if time.perf_counter() - self._last >= PERIOD:
            self._last = time.perf_counter()
            self.write_metrics()
            self._draw()

    def write_metrics(self) -> None:
        """Write metrics.csv now."""
        meter = self.training.progress.meter
        newest = [] if meter.row is None or meter.row in meter.metrics[-1:] else [meter.row]
        metrics = self.folder / layout.METRICS
        with contextlib.suppress(OSError), atomic.staged_file(metrics) as staging:
            write_csv([*meter.metrics, *newest], staging)

    def _draw(self) -> None:
        """Begin to draw, unless the last drawing is not done."""
        if self._drawing is None or self._drawing.is_done:
            self._drawing = plots.Drawing()
            epochs_done = self.training.progress.epoch - 1
            metrics, picture = self.folder / layout.METRICS, self.folder / layout.LOSS
            self._drawing.ask(metrics, epochs_done, picture)
