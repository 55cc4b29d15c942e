"""What is spent around training: reading, the whole command, and a first run, which compiles.

    python benchmarks/around.py reviews.txt --min-count 5

Reading: vocabulary and encoded text of CORPUS, in one thread and in two, beside gensim's vocabulary
pass. Command: `train.py` on PTB (or the corpus of --command), 5 epochs, from the shell to the
picture, beside gensim's training as a program. First run: the same with an empty cache of compiled
code. Every side is a process of its own, all sides in turn; printed are medians and, for ratios and
differences, the medians over the rounds. On a busy machine believe the CPU seconds.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from speed import ROOT, run

from w2v.config import Config
from w2v.text.corpus import open_corpus
from w2v.text.vocab import read

READ = "import sys; sys.path[:0] = ['benchmarks', '.']; import around; around.{}(*sys.argv[1:])"


def told(function):
    """Print the seconds that a function takes, by the clock and of CPUs, as JSON."""
    began, cpu_began = time.perf_counter(), time.process_time()
    function()
    print(json.dumps([time.perf_counter() - began, time.process_time() - cpu_began]))


def read_by_w2v(corpus, min_count, threads):
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small")
        small.write_text("a b c\n" * 9)
        read(open_corpus(Config(corpus=str(small))), 1, threads=2)  # compiles
    told(lambda: read(open_corpus(Config(corpus=corpus)), int(min_count), threads=int(threads)))


def read_by_gensim(corpus, min_count):
    from gensim.models import Word2Vec

    model = Word2Vec(min_count=int(min_count))
    told(lambda: model.build_vocab(corpus_file=corpus))


def measure_reading(asked):
    sides = {
        "w2v, 1 thread": ["read_by_w2v", asked.corpus, asked.min_count, 1],
        "w2v, 2 threads": ["read_by_w2v", asked.corpus, asked.min_count, 2],
        "gensim": ["read_by_gensim", asked.corpus, asked.min_count],
    }
    rounds = []
    for _ in range(asked.repeats):
        times = {}
        for side, (name, *arguments) in sides.items():
            command = [sys.executable, "-c", READ.format(name), *map(str, arguments)]
            printed, _, mb = run(command)
            times[side] = (*json.loads(printed), mb)
        rounds.append(times)
    table("reading", sides, rounds, "gensim")


def measure_commands(asked, folder):
    text = Path(folder, "text.txt")
    with open(text, "wb") as file:
        file.writelines(open_corpus(Config(corpus=asked.command)).chunks())
    settings = ["--epochs", asked.epochs, "--workers", 2]
    ours = ["train.py", "--engine", "cpu", *settings]
    ours += ["--corpus", asked.command, "--out", Path(folder, "run")]
    theirs = ["benchmarks/peers.py", "gensim", text, Path(folder, "gensim"), *settings]
    theirs += ["--min-count", Config().min_count]
    sides = {"w2v, first run": ours, "w2v, later run": ours, "gensim": theirs}
    rounds = []
    for number in range(asked.repeats):
        os.environ["NUMBA_CACHE_DIR"] = str(Path(folder, f"cache{number}"))
        times = {}
        for side, command in sides.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            _, seconds, mb = run([sys.executable, *map(str, command)])
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            times[side] = seconds, cpu, mb
        rounds.append(times)
    table(f"{asked.command}, {asked.epochs} epochs", sides, rounds, "gensim")
    first, later = (f"w2v, {run} run" for run in ("first", "later"))
    more = [statistics.median(r[first][i] - r[later][i] for r in rounds) for i in (0, 1)]
    print(f"\na first run takes {more[0]:.1f} s more ({more[1]:.1f} s of CPUs)")


def table(what, sides, rounds, peer):
    print(f"\n| {what} | s | CPU s | peak MB | share of {peer}'s s | of its CPU s |")
    print("|---" * 6 + "|")
    for side in sides:
        numbers = [statistics.median(times[side][i] for times in rounds) for i in range(3)]
        shares = [
            statistics.median(times[side][i] / times[peer][i] for times in rounds) for i in (0, 1)
        ]
        s, cpu, mb = numbers
        print(f"| {side} | {s:.2f} | {cpu:.2f} | {mb:.0f} | {shares[0]:.2f} | {shares[1]:.2f} |")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", help="an unpacked text, which gensim can read")
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--command", default="ptb", help="the corpus that the command trains on")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    asked.corpus = os.path.abspath(asked.corpus)
    os.chdir(ROOT)
    measure_reading(asked)
    with tempfile.TemporaryDirectory() as folder:
        measure_commands(asked, folder)


if __name__ == "__main__":
    main()
