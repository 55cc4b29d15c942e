"""What a training gives: the vectors, what was measured, and where all of it is."""

import base64
import contextlib
import html
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from w2v.files import read_file
from w2v.pictures import curves, drawing
from w2v.pictures.drawing import Picture
from w2v.storage import layout
from w2v.storage.metrics import Metrics, last_rows, listed
from w2v.vectors.wordvectors import WordVectors


@dataclass(frozen=True, repr=False)
class Run:
    """What training returns: the run folder, its vectors, and the rows of its metrics.csv."""

    vectors: WordVectors
    metrics: list[Metrics]
    folder: Path

    @property
    def epoch_losses(self) -> list[float]:
        """The loss of each epoch, in nats."""
        return [row.loss for row in last_rows(self.metrics)]

    def __fspath__(self) -> str:
        """A Run stands for its folder where a path is wanted: `w2v.load(run)`."""
        return str(self.folder)

    def __repr__(self) -> str:
        lines = (
            f"<Run: {str(self.folder)!r}",
            f" vectors: {len(self.vectors):,} words of {self.vectors.vector_size} dimensions",
            f" loss by epoch: {listed(self.epoch_losses)}>",
        )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        shown = [f"<p><code>{html.escape(str(self.folder))}</code></p>", self.vectors._repr_html_()]
        with contextlib.suppress(OSError):  # it could not be drawn, or is gone
            picture = base64.b64encode(read_file(self.folder / layout.LOSS)).decode()
            losses = f"loss by epoch: {listed(self.epoch_losses)}"
            shown.append(f'<img alt="{losses}" src="data:image/png;base64,{picture}"/>')
        return "\n".join(shown)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Picture:
        """The picture of the loss, as `w2v plot` draws it; it shows itself in a notebook.

        Args:
            path: a file to write it to; its ending, .png, .svg or .pdf, tells the format.
        Raises:
            UsageError: another ending.
            W2VError: it cannot be drawn or written.
        """
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, layout.LOSS) if path is None else Path(path)
            curves.write([self.folder], target)
            return Picture(read_file(target), drawing.format_of(target))
