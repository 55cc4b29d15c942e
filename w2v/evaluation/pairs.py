"""Scores of word vectors: how they agree with people on word pairs, and which analogies they solve.

Whatever depends on the vocabulary alone is found once, by `find_pairs` and `find_questions`; what
they give is scored with the vectors, again after every epoch if need be.

Words are compared without their letter case, the first of the vocabulary's variants counting, and
only the first 300,000 words of the vocabulary take part: gensim's defaults, so the scores are those
of its `evaluate_word_pairs` and `evaluate_word_analogies` with dummy4unknown=False.
"""

from dataclasses import dataclass

import numpy as np

from w2v.evaluation.correlation import RESAMPLES, correlate
from w2v.evaluation.lookup import RESTRICT_VOCAB, finite_rows, rows_of


@dataclass(frozen=True)
class KnownPairs:
    """rows: (n, 2) int64, of the pairs whose words are both known.  scores: (n,) float64, people's.
    total: pairs in the file.
    """

    rows: np.ndarray
    scores: np.ndarray
    total: int


def find_pairs(pairs, words, restrict_vocab=RESTRICT_VOCAB, case_insensitive=True):
    """Look Pairs up in a vocabulary.

    Args:
        pairs: w2v.testsets.Pairs.
        words: V strings, the first `<unk>`, which no word of a pair is taken for.
        restrict_vocab: only so many words after it take part.
        case_insensitive: take words for the same that have the same upper case.
    Returns:
        KnownPairs
    """
    fold = str.upper if case_insensitive else str
    folded = [(fold(one), fold(other)) for one, other in pairs.words]
    rows = rows_of(words, {word for pair in folded for word in pair}, restrict_vocab, fold)
    known = [all(word in rows for word in pair) for pair in folded]
    found = [[rows[word][0] for word in pair] for pair in folded if rows.keys() >= set(pair)]
    return KnownPairs(np.array(found, np.int64).reshape(-1, 2), pairs.scores[known], len(known))


def score_pairs(known, vectors, resamples=RESAMPLES):
    """How well the cosines of word pairs agree with people's scores.

    Args:
        known: KnownPairs.
        vectors: (V, D) float32.
        resamples: of the bootstrap over pairs; 0 for no interval.
    Returns:
        Spearman's and Pearson's Correlation, see `correlate`.
    Raises:
        W2VError: a vector holds NaN or infinity.
    Differs from gensim: that computes in float32, and fails where no pair is known. A vector of
    zeros has the cosine 0 with all others, as there.
    """
    one, other = (finite_rows(vectors, rows) for rows in known.rows.T)
    squares = (one * one).sum(axis=1) * (other * other).sum(axis=1)
    # √(x·x) is x in floating point too: the cosine of a word with itself is 1 exactly, so all such
    # pairs are tied.
    cosines = (one * other).sum(axis=1) / np.sqrt(np.where(squares > 0, squares, 1.0))
    return correlate(known.scores, cosines, resamples)
