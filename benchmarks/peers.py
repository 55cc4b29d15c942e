"""One training by a peer, for speed.py and quality.py to run in a process of its own.

    python benchmarks/peers.py gensim CORPUS OUT --alpha 0.05 ...

Prints one JSON object: seconds of reading and of training. OUT is where the vectors go.
"""

import argparse
import json
import time


def gensim(asked):
    from gensim.models import Word2Vec

    model = Word2Vec(
        vector_size=asked.vector_size, window=5, negative=5, sample=1e-4, sg=1,
        min_count=asked.min_count, workers=asked.workers, alpha=asked.alpha, seed=asked.seed + 1,
    )  # fmt: skip
    began = time.perf_counter()
    model.build_vocab(corpus_file=asked.corpus)
    read = time.perf_counter()
    model.train(
        corpus_file=asked.corpus, total_examples=model.corpus_count,
        total_words=model.corpus_total_words, epochs=asked.epochs,
    )  # fmt: skip
    trained = time.perf_counter()
    model.wv.save_word2vec_format(asked.out, binary=True)
    return {"read": read - began, "train": trained - read}


def fasttext(asked):
    import fasttext

    began = time.perf_counter()
    model = fasttext.train_unsupervised(
        asked.corpus, model="skipgram", dim=asked.vector_size, ws=5, neg=5, t=1e-4, maxn=0,
        minCount=asked.min_count, epoch=asked.epochs, thread=asked.workers, lr=asked.alpha,
        verbose=0,
    )  # fmt: skip
    trained = time.perf_counter()
    model.save_model(asked.out)
    return {"read": None, "train": trained - began}


PEERS = {"gensim": gensim, "fasttext": fasttext}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("corpus")
    parser.add_argument("out")
    for name, kind, default in (
        ("epochs", int, 1), ("min-count", int, 5), ("vector-size", int, 100),
        ("workers", int, 2), ("alpha", float, 0.05), ("seed", int, 0),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=kind, default=default)
    asked = parser.parse_args()
    print(json.dumps(PEERS[asked.peer](asked)))


if __name__ == "__main__":
    main()
