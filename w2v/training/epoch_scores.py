"""Test sets that a training is scored on after every epoch."""

import dataclasses
from pathlib import Path

from w2v.errors import UsageError
from w2v.evaluation import testsets
from w2v.evaluation.analogies import find_questions, score_analogies, total
from w2v.evaluation.pairs import find_pairs, score_pairs
from w2v.training.metrics import Metrics


def read(paths):
    """{name: w2v.testsets.Pairs or Analogies} of files; a name is the file's, without suffix.

    Raises:
        UsageError: two files have one name, or one that metrics.csv has already.
        W2VError: a file cannot be read.
    """
    found = {}
    for path in paths:
        name = Path(path).stem
        if name in found or name in (field.name for field in dataclasses.fields(Metrics)):
            what = f"metrics.csv would have two columns {name!r}"
            raise UsageError(f"--evaluate holds {path}, and {what}; rename that file")
        found[name] = testsets.read(path)
    return found


class Scoring:
    """Test sets, looked up in a training's vocabulary.

    descriptions: a line for each.
    """

    def __init__(self, named, words):
        self.descriptions, self._measures = [], {}
        for name, testset in named.items():
            if isinstance(testset, testsets.Pairs):
                known = find_pairs(testset, words)
                n_known, total, what = len(known.rows), known.total, "pairs, Spearman's ρ"
                measure = _spearman
            else:
                known = find_questions(testset, words)
                n_known, total = len(known.questions), sum(n for _, n in known.sections)
                what, measure = "analogies, accuracy", _accuracy
            self._measures[name] = measure, known
            self.descriptions.append(f"{name}, {n_known:,} of {total:,} {what}")

    def scores(self, in_vectors):
        """{name: a score, or None where it is not defined} of (V, D) float32 vectors.

        Raises: W2VError: a vector holds NaN or infinity.
        """
        return {
            name: measure(known, in_vectors) for name, (measure, known) in self._measures.items()
        }


def _spearman(known, in_vectors):
    return score_pairs(known, in_vectors, resamples=0)[0].value


def _accuracy(known, in_vectors):
    return total(score_analogies(known, in_vectors)).accuracy
