"""WordVectors: words, their vectors and their neighbours; needs NumPy only.

wv = w2v.load("runs/ptb")
wv["chip"]                         # (D,) float32
wv.most_similar("chip", topn=3)    # [("microprocessor", 0.745), ...]
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError, W2VError
from w2v.vectors.finite import first_not_finite
from w2v.vectors.neighbours import Directions
from w2v.vectors.queries import (
    Direction,
    Query,
    as_list,
    check_count,
    is_list,
    is_vector,
    plain_vector,
)
from w2v.vectors.words import Words

if TYPE_CHECKING:
    import torch


class WordVectors:
    """V words, their counts and their vectors, with the methods of gensim's KeyedVectors.

    Attributes:
        vectors:      (V, D) float32, the in_vectors; read-only once loaded, on disk until used.
        index_to_key: the V words by id: `<unk>`, then by falling count.
        key_to_index: word → id.
        counts:       (V,) int64, occurrences in the corpus; of `<unk>`, those of all rare words.
        is_lower:     whether training folded the case of its text: words are in lower case.

    Row 0 is `<unk>`, which stands for all words that were too rare. It is never trained and its
    vector is 0, so it adds nothing where the matrix is reused in another model.

    Differs from gensim: a number is never taken for a word, `<unk>` is never a neighbour, an
    unknown word is always a KeyError (in doesnt_match too), with suggestions, and topn is always
    a number.
    """

    def __init__(
        self,
        words: Iterable[str],
        counts: Sequence[int] | npt.NDArray[Any],
        vectors: npt.NDArray[np.float32],
        is_lower: bool = False,
    ) -> None:
        """Raises: W2VError: the sizes differ, word 0 is not `<unk>`, or a word is there twice."""
        words = list(words)
        if not len(words) == len(counts) == len(vectors):
            sizes = f"{len(words)} words, {len(counts)} counts and {len(vectors)} vectors"
            raise W2VError(f"{sizes}; there must be as many of each")
        self.vectors, self._given_words = vectors, Words(words, counts)
        self.is_lower = is_lower

    @property
    def _words(self) -> Words:  # of a loaded run, parsed on first use
        return self._given_words

    @property
    def index_to_key(self) -> list[str]:
        return self._words.index_to_key

    @property
    def key_to_index(self) -> dict[str, int]:
        return self._words.key_to_index

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        return self._words.counts

    @property
    def vector_size(self) -> int:
        return self.vectors.shape[1]

    def __len__(self) -> int:
        return len(self.vectors)

    def __iter__(self) -> Iterator[str]:
        """The words by id; `<unk>` is the first, as in index_to_key."""
        return iter(self.index_to_key)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and word in self.key_to_index

    def __repr__(self) -> str:
        return f"<WordVectors: {len(self):,} words of {self.vector_size} dimensions>"

    def __getitem__(self, words: str | Iterable[str]) -> npt.NDArray[np.float32]:
        """The vector of a word, (D,); of a list of n words, a copy of their vectors, (n, D).

        Raises: UnknownWordError, which is a KeyError.
        """
        if is_list(words):
            return self.vectors[np.array([self._words.index(word) for word in words], np.int64)]
        return self.vectors[self._words.index(words)]

    def similarity(self, one: str, other: str) -> float:
        """Cosine of the angle between two words' vectors, in [-1, 1].

        Raises:
            UnknownWordError: for either word.
            W2VError: a vector is 0, as the vector of `<unk>` is.
        """
        return float(np.clip(self._direction(one) @ self._direction(other), -1.0, 1.0))

    def distance(self, one: str, other: str) -> float:
        """1 − similarity: 0 for the same direction, 2 for opposite ones."""
        return 1.0 - self.similarity(one, other)

    def most_similar(
        self,
        positive: Query = (),
        negative: Query = (),
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[tuple[str, float]]:
        """The words nearest to the sum of `positive` minus `negative`, by cosine.

        Args:
            positive, negative: a word or a (D,) vector, or a list of them. Words count as vectors
                of length 1, plain vectors as they are.
            topn: how many, 1 or more; if the vocabulary has fewer, all of them.
            restrict_vocab: search only the first restrict_vocab words, not counting `<unk>`.
        Returns:
            A list of (word, cosine), best first, equal ones by id; never `<unk>` or a word of the
            query.
        Raises:
            UnknownWordError: a word that is not in the vocabulary.
            UsageError: `topn` or `restrict_vocab` is below 1, there is no word, or a vector is not
                D finite numbers.
            W2VError: the words have no direction: `<unk>`, or words that cancel out.
        """
        return self._nearest([self._query(positive, negative)], topn, restrict_vocab)[0]

    def most_similar_batch(
        self,
        queries: Iterable[Query],
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[list[tuple[str, float]]]:
        """`most_similar` for many queries at once, several times as fast as one after another.

        Args:
            queries: a list; each item is what `positive` may be: a word, a vector or a list of
                them. Or an (n, D) array.
        Returns:
            For each query its list of (word, cosine).
        Raises: what most_similar raises, for the first query for which it does.
        """
        if not is_list(queries):
            raise UsageError(f"most_similar_batch was given {queries!r}; it takes a list")
        return self._nearest([self._query(query, ()) for query in queries], topn, restrict_vocab)

    def doesnt_match(self, words: Iterable[str]) -> str:
        """Of three or more words, the one that is furthest from their mean, by cosine.

        Raises:
            UnknownWordError: any of them is not in the vocabulary.
            UsageError: fewer than three different words.
            W2VError: a word has no direction, or they cancel out.
        """
        words = as_list(words)
        directions = np.array([self._direction(word) for word in words])
        if len(set(words)) < 3:
            raise UsageError(f"doesnt_match was given {words}; it needs three different words")
        return words[int(np.argmin(directions @ self._query(words, ())[0]))]

    def rank(self, one: str, other: str) -> int:
        """1 if `other` is the nearest word of `one`, 2 if it is the second nearest, and so on.

        Raises: as similarity does.
        """
        query, excluded = self._query(one, ())
        self._direction(other)  # raises where it has none
        row = np.array([self._words.index(other)])
        cosine = self._directions.cosines(row, query)[0]
        no_answers = self._directions.cosines(np.array(sorted(excluded)), query)
        return 1 + self._directions.n_closer(query, cosine) - int((no_answers > cosine).sum())

    def to_embedding(self, freeze: bool = True) -> "torch.nn.Embedding":
        """A torch.nn.Embedding (V, D) with a copy of the vectors; its input is what `ids` returns.

        Row 0 is for unknown words. It starts at 0, so in a sum they add nothing. freeze=True keeps
        all rows as they are; with freeze=False all of them learn, so the new model also finds a
        vector for unknown words.
        """
        import torch

        return torch.nn.Embedding.from_pretrained(
            torch.from_numpy(np.array(self.vectors)), freeze=freeze
        )

    def ids(self, words: Iterable[str]) -> npt.NDArray[np.int64]:
        """(n,) int64, the rows of n words: 0, the row of `<unk>`, for words without a vector.

        Raises:
            UsageError: a string, whose letters would pass for words.
        """
        if isinstance(words, str):
            raise UsageError(f"ids was given {words!r}; it takes a list: split the text first")
        return np.array([self.key_to_index.get(word, 0) for word in words], np.int64)

    @cached_property
    def _directions(self) -> Directions:
        directions = Directions(self.vectors)
        # A vector has a finite length if its numbers are finite.
        if (row := first_not_finite(directions.lengths[:, None])) is not None:
            raise _not_finite(self.index_to_key[row])
        return directions

    def _direction(self, word: object) -> Direction:
        """(D,) float64, a word's vector at length 1."""
        index = self._words.index(word)
        if index == 0:
            raise W2VError(f"{word} stands for all rare words, so it has no direction: ask another")
        vector = np.asarray(self.vectors[index], np.float64)
        length = np.linalg.norm(vector)
        if not np.isfinite(length):
            raise _not_finite(word)
        if length == 0:
            raise W2VError(f"the vector of {word!r} is 0, so it has no direction: ask another word")
        return vector / length

    def _query(self, positive: Query, negative: Query) -> tuple[Direction, set[int]]:
        """The direction of a sum of words and vectors, (D,) float64, and the rows that are no
        answers to it: row 0 and the rows of its words.
        """
        terms, excluded = [], {0}
        for sign, items in ((1.0, positive), (-1.0, negative)):
            for item in as_list(items):
                if is_vector(item):
                    terms.append(sign * plain_vector(item, self.vector_size))
                else:
                    terms.append(sign * self._direction(item))
                    excluded.add(self._words.index(item))
        if not terms:
            raise UsageError("most_similar was given no word; it needs at least one")
        query = np.sum(terms, axis=0)
        length = np.linalg.norm(query)
        # What remains of rounding to float32 is no direction.
        if length <= 1e-6 * sum(map(np.linalg.norm, terms)):
            raise W2VError("the words cancel out, so they have no neighbours; ask with others")
        return query / length, excluded

    def _nearest(
        self, queries: list[tuple[Direction, set[int]]], topn: int, restrict_vocab: int | None
    ) -> list[list[tuple[str, float]]]:
        """The (word, cosine) pairs of each query: a direction, and the rows that are no answers."""
        check_count("topn", topn)
        n_rows = len(self)
        if restrict_vocab is not None:
            check_count("restrict_vocab", restrict_vocab)
            n_rows = min(restrict_vocab + 1, n_rows)
        if not queries:
            return []
        directions = np.array([direction for direction, _ in queries])
        n_best = min(n_rows, topn + max(len(excluded) for _, excluded in queries))
        answers = self._directions.nearest(directions, n_best, n_rows)
        words = self.index_to_key
        return [
            [
                (words[row], cosine)
                for row, cosine in zip(rows.tolist(), cosines.clip(-1, 1).tolist(), strict=True)
                if row not in excluded
            ][:topn]
            for (rows, cosines), (_, excluded) in zip(answers, queries, strict=True)
        ]


def _not_finite(word: object) -> W2VError:
    return W2VError(
        f"the vector of {word!r} holds NaN or infinity; train again, with a smaller --lr"
    )
