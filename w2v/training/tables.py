"""The two tables of vectors as training begins."""

import math
import os

import numpy as np

from w2v.batches import draws
from w2v.batches.windows import max_entries
from w2v.errors import W2VError
from w2v.text.vocab import BLOCK_TOKENS

# Wider than word2vec's ±0.5/D and 0, from which a corpus of a million tokens takes epochs to leave.
UNIFORM_IN, UNIFORM_OUT = 0.05, 0.03

BYTES_PER_ENTRY = 20  # of a batch, at least: an id and a term, or the mask, labels and logits

GPU_BYTES_PER_TOKEN = 64  # of a block, while it is subsampled and shuffled


def initial_tables(n_words, config):
    """The first center and context vectors, a pure function of the seed.

    Args:
        n_words: V.
        config: gives vector_size = D, seed and, by its optimiser, the kind of tables.
    Returns:
        in_vectors, out_vectors: (V, D) float32 each. Row 0, `<unk>`, is zeros: it is never trained.
    Source: "xavier" is Glorot and Bengio 2010, uniform within ±√(6 / (V + D)).
    """
    if config.method.init == "xavier":
        scale_in = scale_out = math.sqrt(6.0 / (n_words + config.vector_size))
    else:
        scale_in, scale_out = UNIFORM_IN, UNIFORM_OUT
    tables = []
    for purpose, scale in ((draws.IN_VECTORS, scale_in), (draws.OUT_VECTORS, scale_out)):
        key = draws.stream_key(config.seed, 0, purpose)
        table = draws.uniform_table(key, n_words, config.vector_size, np.float64(scale))
        table[0] = 0
        tables.append(table)
    return tuple(tables)


def needed_memory(n_words, config):
    """Bytes that the tables and a batch take, about.

    The tables are there about twice while they are filled; Adam keeps gradients and two moments of
    every number beside them; early stopping keeps the best.
    """
    copies = (5 if config.optimizer == "adam" else 2) + bool(config.early_stopping)
    return copies * tables_bytes(n_words, config) + _entries(config) * BYTES_PER_ENTRY


def tables_bytes(n_words, config):
    """Bytes of both tables."""
    return 2 * n_words * config.vector_size * 4


def _entries(config):
    return config.batch_size * max_entries(config.window, config.negative)


def needed_on_gpu(n_words, n_tokens, config):
    """Bytes that the tables, a batch and a text of n_tokens take on a GPU, about."""
    if config.engine == "cuda":
        copies = 3 if config.deterministic else 2  # the sums of the gradient beside the rows
        batch = _entries(config) * 4
    else:
        copies = 3  # the gradient, and what it is gathered in
        batch = _entries(config) * (BYTES_PER_ENTRY + 3 * 4 * config.vector_size)
    copies += 2 * (config.optimizer == "adam")
    text = 4 * n_tokens + GPU_BYTES_PER_TOKEN * min(n_tokens, BLOCK_TOKENS)
    return copies * tables_bytes(n_words, config) + batch + text


def check_memory(n_words, n_tokens, config):
    """Make sure, before they are made, that the tables and a batch fit.

    Raises:
        W2VError: the machine, or its GPU, has less memory than they need; the message says how
            much.
    """
    places = [("memory", needed_memory(n_words, config), _available_memory())]
    if config.device == "cuda":
        import torch

        needed = needed_on_gpu(n_words, n_tokens, config)
        places.append(("GPU memory", needed, torch.cuda.mem_get_info()[0]))
    for kind, needed, there in places:
        if needed > there:
            raise W2VError(
                f"{n_words:,} words of --vector-size {config.vector_size} and batches of "
                f"{_entries(config):,} entries need {needed / 2**30:.1f} GiB of {kind}, and "
                f"{there / 2**30:.1f} GiB are available; lower --vector-size, --batch-size, "
                "--window or --negative, or raise --min-count"
            )


def _available_memory():
    """Bytes that this process may still take; infinite where the system does not tell."""
    try:
        with open("/proc/meminfo") as file:
            fields = dict(line.split(":") for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return math.inf
