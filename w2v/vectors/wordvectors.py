"""WordVectors: words, their vectors and their neighbours; needs NumPy only.

wv = w2v.load("runs/ptb")
wv["chip"]                         # (D,) float32
wv.most_similar("chip", topn=3)    # [("microprocessor", 0.745), ...]

What it holds is in rows.py, the questions about words that are named in cosines.py; here are those
whose answers are looked for among all words.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError, W2VError, counted
from w2v.tokenizing import AS_IT_IS, Tokenization
from w2v.vectors import cosmul
from w2v.vectors.cosines import WordCosines
from w2v.vectors.neighbours import Directions
from w2v.vectors.queries import (
    Direction,
    Neighbours,
    Query,
    as_list,
    direction_of_sum,
    is_list,
    is_vector,
    plain_vector,
    weighted,
    whole,
)
from w2v.vectors.rows import check_finite, table_of, texts, unk_first


class WordVectors(WordCosines):
    """V words, their counts and their vectors, with the methods of gensim's KeyedVectors.

    What differs from them is listed in docs/querying.md.

    Attributes:
        vectors:      (V, D) float32, the in_vectors; read-only once loaded, on disk until used.
        index_to_key: the V words by id: `<unk>`, then by falling count.
        key_to_index: word → id.
        counts:       (V,) int64, occurrences in the corpus; of `<unk>`, those of all rare words.
        tokenization: how the text that training read became words, of a run.
        out_vectors:  (V, D) float32, the vectors of words as contexts; None but of a run
                      as it was loaded.

    Row 0 is `<unk>`, which stands for all words that were too rare. It is never trained and its
    vector is 0, so it adds nothing where the matrix is reused in another model.
    """

    @staticmethod
    def from_words(
        words: Iterable[str],
        vectors: npt.ArrayLike,
        counts: Sequence[int] | npt.NDArray[Any] | None = None,
        limit: int | None = None,
        tokenization: Tokenization = AS_IT_IS,
    ) -> "WordVectors":
        """The WordVectors of any words and vectors; `<unk>` need not be among them.

        Args:
            words: n strings, best by falling count; `<unk>` goes before them, wherever it is.
            vectors: (n, D) numbers; copied only if they do not begin with `<unk>` and its zeros, or
                are not float32.
            counts: n whole numbers; None: 0 each.
            limit: only the first `limit` words, not counting `<unk>`.
            tokenization: how a text becomes such words.
        Raises:
            UsageError: a word is no text, or the vectors are not n × D finite numbers.
            W2VError: not as many counts, or a word is there twice.
        """
        words = texts(as_list(words))
        table = table_of(vectors, len(words))
        counts = np.zeros(len(words), np.int64) if counts is None else counts
        if len(counts) != len(words):
            sizes = f"{counted(len(words), 'word')} and {counted(len(counts), 'count')}"
            raise W2VError(f"there are {sizes}; give as many of each")
        most = len(words) if limit is None else whole("limit", limit)
        words, counts, vectors = unk_first(words, counts, table, most)
        check_finite(words, vectors)
        return WordVectors(words, counts, vectors, tokenization)

    def vectors_for_all(self, words: Iterable[str], copy_vecattrs: bool = False) -> "WordVectors":
        """The WordVectors of these words alone, in their order, each once, unknown ones left out.

        Args: copy_vecattrs: whether the counts go with them, or are 0.
        """
        known = [word for word in dict.fromkeys(texts(as_list(words))) if word in self]
        rows = self._rows(known)
        counts = self.counts[rows] if copy_vecattrs else None
        how = self.tokenization
        return WordVectors.from_words(known, self.vectors[rows], counts, tokenization=how)

    def most_similar(
        self,
        positive: Query = None,
        negative: Query = None,
        topn: int | None = 10,
        *,
        restrict_vocab: int | None = None,
        among: Iterable[str] | None = None,
    ) -> Neighbours:
        """The words nearest to the sum of `positive` minus `negative`, by cosine.

        Args:
            positive, negative: a word or a (D,) vector, or a list of them. Words count as vectors
                of length 1, plain vectors as they are; a pair ("king", 0.5) has its own weight,
                which in `negative` too is as given: −1 is what a word has there without.
            topn: how many; if there are fewer, all of them.
            restrict_vocab: search only the first restrict_vocab words, not counting `<unk>`.
            among: search only these words.
        Returns:
            A list of (word, cosine), best first, equal ones by id; never `<unk>` or a word of the
            query. With topn=None (n,) float32, the cosines of all rows that are searched, these
            too: (V,), or of the first restrict_vocab + 1 rows, or of the words in `among`.
        Raises:
            UnknownWordError: a word that is not in the vocabulary.
            UsageError: `topn` is below 0 or `restrict_vocab` below 1, there is no word, or a vector
                is not D finite numbers.
            W2VError: the words have no direction: `<unk>`, or words that cancel out.
        """
        query = self._query(positive, negative)
        return self._nearest([query], topn, self._searched(restrict_vocab, among))[0]

    def most_similar_batch(
        self,
        queries: Iterable[Query],
        topn: int | None = 10,
        *,
        restrict_vocab: int | None = None,
        among: Iterable[str] | None = None,
    ) -> list[Neighbours]:
        """`most_similar` for many queries at once, several times as fast as one after another.

        Args:
            queries: a list; each item is what `positive` may be: a word, a vector or a list of
                them. Or an (n, D) array.
        Returns: for each query what most_similar gives.
        Raises: what most_similar raises, for the first query for which it does.
        """
        if not is_list(queries):
            raise UsageError(f"most_similar_batch was given {queries!r}; it takes a list")
        asked = [self._query(query, None) for query in queries]
        return self._nearest(asked, topn, self._searched(restrict_vocab, among))

    def similar_by_word(
        self, word: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbours:
        """`most_similar` of a word."""
        return self.most_similar([word], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_vector(
        self, vector: npt.NDArray[Any], topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbours:
        """`most_similar` of a (D,) vector."""
        return self.most_similar([vector], topn=topn, restrict_vocab=restrict_vocab)

    def most_similar_cosmul(
        self,
        positive: Query = None,
        negative: Query = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Neighbours:
        """The words of largest 3CosMul score, which no single cosine decides; see cosmul.py.

        Args: as of most_similar; a plain vector counts as its direction, and weights are none.
        Returns: as most_similar does, with scores, 0 or more, for cosines.
        Raises: as most_similar does; UsageError also without a positive word.
        """
        plus, minus = weighted(positive, 1.0), weighted(negative, 1.0)
        if not plus or any(weight != 1 for _, weight in [*plus, *minus]):
            raise UsageError("most_similar_cosmul needs a positive word, and takes no weights")
        queries = [self._query([item], None) for item, _ in [*plus, *minus]]
        terms = np.array([direction for direction, _ in queries])
        n_rows = len(self._searched(restrict_vocab, None))
        if topn is None:
            return cosmul.first_scores(self._directions, terms, len(plus), n_rows)
        topn = whole("topn", topn, fewest=0)
        excluded = set().union(*(excluded for _, excluded in queries))
        n_best = min(n_rows, topn + len(excluded))
        rows, values = cosmul.nearest(self._directions, terms, len(plus), n_best, n_rows)
        return self._named(rows.tolist(), values, excluded)[:topn]

    def relative_cosine_similarity(self, one: str, other: str, topn: int = 10) -> float:
        """The similarity of two words, as a share of the sum of those of the `topn` nearest.

        Above 1/topn `other` is nearer to `one` than the average of these is: a synonym, perhaps.

        Raises: as most_similar does, and UsageError where the first word has no such words.
        Source: Leeuwenberg et al. 2016, "A Minimally Supervised Approach for Synonym Extraction
            with Word Embeddings", eq. 1.
        """
        total = sum(cosine for _, cosine in self.similar_by_word(one, whole("topn", topn)))
        if total == 0:
            raise UsageError(f"{one!r} has no similar words to compare with; ask another")
        return self.similarity(one, other) / total

    def _query(self, positive: Query, negative: Query) -> tuple[Direction, set[int]]:
        """The direction of a sum of words and vectors, (D,) float64, and the rows that are no
        answers to it: row 0 and the rows of its words.
        """
        terms, excluded = [], {0}
        for item, weight in [*weighted(positive, 1.0), *weighted(negative, -1.0)]:
            if is_vector(item):
                terms.append(weight * plain_vector(item, self.vector_size))
            else:
                terms.append(weight * self._direction(item))
                excluded.add(self._words.index(item))
        if not terms:
            raise UsageError("most_similar was given no word; it needs at least one")
        return direction_of_sum(terms), excluded

    def _searched(
        self, restrict_vocab: int | None, among: Iterable[str] | None
    ) -> range | npt.NDArray[np.int64]:
        """The rows among which answers are looked for."""
        if among is not None:
            if restrict_vocab is not None:
                raise UsageError("restrict_vocab and among are both given; give one of them")
            return self._rows(as_list(among))
        if restrict_vocab is None:
            return range(len(self))
        return range(min(whole("restrict_vocab", restrict_vocab) + 1, len(self)))

    def _nearest(
        self,
        queries: list[tuple[Direction, set[int]]],
        topn: int | None,
        searched: range | npt.NDArray[np.int64],
    ) -> list[Neighbours]:
        """The answers to each query: a direction, and the rows that are no answers."""
        if topn is None:
            return [self._cosines_of(direction, searched) for direction, _ in queries]
        topn = whole("topn", topn, fewest=0)
        if not queries or not len(searched):
            return [[] for _ in queries]
        rows: Sequence[int]
        if isinstance(searched, range):
            rows, table = searched, self._directions
        else:
            rows = np.unique(searched).tolist()
            table = self._checked(Directions(self.vectors[rows]), rows)
        directions = np.array([direction for direction, _ in queries])
        n_best = min(len(rows), topn + max(len(excluded) for _, excluded in queries))
        answers = table.nearest(directions, n_best, len(rows))
        return [
            self._named([rows[place] for place in places.tolist()], cosines, excluded)[:topn]
            for (places, cosines), (_, excluded) in zip(answers, queries, strict=True)
        ]

    def _named(
        self, rows: list[int], values: npt.NDArray[np.float64], excluded: set[int]
    ) -> list[tuple[str, float]]:
        words, found = self.index_to_key, zip(rows, values.tolist(), strict=True)
        return [(words[row], value) for row, value in found if row not in excluded]
