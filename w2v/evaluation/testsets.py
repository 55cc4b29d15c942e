"""Files that word vectors are scored with: word pairs that people have rated, and analogies.

Pairs: a line `word word score` for each, separated by tabs, commas or spaces; the first line may be
a header. Analogies: a line `: section`, then questions `a b c d`: a is to b as c is to d. Both are
UTF-8; blank lines and lines that begin with # are skipped.
"""

import codecs
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from w2v.config import ASCII_SPACE
from w2v.errors import W2VError
from w2v.files import read_file
from w2v.storage import packed

_SHOWN = 60  # characters of a line that cannot be read


@dataclass(frozen=True)
class Pairs:
    """path: of the file.  words: n pairs of words.  scores: (n,) float64, people's."""

    path: str
    words: list[tuple[str, str]]
    scores: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Analogies:
    """path: of the file.  sections: [(name, [(a, b, c, d), ...]), ...], in the file's order."""

    path: str
    sections: list[tuple[str, list[tuple[str, ...]]]]


def read(path: str | Path) -> Pairs | Analogies:
    """The Pairs or Analogies in a file, whichever it holds: analogies begin with a section.

    Raises:
        W2VError: as `read_pairs` and `read_analogies` do.
    """
    lines = list(_lines(path))
    if not lines:
        raise W2VError(f"{path} holds neither word pairs nor analogies")
    return (_analogies if lines[0][1].startswith(":") else _pairs)(path, lines)


def read_pairs(path: str | Path) -> Pairs:
    """The Pairs in a file.

    Raises:
        W2VError: the file cannot be read, a line is no pair (the message has its number), or
            there is none.
    Differs from gensim: commas and spaces may separate too; a line that cannot be read is an
    error, where gensim skips it.
    """
    return _pairs(path, _lines(path))


def read_analogies(path: str | Path) -> Analogies:
    """The Analogies in a file.

    Raises:
        W2VError: the file cannot be read, a line is neither a section nor a question (the message
            has its number), or there is no question.
    Differs from gensim: a line that cannot be read is an error, where gensim skips it.
    """
    return _analogies(path, _lines(path))


def _pairs(path: str | Path, lines: Iterable[tuple[int, str]]) -> Pairs:
    words, scores = [], []
    for place, (number, line) in enumerate(lines):
        fields = _fields(line)
        score = _number(fields[-1])
        if place == 0 and score is None and len(fields) == 3 and fields[2][:1].isalpha():
            continue  # a header
        if len(fields) != 3 or not all(fields) or score is None:
            raise _unreadable(path, number, line, "it must be `word word score`")
        if not math.isfinite(score):
            raise _unreadable(path, number, line, "the score must be finite")
        words.append((fields[0], fields[1]))
        scores.append(score)
    if not words:
        raise W2VError(f"{path} holds no word pairs; each is a line `word word score`")
    return Pairs(str(path), words, np.array(scores))


def _analogies(path: str | Path, lines: Iterable[tuple[int, str]]) -> Analogies:
    sections: list[tuple[str, list[tuple[str, ...]]]] = []
    for number, line in lines:
        words = tuple(_split(line))
        if line.startswith(":"):
            sections.append((line[1:].strip(ASCII_SPACE), []))
        elif not sections:
            raise _unreadable(path, number, line, "a line `: section` must come first")
        elif len(words) != 4:
            raise _unreadable(path, number, line, f"it must be 4 words, not {len(words)}")
        else:
            sections[-1][1].append(words)
    if not any(questions for _, questions in sections):
        raise W2VError(f"{path} holds no analogies; each is a line of 4 words, below a `: section`")
    return Analogies(str(path), sections)


def _lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Yield (number, text) of the lines that count, without white space at their ends."""
    try:
        raw = read_file(path).removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    if kind := packed.told_by(raw):
        raise W2VError(f"{path} is {kind.what}; give the file that is in it")
    # Not splitlines(): a word may hold U+2028 and other line ends that are not ours.
    for number, line in enumerate(raw.split(b"\n"), 1):
        try:
            text = line.decode().strip(ASCII_SPACE)
        except UnicodeDecodeError as error:
            raise W2VError(
                f"{path}, line {number} is not UTF-8 (its byte {error.start + 1}); convert the file"
            ) from error
        if text and not text.startswith("#"):
            yield number, text


def _fields(line: str) -> list[str]:
    """The columns of a line, split at tabs if it has any, else at commas if that gives three.

    _fields("New York, city, 7.1") == ["New York", "city", "7.1"]
    """
    for separator in "\t,":
        fields = [field.strip(ASCII_SPACE) for field in line.split(separator)]
        if len(fields) == 3 or (separator == "\t" and len(fields) > 1):
            return fields
    return _split(line)


def _split(line: str) -> list[str]:
    return [word.decode() for word in line.encode().split()]  # bytes split at ASCII space only


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _unreadable(path: str | Path, number: int, line: str, what: str) -> W2VError:
    shown = line if len(line) <= _SHOWN else line[:_SHOWN] + "…"
    return W2VError(f"{path}, line {number} is {shown!r}; {what}")
