"""How training time grows with threads and tokens, and what large tables cost.

    python benchmarks/scaling.py reviews.txt --min-count 5

Each training is a process of its own. Threads: one and two workers, in turn. Tokens: the first 1, 5
and 23 million of the corpus. Size: dimension 300, and a made-up vocabulary of a million words with
Zipf frequencies.
"""

import argparse
import csv
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from speed import run


def train(corpus, folder, *flags):
    """(training seconds, whole seconds, peak MB) of one epoch."""
    out = Path(folder, "run")
    command = ["train.py", "--corpus", corpus, "--out", out, "--engine", "cpu", "--epochs", 1]
    _, whole, mb = run([sys.executable, *map(str, [*command, *flags])])
    with open(out / "metrics.csv", newline="") as file:
        return float(list(csv.DictReader(file))[-1]["seconds"]), whole, mb


def head_of(corpus, n_tokens, folder):
    """A file with the first sentences of a corpus, about n_tokens of them."""
    path, left = Path(folder, "head.txt"), n_tokens
    with open(corpus) as text, open(path, "w") as head:
        for line in text:
            if left <= 0:
                break
            head.write(line)
            left -= len(line.split())
    return path


def zipf_text(n_words, folder):
    """Every word of a large vocabulary once, and four times as many by Zipf's law."""
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, n_words + 1)
    numbers = np.concatenate(
        [np.arange(n_words), rng.choice(n_words, 4 * n_words, p=share / share.sum())]
    )
    rng.shuffle(numbers)
    path = Path(folder, "zipf.txt")
    with open(path, "w") as text:
        for line in numbers.reshape(-1, 20):
            text.write(" ".join(f"w{number}" for number in line) + "\n")
    return path


def report(what, seconds, whole, mb):
    print(f"{what}: training {seconds:.1f} s, whole {whole:.1f} s, {mb:.0f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    asked.corpus = str(Path(asked.corpus).absolute())
    counts = ["--min-count", asked.min_count]
    with tempfile.TemporaryDirectory() as folder:
        head = head_of(asked.corpus, 5_000_000, folder)
        train(head, folder, *counts)  # compiles
        times = [
            [train(head, folder, *counts, "--workers", workers)[0] for workers in (1, 2)]
            for _ in range(asked.repeats)
        ]
        gain = statistics.median(one / two for one, two in times)
        print(f"two workers against one: {gain:.2f} x")
        for millions in (1, 5, 23):
            head = head_of(asked.corpus, millions * 1_000_000, folder)
            seconds, whole, mb = train(head, folder, *counts)
            print(
                f"{millions} M tokens: training {seconds:.1f} s, whole {whole:.1f} s, {mb:.0f} MB"
            )
        seconds, whole, mb = train(head, folder, *counts, "--vector-size", 300)
        report("dimension 300", seconds, whole, mb)
        text = zipf_text(1_000_000, folder)
        seconds, whole, mb = train(text, folder, "--min-count", 1)
        report("1 M words, 5 M tokens", seconds, whole, mb)


if __name__ == "__main__":
    main()
