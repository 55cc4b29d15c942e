"""Training with torchrun: speed beside threads, what exchanging costs, and what ranks lose.

    python benchmarks/ranks.py speed reviews.txt --min-count 5
    python benchmarks/ranks.py quality reviews.txt --min-count 5 --ranks 1 2 4 8

`speed`: two ranks of one thread against one process of two, in turn, and the median ratio.
`quality`: the loss of every hundredth line, which is held out, and scores on the test sets that
come with gensim, for numbers of ranks, and for --average: all rows, once an epoch, their mean.
Beside them what exchanging costs: bytes a token, and the share of the processors' time, to which
waiting for a processor adds nothing.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import w2v
from w2v.recipes import from_recipe
from w2v.training import epoch_scores
from w2v.training.epoch_scores import Scoring
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

ROOT = Path(__file__).parent.parent


def launch(n_ranks, folder, corpus, rule="agree", **settings):
    """What rank 0 reports of a training by ranks of one thread each."""
    job = {"rule": rule, **settings, "corpus": str(corpus), "out": f"{folder}/run", "workers": 1}
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(n_ranks)]
    command = command if n_ranks > 1 else [sys.executable]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*command, __file__, "as-rank", json.dumps(job)], env=environment, check=True)
    return json.loads(Path(folder, "report.json").read_text())


def as_rank(job):
    """Train as one of the ranks; rank 0 writes report.json beside the run folder."""
    from w2v.training import distributed, exchange

    spent = {}
    run = distributed.RanksTraining.run

    def timed(method):
        def call(*arguments):
            began = time.thread_time()
            try:
                return method(*arguments)
            finally:
                spent["exchanging"] += time.thread_time() - began

        return call

    def timed_run(training):
        began, its_own = time.process_time(), time.thread_time()
        spent["exchanging"] = 0.0
        yield from run(training)
        spent["all"] = time.process_time() - began
        spent["exchanging"] += spent["all"] - (time.thread_time() - its_own)  # gloo's threads
        spent["bytes"] = training.ranks.n_bytes

    exchange.Exchange.start = timed(exchange.Exchange.start)
    exchange.Exchange.finish = timed(exchange.Exchange.finish)
    distributed.RanksTraining.run = timed_run
    if job.pop("rule") == "average":
        n_ranks = int(os.environ["WORLD_SIZE"])
        exchange.combined = lambda deltas, squares: deltas / n_ranks
        distributed.rows_after = lambda place, n_words, period, is_last=False: (
            n_words if is_last else 1
        )
    run = train_run(from_recipe(**job), Watcher())
    if os.environ.get("RANK", "0") == "0":
        seconds = run.metrics[-1].seconds
        report = {"seconds": seconds, "held out": run.metrics[-1].validation_loss, **spent}
        Path(job["out"]).with_name("report.json").write_text(json.dumps(report))


def split(corpus, folder):
    """A text without every hundredth of its lines, and those."""
    paths = Path(folder, "text.txt"), Path(folder, "held-out.txt")
    with open(corpus, "rb") as lines, open(paths[0], "wb") as most, open(paths[1], "wb") as few:
        for number, line in enumerate(lines):
            (most if number % 100 else few).write(line)
    return paths


def quality(asked, folder):
    from gensim.test.utils import datapath

    testsets = epoch_scores.read(
        datapath(name) for name in ("wordsim353.tsv", "simlex999.txt", "questions-words.txt")
    )
    text, held_out = split(asked.corpus, folder)
    with open(text, "rb") as lines:
        n_tokens = sum(len(line.split()) for line in lines)
    print(
        "| ranks | held-out loss | WordSim-353 | SimLex-999 | analogies | bytes a token "
        "| exchanging |\n|---|---|---|---|---|---|---|"
    )
    sides = [(n, "agree") for n in asked.ranks] + [(n, "average") for n in asked.average]
    for n_ranks, rule in sides:
        report = launch(
            n_ranks, folder, text, rule, min_count=asked.min_count, epochs=asked.epochs,
            validation=str(held_out),
        )  # fmt: skip
        run = w2v.load(Path(folder, "run"))
        scores = Scoring(testsets, run.index_to_key).scores(run.vectors)
        found = " | ".join(f"{score:.3f}" for score in scores.values())
        share = report["exchanging"] / report["all"] if n_ranks > 1 else 0.0
        n_bytes = report.get("bytes", 0) * n_ranks / n_tokens / asked.epochs
        name = n_ranks if rule == "agree" else f"{n_ranks}, averaged once an epoch"
        loss = report["held out"]
        print(f"| {name} | {loss:.4f} | {found} | {n_bytes:.0f} | {share:.0%} |", flush=True)


def speed(asked, folder):
    def alone():
        command = [sys.executable, ROOT / "train.py", "--corpus", asked.corpus, "--workers", 2]
        command += ["--out", f"{folder}/run", "--epochs", 1, "--min-count", asked.min_count]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        with open(Path(folder, "run", "metrics.csv"), newline="") as file:
            return float(list(csv.DictReader(file))[-1]["seconds"])

    def ranks():
        settings = {"epochs": 1, "min_count": asked.min_count}
        return launch(2, folder, asked.corpus, **settings)["seconds"]

    alone(), ranks()  # compile, and keep the text's tokens
    times = [(alone(), ranks()) for _ in range(asked.repeats)]
    for one, two in times:
        print(f"2 threads {one:.2f} s, 2 ranks of one {two:.2f} s: {one / two:.2f} x")
    print(f"median: {statistics.median(one / two for one, two in times):.2f} x")


def main():
    if sys.argv[1:2] == ["as-rank"]:
        as_rank(json.loads(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["speed", "quality"])
    parser.add_argument("corpus")
    parser.add_argument("--ranks", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--average", type=int, nargs="*", default=[8])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    asked.corpus = str(Path(asked.corpus).absolute())
    with tempfile.TemporaryDirectory() as folder:
        {"speed": speed, "quality": quality}[asked.what](asked, folder)


if __name__ == "__main__":
    main()
