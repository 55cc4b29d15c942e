"""The learning rate of stochastic gradient descent where the user gives none."""

from w2v.batches.subsampling import expected_kept
from w2v.config import OPTIMIZERS

# Measured, at five epochs: a million tokens learn best at about 1.5; on 23 million half of that
# gives better analogies and similarities (benchmarks/README.md).
FULL_RATE_TOKENS = 1_000_000
FALL = 0.22  # the power of the number of tokens by which the rate falls

# How often a batch holds a row, times the rate: too much, and the row overshoots. On PTB and on
# made-up texts training diverged from 25 on and never up to 20. PTB by default has 13. It holds for
# racing too: what the threads' copies of a row learn is added up.
MOST_PUSH = 15.0


def default_rate(counts, config):
    """The rate for a vocabulary's counts, (V,) int64, and a Config.

    Lower on long texts, and where frequent words are so frequent, or batches so large, that the
    sum of a batch's changes of one row would overshoot.
    """
    n_tokens = int(counts[1:].sum())
    lr = OPTIMIZERS["sgd"].lr * min(1.0, (FULL_RATE_TOKENS / n_tokens) ** FALL)
    return float(f"{min(lr, MOST_PUSH / _largest_push(counts, config)):.3g}")


def _largest_push(counts, config):
    """How often the most visited row of either table is in a batch; a window counts for 1."""
    kept = expected_kept(counts, config.sample)[1:]
    noise = counts[1:] ** config.ns_exponent
    centers, noise = kept / kept.sum(), noise / noise.sum()
    contexts = (centers + config.negative * noise) / (1 + config.negative)
    return config.batch_size * max(centers.max(), contexts.max())
