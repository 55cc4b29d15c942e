"""What can be looked at while training runs: metrics.csv and its picture, beside the checkpoint."""

import contextlib
import time
from pathlib import Path

from w2v.pictures import curves
from w2v.pictures.drawing import Drawing
from w2v.storage import atomic, layout
from w2v.storage.metrics import write_csv
from w2v.training import checkpoints
from w2v.training.loop import Training

# Seconds from one picture to the next. Drawing takes one core an eighth of a second, beside the
# training: of two cores that is 0.6 % of the shorter time.
AFTER_EPOCH, WITHIN_EPOCH = 10.0, 30.0


class Live:
    """Keeps metrics.csv and loss.png in the folder of checkpoints.

    Nothing here ever stops the training: what cannot be written now is tried again later.
    """

    def __init__(self, out: Path, training: Training, drawing: Drawing) -> None:
        self.folder, self.training = checkpoints.folder_in(out), training
        self._drawing = drawing
        self._last = time.perf_counter()

    def update(self, epoch_has_ended: bool) -> None:
        """Write and draw if it is time to."""
        wait = AFTER_EPOCH if epoch_has_ended else WITHIN_EPOCH
        if time.perf_counter() - self._last >= wait:
            self._last = time.perf_counter()
            self.write_metrics()
            metrics, picture = self.folder / layout.METRICS, self.folder / layout.LOSS
            self._drawing.ask(curves.order(metrics, picture))

    def write_metrics(self) -> None:
        """Write metrics.csv now."""
        meter = self.training.progress.meter
        newest = [] if meter.row is None or meter.row in meter.metrics[-1:] else [meter.row]
        metrics = self.folder / layout.METRICS
        with contextlib.suppress(OSError), atomic.staged_file(metrics) as staging:
            write_csv([*meter.metrics, *newest], staging)
