"""What a user should know before training begins: the text in numbers, and what looks wrong."""

import math
import shutil

import numpy as np

from w2v.batches import subsampling
from w2v.training.tables import needed_memory, tables_bytes

ENOUGH = 2_400_000  # tokens to train on, over all epochs; below, neighbours are mostly noise
LONG_LINE = 10_000  # words; no sentence is that long
MOST_EPOCHS = 50  # more do not make up for too little text
FEW_LEFT = 0.7  # share of the tokens; below, the vocabulary is cut hard
TEXT_BYTES = 4  # memory for each known token


def summary(job, batcher):
    """Lines about a Job and its Batcher."""
    config, text, vocabulary = job.config, job.text, job.vocabulary
    unknown = int(vocabulary.counts[0])
    known = text.n_read - unknown
    kept = float(subsampling.expected_kept(vocabulary.counts, config.sample).sum())
    share = text.n_tokens / known  # less than 1 where sentences are held out
    first = batcher.windows(1, 0)
    pairs = first.expected_pairs() * text.n_tokens / len(text.blocks[0])
    memory = needed_memory(len(vocabulary), config) + TEXT_BYTES * text.n_tokens
    yield (
        f"{text.n_lines:,} lines, {text.n_read:,} tokens, {unknown:,} of them unknown; "
        f"vocabulary {len(vocabulary):,} (min_count {config.min_count})"
    )
    yield (
        f"an epoch: about {_about(kept * share)} tokens kept by subsampling, {_about(pairs)} "
        f"pairs; memory: about {memory / 2**20:,.0f} MB beside the program"
    )
    if job.held_out is not None:
        yield f"validation: {job.held_out.description}, {job.held_out.n_centers:,} windows"
    if job.scoring is not None:
        yield "evaluation: " + "; ".join(job.scoring.descriptions)


def warnings(job):
    """Lines about what is odd in a Job's text, or unwise with it."""
    config, text, counts = job.config, job.text, job.vocabulary.counts
    trained = text.n_tokens * config.epochs
    if trained < ENOUGH:
        epochs = math.ceil(ENOUGH / text.n_tokens)
        serves = f"--epochs {epochs} would serve" if epochs <= MOST_EPOCHS else "no epochs make up"
        yield (
            f"{text.n_tokens:,} tokens are few for --epochs {config.epochs}, and the neighbours "
            f"will be mostly noise; {serves} for it, more text would be better"
        )
    needed, free = 2 * tables_bytes(len(counts), config), _free_disk(job.out)
    if free < needed:
        yield (
            f"the disk of {job.out} has {free / 2**20:,.0f} MB free, and the run and its "
            f"checkpoint take {needed / 2**20:,.0f}"
        )
    share = 1 - counts[0] / text.n_read
    if share < FEW_LEFT:
        yield (
            f"--min-count {config.min_count} leaves {share:.0%} of the tokens, and "
            f"{len(counts) - 1:,} words; a lower one keeps more"
        )
    if text.longest_line > LONG_LINE:
        yield (
            f"the longest line has {text.longest_line:,} words; a line is taken for one sentence: "
            "windows end where a line does, so give one sentence a line"
        )


def _free_disk(folder):
    """Bytes free where a folder is, or will be."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def _about(number):
    """A number in three digits: 342,817 → 343,000."""
    digits = max(0, int(np.floor(np.log10(max(number, 1)))) - 2)
    return f"{round(number, -digits):,.0f}"
