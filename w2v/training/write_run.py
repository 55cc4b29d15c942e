"""Writing the run folder once training is done."""

import dataclasses
import json
import platform
from importlib import metadata
from typing import Any

from w2v.config import Config
from w2v.errors import W2VError
from w2v.pictures import curves
from w2v.pictures.drawing import Drawing
from w2v.storage import layout, phrases_file, run_folder
from w2v.storage.layout import TENSORS
from w2v.storage.metrics import write_csv
from w2v.training import checkpoints
from w2v.training.checkpoints import Checkpoint, state_tensors
from w2v.training.job import Job
from w2v.training.loop import Training
from w2v.training.watcher import Watcher
from w2v.vectors import saving
from w2v.version import __version__


def write_run(job: Job, training: Training, watcher: Watcher, drawing: Drawing) -> None:
    """Write the run folder, whole or not at all; a picture that cannot be drawn is a warning.

    Raises: W2VError: see run_folder.replace_run.
    """
    with run_folder.replace_run(job.out) as folder:
        write_csv(training.metrics, folder / layout.METRICS)
        drawing.ask(curves.order(folder / layout.METRICS, folder / layout.LOSS))
        words, counts = job.vocabulary.words, job.vocabulary.counts
        saving.save_vectors(folder, words, counts, *training.tables())
        names = [layout.VECTORS, layout.VOCAB]
        if job.vocabulary.phrases is not None:
            names.append(layout.PHRASES)
            raw = phrases_file.format_phrases(job.vocabulary.phrases)
            (folder / layout.PHRASES).write_bytes(raw)
        digests = {name: checkpoints.sha256_of(folder / name) for name in names}
        tensors = state_tensors(training)
        if training.best is None:  # the newest tables are the run's own
            tensors = {name: tensors[name] for name in tensors if name not in TENSORS}
        finished = digests[layout.VECTORS]
        checkpoint = Checkpoint(job.identity, training.progress, tensors, finished)
        checkpoints.write(folder, checkpoint)
        described = {**_described(job), "sha256": digests}
        # A path may hold bytes that are no UTF-8: \udcff is JSON's way to write one, too.
        with open(folder / layout.CONFIG, "w", encoding="utf-8", errors="backslashreplace") as file:
            json.dump(described, file, indent=2, ensure_ascii=False)
            file.write("\n")
        try:
            drawing.finish(layout.LOSS)
        except W2VError as error:
            watcher.warning(f"{error}; {layout.METRICS} has all that it would show")


def _described(job: Job) -> dict[str, Any]:
    """What config.json says of a run: the text, every setting, the versions."""
    start = job.start and {"name": job.start.source, "sha256": job.start.digest}
    return {
        "corpus": {
            "name": job.corpus.name,
            "description": job.corpus.description,
            "sha256": job.text.digest,
            "lines": job.text.n_lines,
            "tokens": job.text.n_read,
            "seconds": round(job.seconds, 3),
        },
        **({"init_from": start} if start else {}),
        "settings": {**dataclasses.asdict(job.config), "out": str(job.out)},
        "versions": _versions(job.config),
    }


def _versions(config: Config) -> dict[str, str]:
    packages = ["numpy", "numba"] + ["torch"] * (config.engine != "cpu")
    packages += ["triton"] * (config.engine == "cuda")
    versions = {package: metadata.version(package) for package in packages}
    return {"w2v": __version__, "python": platform.python_version(), **versions}
