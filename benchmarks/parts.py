"""Where the time of a center goes in the CPU engine, beside what the machine's cores can do.

    python benchmarks/parts.py ptb
    python benchmarks/parts.py reviews.txt --min-count 5

One thread, part by part of the update, over the first groups of an epoch: nanoseconds a center,
the least of some rounds that take the parts in turn. Then one thread and two: multiply-adds that
stay in registers, a copy of more than the caches hold, and the engine itself.
"""

import argparse
import sys
import threading
import time

import numpy as np
from numba import njit

from w2v.batches.batch import noise_start
from w2v.batches.draw_groups import draw_group
from w2v.engines import choose, cpu, cpu_kernels, cpu_terms
from w2v.engines.cpu_functions import INNER
from w2v.engines.cpu_kernels import F32
from w2v.engines.cpu_lanes import LANES, multiply_add, splat, sums
from w2v.recipes import from_recipe
from w2v.text import vocab
from w2v.text.corpus import open_corpus
from w2v.training.tables import initial_tables

BATCHES, ROUNDS = 64, 9
CHAINS, MULTIPLY_ADDS = 8, 20_000_000  # of them independent: a core's are some cycles long
COPIED = 2**26  # float32s


@njit(**INNER)
def draw(task, batch, own):
    for n in range(len(batch.rows.n_text)):
        draw_group(task.tokens, task.order[n] * task.draws.group, task.draws, batch.rows, n)
        cpu_terms.sort_terms(batch.rows, n, task.n_words, batch.terms)
    for bucket in range(len(batch.terms.shared)):
        cpu_terms.tell_apart(batch.terms, 0, len(batch.rows.n_text), bucket, own.places)


@njit(**INNER)
def logits(task, batch, own):
    v, u = task.table[: task.n_words], task.table[task.n_words :]
    for n in range(len(batch.rows.n_text)):
        cpu_kernels._logits(
            batch.rows, n, v, u, task.size, task.draws.window, own.scratch.vt, own.scratch.x
        )


@njit(**INNER)
def coefficients(task, batch, own):
    rows, window, scratch = batch.rows, task.draws.window, own.scratch
    for n in range(len(rows.n_text)):
        cpu_kernels._leave_out(rows, n, window, scratch)
        start = noise_start(rows.n_text[n])
        for g in range(0, rows.n_centers[n], LANES):
            low, high = cpu_kernels._band(g, LANES, rows.n_text[n], rows.offset[n], window)
            cpu_kernels._coefficients(
                g, low, high, start, rows.n_noise[n], F32(0.5), rows.per_center[n],
                scratch.left_out, scratch.x,
            )  # fmt: skip


@njit(**INNER)
def gains_of_centers(task, batch, own):
    u, window, x = task.table[task.n_words :], task.draws.window, own.scratch.x.T
    for n in range(len(batch.rows.n_text)):
        cpu_kernels._gains_of_centers(batch.rows, n, u, window, x, gains_of(batch, n))


@njit(**INNER)
def gains_of_entries(task, batch, own):
    v, window, x = task.table[: task.n_words], task.draws.window, own.scratch.x
    for n in range(len(batch.rows.n_text)):
        cpu_kernels._gains_of_entries(batch.rows, n, window, x, v, gains_of(batch, n))


@njit(inline="always")
def gains_of(batch, n):
    most = batch.terms.own.shape[1]
    batch.terms.first_gains[n] = n * most
    return batch.gains[n * most : (n + 1) * most]


@njit(**INNER)
def add(task, batch, own):
    for n in range(len(batch.rows.n_text)):
        cpu_terms.add_own(batch.terms, n, batch.gains, task.steps, task.table)
    for bucket in range(len(batch.terms.shared)):
        cpu_terms.add_shared(batch.terms, bucket, batch.gains, task.steps, task.table)


PARTS = {
    "drawing the group, sorting its rows": draw,
    "logits": logits,
    "coefficients and losses": coefficients,
    "what centers gain": gains_of_centers,
    "what entries gain": gains_of_entries,
    "adding it to the rows": add,
}


