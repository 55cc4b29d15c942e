"""Phrases beside gensim's: the same set, and the seconds of counting and of joining.

    python benchmarks/phrases.py reviews.txt --min-count 5 --threshold 10

Both sides have the text in memory before the clock starts, gensim as words, w2v as numbers.
"""

import argparse
import statistics
import time

import numpy as np
from gensim.models.phrases import Phrases

from w2v.config import Config
from w2v.text.corpus import open_corpus
from w2v.text.phrases import Phrasing, join_phrases
from w2v.text.scanned import scan
from w2v.text.tokens import Spool


def ours(scanned, asked):
    """Seconds, {phrase: score}, {word: count} after joining."""
    how = Phrasing(1, asked.scoring, asked.threshold, asked.min_count)
    began = time.perf_counter()
    joined, phrases = join_phrases(scanned, how, Spool, print)
    seconds = time.perf_counter() - began
    there = np.flatnonzero(joined.counts)
    counts = dict(zip(joined.words(there), joined.counts[there].tolist(), strict=True))
    found = phrases.passes[0] if phrases.passes else []
    return seconds, {f"{phrase.first}_{phrase.second}": phrase.score for phrase in found}, counts


def gensim(sentences, asked):
    """As ours."""
    began = time.perf_counter()
    model = Phrases(
        sentences, min_count=asked.min_count, threshold=asked.threshold, scoring=asked.scoring
    )
    found, counts = model.export_phrases(), {}
    for sentence in sentences:
        for word in model[sentence]:
            counts[word] = counts.get(word, 0) + 1
    return time.perf_counter() - began, found, counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--threshold", type=float, default=10.0)
    parser.add_argument("--scoring", default="default")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    scanned = scan(open_corpus(Config(corpus=(asked.corpus,))), Spool(), 2)
    with open(asked.corpus, encoding="utf-8") as file:
        sentences = [line.split() for line in file]
    ours(scanned, asked)  # compiles
    seconds = {"w2v": [], "gensim": []}
    for _ in range(asked.rounds):
        took, our_phrases, our_counts = ours(scanned, asked)
        seconds["w2v"].append(took)
        took, their_phrases, their_counts = gensim(sentences, asked)
        seconds["gensim"].append(took)
    medians = {side: statistics.median(each) for side, each in seconds.items()}
    same = our_phrases.keys() == their_phrases.keys(), our_counts == their_counts
    print(f"{scanned.n_read:,} tokens, {len(our_phrases):,} phrases; gensim's: {same[0]}; ", end="")
    print(f"same words and counts after joining: {same[1]}")
    for side, median in medians.items():
        print(f"{side}: {median:.2f} s, × {medians['gensim'] / median:.1f}")


if __name__ == "__main__":
    main()
