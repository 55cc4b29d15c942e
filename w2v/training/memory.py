"""How much memory a training takes, and whether there is as much."""

from w2v.batches.batch import max_entries
from w2v.batches.batcher import GPU_BLOCKS, batch_groups
from w2v.config import Config
from w2v.errors import W2VError
from w2v.text.room import free_memory
from w2v.text.tokens import BLOCK_TOKENS, TOKEN_BYTES

FLOAT_BYTES = 4
BYTES_PER_ENTRY = 20  # of a batch of the torch engine: an id, the mask, labels and logits
GPU_BYTES_PER_TOKEN = 64  # of a block, while it is subsampled and shuffled
EXCHANGED = 3  # more tables of a rank: what was agreed, what it had, what it has learned


def tables_bytes(n_words: int, config: Config) -> int:
    """Bytes of both tables."""
    return 2 * n_words * config.vector_size * FLOAT_BYTES


def needed_memory(n_words: int, config: Config, ranks: int = 0) -> int:
    """Bytes that the tables and a batch take, about.

    The tables are there about twice while they are filled; Adam keeps gradients and two moments of
    every number beside them; early stopping keeps the best.

    Args:
        ranks: that train together on this machine; 0: this process alone.
    """
    copies = (5 if config.optimizer == "adam" else 2) + bool(config.early_stopping)
    copies += EXCHANGED * (ranks > 0)
    batch = _batch_entries(config) * BYTES_PER_ENTRY
    if config.engine == "cpu":
        from w2v.engines.cpu import batch_bytes  # late: it brings the compiled code

        batch = batch_bytes(config)
    return max(1, ranks) * (copies * tables_bytes(n_words, config) + batch)


def needed_gpu_memory(n_words: int, n_tokens: int, config: Config, ranks: int = 0) -> int:
    """Bytes that the tables, a batch and a text of n_tokens take on a GPU, about."""
    if config.engine == "cuda":
        copies = 3 if config.deterministic else 2  # the sums of the gradient beside the rows
        from w2v.batches.gpu_groups import Sizes

        batch = batch_groups(config) * Sizes.of(config).group_bytes
    else:
        copies = 3  # the gradient, and what it is gathered in
        vectors = 3 * FLOAT_BYTES * config.vector_size
        batch = _batch_entries(config) * (BYTES_PER_ENTRY + vectors)
    copies += 2 * (config.optimizer == "adam") + EXCHANGED * (ranks > 0)
    text = TOKEN_BYTES * min(n_tokens, GPU_BLOCKS * BLOCK_TOKENS)
    text += GPU_BYTES_PER_TOKEN * min(n_tokens, BLOCK_TOKENS)
    return copies * tables_bytes(n_words, config) + batch + text


def check_memory(n_words: int, n_tokens: int, config: Config, ranks: int = 0) -> None:
    """Make sure, before they are made, that the tables and a batch fit.

    Raises:
        W2VError: the machine, or its GPU, has less memory than they need; the message says how
            much.
    """
    kinds = [("memory", needed_memory(n_words, config, ranks), free_memory())]
    if config.device == "cuda":
        import torch

        needed_there = needed_gpu_memory(n_words, n_tokens, config, ranks)
        kinds.append(("GPU memory", needed_there, torch.cuda.mem_get_info()[0]))
    for kind, needed, available in kinds:
        if needed > available:
            raise W2VError(
                f"{n_words:,} words of --vector-size {config.vector_size} and batches of "
                f"{_batch_entries(config):,} entries need {needed / 2**30:.1f} GiB of {kind}, and "
                f"{available / 2**30:.1f} GiB are available; lower --vector-size, --batch-size, "
                "--window, --negative or --noise-pool, or raise --min-count"
            )


def _batch_entries(config: Config) -> int:
    """How many entries a batch has at most, counted for each center that they are entries of."""
    return batch_groups(config) * config.group_size * _group_entries(config)


def _group_entries(config: Config) -> int:
    """E, at most."""
    if config.group_size == 1:
        return max_entries(config.window, config.negative)
    return config.group_size + 2 * config.window + config.pool_size
