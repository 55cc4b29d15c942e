"""What is to be trained, from the text to the run folder, and where it goes on from."""

import contextlib
import dataclasses
import json
import platform
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import w2v
from w2v.engines import choose
from w2v.errors import UsageError, W2VError, damaged
from w2v.storage import layout, run_folder, safetensors
from w2v.storage.layout import TENSORS
from w2v.text.vocab import read
from w2v.training import checkpoints, validation
from w2v.training.epoch_scores import Scoring
from w2v.training.learning_rate import default_rate
from w2v.training.loop import DivergedError, Training
from w2v.training.metrics import write_csv
from w2v.training.plots import plot_loss
from w2v.training.signals import heard
from w2v.training.tables import check_memory, initial_tables
from w2v.vectors import saving


@dataclass(frozen=True)
class Job:
    """What is to be trained: all that is known of it before the first update.

    corpus: w2v.corpus.Corpus.  text: EncodedText to train on.  held_out: HeldOut or None.
    scoring: w2v.scoring.Scoring or None.
    seconds: reading took so long.
    """

    config: object
    corpus: object
    out: Path
    vocabulary: object
    text: object
    held_out: object
    scoring: object
    seconds: float

    @classmethod
    def read(cls, config, corpus, out, watcher, named_testsets):
        began = time.perf_counter()
        progress = watcher.reading(corpus)
        vocabulary, text = read(corpus, config.min_count, progress, watcher.warning)
        seconds = time.perf_counter() - began
        check_memory(len(vocabulary), text.n_tokens, config)
        text, held_out = validation.hold_out(config, corpus, vocabulary, text)
        if config.lr is None:
            lr = config.method.lr
            if config.optimizer == "sgd":
                lr = default_rate(vocabulary.counts, config)
            config = dataclasses.replace(config, lr=lr)
        scoring = Scoring(named_testsets, vocabulary.words) if named_testsets else None
        return cls(config, corpus, out, vocabulary, text, held_out, scoring, seconds)

    @property
    def identity(self):
        """What a checkpoint must have in common with the job that goes on from it."""
        return {
            "corpus": self.text.digest,
            "validation": self.held_out and self.held_out.text.digest,
            "version": w2v.__version__,
            "settings": dataclasses.asdict(self.config),
        }

    def checkpoint(self, resume, watcher):
        """The Checkpoint to go on from, or None."""
        if not resume:
            if checkpoints.has_unfinished(self.out):
                watcher.warning(
                    f"{self.out} holds an unfinished training, which this one replaces; "
                    "stop it now and give --resume to go on with that one"
                )
            return None
        checkpoint = checkpoints.find(self.out, self.identity)
        if checkpoint is None:
            if (self.out / layout.VECTORS).exists():
                raise UsageError(
                    f"cannot resume: {self.out} holds a run without a checkpoint; "
                    "start without --resume to replace it, or name another --out"
                )
            watcher.notice(f"no checkpoint in {self.out} yet: starting from the beginning")
        elif (before := checkpoint.job["settings"]["epochs"]) > self.config.epochs:
            raise UsageError(
                f"cannot resume: --epochs is {self.config.epochs}, the checkpoint was made with "
                f"{before}; give as many or more"
            )
        return checkpoint

    def is_done(self, checkpoint):
        """Whether the run folder is what resuming from its checkpoint would make."""
        path = self.out / layout.VECTORS
        return (
            checkpoint.finished
            and checkpoint.progress.is_over(self.config)
            and path.exists()
            and _sha256(path) == checkpoint.finished
        )

    def training(self, checkpoint, watcher):
        """The Training, where it begins or where the checkpoint stands."""
        config, tables = self.config, None
        if checkpoint is not None:
            tables = self._tables_of(checkpoint)
        watcher.preparing(choose.compiled_modules(config))
        engine = choose.make_engine(
            *(tables or initial_tables(len(self.vocabulary), config)), config
        )
        batcher = choose.make_batcher(self.text, self.vocabulary.counts, config)
        training = Training(config, batcher, engine, watcher, self.held_out, self.scoring)
        if checkpoint is not None:
            self._go_on(training, checkpoint, watcher)
        return training

    def _tables_of(self, checkpoint):
        """in_vectors and out_vectors of a checkpoint, or of the finished run that it is in."""
        path, tensors = checkpoints.path_of(self.out, checkpoint), checkpoint.tensors
        if not tensors.keys() & set(TENSORS):
            path = self.out / layout.VECTORS
            try:
                with open(path, "rb") as file:
                    tensors, _ = safetensors.map_tensors(file, path)
                    if safetensors.sha256(file) != checkpoint.finished:
                        raise damaged(path, "it is not what its checkpoint was made with")
            except OSError as error:
                raise W2VError(
                    f"cannot read {path}: {error.strerror}; start without --resume"
                ) from error
        shape = (len(self.vocabulary), self.config.vector_size)
        for name in TENSORS:
            if name not in tensors or tensors[name].shape != shape:
                what = f"{name} is not there in the shape {shape}; start without --resume"
                raise damaged(path, what)
        return [tensors[name] for name in TENSORS]

    def _go_on(self, training, checkpoint, watcher):
        try:
            training.restore(checkpoint.progress, checkpoint.tensors)
        except ValueError as error:
            raise checkpoints.unusable(checkpoints.path_of(self.out, checkpoint), error) from error
        watcher.notice(
            f"resuming in epoch {training.at.epoch}, after {training.at.n_batches} of its batches"
        )
        before = checkpoint.job["settings"]["epochs"]
        if before != self.config.epochs:
            watcher.notice(
                f"--epochs was {before} and is {self.config.epochs}: the learning rate goes on as "
                f"if it had been from the start ({self.config.method.schedule})"
            )

    def run(self, training, watcher):
        """Train to the end, writing checkpoints, and write the run.

        Raises: Interrupted, with the state saved. Once training is done, a signal changes nothing:
            the run is written.
        """
        keeper = checkpoints.Keeper(self.out, self.identity, training, watcher)
        with checkpoints.claimed(self.out), heard() as signals:
            try:
                training.run(lambda epoch_ended: keeper.pause(epoch_ended, signals))
                if training.best is not None:
                    watcher.notice(
                        f"the lowest validation loss was that of epoch {training.at.best_epoch}: "
                        "its vectors are kept"
                    )
                self.save(training)
            except (W2VError, OSError) as error:  # no place on the disk, no reader of our output
                if training.at.has_begun and not isinstance(error, DivergedError):
                    with contextlib.suppress(OSError):
                        keeper.save()
                raise

    def save(self, training):
        """Write the run folder, whole or not at all. Raises: W2VError, as replace_run does."""
        with run_folder.replace_run(self.out) as folder:
            words, counts = self.vocabulary.words, self.vocabulary.counts
            saving.save_vectors(folder, words, counts, *training.tables())
            tensors = training.tensors()
            if training.best is None:  # the run's own tables are the newest
                tensors = {name: tensors[name] for name in tensors if name not in TENSORS}
            digests = {name: _sha256(folder / name) for name in (layout.VECTORS, layout.VOCAB)}
            checkpoints.write(
                folder,
                checkpoints.Checkpoint(
                    self.identity, training.at, tensors, digests[layout.VECTORS]
                ),
            )
            path = folder / layout.CONFIG
            # A path may hold bytes that are no UTF-8: \udcff is JSON's way to write one, too.
            with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
                json.dump(
                    {**self.describe(), "sha256": digests}, file, indent=2, ensure_ascii=False
                )
                file.write("\n")
            write_csv(training.metrics, folder / layout.METRICS)
            plot_loss(training.metrics, folder / layout.LOSS)

    def describe(self):
        """What config.json says of a run: the text, every setting, the versions."""
        return {
            "corpus": {
                "name": self.corpus.name,
                "description": self.corpus.description,
                "sha256": self.text.digest,
                "lines": self.text.n_lines,
                "tokens": self.text.n_read,
                "seconds": round(self.seconds, 3),
            },
            "settings": {**dataclasses.asdict(self.config), "out": str(self.out)},
            "versions": _versions(self.config),
        }


def _sha256(path):
    with open(path, "rb") as file:
        return safetensors.sha256(file)


def _versions(config):
    packages = ["numpy", "numba"] + ["torch"] * (config.engine != "cpu")
    packages += ["triton"] * (config.engine == "cuda")
    versions = {package: metadata.version(package) for package in packages}
    return {"w2v": w2v.__version__, "python": platform.python_version(), **versions}
