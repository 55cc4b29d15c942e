"""What test_torchrun.py has ranks do, one training after the other; started by torchrun.

    torchrun --nproc-per-node 2 torchrun_driver.py FOLDER
    torchrun --nproc-per-node 4 torchrun_driver.py FOLDER twice

Writes FOLDER/<rank>.json: for each training the message of its error, or the SHA-256 of its vectors
and its losses.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import w2v
from stopping import SETTINGS, Stop
from w2v.commands import train
from w2v.pictures import drawing
from w2v.text import tokens
from w2v.training import distributed, follow, pulse

RANK = int(os.environ["RANK"])
RANKS = {**SETTINGS, "engine": "cpu", "workers": 1, "cache": False, "validation_share": 0.05}

drawing.PROGRAM = "blank_pictures"
pulse.PERIOD, pulse.COURTESY, follow.COURTESY = 0.05, 0.3, 0.3


def make_blocks_small():
    tokens.BLOCK_TOKENS = distributed.BLOCK_TOKENS = (
        3000  # several blocks an epoch, and so several places to stop at
    )
    distributed.PERIOD = 8  # all rows are exchanged at the end of each, about


def outcome(out, watcher=None, resume=False, **settings):
    try:
        run = w2v.train(
            out=out, watcher=watcher or w2v.Watcher(), resume=resume, **{**RANKS, **settings}
        )
    except (w2v.W2VError, KeyboardInterrupt) as end:
        return f"{type(end).__name__}: {end}"
    except SystemExit as end:
        return f"SystemExit: {end}"
    vectors = hashlib.sha256(run.vectors.vectors[1:].tobytes()).hexdigest()
    return vectors, run.epoch_losses


def told(out):
    """The rows that a callback is told of, and those of metrics.csv."""
    rows = []
    run = w2v.train(out=out, watcher=w2v.Watcher(), on_metrics=rows.append, **RANKS)
    return [(row.epoch, row.batch) for row in rows], [(row.epoch, row.batch) for row in run.metrics]


def twice():
    return {"whole": outcome("a"), "again": outcome("b")}


def command():
    """The exit status of `w2v train`, as a user gives it, on the sample corpus."""
    arguments = "--corpus sample --epochs 1 --vector-size 16 --workers 1 --no-cache"
    return train.main("w2v train", arguments.split())


def everything():
    only_here = {"corpus": "zipf.txt" if RANK == 0 else "missing.txt"}
    return {
        "whole": outcome("a"),
        "another folder": outcome("other" if RANK == 0 else "/dev/null/none"),
        "told": told("d"),
        "stopped": outcome("b", watcher=Stop(after=70)),
        "resumed": outcome("b", resume=True),
        "again": outcome("b", resume=True),
        "groups on rank 0 alone": outcome("groups", corpus="half.txt", validation_share=0.0),
        "other settings": outcome("c", vector_size=8 + RANK),
        "other engine": outcome("c", engine=("cpu", "torch")[RANK]),
        "other text": outcome("c", corpus="zipf.txt" if RANK == 0 else "other.txt"),
        "no text": outcome("c", **only_here),
        "no text anywhere": outcome("c", corpus="missing.txt"),
        "few lines": outcome("c", corpus="line.txt"),
        "no groups": outcome("c", corpus="words.txt", min_count=2, validation_share=0.0),
        "adam": outcome("c", engine="torch", optimizer="adam"),
    }


def main():
    os.chdir(sys.argv[1])
    results = {} if sys.argv[2:] else {"command": command()}
    make_blocks_small()
    results |= twice() if sys.argv[2:] else everything()
    Path(f"{RANK}.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
