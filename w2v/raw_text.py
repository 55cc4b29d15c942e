r"""Words and sentences of text as people write it: the rules of --tokenize words.

    tokenized("“Don’t,” said Mr. Tate. It cost $3.50!") == "Don't said Mr Tate\nIt cost 3.50"

What a word is, and what becomes of the rest:

- A word is a run of letters, marks and digits, in Unicode's form NFC, with apostrophes before
  letters: don't, l'été, 2nd. Points and commas stay between digits, 3.50, 1,000, and points among
  single letters: U.S., e.g. Hyphens and underscores end a word.
- A Chinese character, or a hiragana, is a word by itself: such text has no white space, and where
  its words end takes a dictionary.
- Emoji, #tags and @names are words, in any script. Other symbols and punctuation go; so do web
  addresses, the host of a mail address, and HTML's entities and tags, as far as these do not go on
  in another line.
- A sentence ends at . ! ? … or the like, before white space and no lower-case letter; not at the
  point after a single letter or a capitalised word of two or three, mostly an initial, a title or
  a month: J. Tate, Mr. Tate. A paragraph ends one, too. Where more than a twentieth of a text's
  lines are blank, these end its paragraphs, and lines run on but for those that begin as headings
  and items of lists do. Else every line is a paragraph. Its first 2**18 characters tell which; and
  after so many without an end, a paragraph ends at the next white space or Chinese character.
"""

import functools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

VERSION = 2  # of these rules: a text is another one after another version of them
BREAK = "\v"  # ends a sentence, while there are line ends of other kinds

# The parts of regular expressions that Python's `re` and Rust's tokenizers read alike.
SAME = {"’": "'", "\u00ad": ""}  # a typographic apostrophe, and a hyphen that is not seen
_IN_ADDRESS = r"[A-Za-z0-9\u00c0-\u052f%~_.:/?#@!$&'*+,;=-]"  # and ( ) in pairs
_ADDRESS = rf"(?:{_IN_ADDRESS}|\({_IN_ADDRESS}*\))+"
SKIPPED = (
    rf"[hw<&@](?:(?<=h)ttps?://{_ADDRESS}|(?<=w)ww\.{_ADDRESS}|(?<=<)[/!]?[A-Za-z][^<>\n]*>"
    r"|(?<=&)#?[A-Za-z0-9]+;|(?<=[A-Za-z0-9]@)[A-Za-z0-9-]+\.[A-Za-z0-9.-]+)"
)
# A capital sigma at a word's end, by itself, is another letter than elsewhere: ΟΔΟΣ, οδος.
_GREEK = "\u0370-\u03ff\u1f00-\u1fff"
FOLDED = {f"(?<=[{_GREEK}])Σ(?![{_GREEK}])": "ς", "Σ": "σ"}  # before all other letters are
ALONE = "\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇"
EMOJI = "\u2600-\u27bf\u2b50-\u2b55\U0001f000-\U0001f1e5\U0001f200-\U0001faff"
FLAGS = "\U0001f1e6-\U0001f1ff"  # two of them are one
TONES = "\ufe0f\U0001f3fb-\U0001f3ff"  # the mark that asks for a picture; colours of skin
JOINERS = "\u200c\u200d"  # invisible, but part of the spelling of Persian, Hindi and emoji

BLANK_LINE = re.compile(r"\n[ \t\r]*\n\s*")
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
            f"[#@](?<![{ALONE}]#)(?<!{either}[#@])(?=[{ALONE}]|{either})"
            f"(?:{either}|[{ALONE}{marks}_])+",
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
        text = _NEW_ITEM.sub(BREAK, BLANK_LINE.sub(BREAK, text))
    found = rules.word.findall(rules.end.sub(BREAK, text))
    sentences = map(str.strip, " ".join(found).split(BREAK))
    return "\n".join(filter(None, sentences))


def lower(text: str) -> str:
    """A text with its case folded, each letter by itself but for a word's last sigma."""
    if "Σ" in text:
        for pattern, folded in FOLDED.items():
            text = re.sub(pattern, folded, text)
    return text.lower()


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
