"""Trainings that are stopped by a signal, and what must not depend on that."""

import dataclasses
import os
import signal

from w2v.storage import layout, run_folder
from w2v.training.watcher import Watcher

SETTINGS = {
    "corpus": "zipf.txt",
    "min_count": 1,
    "vector_size": 8,
    "sample": 1e-2,
    "batch_size": 64,
    "epochs": 3,
    "device": "cpu",
    "validation_share": 0.1,
    "checkpoint_every": "0m",
}
UNFINISHED = run_folder.Path("a", layout.CHECKPOINT, layout.UNFINISHED)


class Stop(Watcher):
    """Sends ourselves a signal after so many calls of the engine; keeps what it is told."""

    def __init__(self, after, number=signal.SIGINT):
        self.left, self.number, self.said = after, number, []

    def trained(self, row):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.number)

    def notice(self, message):
        self.said.append(message)

    warning = notice


def outcome(run):
    """All that must not depend on interruptions: the vectors, and the metrics without the clock."""
    rows = [dataclasses.replace(row, seconds=0, centers_per_s=0) for row in run.metrics]
    return (run.folder / layout.VECTORS).read_bytes(), rows
