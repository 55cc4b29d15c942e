"""Tables in text: CSV, and TSV as it is in use, whose fields are what stands between tabs."""

import codecs
import csv
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from w2v.errors import W2VError
from w2v.files import read_file
from w2v.storage import packed


class Row(NamedTuple):
    """line: of the file, from 1; of a row of several lines, the last.  fields: its columns."""

    line: int
    fields: list[str]


def read_rows(path: str | os.PathLike[str]) -> list[Row]:
    """The rows of a CSV or TSV file, blank lines left out.

    A file called .tsv has tabs and one called .csv commas; of any other name, its first line tells.
    In TSV a quotation mark is a letter like any other.

    Raises:
        W2VError: it cannot be read, holds no row, or a row has not as many columns as the first;
            the message has its line.
    """
    try:
        raw = read_file(path).removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    if kind := packed.told_by(raw):
        raise W2VError(f"{path} is {kind.what}; give the file that is in it")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise W2VError(f"{path}, line {line} is not UTF-8; convert the file") from error
    is_tsv = Path(path).suffix.lower() == ".tsv"
    if not is_tsv and Path(path).suffix.lower() != ".csv":
        is_tsv = "\t" in text.partition("\n")[0]
    rows = list(_tsv(text) if is_tsv else _csv(text, path))
    if not rows:
        raise W2VError(f"{path} holds no row")
    n_columns = len(rows[0].fields)
    for row in rows:
        if len(row.fields) != n_columns:
            raise W2VError(
                f"{path}, line {row.line} has {_columns(len(row.fields))}, and the first row "
                f"{_columns(n_columns)}"
            )
    return rows


def _columns(count: int) -> str:
    return f"{count} column" + "s" * (count != 1)


def _tsv(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield Row(number, line.removesuffix("\r").split("\t"))


def _csv(text: str, path: str | os.PathLike[str]) -> Iterator[Row]:
    limit = csv.field_size_limit(sys.maxsize)  # a text of 100,000 words is a field like any other
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        for fields in reader:
            if any(field.strip() for field in fields):
                yield Row(reader.line_num, fields)
    except csv.Error as error:
        raise W2VError(f"{path}, line {reader.line_num} is no CSV: {error}") from error
    finally:
        csv.field_size_limit(limit)
