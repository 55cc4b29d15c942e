"""The learning rate: how it changes while training, and where it begins if the user gives none."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from w2v.batches.subsampling import expected_kept
from w2v.config import OPTIMIZERS, Config
from w2v.text.encoded import EncodedText

# What the default rate of stochastic gradient descent is made of. Measured on words, walks on
# graphs and sessions of items: docs/training.md#the-learning-rate.
USUAL_ENTRIES = 36  # of a window by default; the rate, which is spread over them, grows with them
USUAL_VISITS = 650  # occurrences of a usual word that a whole training keeps, on PTB by default
VISITS_EXPONENT = -0.3  # the rate goes as their number to the power of it

# The highest stable rate is 1 / (these, times how often a batch and a group visit a row).
PER_MOST_VISITS = 0.035  # the row visited most: alone, it overshoots
PER_MEAN_VISITS = 0.275  # the mean over visits: where all rows are visited often, all overshoot
PER_GROUP_VISITS = 0.3  # a noise word of a group, which all its centers push the same way


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
    done, end = text.tokens_before(block), text.tokens_before(block + 1)
    return (done + (end - done) * batches / n_batches) / text.n_tokens


class Rates(NamedTuple):
    """What decides the first rate: wanted, by the text; stable, the highest that a batch bears."""

    wanted: float
    stable: float

    @property
    def default(self) -> float:
        return float(f"{min(self):.3g}")


def default_rate(counts: npt.NDArray[np.int64], config: Config, ranks: int = 1) -> float:
    """The first rate of stochastic gradient descent for a vocabulary's counts, (V,), and a Config.

    A window's loss is a mean, so a longer one bears a higher rate; words that are seen often need
    less of it; and no row may be pushed so often by one batch that it overshoots. Of ranks the mean
    is taken where they agree, so what they see counts for less.
    """
    return rates(counts, config, ranks).default


def rates(counts: npt.NDArray[np.int64], config: Config, ranks: int = 1) -> Rates:
    """The Rates for a vocabulary's counts, (V,), and a Config."""
    is_seen = counts[1:] > 0  # not so the words of --init-from that this text has not
    kept = expected_kept(counts, config.sample)[1:][is_seen]
    noise = counts[1:][is_seen] ** config.ns_exponent
    n_kept = max(1.0, kept.sum())  # of nothing, the batcher says so
    centers, noise = kept / n_kept, noise / noise.sum()

    entries = (1 + config.negative) * (1 + config.window)
    usual_words = np.exp(-(noise * np.log(noise)).sum())  # as many, all alike, vary as much
    visits = config.epochs * n_kept / usual_words / np.sqrt(ranks)
    wanted = OPTIMIZERS["sgd"].lr * entries / USUAL_ENTRIES
    wanted *= (visits / USUAL_VISITS) ** VISITS_EXPONENT
    return Rates(wanted, _highest_stable_rate(centers, noise, config))


def _highest_stable_rate(centers, noise, config):
    """For the shares, (V,), of words among centers, and contexts, and among noise words.

    Visits are counted in windows: one that holds a row in a tenth of its entries counts a tenth.
    """
    noise_share = config.negative / (1 + config.negative)
    entries = (1 - noise_share) * centers + noise_share * noise
    most = config.batch_size * max(centers.max(), entries.max())
    mean = config.batch_size * (centers @ centers + entries @ entries) / 2
    of_group = noise_share * max(1.0, config.group_size / config.pool_size)
    return 1 / (PER_MOST_VISITS * most + PER_MEAN_VISITS * mean + PER_GROUP_VISITS * of_group)
