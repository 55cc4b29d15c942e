"""The two tables of vectors as training begins."""

import math

import numpy as np

from w2v import sampling

# Wider than word2vec's ±0.5/D and 0, from which a corpus of a million tokens takes epochs to leave.
UNIFORM_IN, UNIFORM_OUT = 0.05, 0.03


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
    for purpose, scale in ((sampling.IN_VECTORS, scale_in), (sampling.OUT_VECTORS, scale_out)):
        key = sampling.stream_key(config.seed, 0, purpose)
        table = sampling.uniform_table(key, n_words, config.vector_size, np.float64(scale))
        table[0] = 0
        tables.append(table)
    return tuple(tables)
