"""Texts that are no language, beside gensim: random walks on graphs, and sessions of items.

    python benchmarks/graphs.py blocks skewed sessions --epochs 1 3 --seeds 2

The score is the share of the nodes, or items, whose block, or category, a logistic regression on
half of the vectors finds for the other half. Settings: `--sample 0 --min-count 1`, else defaults.

blocks:   a stochastic block model: 50,000 nodes in 50 blocks, mean degree 10, half of the edges
    within a block; 5 walks of 40 nodes from each, 10 M tokens; window 10.
skewed:   the same with degrees of a power law of exponent 2.5.
sessions: 60,000 sessions of 50 of 20,000 items, whose popularity falls as 1/rank^0.8; a session is
    about two of 100 categories, and a fifth of it is anything; windows 5, 20 and 50.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from gensim.models import Word2Vec

from w2v.recipes import from_recipe
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

NODES, BLOCKS, DEGREE, WALKS, LENGTH = 50_000, 50, 10, 5, 40
ITEMS, CATEGORIES, SESSIONS, SESSION = 20_000, 100, 60_000, 50


def walks(generator, weights):
    """(text, (NODES,) blocks): nodes get edges in proportion to weights (NODES,)."""
    blocks = np.arange(NODES) % BLOCKS
    n_edges = NODES * DEGREE // 2
    one = generator.choice(NODES, n_edges, p=weights / weights.sum())
    other = generator.choice(NODES, n_edges, p=weights / weights.sum())
    for block in range(BLOCKS):  # half of the edges stay in their block
        members = np.flatnonzero(blocks == block)
        here = np.flatnonzero(blocks[one] == block)
        here = here[: len(here) // 2]
        share = weights[members] / weights[members].sum()
        other[here] = generator.choice(members, len(here), p=share)
    start, end = np.concatenate([one, other]), np.concatenate([other, one])
    order = np.argsort(start, kind="stable")
    neighbours, degrees = end[order], np.bincount(start, minlength=NODES)
    first = np.concatenate([[0], np.cumsum(degrees)[:-1]])
    here = np.repeat(np.flatnonzero(degrees), WALKS)
    steps = np.empty((len(here), LENGTH), np.int64)
    for step in range(LENGTH):
        steps[:, step] = here
        here = neighbours[first[here] + (generator.random(len(here)) * degrees[here]).astype(int)]
    return steps[generator.permutation(len(steps))], blocks


def sessions(generator):
    """(text, (ITEMS,) categories)."""
    popularity = 1 / np.arange(1, ITEMS + 1) ** 0.8
    categories = generator.integers(CATEGORIES, size=ITEMS)
    text = generator.choice(ITEMS, (SESSIONS, SESSION), p=popularity / popularity.sum())
    themes = generator.integers(CATEGORIES, size=(SESSIONS, 4))
    theme = np.take_along_axis(themes, generator.integers(4, size=text.shape), axis=1)
    on_theme = generator.random(text.shape) < 0.5
    for category in range(CATEGORIES):
        members = np.flatnonzero(categories == category)
        share = popularity[members] / popularity[members].sum()
        here = on_theme & (theme == category)
        text[here] = generator.choice(members, here.sum(), p=share)
    return text, categories


def made(name, generator):
    """(text, labels, windows)."""
    if name == "sessions":
        return *sessions(generator), (5, 20, 50)
    skew = generator.pareto(1.5, NODES) + 1 if name == "skewed" else np.ones(NODES)
    return *walks(generator, skew), (10,)


def accuracy(vectors, labels):
    """The share of every second row of vectors (n, D) that logistic regression labels rightly."""
    vectors = torch.tensor((vectors - vectors.mean(0)) / vectors.std())
    labels = torch.tensor(labels)
    taught = torch.arange(len(labels)) % 2 == 0
    layer = torch.nn.Linear(vectors.shape[1], int(labels.max()) + 1)
    torch.nn.init.zeros_(layer.weight)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        out = torch.nn.functional.cross_entropy(layer(vectors[taught]), labels[taught])
        out = out + 1e-4 * layer.weight.square().sum()
        out.backward()
        return out

    optimizer.step(loss)
    found = layer(vectors[~taught]).argmax(1)
    return float((found == labels[~taught]).float().mean())


def ours(asked, corpus, window, epochs, seed, rate):
    with tempfile.TemporaryDirectory() as folder:
        run = train_run(
            from_recipe(
                corpus=str(corpus), sample=0.0, min_count=1, window=window, epochs=epochs,
                seed=seed, workers=asked.workers, engine="cpu", out=f"{folder}/w2v", lr=rate,
            ),
            Watcher(),
        )  # fmt: skip
    ids = np.array([int(word) for word in run.vectors.index_to_key[1:]])
    return ids, run.vectors.vectors[1:], run.metrics[-1]


def gensim(asked, corpus, window, epochs, seed, alpha):
    model = Word2Vec(
        corpus_file=str(corpus), sg=1, negative=5, sample=0, min_count=1, window=window,
        epochs=epochs, seed=seed, workers=asked.workers, vector_size=100, alpha=alpha,
    )  # fmt: skip
    return np.array([int(word) for word in model.wv.index_to_key]), model.wv.vectors, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("texts", nargs="+", choices=("blocks", "skewed", "sessions"))
    parser.add_argument("--epochs", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rates", type=float, nargs="+", default=[None], help="of w2v")
    parser.add_argument("--ours-only", action="store_true")
    asked = parser.parse_args()
    sides = [("w2v", ours, rate) for rate in asked.rates]
    if not asked.ours_only:
        sides += [("gensim", gensim, alpha) for alpha in (0.025, 0.05)]
    print("| text | window | epochs | | rate | accuracy |\n|---|---|---|---|---|---|")
    for name in asked.texts:
        text, labels, windows = made(name, np.random.default_rng(0))
        with tempfile.TemporaryDirectory() as folder:
            corpus = Path(folder, "text.txt")
            np.savetxt(corpus, text, fmt="%d")
            for window in windows:
                for epochs in asked.epochs:
                    for side, train, rate in sides:
                        found = []
                        for seed in range(asked.seeds):
                            ids, vectors, row = train(asked, corpus, window, epochs, seed, rate)
                            found.append(accuracy(vectors, labels[ids]))
                        shown = " ".join(f"{score:.3f}" for score in found)
                        print(
                            f"| {name} | {window} | {epochs} | {side} | {rate} | {shown} |",
                            row and f"{row.loss:.4f} {row.seconds:.1f}",
                            flush=True,
                        )


if __name__ == "__main__":
    main()
