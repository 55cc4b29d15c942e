"""A progress bar for whoever watches a training, at a terminal or in a notebook."""

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from w2v.errors import shown
from w2v.storage.metrics import Metrics
from w2v.text.corpus import Corpus
from w2v.training.job import Job
from w2v.training.loop import Training
from w2v.training.watcher import Watcher

Self = TypeVar("Self", bound="Bar")


class Bar(Watcher):
    """A bar on stderr where a person watches; warnings and notices go to the logger `w2v`.

    A context manager: the bar is closed with it.
    """

    def __init__(self) -> None:
        self._bar: tqdm = tqdm(disable=True)  # none to see yet

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def warning(self, message: str) -> None:
        self._above_bar(lambda: logging.getLogger("w2v").warning(shown(message)))

    def notice(self, message: str) -> None:
        self._above_bar(lambda: logging.getLogger("w2v").info(shown(message)))

    def fetching(self, done: int, total: int | None) -> None:
        if done == 0:
            self._open(total, "ptb.zip", unit="B", unit_scale=True)
        self._bar.update(done - self._bar.n)

    def reading(self, corpus: Corpus) -> Callable[[int], object]:
        bar = self._open(corpus.size, "reading", unit="B", unit_scale=True)
        return lambda done: bar.update(done - bar.n)

    def preparing(self, functions: Sequence[Any]) -> None:
        self._bar.close()

    def starting(self, job: Job, training: Training) -> None:
        epochs = job.config.epochs
        self._open(epochs, "training", bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}")

    def trained(self, row: Metrics) -> None:
        self._bar.set_postfix_str(
            f"epoch {row.epoch}, loss {row.loss:.4f}, {row.centers_per_s:,.0f} centers/s", False
        )
        self._bar.update(row.progress - self._bar.n)

    def done(self, run: Path) -> None:
        """The run is written, in a folder."""

    def _above_bar(self, show: Callable[[], object]) -> None:
        """Call what shows a line, and keep the bar below it."""
        self._bar.clear()
        show()
        self._bar.refresh()

    def _open(self, total: float | None, title: str, **how: Any) -> tqdm:
        """Show a new bar in place of the last one, if anybody can see it."""
        self._bar.close()
        quiet = not _is_watched()
        self._bar = tqdm(
            total=total, desc=title, disable=quiet, leave=False, file=sys.stderr, **how
        )
        return self._bar


def _is_watched() -> bool:
    """Whether stderr is a terminal, or the output of a notebook's cell."""
    if sys.stderr is None:
        return False
    return sys.stderr.isatty() or type(sys.stderr).__module__ == "ipykernel.iostream"
