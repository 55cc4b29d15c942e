"""The loss curve below a notebook's cell while it trains."""

import contextlib
import sys
from pathlib import Path
from typing import Any

from w2v.files import read_file
from w2v.storage import layout
from w2v.storage.metrics import Metrics
from w2v.training import checkpoints
from w2v.training.bar import Bar
from w2v.training.job import Job
from w2v.training.loop import Training


class Notebook(Bar):
    """The bar, and in a notebook the picture of the loss, shown again whenever it is drawn again.

    It is the one that is kept beside the checkpoint: nothing is drawn for it, nor in its process.
    """

    def __init__(self) -> None:
        super().__init__()
        self._display = _display_of_notebook()
        self._picture: Path | None = None
        self._seen: tuple[int, int] | None = None  # what is shown: the file, and when it was made
        self._shown: Any = None  # IPython's handle of it

    def starting(self, job: Job, training: Training) -> None:
        super().starting(job, training)
        self._picture = checkpoints.folder_in(job.out) / layout.LOSS
        self._seen = _made(self._picture)  # of an earlier training

    def trained(self, row: Metrics) -> None:
        super().trained(row)
        if self._picture is not None:
            self._show(self._picture)

    def done(self, run: Path) -> None:
        self._show(run / layout.LOSS)

    def _show(self, picture: Path) -> None:
        """Show a picture in place of the last one, if it is another."""
        made = _made(picture)
        if self._display is None or made in (None, self._seen):
            return
        with contextlib.suppress(OSError):  # it is replaced just now, or gone
            drawn = self._display.Image(data=read_file(picture), format="png")
            if self._shown is None:
                self._shown = self._display.display(drawn, display_id=True)
            else:
                self._shown.update(drawn)
            self._seen = made


def _made(path: Path) -> tuple[int, int] | None:
    with contextlib.suppress(OSError):
        about = path.stat()
        return about.st_ino, about.st_mtime_ns
    return None


def _display_of_notebook() -> Any:
    """IPython's module that shows things, where this is a notebook; else None."""
    if "IPython" not in sys.modules:
        return None
    import IPython.display

    return IPython.display if hasattr(IPython.get_ipython(), "kernel") else None
