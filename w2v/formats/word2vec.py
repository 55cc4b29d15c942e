"""word2vec text and binary, and GloVe: each word beside its numbers, in one file.

Text: a line for each word: the word, then its D numbers, with a space before each. word2vec's first
line is `V D`; GloVe's files have no such line. Binary: the same first line, then for each of V
words: the word, a space, D little-endian float32, and from some writers a line end.

Reading puts the numbers straight into the matrix, which is made only once the file is known to be
long enough for it. Writing leaves `<unk>` out, for it is zeros.
"""

import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from w2v.config import UNK
from w2v.errors import W2VError, damaged
from w2v.formats.decimals import decimal_rows
from w2v.formats.targets import new_file
from w2v.vectors.wordvectors import WordVectors

_HEADER = re.compile(rb"([0-9]{1,15}) ([0-9]{1,15})[ \r]*\n")
_LONGEST_LINE = 2**24  # bytes; 10,000 numbers take about 120,000
_LONGEST_WORD = 2**20  # bytes, as in a corpus
_EXAMINED = 2**16  # bytes of numbers, to tell binary from text
_NOT_TEXT = re.compile(r"[\0-\x08\x0e-\x1f\x7f]")

# A word, its D numbers, and where in the file they are.
_Row: TypeAlias = tuple[str, list[float] | npt.NDArray[np.float32], str]


def read(file: BinaryIO, path: Path, limit: int | None) -> WordVectors:
    """The WordVectors of such a file; its content tells which of the formats it has."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    begin = len(BOM_UTF8) if file.read(len(BOM_UTF8)) == BOM_UTF8 else 0
    file.seek(begin)
    first = file.readline(_LONGEST_LINE)
    is_binary, number = False, 1
    if header := _HEADER.fullmatch(first):
        n_words, n_dims = map(int, header.groups())
        is_binary, begin, number = _is_binary(file, n_dims), begin + len(first), 2
    else:
        n_dims = len(first.split()) - 1
        if n_dims < 1 or _floats(first.split()[-1:]) is None:
            what = f"line 1 is {_excerpt(first)}" if first else "it is empty"
            raise W2VError(f"{path} is in none of the formats that w2v reads: {what}")
        n_words = _count_lines(file, size)
    least = begin + n_words * (4 * n_dims + 2 if is_binary else 2 * n_dims + 2)
    if 0 in (n_words, n_dims) or least > size + 1:  # the last line's end may be missing
        what = f"{n_words} words of {n_dims} numbers, as line 1 has it, take {least} bytes or more"
        raise damaged(path, f"{what}; it has {size}")
    file.seek(begin)
    if is_binary:
        rows = _binary_rows(file, path, n_words, n_dims)
    else:
        rows = _text_rows(file, path, n_words, n_dims, number)
    return _collected(rows, path, n_words, n_dims, limit)


def write_text(wv: WordVectors, path: Path, header: bool = True) -> None:
    with new_file(path) as file:
        if header:
            file.write(_header(wv))
        for word, numbers in zip(wv.index_to_key[1:], decimal_rows(wv, b" "), strict=True):
            file.write(b"%b %b\n" % (word.encode(), numbers))


def write_glove(wv: WordVectors, path: Path) -> None:
    if wv.index_to_key[1].startswith("\ufeff"):
        raise W2VError(
            "the first word begins with a byte order mark, which glove cannot hold there"
        )
    write_text(wv, path, header=False)


def write_binary(wv: WordVectors, path: Path) -> None:
    with new_file(path) as file:
        file.write(_header(wv))
        for word, numbers in zip(wv.index_to_key[1:], wv.vectors[1:], strict=True):
            file.write(b"%b %b\n" % (word.encode(), numbers.astype("<f4").tobytes()))


def _header(wv: WordVectors) -> bytes:
    return b"%d %d\n" % (len(wv) - 1, wv.vector_size)


def _count_lines(file: BinaryIO, size: int) -> int:
    file.seek(0)
    n_lines = sum(piece.count(b"\n") for piece in iter(lambda: file.read(2**20), b""))
    file.seek(size - 1)
    return n_lines + (file.read(1) != b"\n")


def _collected(
    rows: Iterable[_Row], path: Path, n_words: int, n_dims: int, limit: int | None
) -> WordVectors:
    """The WordVectors of all rows, or of the first `limit`."""
    words, known, has_unk = [UNK], {UNK}, False
    table = np.empty((1 + min(n_words, limit or n_words), n_dims), np.float32)
    table[0] = 0
    for word, numbers, where in rows:
        if not word:
            raise damaged(path, f"{where} has no word")
        if word == UNK and not has_unk:
            has_unk = True
            continue
        if word in known:
            raise damaged(path, f"{where} has the word {word[:40]!r} a second time")
        row = table[len(words)]
        with np.errstate(over="ignore"):
            row[:] = numbers
        if not np.isfinite(row).all():
            raise damaged(path, f"{where} has NaN or infinity, for {word[:40]!r}")
        known.add(word)
        words.append(word)
        if len(words) - 1 == limit:
            break
    return WordVectors(words, np.zeros(len(words), np.int64), table[: len(words)])


def _text_rows(file: BinaryIO, path: Path, n_words: int, n_dims: int, begin: int) -> Iterator[_Row]:
    """Yield (word, list of D floats, "line n") for each line, the first of them line `begin`."""
    end = begin + n_words
    for number in range(begin, end):
        line, where = file.readline(_LONGEST_LINE), f"line {number}"
        if not line:
            raise damaged(path, f"it ends before {where}, with {end - number} words to come")
        if not line.endswith(b"\n"):
            raise damaged(path, f"{where} has no end, as if the file were cut off there")
        yield *_parse(line, path, n_dims, where), where
    if file.readline(_LONGEST_LINE).strip():
        raise damaged(path, f"line {end} comes after the {n_words} words of line 1")


def _parse(line: bytes, path: Path, n_dims: int, where: str) -> tuple[str, list[float]]:
    """The word and the D numbers of a line of text."""
    word, *fields = line.rstrip().rsplit(b" ", n_dims)
    numbers = _floats(fields)
    if numbers is None or len(fields) != n_dims:
        raise damaged(path, f"{where} is no word with {n_dims} numbers: {_excerpt(line)}")
    if b" " in word and (word != word.strip() or _floats(word.split(b" ")[-1:])):
        raise damaged(path, f"{where} has more than {n_dims} numbers: {_excerpt(line)}")
    return _decoded(word, path, where), numbers


def _floats(fields: list[bytes]) -> list[float] | None:
    """The numbers in byte strings; None if one is no number, as Python's 1_000 is none here."""
    try:
        return None if b"_" in b"".join(fields) else list(map(float, fields))
    except ValueError:
        return None


