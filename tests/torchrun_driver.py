"""What test_torchrun.py has two ranks do, one training after the other; started by torchrun.

    torchrun --nproc-per-node 2 torchrun_driver.py FOLDER

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
from w2v.text import tokens
from w2v.training import distributed, follow, pulse

RANK = int(os.environ["RANK"])
RANKS = {**SETTINGS, "engine": "cpu", "workers": 1, "cache": False, "validation_share": 0.05}

tokens.BLOCK_TOKENS = 3000  # several blocks an epoch, and so several places to stop at
distributed.TOKENS_PER_WORD = 8  # and all rows are exchanged at the end of each block
pulse.PERIOD, pulse.COURTESY, follow.COURTESY = 0.05, 0.3, 0.3


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


def main():
    folder = Path(sys.argv[1])
    os.chdir(folder)
    only_here = {"corpus": "zipf.txt" if RANK == 0 else "missing.txt"}
    results = {
        "whole": outcome("a"),
        "stopped": outcome("b", watcher=Stop(after=250)),
        "resumed": outcome("b", resume=True),
        "again": outcome("b", resume=True),
        "other settings": outcome("c", vector_size=8 + RANK),
        "other text": outcome("c", corpus="zipf.txt" if RANK == 0 else "other.txt"),
        "no text": outcome("c", **only_here),
        "no text anywhere": outcome("c", corpus="missing.txt"),
        "few lines": outcome("c", corpus="line.txt"),
        "adam": outcome("c", engine="torch", optimizer="adam"),
    }
    (folder / f"{RANK}.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
