"""How the learning rate changes while training."""

import numpy as np
import numpy.typing as npt

from w2v.config import Config
from w2v.text.encoded import EncodedText


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
