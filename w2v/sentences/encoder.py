"""SentenceEncoder: sentences → vectors, from word vectors or from a transformer on disk.

encoder = w2v.SentenceEncoder("runs/ptb", pooling="sif")
encoder.encode(["oil prices fell", "crude was cheaper"])    # (2, D) float32
"""

import contextlib
import logging
import numbers
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError, counted, shown
from w2v.sentences import models
from w2v.sentences.components import Fitted
from w2v.sentences.similarity import normalized
from w2v.vectors.wordvectors import WordVectors


@dataclass(frozen=True)
class Found:
    """What was found of some sentences.

    sentences: how many.  words, known: theirs, and how many of these have a vector (a transformer
    counts tokens).  without: sentences whose vector is 0, for they are empty or have no known word.
    first_without: the place of the first of these.  truncated: sentences that were too long.
    """

    sentences: int = 0
    words: int = 0
    known: int = 0
    without: int = 0
    first_without: int | None = None
    truncated: int = 0

    def __add__(self, more: "Found") -> "Found":
        """Of these sentences and then of more."""
        first = self.first_without
        if first is None and more.first_without is not None:
            first = self.sentences + more.first_without
        names = ("sentences", "words", "known", "without", "truncated")
        sums = {name: getattr(self, name) + getattr(more, name) for name in names}
        return Found(**sums, first_without=first)

    def remarks(self) -> list[str]:
        """Lines on the sentences that lost something."""
        lines, sentences = [], counted(self.sentences, "sentence")
        if self.first_without is not None:
            what, first = f"{self.without:,} of {sentences}", self.first_without + 1
            lines.append(
                f"{what} is empty, has no known word or cancels out, so its vector is 0: number "
                f"{first}"
                if self.without == 1
                else f"{what} are empty, have no known word or cancel out, so their vectors are 0; "
                f"the first is number {first}"
            )
        if self.truncated:
            cut = "has more tokens than are read, and was cut"
            if self.truncated > 1:
                cut = "have more tokens than are read, and were cut"
            lines.append(f"{self.truncated:,} of {sentences} {cut}")
        return lines


class SentenceEncoder:
    """Sentences → vectors; one interface for word vectors and for transformers.

    Attributes:
        vector_size: D.
        pooling:     how words' vectors become a sentence's.
        description: a line for people.
        settings:    arguments that make the same encoder again, as JSON holds them.
        fitted:      what sif and usif took from a text; else None.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | WordVectors,
        pooling: str | None = None,
        text: str | os.PathLike[str] | Iterable[str] | Fitted | None = None,
        layer: int | None = None,
        max_length: int | None = None,
        device: str | None = None,
        dtype: str | None = None,
    ) -> None:
        """Load a model. Nothing is ever fetched from a network, and no pickle is read.

        Args:
            model: a run folder, a file of word vectors or WordVectors; or the folder of a
                transformer, as sentence-transformers or transformers saves it.
            pooling: how words' vectors become a sentence's. Of word vectors "mean" (the default),
                "sif" or "usif"; of a transformer "mean", "cls" or "pooler" (the default is the
                folder's own, else "mean").
            text: what the common components of sif and usif are fitted on: the path of a text, or
                sentences; or the `fitted` of another encoder. None: the run's training text, once:
                what was fitted on it is kept in the run folder.
            layer: of a transformer, whose hidden states are pooled: 0 (embeddings) to the last
                (default).
            max_length: of a transformer, tokens that are read of a sentence (default: the most it
                takes).
            device: where a transformer runs: "cpu", "cuda", … (default: a GPU if there is one).
            dtype: of a transformer's numbers: "float32" (default); on a GPU also "float16" and
                "bfloat16".
        Raises:
            UsageError: an option that is not allowed, or not for this model.
            W2VError: the model or the text cannot be read, is damaged or lacks a part; or a package
                is missing.
        """
        options = {
            "pooling": pooling, "text": text, "layer": layer, "max_length": max_length,
            "device": device, "dtype": dtype,
        }  # fmt: skip
        given = {name: option for name, option in options.items() if option is not None}
        self._model = models.open_model(model, given)
        self.vector_size = self._model.vector_size
        self.pooling = self._model.pooling
        self.description = self._model.description
        self.fitted = self._model.fitted
        path = None if isinstance(model, WordVectors) else os.path.abspath(model)
        self.settings = {"model": path, **self._model.settings}

    def encode(
        self,
        sentences: str | Iterable[str],
        batch_size: int | None = None,
        normalize: bool = False,
        show_progress: bool = False,
    ) -> npt.NDArray[np.float32]:
        """The vectors of sentences.

        Args:
            sentences: n strings; or one.
            batch_size: sentences at a time (default: the model's own).
            normalize: give them length 1.
            show_progress: show a bar on stderr.
        Returns:
            (n, D) float32; of one string (D,). The vector of a sentence that is empty, or whose
            words are all unknown, is 0; a warning in the log `w2v` says how many there are, and
            how many were too long.
        Raises:
            UsageError: something else than a string, with its place; a batch size below 1.
        """
        is_one = isinstance(sentences, str)
        asked = [sentences] if isinstance(sentences, str) else sentences
        vectors, found = self.encode_counted(asked, batch_size, normalize, show_progress)
        for remark in found.remarks():
            logging.getLogger("w2v").warning(shown(remark))
        return vectors[0] if is_one else vectors

    def encode_counted(
        self,
        sentences: Iterable[str],
        batch_size: int | None = None,
        normalize: bool = False,
        show_progress: bool = False,
    ) -> tuple[npt.NDArray[np.float32], Found]:
        """As `encode` of several, with what was found of them, which is not logged."""
        sentences = _checked(sentences)
        batch_size = self._model.batch_size if batch_size is None else batch_size
        if not isinstance(batch_size, numbers.Integral) or batch_size < 1:
            raise UsageError(f"batch_size is {batch_size}; it must be 1 or more, a whole number")
        vectors = np.zeros((len(sentences), self.vector_size), np.float32)
        words = known = truncated = 0
        with contextlib.ExitStack() as stack:
            bar = stack.enter_context(_bar(len(sentences))) if show_progress else None
            for batch in self._model.batches(sentences, int(batch_size)):
                vectors[batch.places] = normalized(batch.vectors) if normalize else batch.vectors
                words, known = words + batch.n_words, known + batch.n_known
                truncated += batch.n_truncated
                if bar is not None:
                    bar.update(len(batch.places))
        without = np.flatnonzero(~vectors.any(axis=1)).tolist()
        first = without[0] if without else None
        return vectors, Found(len(sentences), words, known, len(without), first, truncated)


def _checked(sentences: Iterable[str]) -> Sequence[str]:
    if isinstance(sentences, (str, bytes)) or not hasattr(sentences, "__iter__"):
        raise UsageError(f"the sentences are {shown(repr(sentences))}; give a list of strings")
    sentences = list(sentences)
    for place, sentence in enumerate(sentences):
        if not isinstance(sentence, str):
            raise UsageError(f"sentence {place} is {sentence!r}; it must be a string (str)")
    return sentences


def _bar(n_sentences: int) -> Any:
    from tqdm import tqdm

    return tqdm(total=n_sentences, desc="encoding", unit=" sentences", leave=False)
