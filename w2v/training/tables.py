"""The two tables of vectors as training begins."""

import math

import numpy as np
import numpy.typing as npt

from w2v.batches import draws
from w2v.config import Config

# Wider than word2vec's ±0.5/D and 0, from which a corpus of a million tokens takes epochs to leave.
UNIFORM_IN, UNIFORM_OUT = 0.05, 0.03


def initial_tables(
    n_words: int, config: Config
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The first center and context vectors, a pure function of the seed.

    Args:
        n_words: V.
        config: gives vector_size = D, seed and, by its optimiser, the kind of tables.
    Returns:
        in_vectors, out_vectors: (V, D) each. Row 0, `<unk>`, is zeros: it is never trained.
    Source: "xavier" is Glorot and Bengio 2010, uniform within ±√(6 / (V + D)).
    """
    if config.method.init == "xavier":
        scale_in = scale_out = math.sqrt(6.0 / (n_words + config.vector_size))
    else:
        scale_in, scale_out = UNIFORM_IN, UNIFORM_OUT

    def table(purpose: int, scale: float) -> npt.NDArray[np.float32]:
        key = draws.stream_key(config.seed, 0, purpose)
        drawn = draws.uniform_table(key, n_words, config.vector_size, np.float64(scale))
        drawn[0] = 0
        return drawn

    return table(draws.IN_VECTORS, scale_in), table(draws.OUT_VECTORS, scale_out)
