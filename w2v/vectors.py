"""Word vectors: saved, loaded in place, and asked for neighbours. NumPy is all it takes.

wv = load("runs/ptb")
wv["chip"]                         # (D,) float32
wv.most_similar("chip", topn=3)    # [("microprocessor", 0.745), ...]
"""

import difflib
import json
import operator
import os
from functools import cached_property
from pathlib import Path

import numpy as np

from w2v import runs, stored
from w2v.config import UNK, UsageError, W2VError

TENSORS = ("in_vectors", "out_vectors")
VERIFY_BYTES = 2**26  # read and digested in about 0.1 s


class UnknownWordError(KeyError, W2VError):
    """A word without a vector; the message suggests words that are spelled like it."""

    def __init__(self, word, suggestions):
        super().__init__(word, suggestions)
        self.word, self.suggestions = word, suggestions

    def __str__(self):  # KeyError would show the arguments
        near = ", ".join(map(repr, self.suggestions))
        hint = f"did you mean {near}?" if near else "no word is spelled like it"
        return f"the vocabulary has no word {self.word!r}; {hint}"


class WordVectors:
    """V words, their counts and their vectors, with the methods of gensim's KeyedVectors.

    Attributes:
        vectors:      (V, D) float32, the in_vectors; read-only once loaded, on disk until used.
        index_to_key: the V words by id: `<unk>`, then by falling count.
        key_to_index: word → id.
        counts:       (V,) int64, occurrences in the corpus; those of all unknown words for `<unk>`.

    Row 0 is `<unk>`, which stands for all words that were too rare. It is never trained and its
    vector is 0, so it adds nothing where the matrix is reused in another model.

    Differs from gensim: a number is never taken for a word; `<unk>` is never a neighbour.
    """

    def __init__(self, words, counts, vectors):
        """Raises: W2VError: the sizes differ, word 0 is not `<unk>`, or a word is there twice."""
        self.index_to_key = list(words)
        self.key_to_index = {word: index for index, word in enumerate(self.index_to_key)}
        self.counts = np.asarray(counts, np.int64)
        self.vectors = vectors
        if not len(self.index_to_key) == len(self.counts) == len(vectors):
            sizes = f"{len(self.index_to_key)} words, {len(self.counts)} counts"
            raise W2VError(f"{sizes} and {len(vectors)} vectors; there must be as many of each")
        if self.key_to_index.get(UNK) != 0:
            raise W2VError(f"the first word must be {UNK}")
        if len(self.key_to_index) != len(self.index_to_key):
            twice = next(w for i, w in enumerate(self.index_to_key) if self.key_to_index[w] != i)
            raise W2VError(f"the word {twice!r} is there twice")

    def __len__(self):
        return len(self.index_to_key)

    def __contains__(self, word):
        return word in self.key_to_index

    def __getitem__(self, word):
        """(D,) float32, the word's vector. Raises: UnknownWordError, which is a KeyError."""
        return self.vectors[self._index(word)]

    def similarity(self, one, other):
        """Cosine of the angle between two words' vectors, a float in [-1, 1].

        Raises:
            UnknownWordError: for either word.
            W2VError: a vector is 0, as that of `<unk>` is.
        """
        cosine = self._direction(self._index(one)) @ self._direction(self._index(other))
        return float(np.clip(cosine, -1.0, 1.0))

    def most_similar(self, positive, negative=(), topn=10):
        """The words nearest to the sum of `positive` less `negative`, all of length 1, by cosine.

        Args:
            positive, negative: a word, or a list of words.
            topn: how many, 1 or more; all there are where that is fewer.
        Returns:
            A list of (word, cosine), best first, equals by id; never `<unk>` or a word asked with.
        Raises:
            UnknownWordError: a word that is not in the vocabulary.
            UsageError: `topn` is below 1, or there is no word.
            W2VError: the words have no direction: `<unk>`, or words that cancel out.
        """
        if operator.index(topn) < 1:
            raise UsageError(f"topn is {topn}; it must be 1 or more")
        plus, minus = self._indices(positive), self._indices(negative)
        if not plus + minus:
            raise UsageError("most_similar was given no word; it needs at least one")
        query = sum(map(self._direction, plus)) - sum(map(self._direction, minus))
        length = np.linalg.norm(query)
        if length < 1e-6:  # of vectors of length 1: the rounding of float32, no direction
            raise W2VError("the words cancel out, so they have no neighbours; ask with others")
        return self._nearest(query / length, {0, *plus, *minus}, topn)

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

    def _index(self, word):
        index = self.key_to_index.get(word)
        if index is None:
            raise UnknownWordError(word, _spelled_like(word, self.index_to_key[1:]))
        return index

    def _indices(self, words):
        return [self._index(word) for word in ([words] if isinstance(words, str) else words)]

    @cached_property
    def _lengths(self):
        """(V,) float64, the Euclidean length of every vector."""
        lengths = np.sqrt(np.einsum("vd,vd->v", self.vectors, self.vectors, dtype=np.float64))
        if not np.isfinite(lengths).all():
            word = self.index_to_key[int(np.argmin(np.isfinite(lengths)))]
            raise W2VError(
                f"the vector of {word!r} holds NaN or infinity; train again, with a smaller --lr"
            )
        return lengths

    def _direction(self, index):
        """(D,) float64, a word's vector at length 1."""
        word, length = self.index_to_key[index], self._lengths[index]
        if index == 0:
            raise W2VError(f"{word} stands for all rare words, so it has no direction: ask another")
        if length == 0:
            raise W2VError(f"the vector of {word!r} is 0, so it has no direction: ask another word")
        return self.vectors[index] / length

    def _nearest(self, query, without, topn):
        """The `topn` words of largest cosine to `query`, (D,) float64 of length 1."""
        topn = min(topn, len(self) - len(without))
        if topn == 0:
            return []
        lengths = np.where(self._lengths > 0, self._lengths, 1.0)
        cosines = (self.vectors @ query.astype(np.float32)) / lengths
        cosines[list(without)] = -np.inf
        # Float32 tells nearly equal words apart by chance. All that its rounding could have kept
        # out of the best are weighed again in float64, row by row, so that equals come out equal.
        slack = 2 * (len(query) + 4) * np.finfo(np.float32).eps
        near = np.flatnonzero(cosines >= np.partition(cosines, -topn)[-topn] - slack)
        exact = (self.vectors[near] * query).sum(axis=1) / lengths[near]
        best = np.lexsort((near, -exact))[:topn]
        exact = np.clip(exact, -1.0, 1.0)
        return [(self.index_to_key[near[i]], float(exact[i])) for i in best]


