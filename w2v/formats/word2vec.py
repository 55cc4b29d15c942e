"""Vectors in files that have each word beside its numbers: word2vec text and binary, GloVe.

A text has a word a line, then its D numbers, with a space before each; word2vec's begins with the
line `V D`, GloVe's does not. The binary format has the same first line, then for each of V words:
the word, a space, D little-endian float32, and from some writers a line end. Numbers go straight
into the matrix, which is made only once the file is known to be long enough for it.
"""

import os
import re
from codecs import BOM_UTF8

import numpy as np

from w2v.config import UNK
from w2v.errors import W2VError, damaged
from w2v.vectors import wordvectors

_HEADER = re.compile(rb"([0-9]{1,15}) ([0-9]{1,15})[ \r]*\n")
_LONGEST_LINE = 2**24  # bytes; 10,000 numbers take about 120,000
_LONGEST_WORD = 2**20  # bytes, as in a corpus
_LOOKED_AT = 2**16  # bytes of numbers, to tell binary from text
_NOT_TEXT = re.compile(r"[\0-\x08\x0e-\x1f\x7f]")


def read(file, path, limit):
    """The WordVectors of such a file, open for reading bytes; see formats.read."""
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


def _count_lines(file, size):
    file.seek(0)
    n_lines = sum(piece.count(b"\n") for piece in iter(lambda: file.read(2**20), b""))
    file.seek(size - 1)
    return n_lines + (file.read(1) != b"\n")


def _collected(rows, path, n_words, n_dims, limit):
    """The WordVectors of (word, numbers, where in the file) triples, of all or the first few."""
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
    return wordvectors.WordVectors(words, np.zeros(len(words), np.int64), table[: len(words)])


def _text_rows(file, path, n_words, n_dims, begin):
    """Yield (word, list of D floats, "line n") for each line, the first being line `begin`."""
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


def _parse(line, path, n_dims, where):
    """The word and the D numbers of a line of text."""
    word, *fields = line.rstrip().rsplit(b" ", n_dims)
    numbers = _floats(fields)
    if numbers is None or len(fields) != n_dims:
        raise damaged(path, f"{where} is no word with {n_dims} numbers: {_excerpt(line)}")
    if b" " in word and (word != word.strip() or _floats(word.split(b" ")[-1:])):
        raise damaged(path, f"{where} has more than {n_dims} numbers: {_excerpt(line)}")
    return _decoded(word, path, where), numbers


def _floats(fields):
    """The numbers that byte strings spell, or None; Python's 1_000 is none."""
    try:
        return None if b"_" in b"".join(fields) else list(map(float, fields))
    except ValueError:
        return None


def _is_binary(file, n_dims):
    """Whether what follows a header is binary, by its first record, or what would be that."""
    begin, line = file.tell(), file.readline(_LONGEST_LINE)
    fields = line.split()[-n_dims:]
    if len(fields) == n_dims and _floats(fields) is not None:
        return False
    file.seek(begin)
    record = file.read(_LONGEST_WORD + _LOOKED_AT)
    numbers = record[record.find(b" ") + 1 :][: min(4 * n_dims, _LOOKED_AT)]
    try:
        return bool(_NOT_TEXT.search(numbers.decode()))
    except UnicodeDecodeError as error:
        return error.end < len(numbers)  # else text, cut within a letter


def _binary_rows(file, path, n_words, n_dims):
    """Yield (word, (D,) float32, "byte n") for each record from where the file stands."""
    held, at, start = b"", 0, file.tell()  # bytes read, how far they are used, where they begin
    for number in range(1, n_words + 1):
        while (end := held.find(b" ", at) + 1 + 4 * n_dims) > len(held) or end == 4 * n_dims:
            piece = file.read(_LONGEST_WORD + 4 * n_dims)
            held, start, at = held[at:] + piece, start + at, 0
            where = f"byte {start} has word {number} of {n_words}"
            if not piece:
                raise damaged(path, f"{where}, which the file's end cuts off")
            if len(held) > _LONGEST_WORD and held.find(b" ", 0, 1 + _LONGEST_WORD) < 0:
                raise damaged(path, f"{where}, longer than {_LONGEST_WORD} bytes")
        where, split = f"byte {start + at}", end - 4 * n_dims
        word = held[at : split - 1].removeprefix(b"\n")
        yield _decoded(word, path, where), np.frombuffer(held, "<f4", n_dims, split), where
        at = end
    if (held[at:] + file.read(2)).strip(b"\n"):
        raise damaged(path, f"byte {start + at} comes after the {n_words} words of line 1")


def _decoded(word, path, where):
    try:
        return word.decode()
    except UnicodeDecodeError as error:
        raise damaged(path, f"{where} has a word that is not UTF-8") from error


def _excerpt(line):
    return repr(line[:40])[1:] + ("…" if len(line) > 40 else "")
