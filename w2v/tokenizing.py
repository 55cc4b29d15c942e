r"""Words and sentences of text as people write it: --tokenize words. Needs Python alone.

    tokenized("“Don’t,” said Mr. Tate. It cost $3.50!") == "Don't said Mr Tate\nIt cost 3.50"

What a word is, and what becomes of the rest:

- A word is a run of letters, marks and digits, in Unicode's form NFC, with apostrophes before
  letters: don't, l'été, 2nd. Points and commas stay between digits, 3.50, 1,000, and points among
  single letters: U.S., e.g. Hyphens and underscores end a word.
- A Chinese character, or a hiragana, is a word by itself: such text has no white space, and where
  its words end takes a dictionary.
- Emoji, #tags and @names are words. Other symbols and punctuation go; so do web addresses, the
  host of a mail address, and HTML's tags and entities.
- A sentence ends at . ! ? … or the like, before white space and no lower-case letter; not at the
  point after a single letter or a capitalised word of two or three, mostly an initial, a title or
  a month: J. Tate, Mr. Tate. A paragraph ends one, too. Where more than a twentieth of a text's
  lines are blank, these end its paragraphs, and lines run on but for those that begin as headings
  and items of lists do. Else every line is a paragraph.
"""

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from w2v.config import ASCII_SPACE, WHITESPACE, WORDS

JOINT = "_"  # between the words of a phrase
BREAK = "\v"  # ends a sentence, while there are line ends of other kinds
MOST_HELD = 2**20  # characters of a paragraph that does not end
LINES_A_BLANK = 20  # fewer, in a text whose blank lines end its paragraphs

# The parts of regular expressions that Python's `re` and Rust's tokenizers read alike.
SAME = {"’": "'", "\u00ad": ""}  # a typographic apostrophe, and a hyphen that is not seen
SKIPPED = (
    r"[hw<&@](?:(?<=h)ttps?://\S+|(?<=w)ww\.\S+|(?<=<)[/!]?[A-Za-z][^<>]*>|(?<=&)#?[A-Za-z0-9]+;"
    r"|(?<=[A-Za-z0-9]@)[A-Za-z0-9-]+\.[A-Za-z0-9.-]+)"
)
ALONE = "\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇"
EMOJI = "\u2600-\u27bf\u2b50-\u2b55\U0001f000-\U0001f1e5\U0001f200-\U0001faff"
FLAGS = "\U0001f1e6-\U0001f1ff"  # two of them are one
TONES = "\ufe0f\U0001f3fb-\U0001f3ff"  # the mark that asks for a picture; colours of skin
JOINERS = "\u200c\u200d"  # invisible, but part of the spelling of Persian, Hindi and emoji

_BLANK_LINE = re.compile(r"\n[ \t\r]*\n\s*")
_NEW_ITEM = re.compile(r"\n(?=[ \t]*(?:[#>|*+=•-]|\d+[.)][ \t]))")
_FIRST_LETTERS = 0x20000  # no lower-case letter and no mark of a living script stands beyond


def word_pattern(either: str, letter: str, digit: str, marks: str) -> str:
    """The regular expression of a word.

    Args:
        either: a class of letters and numbers of all kinds, without ALONE.
        digit, letter: classes of decimal digits, and of all else in `either`.
        marks: what a class of marks holds.
    """
    run = f"{either}+(?:[{marks}{JOINERS}]+{either}*)*"
    single = f"(?<={letter})(?<!{either}{letter})"
    joined = f"(?<={digit})[.,](?={digit})|'(?={letter})|{single}\\.(?={letter}(?!{either}))"
    picture = f"[{EMOJI}][{TONES}]*(?:\u200d[{EMOJI}][{TONES}]*)*|[{FLAGS}]{{2}}"
    return "|".join(
        (
            f"{either}+(?=[ {BREAK}])",  # most words; found twice as fast than by the whole rule
            f"{run}(?:(?:{joined}){run})*(?:(?<=\\.{letter})\\.)?",
            f"[{ALONE}]",
            f"[#@](?<!{either}[#@])(?={either})(?:{either}|[{marks}_])+",
            picture,
        )
    )