def save_vectors(folder, words, counts, in_vectors, out_vectors):
    """Write vectors.safetensors and vocab.tsv into a folder, as `load` reads them.

    Args:
        words: V strings, the first `<unk>`, without tabs and line ends.
        counts: (V,) integers.
        in_vectors, out_vectors: (V, D); written as float32, with row 0 as zeros.
    Raises:
        W2VError: words or counts that would not read back the same, shapes that disagree.
        OSError: the folder cannot be written.
    """
    tables = [np.asarray(table, np.float32) for table in (in_vectors, out_vectors)]
    if tables[0].shape != tables[1].shape:
        raise W2VError(f"in_vectors are {tables[0].shape}, out_vectors {tables[1].shape}")
    WordVectors(words, counts, tables[0])  # checks them
    for number, table in enumerate(tables):
        if table[0].any():
            tables[number] = np.concatenate([np.zeros_like(table[:1]), table[1:]])
    counts = [int(count) for count in counts]
    text = "".join(f"{word}\t{count}\n" for word, count in zip(words, counts, strict=True))
    vocab = Path(folder, runs.VOCAB)
    if stored.parse_vocab(text.encode(), vocab) != (list(words), counts):
        raise W2VError("a word holds a tab or a line end; words have no white space in them")
    vocab.write_bytes(text.encode())
    stored.write_tensors(Path(folder, runs.VECTORS), dict(zip(TENSORS, tables, strict=True)))


def load(path, verify=None):
    """The WordVectors of a run folder; the numbers stay on disk until they are used.

    Args:
        verify: compare the files with the SHA-256 that the run's config.json has of them. None
            does so where they are smaller than VERIFY_BYTES, and it is not felt.
    Raises:
        W2VError: `path` is no run, or a file in it is damaged; the message says what is wrong.
    """
    table_path, vocab_path = Path(path, runs.VECTORS), Path(path, runs.VOCAB)
    try:
        before = os.stat(path)
        with open(table_path, "rb") as table, open(vocab_path, "rb") as vocab:
            digests = _digests(path)
            if not os.path.samestat(before, os.stat(path)):
                return load(path, verify)  # a new run took its place just now: never mix the two
            words, counts = stored.parse_vocab(vocab.read(), vocab_path)
            tensors, _ = stored.map_tensors(table, table_path)
            is_asked = verify is True
            if verify is None:
                verify = os.fstat(table.fileno()).st_size < VERIFY_BYTES
            for file in (table, vocab) if verify else ():
                digest = digests.get(os.path.basename(file.name))
                if digest is None and not is_asked:
                    continue  # not from train.py
                if digest != stored.sha256(file):
                    raise stored.damaged(file.name, f"its SHA-256 is not the one in {runs.CONFIG}")
    except (FileNotFoundError, NotADirectoryError) as error:
        missing = os.path.basename(error.filename) if os.path.isdir(path) else "such folder"
        raise W2VError(f"{path} is no run: there is no {missing}; train.py makes runs") from error
    except OSError as error:
        raise W2VError(f"cannot read {error.filename or path}: {error.strerror}") from error
    if TENSORS[0] not in tensors:
        raise stored.damaged(table_path, f"its header has no {TENSORS[0]}")
    vectors = tensors[TENSORS[0]]
    if len(vectors) != len(words):
        raise stored.damaged(
            table_path, f"{len(vectors)} vectors, {len(words)} words in {runs.VOCAB}"
        )
    try:
        return WordVectors(words, counts, vectors)
    except W2VError as error:
        raise stored.damaged(vocab_path, error) from error


def _digests(path):
    """{file name: SHA-256} as the run's config.json has them; empty without that file."""
    config = Path(path, runs.CONFIG)
    try:
        return dict(json.loads(config.read_text(encoding="utf-8")).get("sha256", {}))
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise stored.damaged(config, "it is not the JSON that training writes") from error


def _spelled_like(word, words, at_most=3):
    """Words that look like `word`, best first; letter case is no difference. Frequent ones only.

    _spelled_like("Chpi", ["the", "chip", "chips"]) == ["chip", "chips"]
    """
    spelling = {}
    for known in words[:20_000]:  # about 0.1 s
        spelling.setdefault(known.casefold(), known)
    close = difflib.get_close_matches(str(word).casefold(), spelling, at_most)
    return [spelling[folded] for folded in close]
