"""Several watchers of one training, and functions of the user's as one of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from w2v.errors import UsageError
from w2v.storage.metrics import Metrics
from w2v.text.corpus import Corpus
from w2v.training.job import Job
from w2v.training.loop import Training
from w2v.training.watcher import Watcher

Callback = Callable[[Metrics], object]


class Callbacks(Watcher):
    """Calls functions with rows of Metrics; whichever returns True ends the training.

    Only True itself does: a callback may well return what `file.write` or `queue.put` does.

    Args:
        on_metrics: is called with every row that metrics.csv gets, or None.
        on_epoch: with the last row of every epoch, or None.
    Raises:
        UsageError: something else is given that cannot be called.
    """

    def __init__(self, on_metrics: Callback | None, on_epoch: Callback | None) -> None:
        for name, function in (("on_metrics", on_metrics), ("on_epoch", on_epoch)):
            if not (function is None or callable(function)):
                raise UsageError(f"{name} is {function!r}; it must be a function of one row")
        self._on_metrics, self._on_epoch = on_metrics, on_epoch

    def measured(self, row: Metrics) -> bool:
        return self._on_metrics is not None and _is_true(self._on_metrics(row))

    def epoch_done(self, row: Metrics) -> bool:
        return self._on_epoch is not None and _is_true(self._on_epoch(row))


class Several(Watcher):
    """Tells several watchers all that one is told; whichever asks for it ends the training."""

    def __init__(self, *watchers: Watcher) -> None:
        self.watchers = watchers

    def warning(self, message: str) -> None:
        for watcher in self.watchers:
            watcher.warning(message)

    def notice(self, message: str) -> None:
        for watcher in self.watchers:
            watcher.notice(message)

    def fetching(self, done: int, total: int | None) -> None:
        for watcher in self.watchers:
            watcher.fetching(done, total)

    def reading(self, corpus: Corpus) -> Callable[[int], object]:
        shows = [show for watcher in self.watchers if (show := watcher.reading(corpus))]
        return lambda done: [show(done) for show in shows]

    def preparing(self, functions: Sequence[Any]) -> None:
        for watcher in self.watchers:
            watcher.preparing(functions)

    def starting(self, job: Job, training: Training) -> None:
        for watcher in self.watchers:
            watcher.starting(job, training)

    def trained(self, row: Metrics) -> None:
        for watcher in self.watchers:
            watcher.trained(row)

    def measured(self, row: Metrics) -> bool:
        return any_true([watcher.measured(row) for watcher in self.watchers])

    def epoch_done(self, row: Metrics) -> bool:
        return any_true([watcher.epoch_done(row) for watcher in self.watchers])


def _is_true(answer: object) -> bool:
    return isinstance(answer, (bool, np.bool_)) and bool(answer)


def any_true(answers: Iterable[object]) -> bool:
    """Whether a watcher asks for the end."""
    return any(map(_is_true, answers))
