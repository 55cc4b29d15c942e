"""Sentences a second, and all pairs, beside sentence-transformers and model2vec, in turn.

    python benchmarks/sentences.py runs/reviews --corpus reviews.txt

Takes `--sentences` sentences of `--words` words from the corpus. The peers get the same vectors, as
`w2v export --to sentence-transformers` writes them, and tokenise at white space, too.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "true"  # all cores, for both peers

import numpy as np
from model2vec import StaticModel
from sentence_transformers import SentenceTransformer, util
from tokenizers import Tokenizer

import w2v
from w2v.sentences.embeddings import Embeddings

REPEATS, TOPN = 5, 10
MINED = 20_000  # sentences whose pairs are compared


def sentences_of(corpus, n, n_words):
    """n sentences of n_words words each, as they come in a text."""
    with open(corpus, encoding="utf-8") as lines:
        words = (word for line in lines for word in line.split())
        return [" ".join(next(words) for _ in range(n_words)) for _ in range(n)]


def seconds(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def medians(sides, repeats=REPEATS):
    """{name: median seconds}; the sides take turns, so that what else the machine does hits all."""
    times = {name: [] for name in sides}
    for _ in range(repeats):
        for name, function in sides.items():
            times[name].append(seconds(function))
    return {name: statistics.median(these) for name, these in times.items()}


def show(times, n, ours):
    peer = min(took for name, took in times.items() if name not in ours)
    for name, took in times.items():
        print(f"| {name} | {n / took:,.0f} | {took:.2f} | {peer / took:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run")
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--sentences", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=20)
    asked = parser.parse_args()
    sentences = sentences_of(asked.corpus, asked.sentences, asked.words)
    wv = w2v.load(asked.run)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "static")
        w2v.export(wv, "sentence-transformers", path)
        library = SentenceTransformer(str(path), device="cpu")
        distilled = StaticModel(
            np.array(wv.vectors), Tokenizer.from_file(str(path / "tokenizer.json"))
        )
    ours = {
        f"w2v, {pooling}": w2v.SentenceEncoder(asked.run, pooling=pooling).encode
        for pooling in ("mean", "sif", "usif")
    }
    theirs = {
        "sentence-transformers, StaticEmbedding": lambda s: library.encode(s, batch_size=4096),
        "model2vec": distilled.encode,
    }
    for encode in (*ours.values(), *theirs.values()):
        encode(sentences[:1000])
    print(f"{asked.sentences:,} sentences of {asked.words} words; medians of {REPEATS}\n")
    print("| | sentences/s | seconds | × the faster peer |\n|---|---|---|---|")
    sides = {name: (lambda f=f: f(sentences)) for name, f in {**ours, **theirs}.items()}
    show(medians(sides), asked.sentences, ours)
    vectors = ours["w2v, sif"](sentences[:MINED])
    print(f"\nthe {TOPN} most similar pairs of {len(vectors):,}\n")
    sides = {
        "w2v": lambda: Embeddings([""] * len(vectors), vectors).pairs(TOPN),
        "sentence-transformers, paraphrase_mining_embeddings": lambda: (
            util.paraphrase_mining_embeddings(library_tensor(vectors), max_pairs=TOPN)
        ),
    }
    print("| | sentences/s | seconds | × the peer |\n|---|---|---|---|")
    show(medians(sides, 3), len(vectors), {"w2v"})


def library_tensor(vectors):
    import torch

    return torch.from_numpy(vectors)


if __name__ == "__main__":
    main()
