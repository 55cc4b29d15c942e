"""What train.py shows: progress on stderr, where that is a terminal, and results on stdout."""

import sys

from tqdm import tqdm

from w2v.compiled import is_cached
from w2v.storage.layout import VECTORS
from w2v.storage.safetensors import sha256
from w2v.training import advice
from w2v.training.watcher import Watcher

LISTED = 12  # epochs whose losses are all listed at the end
TRIAL = 0.2  # seconds of training that tell how long the rest will take
TASTE = 3  # words whose neighbours are shown at the end
TASTE_WORDS = ("chip", "friday", "oil", "japan", "president", "good", "man", "water")


class Console(Watcher):
    """A progress bar and a line an epoch. A context manager: the bar is closed with it."""

    def __init__(self):
        self._bar, self._has_said_it_compiles = None, False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._close()

    def warning(self, message):
        self._say(f"warning: {message}", sys.stderr)

    def notice(self, message):
        self._say(message)

    def reading(self, corpus):
        self._say_whether_it_compiles(["word_table"])
        print("corpus:", corpus.description)
        bar = self._open(corpus.size, "reading", unit="B", unit_scale=True)
        return lambda done: bar.update(done - bar.n)

    def preparing(self, modules):
        self._close()
        self._say_whether_it_compiles(modules)

    def starting(self, job, training):
        config = job.config
        print(*advice.summary(job, training.batcher), sep="\n")
        rate = f"{config.optimizer}, lr {config.method.lr:g} {config.method.schedule}"
        print(f"engine: {training.engine.description}; {rate}; seed {config.seed}", flush=True)
        self._epochs, self._is_timed = config.epochs, False
        self._open(
            config.epochs, "training", bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
        )

    def trained(self, row):
        if not self._is_timed and row.seconds > TRIAL:
            self._is_timed = True
            left = row.seconds / row.progress * (self._epochs - row.progress)
            self._say(f"expected time: about {left:,.0f} s")
        self._bar.set_postfix_str(
            f"epoch {row.epoch}, loss {row.loss:.4f}, {row.centers_per_s:,.0f} centers/s", False
        )
        self._bar.update(row.progress - self._bar.n)

    def epoch_done(self, row):
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

    def report(self, run):
        """Print where everything is, the losses, and a taste of the neighbours."""
        losses = run.epoch_losses
        shown = [f"{loss:.4f}" for loss in losses]
        listed = ", ".join(shown if len(shown) <= LISTED else [*shown[:3], "…", *shown[-3:]])
        print(f"loss by epoch: {listed} (mean {sum(losses) / len(losses):.4f})")
        for word in _tasty(run.vectors):
            neighbours = ", ".join(near for near, _ in run.vectors.most_similar(word, topn=5))
            print(f"near {word}: {neighbours}")
        with open(run.folder / VECTORS, "rb") as file:
            print(f"vectors: SHA-256 {sha256(file)}")
        print(f"written: {run.folder} (vectors, vocabulary, settings, metrics, loss.png)")

    def _say(self, line, stream=None):
        """Print a line, on stdout if no stream is given, and keep the bar below it."""
        if self._bar is not None:
            self._bar.clear()
        print(line, file=stream, flush=True)
        if self._bar is not None:
            self._bar.refresh()

    def _say_whether_it_compiles(self, modules):
        if not is_cached(modules) and not self._has_said_it_compiles:
            self._has_said_it_compiles = True
            print("compiling, this first time only: it takes some seconds", file=sys.stderr)

    def _open(self, total, title, **how):
        quiet = not sys.stderr.isatty()
        self._bar = tqdm(
            total=total, desc=title, disable=quiet, leave=False, file=sys.stderr, **how
        )
        return self._bar

    def _close(self):
        if self._bar is not None:
            self._bar.close()


def _tasty(vectors):
    """A few words that the vocabulary has: well-known ones, else frequent ones past the first."""
    known = [word for word in TASTE_WORDS if word in vectors]
    return (known + vectors.index_to_key[min(100, len(vectors) // 2) :])[:TASTE]
