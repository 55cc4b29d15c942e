"""Exact neighbours among many words: how long, beside the bare product and gensim, in turn.

    python benchmarks/queries.py --words 1000000 --vector-size 300

Makes a run of random vectors in a temporary folder, loads it, and asks. The bare product is
`vectors @ query`: what reading all vectors once costs, which no exact answer can do without.
"""

import argparse
import gc
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors

import w2v
from w2v.config import UNK
from w2v.storage import layout, safetensors

REPEATS, TOPN, TOGETHER = 9, 10, 64


def make_run(folder, n_words, n_dims):
    """A run folder of random vectors, in a moment."""
    table = np.random.default_rng(0).standard_normal((n_words, n_dims), dtype=np.float32)
    table[0] = 0
    safetensors.write_tensors(Path(folder, layout.VECTORS), {"in_vectors": table})
    lines = (f"word{number}\t{n_words - number}\n" for number in range(1, n_words))
    Path(folder, layout.VOCAB).write_text(f"{UNK}\t0\n" + "".join(lines))


def seconds(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def medians(sides):
    """{name: median seconds}; the sides take turns, so that what else the machine does hits all."""
    times = {name: [] for name in sides}
    for _ in range(REPEATS):
        for name, function in sides.items():
            times[name].append(seconds(function))
    return {name: statistics.median(these) for name, these in times.items()}


def gensim_of(wv):
    """gensim's KeyedVectors of the same numbers, its norms computed."""
    theirs = KeyedVectors(wv.vector_size)
    theirs.key_to_index, theirs.index_to_key = dict(wv.key_to_index), list(wv.index_to_key)
    theirs.vectors = wv.vectors
    theirs.fill_norms()
    theirs.norms[0] = 1  # of the row of zeros, by which it would divide
    return theirs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--vector-size", type=int, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_run(folder, asked.words, asked.vector_size)
        gc.collect()
        print(f"{asked.words:,} words × {asked.vector_size}; medians of {REPEATS}")
        print("| | ms | × the bare product |")
        print("|---|---|---|")
        load = statistics.median(seconds(lambda: w2v.load(folder)) for _ in range(REPEATS))
        print(f"| load | {1e3 * load:.1f} | |")
        wv = w2v.load(folder)
        print(f"| first use: words parsed | {1e3 * seconds(lambda: wv.key_to_index):.0f} | |")
        first = seconds(lambda: wv.most_similar("word1"))
        print(f"| first use: lengths, first answer | {1e3 * first:.0f} | |", flush=True)
        theirs = gensim_of(wv)
        numbers = np.random.default_rng(1).integers(1, asked.words, TOGETHER)
        words = [f"word{number}" for number in numbers]
        query = np.array(wv[words[0]])
        sides = {
            "bare product": lambda: wv.vectors @ query,
            f"w2v, {TOPN} neighbours": lambda: wv.most_similar(words[0], topn=TOPN),
            f"gensim, {TOPN} neighbours": lambda: theirs.most_similar(words[0], topn=TOPN),
            f"w2v, {TOGETHER} queries at once, each": lambda: wv.most_similar_batch(words, TOPN),
        }
        times = medians(sides)
        for name, took in times.items():
            each = took / (TOGETHER if "each" in name else 1)
            print(f"| {name} | {1e3 * each:.1f} | {each / times['bare product']:.2f} |")


if __name__ == "__main__":
    main()
