"""Where a sentence becomes words, and words become rows of vectors: the one place that says how."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat

import numpy as np
import numpy.typing as npt

from w2v.raw_text import lower
from w2v.vectors.wordvectors import WordVectors

_SENTENCES = 256  # split at a time: what they take in memory stays in the cache


def split(sentences: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The words of each sentence, as training splits a line: at ASCII white space.

    It is bytes that are split: `str.split` also splits at the no-break space and others of Unicode,
    which belong to words.
    """
    return map(bytes.split, sentences)


class Rows:
    """Sentences → rows of word vectors.

    rows, n_words = Rows(wv)(["the chip", ""])    # [4, 231], [2, 0]
    """

    def __init__(self, wv: WordVectors) -> None:
        words = map(str.encode, wv.index_to_key, repeat("utf-8"), repeat("surrogatepass"))
        self._row_of = dict(zip(words, range(len(wv)), strict=True))
        self._tokenization = wv.tokenization

    def __call__(self, sentences: Sequence[str]) -> tuple[npt.NDArray[np.int64], ...]:
        """The rows of the words of n sentences.

        Returns:
            rows:    (words of all sentences,) int64, one sentence after the other; 0 for a word
                without a vector.
            n_words: (n,) int64, how many each sentence has, unknown ones too.
        """
        how, read = self._tokenization, sentences
        if how.words or how.phrases:
            read = [" ".join(how.split(sentence)) for sentence in sentences]
        elif how.lower:  # at white space bytes are split, many times as fast
            read = list(map(lower, sentences))
        return self._of_words(_encoded(read))

    def of_text(self, sentences: Sequence[bytes]) -> tuple[npt.NDArray[np.int64], ...]:
        """The same of sentences in UTF-8, read as the text of a run is, before phrases."""
        how = self._tokenization
        if how.phrases:
            read = (sentence.decode("utf-8", "surrogatepass") for sentence in sentences)
            sentences = _encoded([" ".join(how.join(sentence.split(" "))) for sentence in read])
        return self._of_words(sentences)

    def _of_words(self, sentences: Sequence[bytes]) -> tuple[npt.NDArray[np.int64], ...]:
        rows, n_words = [], np.empty(len(sentences), np.int64)
        for first in range(0, len(sentences), _SENTENCES):
            words = list(split(sentences[first : first + _SENTENCES]))
            counts = n_words[first : first + len(words)]
            counts[:] = np.fromiter(map(len, words), np.int64, len(words))
            found = map(self._row_of.get, chain.from_iterable(words), repeat(0))
            rows.append(np.fromiter(found, np.int64, counts.sum()))
        return np.concatenate([np.empty(0, np.int64), *rows]), n_words


def _encoded(sentences: Sequence[str]) -> list[bytes]:
    return list(map(str.encode, sentences, repeat("utf-8"), repeat("surrogatepass")))
