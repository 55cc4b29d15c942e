"""Quality beside gensim, by gensim's own evaluators, over seeds; and quality against seconds.

    python benchmarks/quality.py reviews.txt --min-count 5 --epochs 1 5

Scores are Spearman's ρ on WordSim-353 and SimLex-999 and the accuracy on Google's analogies, the
files that gensim ships; pairs with an unknown word are left out. Seconds are of training alone.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from w2v.recipes import from_recipe
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

PEER = Path(__file__).parent / "peers.py"


def scores(vectors):
    """(WordSim, SimLex, analogies) of gensim KeyedVectors."""
    pairs = [
        vectors.evaluate_word_pairs(datapath(name), dummy4unknown=False)[1][0]
        for name in ("wordsim353.tsv", "simlex999.txt")
    ]
    analogies = vectors.evaluate_word_analogies(
        datapath("questions-words.txt"), dummy4unknown=False
    )[0]
    return *pairs, analogies


def ours(asked, epochs, seed, folder, **settings):
    run = train_run(
        from_recipe(
            corpus=asked.corpus, min_count=asked.min_count, epochs=epochs, seed=seed,
            workers=asked.workers, engine="cpu", out=f"{folder}/w2v", **settings,
        ),
        Watcher(),
    )  # fmt: skip
    vectors = KeyedVectors(run.vectors.vectors.shape[1])
    vectors.add_vectors(run.vectors.index_to_key[1:], run.vectors.vectors[1:])
    return vectors, run.metrics[-1].seconds


def gensim(asked, epochs, seed, folder, alpha):
    out = f"{folder}/gensim.bin"
    command = [sys.executable, PEER, "gensim", asked.corpus, out, "--alpha", alpha, "--seed", seed]
    command += ["--epochs", epochs, "--min-count", asked.min_count, "--workers", asked.workers]
    printed = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    seconds = json.loads(printed.stdout)["train"]
    return KeyedVectors.load_word2vec_format(out, binary=True), seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("--epochs", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--groups",
        type=int,
        nargs="*",
        default=[],
        help="sizes of groups and pools, each with each",
    )
    parser.add_argument("--samples", type=float, nargs="*", default=[])
    parser.add_argument("--ours-only", action="store_true")
    asked = parser.parse_args()
    sides = {"w2v": (ours, {})}
    for group, pool in itertools.product(asked.groups, asked.groups):
        settings = {"group": group, "noise_pool": pool}
        sides[f"w2v, --group {group} --noise-pool {pool}"] = ours, settings
    sides |= {f"w2v, --sample {sample:g}": (ours, {"sample": sample}) for sample in asked.samples}
    if not asked.ours_only:
        sides |= {f"gensim α {alpha}": (gensim, {"alpha": alpha}) for alpha in (0.025, 0.05)}
    print(
        "| | epochs | seconds | WordSim-353 | SimLex-999 | analogies |\n|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for epochs in asked.epochs:
            for side, (train, settings) in sides.items():
                results = []
                for seed in range(asked.seeds):
                    vectors, seconds = train(asked, epochs, seed, folder, **settings)
                    results.append((seconds, *scores(vectors)))
                seconds, *columns = zip(*results, strict=True)
                shown = " | ".join(
                    f"{statistics.mean(column):.3f} ± {statistics.pstdev(column):.3f}"
                    for column in columns
                )
                took = statistics.median(seconds)
                print(f"| {side} | {epochs} | {took:.1f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