def _is_binary(file: BinaryIO, n_dims: int) -> bool:
    """Whether what follows a header is binary, judged by its first record."""
    begin, line = file.tell(), file.readline(_LONGEST_LINE)
    fields = line.split()[-n_dims:]
    if len(fields) == n_dims and _floats(fields) is not None:
        return False
    file.seek(begin)
    record = file.read(_LONGEST_WORD + _EXAMINED)
    numbers = record[record.find(b" ") + 1 :][: min(4 * n_dims, _EXAMINED)]
    try:
        return bool(_NOT_TEXT.search(numbers.decode()))
    except UnicodeDecodeError as error:
        return error.end < len(numbers)  # otherwise text that was cut within a letter


def _binary_rows(file: BinaryIO, path: Path, n_words: int, n_dims: int) -> Iterator[_Row]:
    """Yield (word, (D,) float32, "byte n") for each record from where the file stands."""
    held, start, used = b"", file.tell(), 0  # bytes read, where they begin, how many are used up
    for number in range(1, n_words + 1):
        while (end := held.find(b" ", used) + 1 + 4 * n_dims) > len(held) or end == 4 * n_dims:
            piece = file.read(_LONGEST_WORD + 4 * n_dims)
            held, start, used = held[used:] + piece, start + used, 0
            where = f"byte {start} has word {number} of {n_words}"
            if not piece:
                raise damaged(path, f"{where}, which the file's end cuts off")
            if len(held) > _LONGEST_WORD and held.find(b" ", 0, 1 + _LONGEST_WORD) < 0:
                raise damaged(path, f"{where}, longer than {_LONGEST_WORD} bytes")
        where, split = f"byte {start + used}", end - 4 * n_dims
        word = held[used : split - 1].lstrip(b"\n")
        yield _decoded(word, path, where), np.frombuffer(held, "<f4", n_dims, split), where
        used = end
    if (held[used:] + file.read(2)).strip(b"\n"):
        raise damaged(path, f"byte {start + used} comes after the {n_words} words of line 1")


def _decoded(word: bytes, path: Path, where: str) -> str:
    try:
        return word.decode()
    except UnicodeDecodeError as error:
        raise damaged(path, f"{where} has a word that is not UTF-8") from error


def _excerpt(line: bytes) -> str:
    return repr(line[:40])[1:] + ("…" if len(line) > 40 else "")
