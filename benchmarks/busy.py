"""Training beside other programs: 0, 1 and 2 busy loops of low priority, 1 and 2 workers, gensim.

    python benchmarks/busy.py reviews.txt --rounds 3

Raw tokens a second of training, medians of rounds in turn.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from w2v.recipes import from_recipe
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

PEER = Path(__file__).parent / "peers.py"
BUSY = ("nice", "-n", "19", sys.executable, "-c", "while True: pass")


def ours(corpus, folder, workers):
    run = train_run(
        from_recipe(
            corpus=corpus, min_count=5, epochs=1, workers=workers, engine="cpu",
            checkpoint_every="1000m", out=f"{folder}/w2v",
        ),
        Watcher(),
    )  # fmt: skip
    return run.metrics[-1].seconds


def gensim(corpus, folder, workers):
    command = [sys.executable, PEER, "gensim", corpus, f"{folder}/peer", "--workers", str(workers)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(printed.stdout)["train"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loops", type=int, nargs="+", default=[0, 1, 2])
    asked = parser.parse_args()
    with open(asked.corpus, "rb") as file:
        n_tokens = sum(len(line.split()) for line in file)
    sides = {"w2v, 1 worker": (ours, 1), "w2v, 2 workers": (ours, 2), "gensim, 2": (gensim, 2)}
    print("| busy loops | " + " | ".join(sides) + " | 2 workers / 1 |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        ours(asked.corpus, folder, 2)  # compiles
        for n_loops in asked.loops:
            loops = [subprocess.Popen(BUSY) for _ in range(n_loops)]
            try:
                seconds = {side: [] for side in sides}
                for _ in range(asked.rounds):
                    for side, (train, workers) in sides.items():
                        seconds[side].append(train(asked.corpus, folder, workers))
            finally:
                for loop in loops:
                    loop.kill()
                    loop.wait()
            took = {side: statistics.median(of_side) for side, of_side in seconds.items()}
            shown = " | ".join(f"{n_tokens / s / 1e6:.2f} M/s" for s in took.values())
            ratio = took["w2v, 1 worker"] / took["w2v, 2 workers"]
            print(f"| {n_loops} | {shown} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
