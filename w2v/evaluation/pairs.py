"""Word pairs: how well cosines agree with people's ratings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.evaluation.correlation import RESAMPLES, Correlation, correlate
from w2v.evaluation.lookup import RESTRICT_VOCAB, finite_rows, folding, rows_of
from w2v.evaluation.testsets import Pairs


@dataclass(frozen=True)
class KnownPairs:
    """The pairs whose words are both in the vocabulary.

    rows: (n, 2) int64, their words' rows.  scores: (n,) float64, people's.  total: pairs in the
    file.
    """

    rows: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    total: int


def find_pairs(
    pairs: Pairs,
    words: Sequence[str],
    restrict_vocab: int = RESTRICT_VOCAB,
    case_insensitive: bool = True,
) -> KnownPairs:
    """Look pairs up in a vocabulary.

    Args:
        words: V strings, the first `<unk>`, which matches no word of a pair.
        restrict_vocab: only the first restrict_vocab words after it take part.
        case_insensitive: words with the same upper case are the same.
    """
    fold = folding(case_insensitive)
    folded = [(fold(one), fold(other)) for one, other in pairs.words]
    rows = rows_of(words, {word for pair in folded for word in pair}, restrict_vocab, fold)
    known = [all(word in rows for word in pair) for pair in folded]
    found = [[rows[word][0] for word in pair] for pair in folded if rows.keys() >= set(pair)]
    return KnownPairs(np.array(found, np.int64).reshape(-1, 2), pairs.scores[known], len(known))


def score_pairs(
    known: KnownPairs, vectors: npt.NDArray[np.float32], resamples: int = RESAMPLES
) -> list[Correlation]:
    """How well the cosines of word pairs agree with people's scores.

    Args:
        vectors: (V, D).
        resamples: of the bootstrap over pairs; 0 for no interval.
    Returns:
        Spearman's and Pearson's correlation, as `correlate` does.
    Raises:
        W2VError: a vector holds NaN or infinity.
    Differs from gensim: that computes in float32, and fails where no pair is known. A vector of
    zeros has the cosine 0 with all others, as there.
    """
    one, other = (finite_rows(vectors, rows) for rows in known.rows.T)
    squares = (one * one).sum(axis=1) * (other * other).sum(axis=1)
    # √(x·x) is x in floating point too: the cosine of a word with itself is exactly 1, so all such
    # pairs are tied.
    cosines = (one * other).sum(axis=1) / np.sqrt(np.where(squares > 0, squares, 1.0))
    return correlate(known.scores, cosines, resamples)
