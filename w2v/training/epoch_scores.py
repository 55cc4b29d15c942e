"""Test sets that the vectors are scored on after every epoch."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError
from w2v.evaluation import testsets
from w2v.evaluation.analogies import KnownQuestions, find_questions, score_analogies, total
from w2v.evaluation.pairs import KnownPairs, find_pairs, score_pairs
from w2v.evaluation.testsets import Analogies, Pairs
from w2v.storage.metrics import Metrics


def read(paths: Iterable[str]) -> dict[str, Pairs | Analogies]:
    """{name: test set} of files; a name is the file's, without its suffix.

    Raises:
        UsageError: two files have one name, or one that metrics.csv has already.
        W2VError: a file cannot be read.
    """
    found: dict[str, Pairs | Analogies] = {}
    for path in paths:
        name = Path(path).stem
        if name in found or name in (field.name for field in dataclasses.fields(Metrics)):
            what = f"metrics.csv would have two columns {name!r}"
            raise UsageError(f"--evaluate holds {path}, and {what}; rename that file")
        found[name] = testsets.read(path)
    return found


class Scoring:
    """Test sets, looked up once in a training's vocabulary.

    Args:
        named: {name: test set}.
        words: V strings, the first `<unk>`.

    descriptions: a line for each test set.
    """

    def __init__(self, named: Mapping[str, Pairs | Analogies], words: Sequence[str]) -> None:
        self.descriptions: list[str] = []
        self._score: dict[str, Callable[[npt.NDArray[np.float32]], float | None]] = {}
        for name, testset in named.items():
            if isinstance(testset, Pairs):
                pairs = find_pairs(testset, words)
                covered = f"{len(pairs.rows):,} of {pairs.total:,} pairs, Spearman's ρ"
                self._score[name] = partial(_spearman, pairs)
            else:
                questions = find_questions(testset, words)
                n_questions = sum(n for _, n in questions.sections)
                covered = f"{len(questions.questions):,} of {n_questions:,} analogies, accuracy"
                self._score[name] = partial(_accuracy, questions)
            self.descriptions.append(f"{name}, {covered}")

    def scores(self, in_vectors: npt.NDArray[np.float32]) -> dict[str, float | None]:
        """{name: a score, or None where it is not defined} of (V, D) vectors.

        Raises: W2VError: a vector holds NaN or infinity.
        """
        return {name: score(in_vectors) for name, score in self._score.items()}


def _spearman(pairs: KnownPairs, in_vectors: npt.NDArray[np.float32]) -> float | None:
    return score_pairs(pairs, in_vectors, resamples=0)[0].value


def _accuracy(questions: KnownQuestions, in_vectors: npt.NDArray[np.float32]) -> float | None:
    return total(score_analogies(questions, in_vectors)).accuracy
