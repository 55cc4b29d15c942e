"""Sentence pairs that people have rated (STS), and how well cosines agree with the ratings."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError
from w2v.storage.rows import read_rows


@dataclass(frozen=True)
class SentencePairs:
    """path: of the file.  one, other: n sentences each.  scores: (n,) float64, people's."""

    path: str
    one: list[str]
    other: list[str]
    scores: npt.NDArray[np.float64]


def read_sentence_pairs(path: str | Path) -> SentencePairs:
    """The pairs in a CSV or TSV file of two sentences and a score; the first row may be a header.

    Raises:
        W2VError: the file cannot be read, or a row is no pair; the message has its line.
    """
    one, other, scores = [], [], []
    for place, (line, fields) in enumerate(read_rows(path)):
        if len(fields) != 3:
            raise W2VError(
                f"{path} has {len(fields)} columns; it must have two sentences and a score"
            )
        try:
            score = float(fields[2])
        except ValueError:
            if place == 0:
                continue  # a header
            score = math.nan
        if not math.isfinite(score):
            raise W2VError(f"{path}, line {line} has the score {fields[2]!r}; it must be a number")
        one.append(fields[0])
        other.append(fields[1])
        scores.append(score)
    if not scores:
        raise W2VError(f"{path} holds no pairs; each is a row of two sentences and a score")
    return SentencePairs(str(path), one, other, np.array(scores))