@njit(**INNER)
def multiply_adds(n):
    x, y = splat(F32(0.999)), splat(F32(1e-9))
    a, b, c, d, e, f, g, h = x, x, x, x, x, x, x, x
    for _ in range(n // CHAINS):
        a, b, c, d = (
            multiply_add(a, x, y), multiply_add(b, x, y), multiply_add(c, x, y),
            multiply_add(d, x, y),
        )  # fmt: skip
        e, f, g, h = (
            multiply_add(e, x, y), multiply_add(f, x, y), multiply_add(g, x, y),
            multiply_add(h, x, y),
        )  # fmt: skip
    return sums(a + b, c + d, e + f, g + h)


def seconds(work, threads=1):
    """Of work(n) in so many threads at once."""
    several = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    began = time.perf_counter()
    for thread in several:
        thread.start()
    for thread in several:
        thread.join()
    return time.perf_counter() - began


def engine_of(asked, workers):
    config = choose.resolve(
        from_recipe(
            corpus=asked.corpus, min_count=asked.min_count, engine="cpu", workers=workers
        )
    )  # fmt: skip
    vocabulary, text = vocab.read(open_corpus(config), config.min_count, threads=2)
    groups = choose.make_batcher(text, vocabulary.counts, config).groups(1, 0)
    return choose.make_engine(*initial_tables(len(vocabulary), config), config), groups


def task_of(engine, groups, rows):
    """The engine's Task, trained a little, and groups of its as many as `rows`."""
    engine.train(groups, 0, np.full(BATCHES, 0.05))
    return cpu.Task(
        groups.tokens, groups.draws, groups.order[:rows], 1, engine._table, engine._steps,
        engine.n_words, engine.vector_size, np.full(2, 0.05), np.zeros((2, rows)),
        np.zeros(48, np.int64),
    )  # fmt: skip


def measure_parts(asked):
    engine, groups = engine_of(asked, 1)
    batch, own = engine._batch, engine._own[0]
    rows = len(batch.rows.n_text) // 2  # a batch; its other half is the next one
    batch = batch._replace(rows=type(batch.rows)(*(array[:rows] for array in batch.rows)))
    task = task_of(engine, groups, rows)
    least = dict.fromkeys(PARTS, float("inf"))
    for number in range(ROUNDS * BATCHES + 1):
        chosen = groups.order[number % BATCHES * rows :][:rows]
        for name, part in PARTS.items():
            began = time.perf_counter()
            part(task._replace(order=chosen), batch, own)
            if number:  # the first compiles
                took = (time.perf_counter() - began) / (rows * groups.draws.group) * 1e9
                least[name] = min(least[name], took)
    print("\n| part | ns a center |\n|---|---|")
    for name, ns in least.items():
        print(f"| {name} | {ns:.0f} |")
    print(f"| together | {sum(least.values()):.0f} |")


def measure_scaling(asked):
    multiply_adds(CHAINS)
    engines = {workers: engine_of(asked, workers) for workers in (1, 2)}
    arrays = [(np.ones(COPIED, np.float32), np.empty(COPIED, np.float32)) for _ in range(2)]
    names = "multiply-adds of 16, G/s", "copied, GB/s", "engine, M centers/s"
    best = {(name, threads): 0.0 for name in names for threads in (1, 2)}
    for _ in range(ROUNDS):
        for threads in (1, 2):
            engine, groups = engines[threads]
            n_batches = groups.n_batches
            found = (
                threads * MULTIPLY_ADDS
                / seconds(lambda n: multiply_adds(MULTIPLY_ADDS), threads) / 1e9,
                threads * 8 * COPIED
                / seconds(lambda n: np.copyto(*arrays[n][::-1]), threads) / 1e9,
                len(groups)
                / seconds(lambda n, e=engine, g=groups, b=n_batches: e.train(g, 0, np.full(b, 0.5)))
                / 1e6,
            )  # fmt: skip
            for name, rate in zip(names, found, strict=True):
                best[name, threads] = max(best[name, threads], rate)
    print("\n| | one thread | two | × |\n|---|---|---|---|")
    for name in names:
        one, two = best[name, 1], best[name, 2]
        print(f"| {name} | {one:.2f} | {two:.2f} | {two / one:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("--min-count", type=int, default=10)
    asked = parser.parse_args()
    measure_parts(asked)
    sys.stdout.flush()
    measure_scaling(asked)


if __name__ == "__main__":
    main()
