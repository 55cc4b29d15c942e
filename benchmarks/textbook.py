"""The textbook's plain loop beside our torch engine, in turn, on PTB at the textbook's settings.

    python benchmarks/textbook.py --data-dir DIR

The plain loop is written as one writes it to learn: Python lists, a DataLoader with a collate
function, nn.Embedding, Adam. Both sides train the same windows, repeatedly, and the medians are
compared; drawing them is part of our side's time and not of the loop's.
"""

import argparse
import dataclasses
import statistics
import time
from functools import partial

import torch
from torch import nn
from torch.utils.data import DataLoader

from w2v.batches.batcher import CpuBatcher
from w2v.config import GROUP
from w2v.engines import choose
from w2v.recipes import from_recipe
from w2v.text.corpus import open_corpus
from w2v.text.vocab import read
from w2v.training.tables import initial_tables

BATCHES, REPEATS = 150, 5


def plain_examples(windows):
    """[(center, contexts, negatives)] as lists of ints: the very windows that our engine trains."""
    examples = []
    for number in range(min(BATCHES, windows.n_batches)):
        batch = windows.batch(number)
        for row, center in enumerate(batch.centers[:, 0].tolist()):
            entries = batch.entries[row][batch.mask[row, 0] > 0].tolist()
            n_contexts = int(batch.labels[row, 0].sum())
            examples.append((center, entries[:n_contexts], entries[n_contexts:]))
    return examples


def collate(examples):
    """Pad a list of examples into tensors, one row after another."""
    longest = max(len(contexts) + len(negatives) for _, contexts, negatives in examples)
    centers, entries, masks, labels = [], [], [], []
    for center, contexts, negatives in examples:
        n, padding = len(contexts) + len(negatives), longest - len(contexts) - len(negatives)
        centers.append([center])
        entries.append(contexts + negatives + [0] * padding)
        masks.append([1] * n + [0] * padding)
        labels.append([1] * len(contexts) + [0] * (longest - len(contexts)))
    return tuple(torch.tensor(part) for part in (centers, entries, masks, labels))


class PlainLoop:
    def __init__(self, n_words, examples, config):
        self.device = config.device
        self.v = nn.Embedding(n_words, config.vector_size, device=self.device)
        self.u = nn.Embedding(n_words, config.vector_size, device=self.device)
        for table in (self.v, self.u):
            nn.init.xavier_uniform_(table.weight)
        parameters = [*self.v.parameters(), *self.u.parameters()]
        self.optimizer = torch.optim.Adam(parameters, lr=config.lr)
        self.loader = DataLoader(examples, config.batch_size, shuffle=True, collate_fn=collate)

    def run(self):
        n_centers, began = 0, time.perf_counter()
        for batch in self.loader:
            centers, entries, masks, labels = (part.to(self.device) for part in batch)
            self.optimizer.zero_grad()
            logits = torch.bmm(self.v(centers), self.u(entries).permute(0, 2, 1)).squeeze(1)
            losses = nn.functional.binary_cross_entropy_with_logits(
                logits, labels.float(), masks.float(), reduction="none"
            )
            (losses.mean(dim=1) / masks.sum(dim=1) * masks.shape[1]).sum().backward()
            self.optimizer.step()
            n_centers += len(centers)
        self.v.weight[0, 0].item()  # a GPU is done only then
        return n_centers / (time.perf_counter() - began)


def engine_rate(engine, windows, config):
    began = time.perf_counter()
    engine.train(windows, 0, [config.lr] * BATCHES)
    return BATCHES * config.batch_size / (time.perf_counter() - began)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", default=None, help="folder of ptb.zip")
    asked = parser.parse_args()
    config = from_recipe("textbook", corpus="ptb", device="cpu", data_dir=asked.data_dir)
    config = choose.resolve(config)
    vocabulary, text = read(open_corpus(config), config.min_count)
    sides = {}
    for group in (1, GROUP):
        of_group = dataclasses.replace(config, group=group)
        groups = CpuBatcher(text, vocabulary.counts, of_group).groups(1, 0)
        engine = choose.make_engine(*initial_tables(len(vocabulary), config), of_group)
        sides[f"torch engine, --group {group}"] = partial(engine_rate, engine, groups, of_group)
        if group == 1:
            plain = PlainLoop(len(vocabulary), plain_examples(groups), config)
            sides["plain loop"] = plain.run
    rates = [[run() for run in sides.values()] for _ in range(1 + REPEATS)][1:]  # first: warm-up
    medians = dict(zip(sides, map(statistics.median, zip(*rates, strict=True)), strict=True))
    for side, rate in medians.items():
        times = rate / medians["plain loop"]
        print(f"{side:25} {rate:>9,.0f} centers/s  {times:.1f} x  (median of {REPEATS})")


if __name__ == "__main__":
    main()
