"""Going on from a half of a text with its other half, beside gensim's build_vocab(update=True).

    python benchmarks/going_on.py reviews.txt --min-count 5 --epochs 5

Each side trains on the first half, goes on with the second, and trains on the whole, for as many
epochs each. Scores are Spearman's ρ on WordSim-353 and SimLex-999 and the accuracy on Google's
analogies, the files that gensim ships; pairs with an unknown word are left out.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from gensim.models import KeyedVectors, Word2Vec
from quality import scores

import w2v


def ours(files, asked, seed, **settings):
    """{what was trained: vectors}"""
    how = {
        "min_count": asked.min_count, "epochs": asked.epochs, "seed": seed, "engine": "cpu",
        "workers": asked.workers, "watcher": w2v.Watcher(),
    }  # fmt: skip
    folder = Path(files["half"]).parent

    def train(name, **more):
        out = folder / f"run-{name}"
        wv = w2v.train(files[name], out=out, **how, **more).vectors
        vectors = KeyedVectors(wv.vector_size)
        vectors.add_vectors(wv.index_to_key[1:], wv.vectors[1:])
        return vectors

    half = train("half")
    both = train("other", init_from=folder / "run-half", **settings)
    return {"half": half, "half, then the other": both, "whole": train("whole")}


def gensim(files, asked, seed, alpha):
    """As ours."""

    def make():
        return Word2Vec(
            vector_size=100, window=5, negative=5, sample=1e-4, sg=1, min_count=asked.min_count,
            workers=asked.workers, alpha=alpha, seed=seed + 1,
        )  # fmt: skip

    def train(model, name, **how):
        model.build_vocab(corpus_file=files[name], **how)
        model.train(
            corpus_file=files[name], total_examples=model.corpus_count,
            total_words=model.corpus_total_words, epochs=asked.epochs,
        )  # fmt: skip
        kept = KeyedVectors(100)  # its own change when the model goes on
        kept.add_vectors(model.wv.index_to_key, model.wv.vectors.copy())
        return kept

    model = make()
    half = train(model, "half")
    both = train(model, "other", update=True)
    return {"half": half, "half, then the other": both, "whole": train(make(), "whole")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--lr", type=float, nargs="*", default=[])
    parser.add_argument("--ours-only", action="store_true")
    asked = parser.parse_args()
    sides = {"w2v": (ours, {}), **{f"w2v, lr {lr}": (ours, {"lr": lr}) for lr in asked.lr}}
    if not asked.ours_only:
        sides |= {"gensim, α 0.05": (gensim, {"alpha": 0.05})}
    lines = Path(asked.corpus).read_bytes().splitlines(keepends=True)
    parts = {"half": lines[: len(lines) // 2], "other": lines[len(lines) // 2 :], "whole": lines}
    print("| | | words | WordSim-353 | SimLex-999 | analogies |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        files = {name: f"{folder}/{name}.txt" for name in parts}
        for name, part in parts.items():
            Path(files[name]).write_bytes(b"".join(part))
        for side, (train, settings) in sides.items():
            results = {}
            for seed in range(asked.seeds):
                for name, vectors in train(files, asked, seed, **settings).items():
                    results.setdefault(name, []).append((len(vectors), *scores(vectors)))
            for name, rows in results.items():
                n_words, *columns = (statistics.mean(column) for column in zip(*rows, strict=True))
                shown = " | ".join(f"{column:.3f}" for column in columns)
                print(f"| {side} | {name} | {n_words:,.0f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
