"""What a training tells while it runs."""

from collections.abc import Callable, Sequence
from typing import Any

from w2v.storage.metrics import Metrics
from w2v.text.corpus import Corpus
from w2v.training.job import Job
from w2v.training.loop import Training


class Watcher:
    """Is told what happens while `train_run` runs. This one does nothing: override what you need.

    The methods are called in the order in which they stand here, `warning` and `notice` at any
    time. They run in the thread that trains, between two calls of the engine, and may look at all
    that they are given but must not change it. An exception of theirs ends the training; once it
    has begun, a checkpoint is written first. Where `measured` or `epoch_done` returns True, the
    training ends there, and the run is written as after the last epoch.

        class Losses(Watcher):
            def epoch_done(self, row):
                print(row.epoch, row.loss)

        train_run(from_recipe(corpus="reviews.txt"), Losses())
    """

    def warning(self, message: str) -> None:
        """One line that the user should see."""

    def notice(self, message: str) -> None:
        """One line that is good to know."""

    def fetching(self, done: int, total: int | None) -> None:
        """PTB is being fetched: the bytes so far, first 0; `total` is None where nobody says."""

    def reading(self, corpus: Corpus) -> Callable[[int], object] | None:
        """The text is about to be read.

        Returns:
            what to call with the bytes read so far, of `corpus.size`; None for nothing.
        """
        return None

    def preparing(self, functions: Sequence[Any]) -> None:
        """All is read; these functions are compiled now, unless they are in Numba's cache."""

    def starting(self, job: Job, training: Training) -> None:
        """The first epoch is about to begin, or the one in which training is resumed.

        Args:
            job: what is trained: settings, corpus, vocabulary, …
            training: what trains it; its engine's tables are the vectors of the moment.
        """

    def trained(self, row: Metrics) -> None:
        """Some batches were trained, up to many times a second: the Metrics of the epoch so far."""

    def measured(self, row: Metrics) -> bool | None:
        """metrics.csv gets this row; that of a whole epoch once all of it is measured."""
        return None

    def epoch_done(self, row: Metrics) -> bool | None:
        """An epoch is done: the Metrics of all of it."""
        return None
