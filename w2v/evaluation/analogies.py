"""Analogies: a is to b as c is to which word?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.evaluation.lookup import RESTRICT_VOCAB, finite_rows, folding, rows_of
from w2v.evaluation.testsets import Analogies
from w2v.vectors.cosmul import EPSILON

METHODS = ("3cosadd", "3cosmul")

# All questions share the cosines of a block of words; its scores, 1 MB, stay in the cache.
_COSINES = 2**20  # of a block, at most: 8 MB
_WORDS, _QUESTIONS = 256, 512  # of a block, at most; scored at a time


@dataclass(frozen=True)
class KnownQuestions:
    """The questions whose words are all in the vocabulary; letter-case variants are one word.

    questions: (n, 4) int64, each word as a number below m, the number of different words.
    section: (n,) int64, the section of each question.
    rows: (m,) int64, the row of each word's vector.
    number: (R,) int64, for each of the R rows that take part the word that it is a variant of, or
        -1; row 0, `<unk>`, is a variant of none.
    sections: [(name, questions in the file), ...].
    """

    questions: npt.NDArray[np.int64]
    section: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    sections: list[tuple[str, int]]


@dataclass(frozen=True)
class SectionScore:
    """section: its name.  questions, covered, correct: how many are in the file, of these in the
    vocabulary, of these answered correctly.
    """

    section: str
    questions: int
    covered: int
    correct: int

    @property
    def accuracy(self) -> float | None:
        """The share of covered questions that are answered correctly; None if none is covered."""
        return self.correct / self.covered if self.covered else None


def find_questions(
    analogies: Analogies,
    words: Sequence[str],
    restrict_vocab: int = RESTRICT_VOCAB,
    case_insensitive: bool = True,
) -> KnownQuestions:
    """Look analogies up in a vocabulary; the arguments are those of `find_pairs`."""
    fold = folding(case_insensitive)
    asked = [
        (place, tuple(map(fold, question)))
        for place, (_, questions) in enumerate(analogies.sections)
        for question in questions
    ]
    wanted = {word for _, question in asked for word in question}
    variants = rows_of(words, wanted, restrict_vocab, fold)
    number_of = {word: number for number, word in enumerate(variants)}
    number = np.full(min(len(words), restrict_vocab + 1), -1)
    for word, rows in variants.items():
        number[rows] = number_of[word]
    known = [(place, q) for place, q in asked if all(word in number_of for word in q)]
    questions = [[number_of[word] for word in question] for _, question in known]
    return KnownQuestions(
        np.array(questions, np.int64).reshape(-1, 4),
        np.array([place for place, _ in known], np.int64),
        np.array([rows[0] for rows in variants.values()], np.int64),
        number,
        [(name, len(questions)) for name, questions in analogies.sections],
    )


def score_analogies(
    known: KnownQuestions, vectors: npt.NDArray[np.float32], method: str = "3cosadd"
) -> list[SectionScore]:
    """How many analogies the vectors solve.

    The answer is the word x other than a, b and c (and their letter-case variants) with the largest
    cos(x, b) + cos(x, c) − cos(x, a), or, with 3cosmul, cos(x, b)·cos(x, c) / (cos(x, a) + ε), the
    cosines moved to 0..1. Of equal words the first is the answer.

    Args:
        vectors: (V, D).
        method: one of METHODS.
    Returns:
        The score of each section.
    Raises:
        W2VError: a vector holds NaN or infinity.
    Source: Mikolov et al. 2013 (arXiv:1301.3781); Levy and Goldberg 2014 (W14-1618), eq. 3 and 4.
    Differs from gensim: that computes in float32, and skips case variants only among the five best
    words. A vector of zeros is never an answer.
    """
    right = np.zeros(len(known.questions), bool)
    if len(right):
        answers = known.number[_answers(known, vectors, method)]
        right = answers == known.questions[:, 3]
    covered = np.bincount(known.section, minlength=len(known.sections))
    correct = np.bincount(known.section[right], minlength=len(known.sections))
    counts = zip(known.sections, covered, correct, strict=True)
    return [SectionScore(name, n, int(asked), int(hits)) for (name, n), asked, hits in counts]


def total(sections: Iterable[SectionScore]) -> SectionScore:
    """The score of all sections together."""
    columns = zip(*((s.questions, s.covered, s.correct) for s in sections), strict=True)
    return SectionScore("total", *map(sum, columns))


def _units(
    vectors: npt.NDArray[np.float32], rows: npt.NDArray[np.int64] | slice
) -> npt.NDArray[np.float64]:
    """(n, D) float64, n rows at length 1; rows of zeros stay zeros."""
    chosen = finite_rows(vectors, rows)
    lengths = np.sqrt(np.einsum("nd,nd->n", chosen, chosen))
    return chosen / np.where(lengths > 0, lengths, 1.0)[:, None]


def _answers(
    known: KnownQuestions, vectors: npt.NDArray[np.float32], method: str
) -> npt.NDArray[np.int64]:
    """(n,) int64, the row that answers each question; 0 if none does.

    The many questions ask about few different words. So one matrix product gives the cosines of a
    block of the vocabulary with all of these, and the scores of a question are a sum of three of
    its rows: 3CosMul is 3CosAdd of logarithms.
    """
    questions, n_rows = known.questions, len(known.number)
    asked = _units(vectors, known.rows)
    answers, best = np.zeros(len(questions), np.int64), np.full(len(questions), -np.inf)
    width = max(1, min(_WORDS, _COSINES // len(asked)))
    for first in range(1, n_rows, width):
        rows = slice(first, min(first + width, n_rows))
        candidates = _units(vectors, rows)
        plus, minus = _terms(asked @ candidates.T, method)
        is_same = np.arange(len(asked))[:, None] == known.number[rows]
        plus[is_same | ~candidates.any(axis=1)] = -np.inf
        minus[is_same] = np.inf
        for start in range(0, len(questions), _QUESTIONS):
            block = slice(start, start + _QUESTIONS)
            a, b, c = questions[block, :3].T
            scores = plus[b]
            scores += plus[c]
            scores -= minus[a]
            top = scores.argmax(axis=1)
            highest = scores[np.arange(len(top)), top]
            is_better = highest > best[block]
            best[block][is_better] = highest[is_better]
            answers[block][is_better] = first + top[is_better]
    return answers


def _terms(
    cosines: npt.NDArray[np.float64], method: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """What a cosine with b or c adds to a candidate's score, and what one with a subtracts."""
    if method == "3cosadd":
        return cosines, cosines.copy()
    shifted = np.maximum((1 + cosines) / 2, 0.0)  # rounding may go below −1
    with np.errstate(divide="ignore"):  # a score of 0 is a logarithm of −∞
        return np.log(shifted), np.log(shifted + EPSILON)
