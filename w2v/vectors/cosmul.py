"""3CosMul: neighbours by a product of cosines, where most_similar takes their sum.

Source: Levy and Goldberg 2014 (W14-1618), eq. 4, the cosines moved to 0..1 as in its footnote 7.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.vectors.neighbours import Directions

EPSILON = 1e-6  # as in gensim; Levy and Goldberg have 0.001


def scores(positive: npt.NDArray[Any], negative: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(n,), Π (1 + positive) / 2 / (Π (1 + negative) / 2 + ε), of cosines (P, n) and (N, n)."""
    plus, minus = (
        np.prod((1 + cosines.clip(-1, 1)) / 2, axis=0) for cosines in (positive, negative)
    )
    return plus / (minus + EPSILON)


def first_scores(
    directions: Directions, terms: npt.NDArray[np.float64], n_positive: int, n_rows: int
) -> npt.NDArray[np.float32]:
    """(n_rows,), the scores of the first rows; of `terms`, (n, D), the first are positive."""
    blocks = [scores(*np.split(c, [n_positive])) for _, c in directions.blocks(terms, n_rows)]
    return np.concatenate(blocks).astype(np.float32, copy=False)


def nearest(
    directions: Directions,
    terms: npt.NDArray[np.float64],
    n_positive: int,
    n_best: int,
    n_rows: int,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """The rows of largest score and their scores, best first, equal ones by row; exact.

    A score falls and rises with each cosine: from those in float32 and their largest error comes
    the least and the most that it can be. Only rows that may be among the best are computed again.
    """
    least, most = [], []
    for _, cosines in directions.blocks(terms, n_rows):
        positive, negative = np.split(cosines, [n_positive])
        error = np.float32(directions.slack)
        least.append(scores(positive - error, negative + error))
        most.append(scores(positive + error, negative - error))
    floor = np.partition(np.concatenate(least), -n_best)[-n_best]
    rows = np.flatnonzero(np.concatenate(most) >= floor)
    cosines = np.array([directions.cosines(rows, term) for term in terms])
    found = scores(*np.split(cosines, [n_positive]))
    best = np.lexsort((rows, -found))[:n_best]
    return rows[best], found[best]
