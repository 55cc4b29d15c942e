"""What `w2v train` shows: progress on stderr, where that is a terminal; results on stdout."""

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from tqdm import tqdm

from w2v.commands.output import tell
from w2v.compiled import is_cached
from w2v.storage.layout import LOSS, VECTORS
from w2v.storage.safetensors import sha256
from w2v.text.corpus import Corpus
from w2v.text.word_table import scan_words
from w2v.training import advice
from w2v.training.job import Job
from w2v.training.loop import Training
from w2v.training.metrics import Metrics
from w2v.training.train import Run
from w2v.training.watcher import Watcher
from w2v.vectors.wordvectors import WordVectors

LISTED = 12  # epochs whose losses are all listed at the end
LOG_PERIOD = 60.0  # seconds
TRIAL = 0.2  # seconds of training, from which the time of the rest is estimated
SHOWN_WORDS = 3  # words whose neighbours are shown at the end
FAMILIAR_WORDS = ("chip", "friday", "oil", "japan", "president", "good", "man", "water")


class Console(Watcher):
    """A progress bar and a line an epoch; without a terminal a line every LOG_PERIOD in its place.

    A context manager: the bar is closed with it.
    """

    def __init__(self) -> None:
        self._bar: tqdm = tqdm(disable=True)  # none to see yet
        self._has_said_it_compiles = self._is_timed = False
        self._epochs = 0
        self._logged = time.monotonic()

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def warning(self, message: str) -> None:
        self._say(f"warning: {message}", to_errors=True)

    def notice(self, message: str) -> None:
        self._say(message)

    def fetching(self, done: int, total: int | None) -> None:
        if done == 0:
            self._open(total, "ptb.zip", unit="B", unit_scale=True)
        self._bar.update(done - self._bar.n)

    def reading(self, corpus: Corpus) -> Callable[[int], object]:
        self._say_whether_it_compiles([scan_words])
        tell(f"corpus: {corpus.description}")
        bar = self._open(corpus.size, "reading", unit="B", unit_scale=True)

        def show(done: int) -> None:
            bar.update(done - bar.n)
            if self._is_log_due():
                share = f", {done / corpus.size:.0%}" if corpus.size else ""
                self._say(f"reading: {done / 2**20:,.0f} MB{share}")

        return show

    def preparing(self, functions: Iterable[Any]) -> None:
        self._bar.close()
        self._say_whether_it_compiles(functions)

    def starting(self, job: Job, training: Training) -> None:
        config = job.config
        for line in advice.summary(job, training.batcher):
            tell(line)
        rate = f"{config.optimizer}, lr {config.method.lr:g} {config.method.schedule}"
        tell(f"engine: {training.engine.description}; {rate}; seed {config.seed}")
        self._epochs, self._is_timed = config.epochs, False
        self._open(
            config.epochs, "training", bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
        )

    def trained(self, row: Metrics) -> None:
        if not self._is_timed and row.seconds > TRIAL:
            self._is_timed = True
            left = row.seconds / row.progress * (self._epochs - row.progress)
            self._say(f"expected time: about {left:,.0f} s")
        self._bar.set_postfix_str(
            f"epoch {row.epoch}, loss {row.loss:.4f}, {row.centers_per_s:,.0f} centers/s", False
        )
        self._bar.update(row.progress - self._bar.n)
        if self._is_log_due():
            left = row.seconds / row.progress * (self._epochs - row.progress)
            self._say(
                f"epoch {row.epoch}/{self._epochs}, {row.progress - row.epoch + 1:.0%} of it: loss "
                f"{row.loss:.4f}, {row.centers_per_s:,.0f} centers/s, about {left:,.0f} s left"
            )

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
        shown = [f"{loss:.4f}" for loss in losses]
        listed = ", ".join(shown if len(shown) <= LISTED else [*shown[:3], "…", *shown[-3:]])
        tell(f"loss by epoch: {listed} (mean {sum(losses) / len(losses):.4f})")
        for word in _words_to_show(run.vectors):
            neighbours = ", ".join(near for near, _ in run.vectors.most_similar(word, topn=5))
            tell(f"near {word}: {neighbours}")
        with open(run.folder / VECTORS, "rb") as file:
            tell(f"vectors: SHA-256 {sha256(file)}")
        picture = f", {LOSS}" if (run.folder / LOSS).exists() else ""
        tell(f"written: {run.folder} (vectors, vocabulary, settings, metrics{picture})")

    def _say(self, line: str, to_errors: bool = False) -> None:
        """Print a line and keep the bar below it."""
        self._bar.clear()
        tell(line, to_errors)
        self._logged = time.monotonic()
        self._bar.refresh()

    def _is_log_due(self) -> bool:
        """Whether nobody sees a bar, and has not seen a line for long."""
        return self._bar.disable and time.monotonic() - self._logged >= LOG_PERIOD

    def _say_whether_it_compiles(self, functions: Iterable[Any]) -> None:
        if not is_cached(functions) and not self._has_said_it_compiles:
            self._has_said_it_compiles = True
            tell("compiling, this first time only: it takes some seconds", to_errors=True)

    def _open(self, total: float | None, title: str, **how: Any) -> tqdm:
        """Show a new bar in place of the last one, if stderr is a terminal."""
        self._bar.close()
        quiet = not sys.stderr.isatty()
        self._bar = tqdm(
            total=total, desc=title, disable=quiet, leave=False, file=sys.stderr, **how
        )
        return self._bar


def _words_to_show(vectors: WordVectors) -> list[str]:
    """A few words of the vocabulary: familiar ones, else frequent ones, but not the very first."""
    known = [word for word in FAMILIAR_WORDS if word in vectors]
    frequent = vectors.index_to_key[min(100, len(vectors) // 2) :]
    return [*known, *frequent][:SHOWN_WORDS]
