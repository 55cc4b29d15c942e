"""Training a classifier from files to a folder, stopped and resumed at any moment."""

import contextlib
import dataclasses
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2v.classify import checkpoint, saved
from w2v.classify.scores import Scores
from w2v.classify.trainer import Epoch, Trainer
from w2v.errors import Interrupted, W2VError, shown
from w2v.formats.targets import new_folder, prepared, refuse_others
from w2v.pictures import drawing
from w2v.storage import atomic
from w2v.training import signals
from w2v.vectors.wordvectors import WordVectors

WAIT = 10.0  # seconds from one checkpoint to the next, at least


@dataclass(frozen=True)
class Trained:
    """folder: what was written.  best: the Epoch that was kept.  scores: of its model, on the test
    texts, or where there are none on the validation texts.  part: which of them.
    """

    folder: Path
    best: Epoch
    scores: Scores
    part: str


def train(
    trainer: Trainer,
    wv: WordVectors,
    out: str | os.PathLike[str],
    resume: bool = False,
    force: bool = False,
    told: Callable[[Epoch], object] | None = None,
) -> Trained:
    """Train, and write the classifier's folder, whole or not at all.

    A state is kept in the folder's checkpoint/ meanwhile, at least every WAIT seconds, and on
    Ctrl-C or SIGTERM.

    Args:
        wv: whose vectors the Trainer has.
        resume: go on from the state in `out`, if there is one.
        force: replace a classifier that is there already.
        told: called with every Epoch that ends.
    Raises:
        W2VError: `out` cannot be written, holds anything else, or its state is of another training.
        Interrupted: by a signal, once the state is saved.
    """
    with _writing(out):
        folder = prepared(out)
        _check_free(folder, force)
        with atomic.claimed(folder):
            state = folder / saved.CHECKPOINT
            if resume:
                checkpoint.restore(state, trainer)
            with signals.heard() as heard:
                trainer.fit(_pauses(trainer, state, heard), told)
            part = "test" if len(trainer.texts.parts["test"]) else "validation"
            scores = trainer.evaluate(part)
            best = trainer.progress.best
            assert best is not None  # there is at least one epoch
            with new_folder(folder, saved.FILES) as new:
                saved.write(new, trainer, wv, _noted(part, scores, best))
                _draw(scores, new / saved.PICTURE)
    return Trained(folder, best, scores, part)


def _draw(scores: Scores, path: Path) -> None:
    """Draw the confusion matrix; that it cannot be drawn is a warning."""
    what = {"labels": scores.labels, "counts": scores.confusion.tolist()}
    log = logging.getLogger("w2v")
    with drawing.Drawing() as process:
        try:
            for remark in drawing.write(
                path, process, "confusion", macro_f1=scores.macro_f1, **what
            ):
                log.warning(shown(remark))
        except W2VError as error:
            log.warning(str(error))


def _noted(part: str, scores: Scores, best: Epoch) -> dict[str, Any]:
    """What config.json says of the scores."""
    return {
        "best_epoch": dataclasses.asdict(best),
        part: {
            "accuracy": scores.accuracy,
            "macro_f1": scores.macro_f1,
            "confusion": scores.confusion.tolist(),
        },
    }


def _pauses(trainer: Trainer, state: Path, heard: list[int]) -> Callable[[], None]:
    """What the Trainer does between two batches: save the state when it is time, or on a signal."""
    last = time.monotonic()

    def pause() -> None:
        nonlocal last
        if heard:
            checkpoint.write(state, trainer)
            raise Interrupted(
                f"{signal.Signals(heard[0]).name} in epoch {trainer.progress.epoch}; the state is "
                f"saved in {state.parent}: give the same command with --resume to go on",
                heard[0],
            )
        if time.monotonic() - last >= WAIT:
            checkpoint.write(state, trainer)
            last = time.monotonic()

    return pause


def _check_free(folder: Path, force: bool) -> None:
    """Raise W2VError, before training, for a place where no classifier may be put."""
    refuse_others(folder, saved.FILES)
    if saved.is_there(folder) and not force:
        raise W2VError(f"{folder} holds a classifier; --force replaces it, or name another folder")


@contextlib.contextmanager
def _writing(out: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except BlockingIOError as error:
        raise W2VError(f"another training is writing to {out}; wait for it") from error
    except OSError as error:
        raise W2VError(shown(f"cannot write {out}: {error.strerror or error}")) from error
