"""WordVectors: words and their vectors, asked for neighbours. NumPy is all it takes.

wv = w2v.load("runs/ptb")
wv["chip"]                         # (D,) float32
wv.most_similar("chip", topn=3)    # [("microprocessor", 0.745), ...]
"""

import numbers
from functools import cached_property

import numpy as np

from w2v.errors import UsageError, W2VError
from w2v.vectors.neighbours import Directions
from w2v.vectors.words import Words


class WordVectors:
    """V words, their counts and their vectors, with the methods of gensim's KeyedVectors.

    Attributes:
        vectors:      (V, D) float32, the in_vectors; read-only once loaded, on disk until used.
        index_to_key: the V words by id: `<unk>`, then by falling count.
        key_to_index: word → id.
        counts:       (V,) int64, occurrences in the corpus; those of all unknown words for `<unk>`.

    Row 0 is `<unk>`, which stands for all words that were too rare. It is never trained and its
    vector is 0, so it adds nothing where the matrix is reused in another model.

    Differs from gensim: a number is never taken for a word, `<unk>` is never a neighbour, an
    unknown word is always a KeyError (doesnt_match too), with suggestions, and topn a number.
    """

    def __init__(self, words, counts, vectors):
        """Raises: W2VError: the sizes differ, word 0 is not `<unk>`, or a word is there twice."""
        words = list(words)
        if not len(words) == len(counts) == len(vectors):
            sizes = f"{len(words)} words, {len(counts)} counts and {len(vectors)} vectors"
            raise W2VError(f"{sizes}; there must be as many of each")
        self.vectors, self._words = vectors, Words(words, counts)

    @classmethod
    def with_words_later(cls, read, vectors):
        """WordVectors whose Words, V of them, are what `read()` returns on their first use."""
        wv = cls.__new__(cls)
        wv.vectors, wv._read = vectors, read
        return wv

    @cached_property
    def _words(self):
        return self._read()

    @property
    def index_to_key(self):
        return self._words.index_to_key

    @property
    def key_to_index(self):
        return self._words.key_to_index

    @property
    def counts(self):
        return self._words.counts

    @property
    def vector_size(self):
        return self.vectors.shape[1]

    def __len__(self):
        return len(self.vectors)

    def __contains__(self, word):
        return isinstance(word, str) and word in self.key_to_index

    def __repr__(self):
        return f"<WordVectors: {len(self):,} words of {self.vector_size} dimensions>"

    def __getitem__(self, words):
        """A word's vector, (D,) float32; a copy, (n, D), of those of a list of n words.

        Raises: UnknownWordError, which is a KeyError.
        """
        if _is_list(words):
            return self.vectors[np.array([self._words.index(word) for word in words], np.int64)]
        return self.vectors[self._words.index(words)]

    def similarity(self, one, other):
        """Cosine of the angle between two words' vectors, a float in [-1, 1].

        Raises:
            UnknownWordError: for either word.
            W2VError: a vector is 0, as that of `<unk>` is.
        """
        return float(np.clip(self._direction(one) @ self._direction(other), -1.0, 1.0))

    def distance(self, one, other):
        """1 less the similarity: 0 for the same direction, 2 for opposite ones."""
        return 1.0 - self.similarity(one, other)

    def most_similar(self, positive=(), negative=(), topn=10, restrict_vocab=None):
        """The words nearest to the sum of `positive` less `negative`, by cosine.

        Args:
            positive, negative: a word or a (D,) vector, or a list of them. Words count as vectors
                of length 1, plain vectors as they are.
            topn: how many, 1 or more; all there are where that is fewer.
            restrict_vocab: look at the first so many words only, `<unk>` not counted.
        Returns:
            A list of (word, cosine), best first, equals by id; never `<unk>` or a word asked with.
        Raises:
            UnknownWordError: a word that is not in the vocabulary.
            UsageError: `topn` or `restrict_vocab` is below 1, there is no word, or a vector is not
                D finite numbers.
            W2VError: the words have no direction: `<unk>`, or words that cancel out.
        """
        return self._nearest([self._query(positive, negative)], topn, restrict_vocab)[0]

    def most_similar_batch(self, queries, topn=10, restrict_vocab=None):
        """`most_similar` for many queries at once, several times as fast as one after another.

        Args:
            queries: a list of what `positive` may be: words, vectors, lists of them; or an (n, D)
                array.
        Returns:
            For each query its list of (word, cosine).
        Raises: as most_similar does, for the first query that it would.
        """
        if not _is_list(queries):
            raise UsageError(f"most_similar_batch was given {queries!r}; it takes a list")
        return self._nearest([self._query(query, ()) for query in queries], topn, restrict_vocab)

    def doesnt_match(self, words):
        """The one of three or more words that is furthest from the mean of all, by cosine.

        Raises:
            UnknownWordError: any of them is not in the vocabulary.
            UsageError: fewer than three different words.
            W2VError: one without direction, or they cancel out.
        """
        words = list(words) if _is_list(words) else [words]
        directions = np.array([self._direction(word) for word in words])
        if len(set(words)) < 3:
            raise UsageError(f"doesnt_match was given {words}; it needs three different words")
        return words[int(np.argmin(directions @ self._query(words, ())[0]))]

    def rank(self, one, other):
        """1 where `other` is the nearest word of `one`, 2 where it is the second, and so on."""
        query, without = self._query(one, ())
        self._direction(other)  # or it is refused
        row = np.array([self._words.index(other)])
        cosine = self._directions.cosines(row, query)[0]
        never = self._directions.cosines(np.array(sorted(without)), query)
        return 1 + self._directions.n_closer(query, cosine) - int((never > cosine).sum())

    def to_embedding(self, freeze=True):
        """A torch.nn.Embedding (V, D) with a copy of the vectors; feed it what `ids` returns.

        Row 0 is for unknown words. It starts at 0, so in a sum or mean they add nothing;
        freeze=True keeps it and all rows as they are, with freeze=False all of them learn, so the
        new model also finds a vector for words that it does not know.
        """
        import torch

        return torch.nn.Embedding.from_pretrained(
            torch.from_numpy(np.array(self.vectors)), freeze=freeze
        )

    def ids(self, words):
        """(n,) int64, the rows of n words: 0, the row of `<unk>`, for those without a vector.

        Raises:
            UsageError: a string, whose letters would pass for words.
        """
        if isinstance(words, str):
            raise UsageError(f"ids was given {words!r}; it takes a list: split the text first")
        return np.array([self.key_to_index.get(word, 0) for word in words], np.int64)

    @cached_property
    def _directions(self):
        directions = Directions(self.vectors)
        is_finite = np.isfinite(directions.lengths)
        if not is_finite.all():
            raise _not_finite(self.index_to_key[int(np.argmin(is_finite))])
        return directions

    def _direction(self, word):
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

    def _query(self, positive, negative):
        """What a sum of words and vectors asks for: its direction, (D,) float64, and the rows of
        the words, and row 0, which are no answers to it.
        """
        terms, without = [], {0}
        for sign, items in ((1.0, positive), (-1.0, negative)):
            for item in items if _is_list(items) else [items]:
                if _is_vector(item):
                    terms.append(sign * self._vector(item))
                else:
                    terms.append(sign * self._direction(item))
                    without.add(self._words.index(item))
        if not terms:
            raise UsageError("most_similar was given no word; it needs at least one")
        query = np.sum(terms, axis=0)
        length = np.linalg.norm(query)
        # What is left of the rounding of float32 is no direction.
        if length <= 1e-6 * sum(map(np.linalg.norm, terms)):
            raise W2VError("the words cancel out, so they have no neighbours; ask with others")
        return query / length, without

    def _vector(self, item):
        """(D,) float64, a plain vector that a query holds."""
        vector = np.asarray(item)
        if vector.shape != (self.vector_size,) or vector.dtype.kind not in "fiu":
            given = f"a vector of shape {vector.shape} and type {vector.dtype}"
            raise UsageError(f"the query holds {given}; it must be {self.vector_size} numbers")
        vector = vector.astype(np.float64)
        if not np.isfinite(np.linalg.norm(vector)):
            raise UsageError("the query holds a vector with NaN, infinity or too large numbers")
        return vector

    def _nearest(self, queries, topn, restrict_vocab):
        """For each (direction, rows without) the `topn` pairs of word and cosine."""
        _check_count("topn", topn)
        n_rows = len(self)
        if restrict_vocab is not None:
            _check_count("restrict_vocab", restrict_vocab)
            n_rows = min(restrict_vocab + 1, n_rows)
        if not queries:
            return []
        directions = np.array([direction for direction, _ in queries])
        n_best = min(n_rows, topn + max(len(without) for _, without in queries))
        answers = self._directions.nearest(directions, n_best, n_rows)
        words = self.index_to_key
        return [
            [
                (words[row], cosine)
                for row, cosine in zip(rows.tolist(), cosines.clip(-1, 1).tolist(), strict=True)
                if row not in without
            ][:topn]
            for (rows, cosines), (_, without) in zip(answers, queries, strict=True)
        ]


def _is_list(items):
    """Whether it holds several words or vectors; one word or one vector it is else."""
    if isinstance(items, (str, bytes)) or not hasattr(items, "__iter__"):
        return False
    n_axes = getattr(items, "ndim", None)
    return n_axes is None or n_axes > 1 or np.asarray(items).dtype.kind in "OSU"


def _is_vector(item):
    return getattr(item, "ndim", 0) > 0


def _check_count(name, count):
    if not isinstance(count, numbers.Integral) or isinstance(count, bool) or count < 1:
        raise UsageError(f"{name} is {count}; it must be 1 or more, a whole number")


def _not_finite(word):
    return W2VError(
        f"the vector of {word!r} holds NaN or infinity; train again, with a smaller --lr"
    )
