"""The learning rate: how it changes while training, and where it begins if the user gives none."""

import numpy as np
import numpy.typing as npt

from w2v.batches.subsampling import expected_kept
from w2v.config import OPTIMIZERS, Config
from w2v.text.vocab import EncodedText

# Measured, at five epochs: a million tokens learn best at about 1.5; on 23 million half of that
# gives better analogies and similarities (benchmarks/README.md).
FULL_RATE_TOKENS = 1_000_000
FALL_EXPONENT = 0.22  # beyond, the rate falls as the number of tokens to the power of -0.22

# The rate, times how often a batch holds a row: if it is too large, the row overshoots. On PTB and
# on made-up texts training diverged from 25 on and never up to 20. PTB by default has 13.
MAX_RATE_PER_ROW = 15.0


def scheduled_rates(
    config: Config, epochs_done: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The learning rate of some updates, by the schedule of a Config's optimiser.

    Args:
        epochs_done: (n,), how many epochs are done before each update: 1.5 in the middle of the
            second.
    Returns:
        (n,): the first rate throughout, or falling in a straight line to 0 after the last epoch.
    """
    method = config.method
    if method.schedule == "constant":
        return np.full(len(epochs_done), method.lr)
    return method.lr * (1.0 - epochs_done / config.epochs)


def shares_done(
    text: EncodedText, block: int, batches: npt.NDArray[np.int64], n_batches: int
) -> npt.NDArray[np.float64]:
    """The share of an epoch's tokens that are done before each of some batches of a block.

    Args:
        batches: (n,), numbers of batches; n_batches, of all batches of the block, is the end of it.
    Returns:
        (n,), from 0 to 1.
    """
    done = text.first_position(block)
    return (done + len(text.blocks[block]) * batches / n_batches) / text.n_tokens


def default_rate(counts: npt.NDArray[np.int64], config: Config) -> float:
    """The first rate of stochastic gradient descent for a vocabulary's counts, (V,), and a Config.

    Lower on long texts, and where frequent words are so frequent, or batches so large, that the
    sum of a batch's changes of one row would overshoot.
    """
    n_tokens = int(counts[1:].sum())
    lr = OPTIMIZERS["sgd"].lr * min(1.0, (FULL_RATE_TOKENS / n_tokens) ** FALL_EXPONENT)
    return float(f"{min(lr, MAX_RATE_PER_ROW / _most_visits(counts, config)):.3g}")


def _most_visits(counts: npt.NDArray[np.int64], config: Config) -> float:
    """How often a batch holds the row that it holds most often; a window counts for 1."""
    kept = expected_kept(counts, config.sample)[1:]
    noise = counts[1:] ** config.ns_exponent
    centers, noise = kept / kept.sum(), noise / noise.sum()
    contexts = (centers + config.negative * noise) / (1 + config.negative)
    return config.batch_size * max(centers.max(), contexts.max())