def tokenized(text: str, are_lines: bool = True) -> str:
    """A text's words, single spaces between them, and newlines between sentences.

    Args:
        are_lines: whether each line is a paragraph; else lines run on, see above.
    """
    text = unicodedata.normalize("NFC", text)
    for char, plain in SAME.items():
        text = text.replace(char, plain)
    rules = _rules()
    text = rules.skipped.sub(" ", text)
    if are_lines:
        text = text.replace("\n", BREAK)
    else:
        text = _NEW_ITEM.sub(BREAK, _BLANK_LINE.sub(BREAK, text))
    found = rules.word.findall(rules.end.sub(BREAK, text))
    sentences = map(str.strip, " ".join(found).split(BREAK))
    return "\n".join(filter(None, sentences))


class Tokenizer:
    """Tokenizes a text that comes in pieces of UTF-8, each of which ends just after white space.

    No sentence is cut where two pieces meet: what follows a piece's last paragraph waits for more.
    """

    def __init__(self, tokenization: "Tokenization") -> None:
        self._tokenization = tokenization
        self._held = ""
        self._are_lines: bool | None = None  # known with the first piece

    def feed(self, piece: bytes) -> bytes:
        """The words of a piece, and of what was held, as far as paragraphs are whole."""
        if not self._tokenization.words:
            return self._folded(piece)
        text = self._held + piece.decode()
        if self._are_lines is None:
            n_blank = len(_BLANK_LINE.findall(text))
            self._are_lines = n_blank * LINES_A_BLANK <= text.count("\n")
        end = text.rfind("\n") if self._are_lines else _last_blank_line(text)
        if end < 0 and len(text) > MOST_HELD:
            end = len(text)
        self._held = text[max(end, 0) :]
        return self._tokenized(text[: max(end, 0)])

    def finish(self) -> bytes:
        """The words of what is held."""
        held, self._held = self._held, ""
        return self._tokenized(held)

    def _tokenized(self, text: str) -> bytes:
        words = tokenized(text, bool(self._are_lines))
        return self._folded(f"{words}\n".encode()) if words else b""

    def _folded(self, words: bytes) -> bytes:
        if not self._tokenization.lower:
            return words
        # Beyond ASCII, folding case takes decoding, which is slow.
        return words.lower() if words.isascii() else words.decode().lower().encode()


def _last_blank_line(text: str) -> int:
    """Where the last blank line of a text begins; -1 if it has none."""
    end = len(text)
    while (end := text.rfind("\n", 0, end)) > 0:
        before = text.rfind("\n", 0, end)
        if before >= 0 and not text[before:end].strip(" \t\r\n"):
            return before
    return -1


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

    def split(self, text: str) -> list[str]:
        """The words of a text."""
        sentences = (tokenized(text) if self.words else text).split("\n")
        folded = (sentence.lower() if self.lower else sentence for sentence in sentences)
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
        return word.lower() if self.lower else word


AS_IT_IS = Tokenization()


@dataclass(frozen=True)
class _Rules:
    skipped: re.Pattern[str]
    end: re.Pattern[str]
    word: re.Pattern[str]


@functools.cache
def _rules() -> _Rules:
    """The rules for `re`, which knows no classes of marks and of cases: they are listed for it."""
    marks = _class(lambda char: unicodedata.category(char)[0] == "M")
    lower, upper = _class(str.islower), _class(str.isupper)
    word = word_pattern(f"[^\\W_{ALONE}]", r"[^\W\d_]", r"\d", marks)
    # A point is no end after a letter, or a capital and one or two letters.
    letter = r"[^\W\d_]"
    points = rf"(?<!\b{letter}\.)(?<!\b[{upper}]{letter}\.)(?<!\b[{upper}]{letter}{letter}\.)"
    ends, opening, closing = "[.!?…।॥؟۔]", "[\"'“‘«(\\[]*", "[\"'”’»)\\]]*"
    usual = rf"{points}{ends}*{closing}\s+(?!{opening}[{lower}])"
    apart = rf"(?<=\s{ends}){ends}*\s"  # in a text whose punctuation stands by itself
    end = rf"{ends}(?:{apart}|{usual})|[。！？]+[」』”’）]*"
    return _Rules(re.compile(SKIPPED), re.compile(end), re.compile(f"{word}|{BREAK}"))


def _class(belongs: Callable[[str], bool]) -> str:
    """What a class of a regular expression holds: the characters for which that is true."""
    flags = [belongs(chr(code)) for code in range(_FIRST_LETTERS)] + [False]
    parts, first = [], None
    for code, is_in in enumerate(flags):
        if is_in and first is None:
            first = code
        elif not is_in and first is not None:
            parts.append(f"\\U{first:08x}-\\U{code - 1:08x}")
            first = None
    return "".join(parts)
