"""What training with torchrun costs, on paper: docs/scaling.md's model and tables.

    python benchmarks/cost_model.py            # the tables
    python benchmarks/cost_model.py --measure  # what exchanging costs a core here

An epoch of one rank is its share of the text, and for each exchange: work on its rows, sending them
around a ring, and, where all rows are waited for, that time too; else training hides it. Where and
how many rows is w2v's own code, `tokens_between` and `rows_after`.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np

from w2v.text.tokens import BLOCK_TOKENS
from w2v.training.distributed import intervals, period_of, rows_after, tokens_between

DIMENSION = 100
FLOAT_BYTES = 4
GBIT = 1e9 / 8  # bytes


@dataclass(frozen=True)
class Rank:
    """What one rank does a second.

    tokens: of the text, trained.  rows: bytes of rows compared, combined and put back.
    sent: bytes that go through its network stack.
    """

    tokens: float
    rows: float
    sent: float


@dataclass(frozen=True)
class Link:
    """bandwidth: bytes/s of each rank's.  latency: seconds."""

    bandwidth: float
    latency: float


CORE = Rank(tokens=4.0e6, rows=0.8e9, sent=1.4e9)  # measured, one thread: docs/scaling.md
NODE = Rank(tokens=16 * 0.8 * CORE.tokens, rows=4 * CORE.rows, sent=4 * CORE.sent)  # assumed
GPU = Rank(tokens=5.4e6, rows=100e9, sent=300e9)  # tokens: BlazingText's, of a V100; not ours
HERE = Link(bandwidth=float("inf"), latency=0.0)  # sending is what it costs the core
ETHERNET = {"10": Link(10 * GBIT, 50e-6), "100": Link(100 * GBIT, 20e-6)}
NVLINK = Link(300e9, 5e-6)


@dataclass(frozen=True)
class Epoch:
    """seconds: of an epoch.  exchanging: the share that exchanging takes of them.

    bytes_per_token: sent by a rank for a token of its share.  exchanges: of all rows.
    """

    seconds: float
    exchanging: float
    bytes_per_token: float
    exchanges: float


def epoch(n_tokens: float, n_words: int, n_ranks: int, rank: Rank, link: Link) -> Epoch:
    whole = n_ranks * BLOCK_TOKENS
    between = tokens_between(n_tokens, n_words, n_ranks)
    of_block, period = intervals(min(whole, n_tokens), between), period_of(whole, between)
    n_intervals = max(1, round(of_block * n_tokens / min(whole, n_tokens)))
    training = n_tokens / n_ranks / rank.tokens / n_intervals  # seconds, of each
    seconds = sent = n_exchanges = 0.0
    for place in range(1, n_intervals + 1):
        n_rows = rows_after(place, n_words, period, place == n_intervals)
        n_bytes = 2 * n_rows * (DIMENSION + 1) * FLOAT_BYTES
        around = 2 * (n_ranks - 1) / n_ranks * n_bytes
        on_link = around / link.bandwidth + 2 * (n_ranks - 1) * link.latency
        is_waited_for = n_rows == n_words and (place % of_block == 0 or place == n_intervals)
        seconds += training + on_link if is_waited_for else max(training, on_link)
        if n_ranks > 1:
            seconds += n_bytes / rank.rows + around / rank.sent
        sent += around
        n_exchanges += n_rows == n_words
    return Epoch(
        seconds=seconds,
        exchanging=max(0.0, 1 - n_intervals * training / seconds),
        bytes_per_token=sent / (n_tokens / n_ranks),
        exchanges=n_exchanges,
    )


def duration(seconds):
    for size, unit in ((365.25 * 86400, "years"), (86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.2g} s"


def here():
    print("| ranks | 4.2 M tokens: bytes a token, exchanging | 23 M tokens |\n|---|---|---|")
    for n_ranks in (2, 4, 8):
        texts = (4.2e6, 24_951), (23e6, 56_698)
        found = [epoch(*text, n_ranks, CORE, HERE) for text in texts]
        cells = [f"{each.bytes_per_token:.0f}, {each.exchanging:.0%}" for each in found]
        print(f"| {n_ranks} | " + " | ".join(cells) + " |")


def nodes():
    texts = {"1 G": (1e9, 400_000), "100 G": (1e11, 2_000_000), "10 T": (1e13, 5_000_000)}
    numbers = (1, 10, 100, 1000)
    print("\n| tokens, words | Gbit/s | " + " | ".join(f"nodes: {n:,}" for n in numbers) + " |")
    print("|---|---|" + "---|" * len(numbers))
    for name, (n_tokens, n_words) in texts.items():
        for speed, link in ETHERNET.items():
            cells = [cell(epoch(n_tokens, n_words, n, NODE, link), n) for n in numbers]
            print(f"| {name}, {n_words:,} | {speed} | " + " | ".join(cells) + " |")
    print("\n| tokens, words | 1 GPU | 8 GPUs |\n|---|---|---|")
    for name, (n_tokens, n_words) in texts.items():
        cells = [cell(epoch(n_tokens, n_words, n, GPU, NVLINK), n) for n in (1, 8)]
        print(f"| {name}, {n_words:,} | " + " | ".join(cells) + " |")


def cell(found, n_ranks):
    whole = duration(found.seconds)
    if n_ranks == 1:
        return whole
    return f"{whole}, {found.exchanging:.0%}, {found.exchanges:,.0f} ×"


def measure():
    """Bytes of rows a second that one thread compares, combines and puts back."""
    import torch

    from w2v.training.exchange import Exchange

    torch.set_num_threads(1)

    class Tables:
        def __init__(self):
            self.tables = [np.random.rand(56_698, DIMENSION).astype(np.float32) for _ in "vu"]

        def live_tables(self):
            return self.tables

    class Alone:
        def start_sum(self, tensor):
            return tensor

        def finish(self, work):
            pass

    exchange = Exchange(Tables(), Alone())
    for n_rows in (1_772, 56_698):
        times = []
        for _ in range(20):
            began = time.process_time()
            exchange.start(n_rows, [0.0])
            exchange.finish()
            times.append(time.process_time() - began)
        n_bytes = 2 * n_rows * (DIMENSION + 1) * FLOAT_BYTES
        print(f"{n_rows:,} rows: {n_bytes / np.median(times) / 1e9:.2f} GB/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--measure", action="store_true")
    if parser.parse_args().measure:
        measure()
    else:
        here()
        nodes()


if __name__ == "__main__":
    main()
