"""What every model gives: some sentences' vectors, and what was found of them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from w2v.sentences.components import Fitted


class Batch(NamedTuple):
    """Some of the sentences that were asked for.

    places: (n,) int64, which ones.  vectors: (n, D) float32, zeros where a sentence has no word
    that the model knows.  n_words, n_known: words (of a transformer: tokens) of all of them, and
    how many of these have a vector.  n_truncated: sentences that were too long, and are cut.
    """

    places: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float32]
    n_words: int
    n_known: int
    n_truncated: int = 0


class Model(Protocol):
    """What turns sentences into vectors.

    vector_size: D.  pooling: its name.  batch_size: sentences in a batch, where it is not said.
    description: a line for people.  settings: what makes the same model again, as JSON holds it.
    fitted: what it took from a text.
    """

    vector_size: int
    pooling: str
    batch_size: int
    description: str
    settings: dict[str, Any]
    fitted: Fitted | None

    def batches(self, sentences: Sequence[str], batch_size: int) -> Iterator[Batch]:
        """Yield Batches that together hold every sentence once, in any order."""
        ...
