"""Words by number and numbers by word; an unknown one is told with suggestions."""

import difflib

import numpy as np

from w2v.config import UNK
from w2v.errors import W2VError


class UnknownWordError(KeyError, W2VError):
    """A word without a vector; the message suggests words that are spelled like it."""

    def __init__(self, word, suggestions):
        super().__init__(word, suggestions)
        self.word, self.suggestions = word, suggestions

    def __str__(self):  # KeyError would show the arguments
        near = ", ".join(map(repr, self.suggestions))
        hint = f"did you mean {near}?" if near else "no word is spelled like it"
        return f"the vocabulary has no word {self.word!r}; {hint}"


class Words:
    """V words by id, and how often each was there.

    Attributes:
        index_to_key: the list of V words; `<unk>` is the first.
        key_to_index: word → id.
        counts:       (V,) int64.
    """

    def __init__(self, words, counts):
        """Raises: W2VError: word 0 is not `<unk>`, or a word is there twice."""
        self.index_to_key = words
        self.key_to_index = dict(zip(self.index_to_key, range(len(self.index_to_key)), strict=True))
        self.counts = np.asarray(counts, np.int64)
        if self.index_to_key[:1] != [UNK]:
            raise W2VError(f"the first word must be {UNK}")
        if len(self.key_to_index) != len(self.index_to_key):
            twice = next(w for i, w in enumerate(self.index_to_key) if self.key_to_index[w] != i)
            raise W2VError(f"the word {twice!r} is there twice")

    def index(self, word):
        """The id of a word; a number is never one. Raises: UnknownWordError."""
        index = self.key_to_index.get(word) if isinstance(word, str) else None
        if index is None:
            raise UnknownWordError(word, _spelled_like(word, self.index_to_key[1:20_001]))
        return index


def _spelled_like(word, words, at_most=3):
    """Those of `words` that look like `word`, best first; letter case is no difference.

    _spelled_like("Chpi", ["the", "chip", "chips"]) == ["chip", "chips"]
    """
    spelling = {}
    for known in words:
        spelling.setdefault(known.casefold(), known)
    close = difflib.get_close_matches(str(word).casefold(), spelling, at_most)
    return [spelling[folded] for folded in close]
