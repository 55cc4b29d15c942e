"""The Model that word vectors make: mean, sif or usif, in NumPy alone."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from w2v.errors import UsageError, W2VError
from w2v.sentences import fitting
from w2v.sentences.batch import Batch
from w2v.sentences.components import Fitted
from w2v.sentences.pooling import POOLINGS, pooled
from w2v.sentences.training_text import Text
from w2v.sentences.words import Rows
from w2v.vectors.finite import first_not_finite
from w2v.vectors.wordvectors import WordVectors


class WordModel:
    """Sentences' vectors from WordVectors; see Model, and pooling.py for what they are.

    Differs from the papers: the common components are fitted once, on the training text or another,
    never on the sentences that are encoded, whose vectors would then depend on each other. Unknown
    words are left out, and a sentence of none but these has the vector 0. A word counts as often as
    it comes.
    """

    batch_size = 4096

    def __init__(
        self,
        wv: WordVectors,
        path: Path | None,
        pooling: str = POOLINGS[0],
        text: Text | Fitted = None,
    ) -> None:
        """Args:
        path: of the run folder or the file that they come from, if there is one.
        text: what is fitted on, or what was.
        """
        if pooling not in POOLINGS:
            raise UsageError(
                f"pooling is {pooling!r}; of word vectors it must be one of {', '.join(POOLINGS)}"
            )
        if text is not None and pooling == "mean":
            raise UsageError("a text is given, which sif and usif are fitted on; mean takes none")
        if (row := first_not_finite(wv.vectors)) is not None:
            word = wv.index_to_key[row]
            raise W2VError(f"the vector of {word!r} holds NaN or infinity; train again")
        self.vector_size, self.pooling = wv.vector_size, pooling
        self._table, self._rows = wv.vectors, Rows(wv)
        self.fitted = text if isinstance(text, Fitted) else None
        if pooling != "mean" and not isinstance(text, Fitted):
            self.fitted = fitting.fitted(pooling, wv, self._rows, path, text)
        sizes = self.fitted and (len(self.fitted.weights), self.fitted.components.shape[1])
        if sizes and sizes != wv.vectors.shape:
            raise W2VError(
                f"{pooling} was fitted for {sizes}, not for vectors of {wv.vectors.shape}; "
                "fit it again"
            )
        self.description = f"{pooling} of word vectors ({len(wv) - 1:,} words × {wv.vector_size})"
        self.settings: dict[str, Any] = {"pooling": pooling}
        if isinstance(text, (str, os.PathLike)):
            self.settings["text"] = os.path.abspath(text)

    def batches(self, sentences: Sequence[str], batch_size: int) -> Iterator[Batch]:
        for first in range(0, len(sentences), batch_size):
            rows, n_words = self._rows(sentences[first : first + batch_size])
            weights = None if self.fitted is None else self.fitted.weights
            vectors, n_known = pooled(self.pooling, self._table, weights, rows, n_words)
            if self.fitted is not None:
                self.fitted.remove_from(vectors)
            places = np.arange(first, first + len(vectors))
            yield Batch(places, vectors, len(rows), int(n_known.sum()))
