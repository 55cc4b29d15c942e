"""WordRows: words and their vectors, looked up, added and replaced."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v.config import UNK
from w2v.errors import UsageError, W2VError
from w2v.tokenizing import AS_IT_IS, Tokenization
from w2v.vectors.finite import first_not_finite
from w2v.vectors.in_notebook import as_html
from w2v.vectors.queries import as_list, is_list
from w2v.vectors.words import Words

if TYPE_CHECKING:
    import torch

_ROWS = 2**14  # of a table that may be mapped, copied at a time


class WordRows:
    """What WordVectors holds: a row for each of V words."""

    def __init__(
        self,
        words: Iterable[str],
        counts: Sequence[int] | npt.NDArray[Any],
        vectors: npt.NDArray[np.float32],
        tokenization: Tokenization = AS_IT_IS,
        out_vectors: npt.NDArray[np.float32] | None = None,
    ) -> None:
        """Raises: W2VError: the sizes differ, word 0 is not `<unk>`, or a word is there twice."""
        words = list(words)
        if not len(words) == len(counts) == len(vectors):
            sizes = f"{len(words)} words, {len(counts)} counts and {len(vectors)} vectors"
            raise W2VError(f"{sizes}; there must be as many of each")
        self.vectors, self._given_words = vectors, Words(words, counts)
        self.tokenization, self.out_vectors = tokenization, out_vectors

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
    def is_lower(self) -> bool:
        """Whether training folded the case of its text: words are in lower case."""
        return self.tokenization.lower

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

    def _repr_html_(self) -> str:
        return as_html(self.index_to_key, self.vector_size)

    def __getitem__(self, words: str | Iterable[str]) -> npt.NDArray[np.float32]:
        """The vector of a word, (D,); of a list of n words, a copy of their vectors, (n, D).

        Raises: UnknownWordError, which is a KeyError.
        """
        if is_list(words):
            return self.vectors[self._rows(words)]
        return self.vectors[self._words.index(words)]

    def __setitem__(self, words: str | Iterable[str], vectors: npt.ArrayLike) -> None:
        """Add words, or replace their vectors: `add_vectors` with replace=True."""
        self.add_vectors(words, vectors, replace=True)

    def add_vector(self, word: str, vector: npt.ArrayLike) -> int:
        """Add a word, unless it is there already; its row. See `add_vectors`, for many at once."""
        self.add_vectors(word, vector)
        return self._words.index(word)

    def add_vectors(
        self, words: str | Iterable[str], vectors: npt.ArrayLike, *, replace: bool = False
    ) -> None:
        """Put new words after the others; of those that are there, `replace` says what becomes.

        All is done on a copy, in memory: no file changes, nor an array that these WordVectors were
        made from or gave out. So one call for many words takes as long as one for a single word.

        Args:
            words: a word, or a list of n. Of one that comes twice, the last vector counts.
            vectors: (D,) for a word, (n, D) for a list; kept as float32.
            replace: whether words that are there already get these vectors, or keep theirs.
        Raises:
            UsageError: a word that is no text, or `<unk>`; vectors of another shape, or not finite.
        """
        names = texts(as_list(words))
        with np.errstate(over="ignore"):
            table = table_of(vectors, len(names), self.vector_size).astype(np.float32)
        check_finite(names, table)
        given = dict(zip(names, table, strict=True))
        if UNK in given:
            raise UsageError(
                f"{UNK} stands for all rare words, and its vector stays 0; name others"
            )
        new = [name for name in given if name not in self]
        counts = np.append(self.counts, np.zeros(len(new), np.int64))
        grown = Words([*self.index_to_key, *new], counts)
        changed = np.concatenate([self.vectors, np.empty((len(new), self.vector_size), np.float32)])
        for name in given if replace else new:
            changed[grown.key_to_index[name]] = given[name]
        self.vectors, self._given_words = changed, grown
        self.out_vectors = None  # of the new words there are none

    def ids(self, words: Iterable[str]) -> npt.NDArray[np.int64]:
        """(n,) int64, the rows of n words: 0, the row of `<unk>`, for words without a vector.

        Raises:
            UsageError: a string, whose letters would pass for words.
        """
        if isinstance(words, str):
            raise UsageError(f"ids was given {words!r}; it takes a list: split the text first")
        return np.array([self.key_to_index.get(word, 0) for word in words], np.int64)

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

    def _rows(self, words: Iterable[object]) -> npt.NDArray[np.int64]:
        """(n,) int64, the rows of n words. Raises: UnknownWordError."""
        return np.array([self._words.index(word) for word in words], np.int64)


def texts(words: Iterable[Any]) -> list[str]:
    """The words, checked. Raises: UsageError: one is no text."""
    words = list(words)
    for word in words:
        if not isinstance(word, str):
            raise UsageError(f"{word!r} is given as a word; a word must be text")
    return words


def table_of(vectors: npt.ArrayLike, n_words: int, n_dims: int | None = None) -> npt.NDArray[Any]:
    """Vectors as an array of numbers, (n_words, n_dims), checked; of one word, also (n_dims,).

    Raises: UsageError: they are none; the message gives their shape and the one that it must be.
    """
    try:
        table = np.asarray(vectors)
    except ValueError as error:  # rows of different lengths
        raise UsageError("the vectors differ in length; they must be alike") from error
    if n_words <= 1 and n_dims and table.size == n_words * n_dims:
        table = table.reshape(n_words, n_dims)
    wanted = (n_words, n_dims or table.shape[-1] if table.ndim else 0)
    if table.shape != wanted or 0 in wanted[1:] or table.dtype.kind not in "fiu":
        given = f"the vectors are of shape {table.shape} and type {table.dtype}"
        size = f"{n_words} × {n_dims or 'any number of'}"
        raise UsageError(f"{given}; they must be {size} numbers, a row for each word")
    return table


def check_finite(words: Sequence[str], table: npt.NDArray[np.float32]) -> None:
    """Raises: UsageError: a row of the table, the words' vectors, holds NaN or infinity."""
    if (row := first_not_finite(table)) is not None:
        raise UsageError(f"the vector of {words[row]!r} holds NaN, infinity or too large numbers")


def unk_first(
    words: list[str],
    counts: Sequence[int] | npt.NDArray[np.int64],
    table: npt.NDArray[Any],
    limit: int,
) -> tuple[list[str], Sequence[int] | npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The first `limit` words with their counts and (V, D) vectors, after `<unk>` and its zeros.

    The table is copied only if it does not begin with them, or is not float32.
    """
    unk = words.index(UNK) if UNK in words else None
    n_words = min(len(words) - (unk is not None), limit)
    if unk == 0 and table.dtype == np.float32 and not table[0].any():
        end = 1 + n_words
        return words[:end], counts[:end], table[:end]
    rows = [row for row in range(len(words)) if row != unk][:n_words]
    copied = np.zeros((1 + n_words, table.shape[1]), np.float32)
    for first in range(0, n_words, _ROWS):
        block = rows[first : first + _ROWS]
        with np.errstate(over="ignore"):
            copied[1 + first : 1 + first + len(block)] = table[block]
    unk_count = 0 if unk is None else counts[unk]
    return (
        [UNK, *(words[row] for row in rows)],
        [unk_count, *(counts[row] for row in rows)],
        copied,
    )
