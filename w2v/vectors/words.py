"""Words by id and ids by word; the error for an unknown word suggests similar ones."""

import difflib
import unicodedata
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from w2v.config import UNK
from w2v.errors import W2VError, shown

SUGGESTIONS = 3  # at most, for an unknown word
LONGEST_SPELLED = 200  # characters; comparing longer words takes the square of their length
_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")


class UnknownWordError(KeyError, W2VError):
    """A word without a vector; the message suggests words that are spelled like it."""

    def __init__(self, word: object, suggestions: list[str]) -> None:
        super().__init__(word, suggestions)
        self.word, self.suggestions = word, suggestions

    def __str__(self) -> str:  # KeyError would show the arguments
        near = ", ".join(f"{near!r}{self._form(near)}" for near in self.suggestions)
        hint = f"did you mean {near}?" if near else "no word is spelled like it"
        return shown(f"the vocabulary has no word {self.word!r}; {hint}")

    def _form(self, near: str) -> str:
        """What tells a suggestion from the word where both look the same: Unicode's form."""
        if near not in _forms(str(self.word)):
            return ""
        form = next(form for form in _FORMS if unicodedata.is_normalized(form, near))
        return f" in Unicode's form {form}"


class Words:
    """V words by id, and how often each occurs.

    Attributes:
        index_to_key: V words; `<unk>` is the first.
        key_to_index: word → id.
        counts:       (V,) int64.
    """

    def __init__(self, words: list[str], counts: npt.ArrayLike) -> None:
        """Raises: W2VError: word 0 is not `<unk>`, or a word is there twice."""
        self.index_to_key = words
        self.key_to_index = dict(zip(words, range(len(words)), strict=True))
        self.counts: npt.NDArray[np.int64] = np.asarray(counts, np.int64)
        if words[:1] != [UNK]:
            raise W2VError(f"the first word must be {UNK}")
        if len(self.key_to_index) != len(words):
            twice = next(word for i, word in enumerate(words) if self.key_to_index[word] != i)
            raise W2VError(f"the word {twice!r} is there twice")

    def index(self, word: object) -> int:
        """The id of a word; a number is never taken for one. Raises: UnknownWordError."""
        index = self.key_to_index.get(word) if isinstance(word, str) else None
        if index is None:
            alike = [form for form in _forms(str(word)) if form in self.key_to_index]
            near = _spelled_like(word, self.index_to_key[1:20_001])
            raise UnknownWordError(word, list(dict.fromkeys([*alike, *near]))[:SUGGESTIONS])
        return index


def _forms(word: str) -> list[str]:
    """The word in the other forms of Unicode: composed letters (NFC), letters and marks (NFD)."""
    forms = [unicodedata.normalize(form, word) for form in _FORMS]
    return [form for form in forms if form != word]


def _spelled_like(word: object, words: Sequence[str]) -> list[str]:
    """The words that are spelled most like `word`, best first; letter case does not matter.

    _spelled_like("Chpi", ["the", "chip", "chips"]) == ["chip", "chips"]
    """
    if len(str(word)) > LONGEST_SPELLED:
        return []
    spelling: dict[str, str] = {}
    for known in words:
        spelling.setdefault(known.casefold(), known)
    close = difflib.get_close_matches(str(word).casefold(), spelling, SUGGESTIONS)
    return [spelling[folded] for folded in close]
