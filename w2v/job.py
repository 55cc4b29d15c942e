"""What is to be trained, from the text to the run folder, and where it goes on from."""

import dataclasses
import json
import platform
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from w2v import checkpoints, engines, heldout, interrupts, runs, stored, vectors
from w2v.batches import Batcher
from w2v.config import UsageError
from w2v.metrics import write_csv
from w2v.plots import plot_loss
from w2v.rates import default_rate
from w2v.tables import check_memory, initial_tables
from w2v.training import BEST, IN_VECTORS, OUT_VECTORS, Progress, Training
from w2v.vocab import read


@dataclass(frozen=True)
class Job:
    """What is to be trained: all that is known of it before the first update.

    corpus: w2v.corpus.Corpus.  text: EncodedText to train on.  held_out: HeldOut or None.
    seconds: reading took so long.
    """

    config: object
    corpus: object
    out: Path
    vocabulary: object
    text: object
    held_out: object
    seconds: float

    @classmethod
    def read(cls, config, corpus, out, watcher):
        began = time.perf_counter()
        progress = watcher.reading(corpus)
        vocabulary, text = read(corpus, config.min_count, progress, watcher.warning)
        seconds = time.perf_counter() - began
        text, held_out = heldout.hold_out(config, corpus, vocabulary, text)
        if config.lr is None:
            lr = config.method.lr
            if config.optimizer == "sgd":
                lr = default_rate(vocabulary.counts, config)
            config = dataclasses.replace(config, lr=lr)
        check_memory(len(vocabulary), config)
        return cls(config, corpus, out, vocabulary, text, held_out, seconds)

    @property
    def identity(self):
        """What a checkpoint must have in common with the job that goes on from it."""
        return {
            "corpus": self.text.digest,
            "validation": self.held_out and self.held_out.text.digest,
            "settings": dataclasses.asdict(self.config),
        }

    def checkpoint(self, resume, watcher):
        """The Checkpoint to go on from, or None."""
        if not resume:
            if not (self.out / runs.VECTORS).exists() and checkpoints.path_in(self.out).exists():
                watcher.warning(
                    f"{self.out} holds an unfinished training, which this one replaces; "
                    "stop it now and give --resume to go on with that one"
                )
            return None
        checkpoint = checkpoints.read(self.out)
        if checkpoint is None:
            watcher.notice(f"no checkpoint in {self.out} yet: starting from the beginning")
            return None
        checkpoints.check_same(checkpoint.job, self.identity)
        done = checkpoint.progress["epoch"] - 1
        if done > self.config.epochs:
            raise UsageError(
                f"cannot resume: --epochs is {self.config.epochs}, and {self.out} has {done} "
                "already; give as many or more"
            )
        return checkpoint

    def is_done(self, checkpoint):
        """Whether the run folder is what resuming from its checkpoint would make."""
        return checkpoint.is_finished and checkpoint.job["settings"]["epochs"] == self.config.epochs

    def training(self, checkpoint, watcher):
        """The Training, where it begins or where the checkpoint stands."""
        config, tables = self.config, None
        if checkpoint is not None:
            tables = self._tables_of(checkpoint)
        watcher.preparing(engines.compiled_modules(config))
        engine = engines.make_engine(
            *(tables or initial_tables(len(self.vocabulary), config)), config
        )
        batcher = Batcher(self.text, self.vocabulary.counts, config)
        training = Training(config, batcher, engine, watcher, self.held_out)
        if checkpoint is not None:
            self._go_on(training, checkpoint, watcher)
        return training

    def _tables_of(self, checkpoint):
        """in_vectors and out_vectors of a checkpoint, or of the finished run that it is in."""
        path, tensors = checkpoints.path_in(self.out), checkpoint.tensors
        if not tensors.keys() & {IN_VECTORS, OUT_VECTORS}:
            path = self.out / runs.VECTORS
            with open(path, "rb") as file:
                tensors, _ = stored.map_tensors(file, path)
        shape = (len(self.vocabulary), self.config.vector_size)
        for name in (IN_VECTORS, OUT_VECTORS):
            if name not in tensors or tensors[name].shape != shape:
                raise stored.damaged(path, f"{name} is not there in the shape {shape}")
        return tensors[IN_VECTORS], tensors[OUT_VECTORS]

    def _go_on(self, training, checkpoint, watcher):
        path = checkpoints.path_in(self.out)
        try:
            training.at = Progress.from_json(checkpoint.progress)
            training.engine.restore(
                {
                    name.removeprefix("optimizer."): array
                    for name, array in checkpoint.tensors.items()
                    if name.startswith("optimizer.")
                }
            )
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise stored.damaged(
                path, f"what it says of the training does not fit: {error}"
            ) from error
        best = [checkpoint.tensors.get(BEST + name) for name in (IN_VECTORS, OUT_VECTORS)]
        if best[0] is not None and best[1] is not None:
            training.best = best
        watcher.notice(
            f"resuming in epoch {training.at.epoch}, after {training.at.n_batches} of its batches"
        )
        before = checkpoint.job["settings"].get("epochs")
        if before != self.config.epochs:
            watcher.notice(
                f"--epochs was {before} and is {self.config.epochs}: the learning rate goes on as "
                f"if it had been from the start ({self.config.method.schedule})"
            )

    def run(self, training, watcher):
        """Train to the end, writing checkpoints. Raises: Interrupted, with the state saved."""
        keeper = checkpoints.Keeper(self.out, self.identity, training, watcher)
        with interrupts.heard() as signals:
            training.run(lambda epoch_ended: keeper.pause(epoch_ended, signals))

    def save(self, training):
        """Write the run folder, whole or not at all. Raises: W2VError, as runs.replace_run does."""
        with runs.replace_run(self.out) as folder:
            words, counts = self.vocabulary.words, self.vocabulary.counts
            vectors.save_vectors(folder, words, counts, *training.tables())
            tensors = training.tensors()
            if training.best is None:  # the run's own tables are the newest
                tensors = {
                    name: tensors[name] for name in tensors if name not in (IN_VECTORS, OUT_VECTORS)
                }
            checkpoints.write(
                folder, checkpoints.Checkpoint(self.identity, training.at.to_json(), tensors, True)
            )
            digests = {}
            for name in (runs.VECTORS, runs.VOCAB):
                with open(folder / name, "rb") as file:
                    digests[name] = stored.sha256(file)
            with open(folder / runs.CONFIG, "w", encoding="utf-8") as file:
                json.dump(
                    {**self.describe(), "sha256": digests}, file, indent=2, ensure_ascii=False
                )
                file.write("\n")
            write_csv(training.metrics, folder / runs.METRICS)
            plot_loss(training.metrics, folder / runs.LOSS)

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


def _versions(config):
    import w2v

    packages = ["numpy", "numba"] + ["torch"] * (config.engine == "torch")
    versions = {package: metadata.version(package) for package in packages}
    return {"w2v": w2v.__version__, "python": platform.python_version(), **versions}
