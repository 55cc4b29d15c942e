"""WordCosines: how near words are that you name; each compared with each, or with all."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError, W2VError
from w2v.vectors.finite import first_not_finite
from w2v.vectors.neighbours import Directions
from w2v.vectors.queries import (
    Direction,
    as_list,
    direction_of_sum,
    is_vector,
    plain_vector,
)
from w2v.vectors.rows import WordRows


class WordCosines(WordRows):
    """The questions to WordVectors that name their words, as gensim's KeyedVectors has them.

    All of them raise UnknownWordError, a KeyError, for a word that is not in the vocabulary, and
    W2VError where a vector is 0, as that of `<unk>` is, or what is summed cancels out: it has no
    direction.
    """

    _known_directions: Directions | None = None

    def get_vector(self, word: str, norm: bool = False) -> npt.NDArray[np.float32]:
        """(D,), the vector of a word; with norm=True at length 1."""
        return self._direction(word).astype(np.float32) if norm else self[word]

    def get_mean_vector(
        self,
        words: Iterable[str | npt.NDArray[Any]],
        weights: Sequence[float] | npt.NDArray[Any] | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> npt.NDArray[np.float32]:
        """(D,), the weighted mean of words and plain vectors: Σ w·v / Σ |w|.

        Args:
            weights: a number for each; None: 1.
            pre_normalize: whether words count as vectors of length 1; plain ones count as they are.
            post_normalize: whether the mean gets length 1.
            ignore_missing: whether unknown words, and `<unk>`, are left out or raise.
        Returns:
            zeros if no word is known.
        Raises:
            UsageError: no word at all, or not as many weights.
        """
        mean = self._mean(as_list(words), weights, pre_normalize, ignore_missing)
        return (direction_of_sum([mean]) if post_normalize else mean).astype(np.float32)

    def similarity(self, one: str, other: str) -> float:
        """Cosine of the angle between two words' vectors, in [-1, 1]; of a word with itself 1."""
        return _cosine(self._vector(one), self._vector(other))

    def distance(self, one: str, other: str) -> float:
        """1 − similarity: 0 for the same direction, 2 for opposite ones."""
        return 1.0 - self.similarity(one, other)

    def n_similarity(self, some: Iterable[str], others: Iterable[str]) -> float:
        """Cosine of the means of two lists of words, as long as they are; unknown ones left out.

        Raises:
            UsageError: a list is empty.
            W2VError: all words of a list are unknown, or they cancel out.
        """
        means = []
        for words in map(as_list, (some, others)):
            means.append(self._mean(words, None, False, True))
            if not means[-1].any():
                raise W2VError(f"{words} have no direction; a word of the vocabulary is needed")
        return _cosine(*means)

    def distances(
        self, word_or_vector: str | npt.NDArray[Any], other_words: Iterable[str] = ()
    ) -> npt.NDArray[np.float32]:
        """1 − cosine of a word or vector with each of other words, (n,); without any, all, (V,).

        What is 0, as row 0 is, has the distance 1.
        """
        others = as_list(other_words)
        rows = self._rows(others) if others else range(len(self))
        if is_vector(word_or_vector):
            query = direction_of_sum([plain_vector(word_or_vector, self.vector_size)])
        else:
            query = self._direction(word_or_vector)
        return 1 - self._cosines_of(query, rows)

    def most_similar_to_given(self, word: str, words: Iterable[str]) -> str:
        """The one of `words` that is most similar to `word`, the first of equal ones."""
        words = as_list(words)
        if not words:
            raise UsageError("most_similar_to_given was given no words to choose from")
        return words[int(np.argmax([self.similarity(word, other) for other in words]))]

    def doesnt_match(self, words: Iterable[str]) -> str:
        """Of three or more words, the one that is furthest from their mean, by cosine.

        Raises: UsageError: fewer than three different words.
        """
        words = as_list(words)
        directions = np.array([self._direction(word) for word in words])
        if len(set(words)) < 3:
            raise UsageError(f"doesnt_match was given {words}; it needs three different words")
        return words[int(np.argmin(directions @ direction_of_sum(directions)))]

    def closer_than(self, one: str, other: str) -> list[str]:
        """The words that are nearer to `one` than `other` is, by id; never `<unk>`."""
        words = self.index_to_key
        return [words[row] for row in self._closer(one, other)]

    def rank(self, one: str, other: str) -> int:
        """1 if `other` is the nearest word of `one`, 2 if it is the second nearest, and so on."""
        return 1 + len(self._closer(one, other))

    def _closer(self, one: str, other: str) -> npt.NDArray[np.int64]:
        query, (row, theirs) = self._direction(one), self._rows([one, other])
        self._direction(other)  # raises where it has none
        (cosine,) = self._directions.cosines(np.array([theirs]), query)
        closer = self._directions.closer(query, cosine)
        return closer[(closer != 0) & (closer != row)]

    def _cosines_of(
        self, query: Direction, rows: range | npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """(n,), the cosines to `query`, (D,), of the first n rows, a range, or of any n."""
        if isinstance(rows, range):
            cosines = self._directions.first_cosines(query, len(rows))
        else:
            cosines = self._directions.cosines(rows, query)
        return cosines.clip(-1, 1).astype(np.float32, copy=False)

    def _mean(
        self,
        items: list[Any],
        weights: Sequence[float] | npt.NDArray[Any] | None,
        is_normed: bool,
        ignore_missing: bool,
    ) -> npt.NDArray[np.float64]:
        """`get_mean_vector`, (D,) float64."""
        if not items:
            raise UsageError("the mean of no word is asked for; it needs at least one")
        each = np.ones(len(items)) if weights is None else np.asarray(weights, np.float64)
        if each.shape != (len(items),) or not np.isfinite(each).all():
            raise UsageError(f"{len(items)} words have the weights {weights}; give each a number")
        total, weight_of_all = np.zeros(self.vector_size), 0.0
        for item, weight in zip(items, each.tolist(), strict=True):
            if is_vector(item):
                vector = plain_vector(item, self.vector_size)
            elif ignore_missing and not (item in self and self.key_to_index[item]):
                continue
            else:
                vector = self._direction(item) if is_normed else self._vector(item)
            total += weight * vector
            weight_of_all += abs(weight)
        return total / (weight_of_all or 1.0)

    @property
    def _directions(self) -> Directions:
        """Of all rows; made when first needed, and anew where `vectors` is another array."""
        known = self._known_directions
        if known is None or known.vectors is not self.vectors:
            self._known_directions = known = self._checked(Directions(self.vectors))
        return known

    def _checked(
        self, directions: Directions, rows: Sequence[int] | npt.NDArray[np.int64] | None = None
    ) -> Directions:
        """The Directions of some rows, or of all. Raises: W2VError: NaN or infinity in one."""
        # A vector has a finite length if its numbers are finite.
        if (bad := first_not_finite(directions.lengths[:, None])) is not None:
            raise _not_finite(self.index_to_key[bad if rows is None else rows[bad]])
        return directions

    def _direction(self, word: object) -> Direction:
        """(D,) float64, a word's vector at length 1."""
        vector = self._vector(word)
        return vector / np.linalg.norm(vector)

    def _vector(self, word: object) -> npt.NDArray[np.float64]:
        """(D,) float64, a word's vector, if it has a direction."""
        index = self._words.index(word)
        if index == 0:
            raise W2VError(f"{word} stands for all rare words, so it has no direction: ask another")
        row = self.vectors[index]
        if not np.isfinite(row).all():  # before the cast, which warns of a signalling NaN
            raise _not_finite(word)
        vector = np.asarray(row, np.float64)
        if not vector.any():
            raise W2VError(f"the vector of {word!r} is 0, so it has no direction: ask another word")
        return vector


def _cosine(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    # √(x·x) is x in floating point too: the cosine of a vector with itself is exactly 1.
    squares = (one * one).sum() * (other * other).sum()
    return float(np.clip((one * other).sum() / np.sqrt(squares), -1.0, 1.0))


def _not_finite(word: object) -> W2VError:
    return W2VError(
        f"the vector of {word!r} holds NaN or infinity; train again, with a smaller --lr"
    )
