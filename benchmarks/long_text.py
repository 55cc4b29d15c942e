"""A text longer than memory should hold: memory, and time per token, beside a short one.

    python benchmarks/long_text.py --tokens 23 300 --folder /mnt/large

Writes made-up texts of so many million tokens, 6 bytes each, with Zipf's frequencies; trains an
epoch of each, reading it and then from the cache; and prints the peak of resident memory, the
seconds until the first batch, and those of reading and training for a million tokens. A text takes
10 bytes a token on the disk, and is removed at the end.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

MILLION = 1_000_000
WORDS = 100_000
PIECE = 2_000_000  # tokens made at a time
PIECES = 10  # that differ, and then come again: to make more takes longer than to train on them
LINE = 20  # tokens

TRAINING = """
import json, sys, time
import w2v
from pathlib import Path

def peak(field="VmHWM"):
    (line,) = (l for l in open("/proc/self/status") if l.startswith(field))
    return int(line.split()[1]) / 1024

class Clock(w2v.Watcher):
    def reading(self, corpus):
        self.libraries = peak("VmRSS")
    def starting(self, job, training):
        self.first = None
        self.read, self.n, self.words = job.seconds, job.text.n_read, len(job.vocabulary)
    def trained(self, row):
        self.first = self.first or time.perf_counter() - began
    def epoch_done(self, row):
        self.trained_s = row.seconds

began, clock = time.perf_counter(), Clock()
corpus, cache, out = sys.argv[1:]
w2v.train(Path(corpus), cache_dir=cache, out=out, epochs=1, engine="cpu", watcher=clock)
print(json.dumps({**vars(clock), "peak": peak()}))
"""


def write_text(path, n_tokens):
    """Words of five letters, a space or a newline after each, drawn by Zipf's law."""
    rng = np.random.default_rng(0)
    letters = np.array([list(f"{n:05d}".translate(str.maketrans("0123456789", "aeioulnrst")))
                        for n in range(WORDS)]).view("U1").reshape(WORDS, 5)  # fmt: skip
    words = np.full((WORDS, 6), ord(" "), np.uint8)
    words[:, :5] = letters.view(np.uint32).reshape(WORDS, 5)
    bounds = np.cumsum(1 / np.arange(1, WORDS + 1))
    pieces = []
    for _ in range(min(PIECES, -(-n_tokens // PIECE))):
        draws = rng.random(PIECE) * bounds[-1]
        pieces.append(words[np.minimum(np.searchsorted(bounds, draws), WORDS - 1)])
        pieces[-1][LINE - 1 :: LINE, 5] = ord("\n")
    with open(path, "wb") as file:
        for number, first in enumerate(range(0, n_tokens, PIECE)):
            file.write(pieces[number % len(pieces)][: n_tokens - first].data)


def train(path, cache):
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-c", TRAINING, path, cache, Path(out, "run")]
        printed = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=True
        ).stdout
    return json.loads(printed.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokens", type=int, nargs="+", default=[23, 300], help="millions")
    parser.add_argument("--folder", default=".", help="where the texts and the cache are written")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        for millions in asked.tokens:
            path = Path(folder, f"{millions}.txt")
            write_text(path, millions * MILLION)
            for which in ("first", "second"):
                found = train(path, Path(folder, "cache"))
                tables = 2 * found["words"] * 100 * 4 / 2**20
                print(
                    f"{millions} M tokens, {which}: peak {found['peak']:.0f} MB, of which "
                    f"libraries {found['libraries']:.0f} and tables {tables:.0f}; first batch "
                    f"after {found['first']:.2f} s; reading {found['read'] / millions:.4f} and "
                    f"training {found['trained_s'] / millions:.4f} s a million",
                    flush=True,
                )
            path.unlink()


if __name__ == "__main__":
    main()
