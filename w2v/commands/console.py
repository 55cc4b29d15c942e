"""What `w2v train` shows: progress on stderr, where that is a terminal; results on stdout."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from w2v.commands.output import tell
from w2v.compiled import is_cached
from w2v.files import open_file
from w2v.storage.layout import LOSS, VECTORS
from w2v.storage.metrics import Metrics, listed
from w2v.storage.safetensors import sha256
from w2v.text.corpus import Corpus
from w2v.text.word_table import scan_words
from w2v.training import advice
from w2v.training.bar import Bar
from w2v.training.job import Job
from w2v.training.loop import Training
from w2v.training.run import Run
from w2v.vectors.wordvectors import WordVectors

LOG_PERIOD = 60.0  # seconds
TRIAL = 0.2  # seconds of training, from which the time of the rest is estimated
NEWS = 1.25  # an expected time is told again once it is that many times as long, or as short,
NEWS_AFTER = 10.0  # and so many seconds have passed
SHOWN_WORDS = 3  # words whose neighbours are shown at the end
SHOWN_LETTERS = 4  # or more; shorter words are mostly "the", "of" and the like
OFTEN = 40  # times that a familiar word must occur, or its neighbours are mostly noise
FAMILIAR_WORDS = ("chip", "friday", "oil", "japan", "president", "good", "man", "water")


class Console(Bar):
    """A progress bar and a line an epoch; without a terminal a line every LOG_PERIOD in its place.

    A context manager: the bar is closed with it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._has_said_it_compiles = False
        self._epochs = 0
        self._logged = time.monotonic()
        self._began: tuple[float, float] | None = None  # when, and how many epochs were done
        self._expected: float | None = None  # seconds in all, as was told last
        self._told = 0.0  # when that was

    def warning(self, message: str) -> None:
        self._say(f"warning: {message}", to_errors=True)

    def notice(self, message: str) -> None:
        self._say(message)

    def reading(self, corpus: Corpus) -> Callable[[int], object]:
        self._say_whether_it_compiles([scan_words])
        tell(f"corpus: {corpus.description}")
        show_bar = super().reading(corpus)

        def show(done: int) -> None:
            show_bar(done)
            if self._is_log_due():
                share = f", {done / corpus.size:.0%}" if corpus.size else ""
                self._say(f"reading: {done / 2**20:,.0f} MB{share}")

        return show

    def preparing(self, functions: Sequence[Any]) -> None:
        super().preparing(functions)
        self._say_whether_it_compiles(functions)

    def starting(self, job: Job, training: Training) -> None:
        config = job.config
        for line in advice.summary(job, training.batcher):
            tell(line)
        rate = f"{config.optimizer}, lr {config.method.lr:g} {config.method.schedule}"
        usual = dataclasses.replace(config, noise_pool=None).pool_size
        pool = f"; noise pool {config.pool_size}" if config.pool_size != usual else ""
        tell(f"engine: {training.engine.description}; {rate}{pool}; seed {config.seed}")
        self._epochs, self._began, self._expected = config.epochs, None, None
        super().starting(job, training)

    def trained(self, row: Metrics) -> None:
        self._expect(row)
        super().trained(row)
        if self._is_log_due():
            left = row.seconds / row.progress * (self._epochs - row.progress)
            self._say(
                f"epoch {row.epoch}/{self._epochs}, {row.progress - row.epoch + 1:.0%} of it: loss "
                f"{row.loss:.4f}, {row.centers_per_s:,.0f} centers/s, about {left:,.0f} s left"
            )

    def _expect(self, row: Metrics) -> None:
        """Say how long the rest will take, and say it again when that turns out otherwise."""
        now = time.perf_counter()
        if self._began is None:
            self._began = now, row.progress  # what compiles, or loads, has done so
            return
        seconds, progress = now - self._began[0], row.progress - self._began[1]
        if seconds <= TRIAL or not progress:
            return
        expected = seconds / progress * (self._epochs - self._began[1])  # of all, from then on
        if self._expected is None:
            self._say(f"expected time: about {math.ceil(expected - seconds):,} s")
        elif now > self._told + NEWS_AFTER and not 1 / NEWS < expected / self._expected < NEWS:
            self._say(f"expected time: now about {math.ceil(expected - seconds):,} s more")
        else:
            return
        self._expected, self._told = expected, now

    def epoch_done(self, row: Metrics) -> None:
        held_out = row.validation_loss
        validation = "" if held_out is None else f"validation {held_out:.4f}  "
        scores = "".join(
            f"{name} {'none' if score is None else format(score, '.3f')}  "
            for name, score in row.scores.items()
        )
        self._say(
            f"epoch {row.epoch}/{self._epochs}  loss {row.loss:.4f}  {validation}{scores}"
            f"{row.centers_per_s:,.0f} centers/s  {row.seconds:.1f} s"
        )

    def report(self, run: Run) -> None:
        """Print the losses, the neighbours of a few words, and where everything is."""
        losses = run.epoch_losses
        tell(f"loss by epoch: {listed(losses)} (mean {sum(losses) / len(losses):.4f})")
        for word in _words_to_show(run.vectors):
            neighbours = ", ".join(near for near, _ in run.vectors.most_similar(word, topn=5))
            tell(f"near {word}: {neighbours}")
        with open_file(run.folder / VECTORS) as file:
            tell(f"vectors: SHA-256 {sha256(file)}")
        picture = f", {LOSS}" if (run.folder / LOSS).exists() else ""
        tell(f"written: {run.folder} (vectors, vocabulary, settings, metrics{picture})")

    def _say(self, line: str, to_errors: bool = False) -> None:
        """Print a line and keep the bar below it."""
        self._logged = time.monotonic()
        self._above_bar(lambda: tell(line, to_errors))

    def _is_log_due(self) -> bool:
        """Whether nobody sees a bar, and has not seen a line for long."""
        return self._bar.disable and time.monotonic() - self._logged >= LOG_PERIOD

    def _say_whether_it_compiles(self, functions: Iterable[Any]) -> None:
        if not is_cached(functions) and not self._has_said_it_compiles:
            self._has_said_it_compiles = True
            tell("compiling, this first time only: it takes some seconds", to_errors=True)


def _words_to_show(vectors: WordVectors) -> list[str]:
    """A few words that this text has often: familiar ones, else others, but not the very first."""
    seen = zip(vectors.index_to_key, vectors.counts.tolist(), strict=True)
    often = {word for word, count in seen if count >= OFTEN}
    familiar = [word for word in FAMILIAR_WORDS if word in often]
    frequent = vectors.index_to_key[max(1, min(100, len(vectors) // 2)) :]
    long = [word for word in frequent if word.isalpha() and len(word) >= SHOWN_LETTERS]
    return list(dict.fromkeys([*familiar, *long, *frequent]))[:SHOWN_WORDS]
