"""What train.py shows: progress on stderr, where that is a terminal, and results on stdout."""

import sys

from tqdm import tqdm

from w2v.compiled import is_cached
from w2v.trainer import Watcher

TASTE = 3  # words whose neighbours are shown at the end
TASTE_WORDS = ("chip", "friday", "oil", "japan", "president", "good", "man", "water")


class Console(Watcher):
    """A progress bar and a line an epoch. A context manager: the bar is closed with it."""

    def __init__(self):
        self._bar = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._close()

    def warning(self, message):
        print("warning:", message, file=sys.stderr)

    def reading(self, corpus):
        if not is_cached():
            print("compiling, this first time only: it takes some seconds", file=sys.stderr)
        print("corpus:", corpus.description)
        bar = self._open(corpus.size, "reading", unit="B", unit_scale=True)
        return lambda done: bar.update(done - bar.n)

    def starting(self, config, text, vocabulary, engine):
        self._close()
        print(
            f"{text.n_lines:,} lines, {text.n_read:,} tokens, {vocabulary.counts[0]:,} of them "
            f"unknown; vocabulary {len(vocabulary):,} (min_count {config.min_count})"
        )
        rate = f"{config.optimizer}, lr {config.method.lr:g} {config.method.schedule}"
        print(f"engine: {engine.description}; {rate}; seed {config.seed}", flush=True)
        self._epochs = config.epochs
        self._open(
            config.epochs, "training", bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
        )

    def trained(self, row):
        self._bar.set_postfix_str(
            f"epoch {row.epoch}, loss {row.loss:.4f}, {row.centers_per_s:,.0f} centers/s", False
        )
        self._bar.update(row.progress - self._bar.n)

    def epoch_done(self, row):
        self._bar.clear()
        print(
            f"epoch {row.epoch}/{self._epochs}  loss {row.loss:.4f}  "
            f"{row.centers_per_s:,.0f} centers/s  {row.seconds:.1f} s",
            flush=True,
        )
        self._bar.refresh()

    def report(self, run):
        """Print where everything is, the losses, and a taste of the neighbours."""
        losses = run.epoch_losses
        listed = ", ".join(f"{loss:.4f}" for loss in losses)
        print(f"loss by epoch: {listed} (mean {sum(losses) / len(losses):.4f})")
        for word in _tasty(run.vectors):
            neighbours = ", ".join(near for near, _ in run.vectors.most_similar(word, topn=5))
            print(f"near {word}: {neighbours}")
        print(f"written: {run.folder} (vectors, vocabulary, settings, metrics, loss.png)")

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
