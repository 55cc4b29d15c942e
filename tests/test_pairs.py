"""Scores on word pairs: against hand arithmetic and gensim."""

import math

import numpy as np
import pytest

from scored import (
    PAIRS,
    TABLE,
    WORDS,
    analogies_in,
    gensim_data,
    keyed_vectors,
    pairs_in,
    published,
)
from w2v.errors import W2VError
from w2v.evaluation import testsets
from w2v.evaluation.analogies import find_questions, score_analogies
from w2v.evaluation.pairs import find_pairs, score_pairs

pytestmark = pytest.mark.usefixtures("folder")


def scored(pairs, words, table):
    return score_pairs(find_pairs(pairs, words), table)


def test_pairs_are_scored_by_cosine_and_unknown_ones_left_out():
    known = find_pairs(pairs_in(PAIRS), WORDS)
    assert known.rows.tolist() == [[1, 2], [1, 3], [1, 4], [1, 5]]
    assert known.total == 6
    spearman, pearson = score_pairs(known, TABLE)
    assert spearman.value == 1.0  # 9, 7.5, 1, −3 and 0.8, 0.6, 0, −1 fall together
    # Less 3.625 and 0.1: (5.375, 3.875, −2.625, −6.625) · (0.7, 0.5, −0.1, −1.1) = 13.25.
    assert pearson.value == pytest.approx(13.25 / math.sqrt(94.6875 * 1.96), abs=1e-7)


def test_pairs_of_a_word_with_itself_are_tied():
    table = np.random.default_rng(0).normal(size=(7, 33)).astype(np.float32)
    pairs = pairs_in("east east 3\nnear near 2\nfar far 1\n")
    assert scored(pairs, WORDS, table)[0].value is None  # all cosines are 1


def test_pairs_case_and_vocabulary_can_be_restricted():
    words = ["<unk>", "Near", "east", "near"]
    pairs = pairs_in("east NEAR 1\neast near 2\n")
    assert find_pairs(pairs, words).rows.tolist() == [[2, 1], [2, 1]]
    exact = find_pairs(pairs, words, case_insensitive=False)
    assert (exact.rows.tolist(), exact.scores.tolist()) == ([[2, 3]], [2.0])
    assert len(find_pairs(pairs, words, restrict_vocab=2).rows) == 2
    assert len(find_pairs(pairs, words, restrict_vocab=1).rows) == 0


def test_a_vector_of_zeros_has_cosine_0_and_a_broken_one_is_named():
    pairs = pairs_in("east zero 1\neast near 2\neast west 0\n")
    assert scored(pairs, WORDS, TABLE)[0].value == 1.0
    for bad in (np.nan, np.inf):
        table = TABLE.copy()
        table[5, 1] = bad
        with pytest.raises(W2VError, match="the vector of word 5 holds NaN or infinity"):
            scored(pairs, WORDS, table)
        known = find_questions(analogies_in(": a\neast near far north\n"), WORDS)
        with pytest.raises(W2VError, match="the vector of word 5 holds NaN or infinity"):
            score_analogies(known, table)


@pytest.mark.parametrize("name", ["wordsim353.tsv", "simlex999.txt"])
@pytest.mark.parametrize("restricted", [{}, {"restrict_vocab": 700}, {"case_insensitive": False}])
def test_pairs_equal_gensims(name, restricted):
    words, table = published()
    known = find_pairs(testsets.read(gensim_data(name)), words, **restricted)
    spearman, pearson = score_pairs(known, table, resamples=0)
    theirs = keyed_vectors(words, table).evaluate_word_pairs(gensim_data(name), **restricted)
    assert spearman.value == pytest.approx(theirs[1][0], abs=1e-6)
    assert pearson.value == pytest.approx(theirs[0][0], abs=1e-6)
    assert 100 * (1 - len(known.rows) / known.total) == pytest.approx(theirs[2], abs=1e-9)
    assert len(known.rows) < known.total
