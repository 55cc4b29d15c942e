"""Words of a test set in a vocabulary."""

import numpy as np

from w2v.errors import W2VError

RESTRICT_VOCAB = 300_000  # words, without <unk>


def rows_of(words, wanted, restrict_vocab, fold):
    """{folded word: its rows in `words`, rising}, of the wanted ones that are there."""
    found = {}
    for row, word in enumerate(words[1 : restrict_vocab + 1], 1):
        folded = fold(word)
        if folded in wanted:
            found.setdefault(folded, []).append(row)
    return found


def finite_rows(vectors, rows):
    """(n, D) float64, some rows of the vectors. Raises: W2VError: NaN or infinity."""
    chosen = np.asarray(vectors[rows], np.float64)
    is_finite = np.isfinite(chosen).all(axis=1)
    if not is_finite.all():
        row = np.arange(len(vectors))[rows][int(np.argmin(is_finite))]
        raise W2VError(f"the vector of word {row} holds NaN or infinity; it cannot be scored")
    return chosen
