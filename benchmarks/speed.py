"""Training speed beside the peers: the same file, settings and threads, in turn, as commands.

    python benchmarks/speed.py reviews.txt --min-count 5 --epochs 1

Every side is run once to warm up and then --repeats times, all sides in turn, each in a process of
its own: dimension 100, window 5, 5 noise words, t = 1e-4. Printed are medians of the whole command
(imports and writing included), of reading and of training; raw words and (center, context) pairs a
second of training; peak memory; and the median over the rounds of gensim's time over the side's.
Peers that are not installed are left out.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from w2v.batches import draws, subsampling
from w2v.batches.batcher import NO_GROUPS
from w2v.batches.subsampling import subsample
from w2v.config import Config
from w2v.text.corpus import open_corpus
from w2v.text.vocab import read

ROOT = Path(__file__).parent.parent
WINDOW, SAMPLE = 5, 1e-4
OURS = {"w2v": []}


# A process counts the memory of the one it was forked from as its own, so a small one does it.
LAUNCHER = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.exit(status)
"""


def run(command):
    """(what it printed, seconds, peak MB) of a command."""
    began = time.perf_counter()
    launch = [sys.executable, "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launch, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed")
    *printed, mb = done.stdout.splitlines()
    return "\n".join(printed), time.perf_counter() - began, float(mb)


def run_side(side, asked, folder):
    """Seconds of one training: {"whole", "read", "train"}, and "mb"."""
    settings = [
        "--epochs",
        asked.epochs,
        "--min-count",
        asked.min_count,
        "--workers",
        asked.workers,
    ]
    settings = list(map(str, settings))
    if side in OURS:
        out = Path(folder, side)
        command = ["train.py", "--corpus", asked.corpus, "--out", str(out), "--engine", "cpu"]
        _, whole, mb = run([sys.executable, *command, *settings, *OURS[side]])
        with open(out / "metrics.csv", newline="") as file:
            train = float(list(csv.DictReader(file))[-1]["seconds"])
        times = {"read": json.loads((out / "config.json").read_text())["corpus"]["seconds"]}
        return {**times, "train": train, "whole": whole, "mb": mb}
    command = ["benchmarks/peers.py", side, asked.corpus, str(Path(folder, side))]
    printed, whole, mb = run([sys.executable, *command, *settings])
    return {**json.loads(printed), "whole": whole, "mb": mb}


def expected_pairs(vocabulary, text, keep):
    """The (center, context) pairs of an epoch, over the draws of the radius."""
    draws = NO_GROUPS.draws._replace(window=WINDOW)
    kept = (subsample(block, 0, np.uint64(1), keep) for block in text.blocks)
    return sum(replace(NO_GROUPS, tokens=k, draws=draws).expected_pairs() for k in kept)


def work(asked):
    """Raw words of an epoch, and the pairs of an epoch of ours and of a peer's."""
    vocabulary, text = read(open_corpus(Config(corpus=asked.corpus)), asked.min_count)
    counts = vocabulary.counts
    ours = subsampling.keep_thresholds(counts, SAMPLE)
    # gensim, fastText and word2vec.c keep √(t/f) + t/f.
    odds = SAMPLE * counts[1:].sum() / np.maximum(counts, 1)
    theirs = (np.minimum(1, np.sqrt(odds) + odds) * draws.ALWAYS).astype(np.uint64)
    theirs[0] = 0
    pairs = [expected_pairs(vocabulary, text, keep) for keep in (ours, theirs)]
    return text.n_read, *pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    asked.corpus = os.path.abspath(asked.corpus)
    sides = [*OURS, *(peer for peer in ("gensim", "fasttext") if find_spec(peer))]
    n_words, our_pairs, their_pairs = work(asked)
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.repeats + 1):
            times = {side: run_side(side, asked, folder) for side in sides}
            rounds += [times] if number else []
    columns = ["whole", "reading", "training", "words/s", "pairs/s", "peak MB"]
    columns += ["whole ×", "words ×", "pairs ×"]
    print("", "", *columns, "", sep=" | ")
    print("|---" * (len(columns) + 1) + "|")
    for side in sides:
        median = {
            part: statistics.median(times[side][part] or 0 for times in rounds)
            for part in ("whole", "read", "train", "mb")
        }
        pairs = our_pairs if side in OURS else their_pairs
        against = [
            [times["gensim"][part] / times[side][part] for times in rounds]
            for part in ("whole", "train")
        ]
        whole, words = map(statistics.median, against)
        seconds = [f"{median[part]:.1f} s" for part in ("whole", "read", "train")]
        rates = [f"{n * asked.epochs / median['train']:,.0f}" for n in (n_words, pairs)]
        ratios = [f"{ratio:.2f}" for ratio in (whole, words, words * pairs / their_pairs)]
        print("", side, *seconds, *rates, f"{median['mb']:.0f}", *ratios, "", sep=" | ")


if __name__ == "__main__":
    main()
