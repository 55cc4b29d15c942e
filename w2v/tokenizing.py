"""How a text becomes words: at white space or by the rules of raw_text.py, with case, with phrases.

Needs Python alone.
"""

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from w2v.config import ASCII_SPACE, WHITESPACE, WORDS
from w2v.raw_text import ALONE, BLANK_LINE, SAME, VERSION, lower, tokenized

JOINT = "_"  # between the words of a phrase
MOST_HELD = 2**18  # characters that tell how paragraphs end, and those of the longest, about
LINES_A_BLANK = 20  # fewer, in a text whose blank lines end its paragraphs

_PLACE = re.compile(rf"[\s{ALONE}]")  # where a paragraph may be cut


class Tokenizer:
    """Tokenizes a text that comes in pieces of UTF-8, which end just after white space.

    With --tokenize words they may end after any character: its words and sentences are the same,
    wherever that is, for what follows a piece's last paragraph waits for more.

    held: of the text so far, what waits.
    """

    def __init__(self, tokenization: "Tokenization") -> None:
        self._tokenization = tokenization
        self.held = ""
        self._are_lines: bool | None = None

    def feed(self, piece: bytes) -> bytes:
        """The words of a piece, and of what was held, as far as paragraphs are whole."""
        if not self._tokenization.words:
            return self._folded(piece)
        self.held += piece.decode()
        return b"" if len(self.held) < MOST_HELD else self._of_whole_paragraphs()

    def finish(self) -> bytes:
        """The words of what is held."""
        done = self._of_whole_paragraphs() if self.held else b""
        held, self.held = self.held, ""
        return done + self._tokenized(held)

    def _of_whole_paragraphs(self) -> bytes:
        if self._are_lines is None:
            first = self.held[:MOST_HELD]
            n_blank = len(BLANK_LINE.findall(first))
            self._are_lines = n_blank * LINES_A_BLANK <= first.count("\n")
        start = 0  # where a paragraph begins: with the end of the one before
        while len(self.held) - start > MOST_HELD:
            end = self._last_end(start + 1, start + MOST_HELD)
            if end < 0:
                place = _PLACE.search(self.held, start + MOST_HELD)
                if place is None:
                    break
                end = place.end()
                self.held = f"{self.held[:end]}\n\n{self.held[end:]}"
            start = end
        end = max(start, self._last_end(start + 1, len(self.held)))
        whole, self.held = self.held[:end], self.held[end:]
        return self._tokenized(whole)

    def _last_end(self, start: int, stop: int) -> int:
        """Where the last paragraph of held[start:stop] ends that does; -1 if none does."""
        text, end = self.held, stop
        if self._are_lines:
            return text.rfind("\n", start, stop)
        while (end := text.rfind("\n", start, end)) > start:
            before = text.rfind("\n", start, end)
            if before >= 0 and not text[before:end].strip(" \t\r\n"):
                return before
        return -1

    def _tokenized(self, text: str) -> bytes:
        words = tokenized(text, bool(self._are_lines)) if text else ""
        return self._folded(f"{words}\n".encode()) if words else b""

    def _folded(self, words: bytes) -> bytes:
        if not self._tokenization.lower:
            return words
        # Beyond ASCII, folding case takes decoding, which is slow.
        return words.lower() if words.isascii() else lower(words.decode()).encode()


class Phrase(NamedTuple):
    """Two words that are one, how often they came together, and how much above chance."""

    first: str
    second: str
    together: int
    score: float


class Phrases:
    """What phrases are joined in a text, pass after pass.

    passes: of each, its Phrases.
    """

    def __init__(self, passes: Sequence[Sequence[Phrase]]) -> None:
        self.passes = passes

    def join(self, words: Sequence[str]) -> list[str]:
        """The words of a sentence with those that are phrases joined, from left to right."""
        joined = list(words)
        for pairs in self._pairs:
            joined, before = [], joined
            is_open = False  # whether the last word of `joined` may be the first of a pair
            for word in before:
                if is_open and (joined[-1], word) in pairs:
                    joined[-1] += JOINT + word
                    is_open = False
                else:
                    joined.append(word)
                    is_open = True
        return joined

    @functools.cached_property
    def _pairs(self) -> list[set[tuple[str, str]]]:
        return [{(first, second) for first, second, *_ in found} for found in self.passes]


@dataclass(frozen=True)
class Tokenization:
    """How a text becomes words: what a run remembers of it.

    lower: whether case is folded.  words: whether --tokenize words finds them, not white space.
    phrases: those that are joined, or None.
    """

    lower: bool = False
    words: bool = False
    phrases: Phrases | None = dataclasses.field(default=None, compare=False)

    @classmethod
    def of(cls, lower: bool, tokenize: object, phrases: Phrases | None = None) -> "Tokenization":
        """That of two settings, --lower and --tokenize, and what --phrases found."""
        return cls(lower, tokenize == WORDS, phrases)

    @property
    def setting(self) -> str:
        """The value of --tokenize."""
        return WORDS if self.words else WHITESPACE

    def __str__(self) -> str:
        """The settings."""
        phrases = "" if self.phrases is None else " --phrases"
        return f"--tokenize {self.setting} {'--lower' if self.lower else '--no-lower'}{phrases}"

    @property
    def key(self) -> str:
        """Another one if the same text may become other words, before phrases."""
        rules = f", rules {VERSION}, Unicode {unicodedata.unidata_version}"
        return f"{self}{rules if self.words or self.lower else ''}"

    def split(self, text: str) -> list[str]:
        """The words of a text."""
        sentences = (tokenized(text) if self.words else text).split("\n")
        folded = (lower(sentence) if self.lower else sentence for sentence in sentences)
        each = (re.findall(f"[^{ASCII_SPACE}]+", sentence) for sentence in folded)
        return [word for words in each for word in self.join(words)]

    def join(self, words: Sequence[str]) -> list[str]:
        """The words of a sentence with its phrases joined."""
        return list(words) if self.phrases is None else self.phrases.join(words)

    def spell(self, word: str) -> str:
        """A word as the text has it: in its case and its form of Unicode."""
        if self.words:
            word = unicodedata.normalize("NFC", word)
            for char, plain in SAME.items():
                word = word.replace(char, plain)
        return lower(word) if self.lower else word


AS_IT_IS = Tokenization()
