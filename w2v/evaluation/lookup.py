"""Words of a test set in a vocabulary, as gensim's evaluators look them up by default.

Letter case does not matter, and of the variants of a word in the vocabulary the first counts; only
the first 300,000 words take part. So the scores are the ones that gensim's `evaluate_word_pairs`
and `evaluate_word_analogies` give with dummy4unknown=False.

What depends on the vocabulary alone is found once, by `find_pairs` and `find_questions`; the result
is scored with the vectors, if wanted again after every epoch.
"""

from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError
from w2v.vectors.finite import first_not_finite

RESTRICT_VOCAB = 300_000  # words, without <unk>


def folding(case_insensitive: bool) -> Callable[[str], str]:
    """What makes words equal that differ in letter case only, as gensim does it."""
    return str.upper if case_insensitive else str


def rows_of(
    words: Sequence[str], wanted: Container[str], restrict_vocab: int, fold: Callable[[str], str]
) -> dict[str, list[int]]:
    """{folded word: its rows in `words`, rising}, of the wanted words that are there."""
    found: dict[str, list[int]] = {}
    for row, word in enumerate(words[1 : restrict_vocab + 1], 1):
        folded = fold(word)
        if folded in wanted:
            found.setdefault(folded, []).append(row)
    return found


def finite_rows(
    vectors: npt.NDArray[np.float32], rows: npt.NDArray[np.int64] | slice
) -> npt.NDArray[np.float64]:
    """(n, D) float64, n rows of the vectors. Raises: W2VError: NaN or infinity in one."""
    chosen: npt.NDArray[Any] = np.asarray(vectors[rows], np.float64)
    if (bad := first_not_finite(chosen)) is not None:
        row = np.arange(len(vectors))[rows][bad]
        raise W2VError(f"the vector of word {row} holds NaN or infinity; it cannot be scored")
    return chosen
