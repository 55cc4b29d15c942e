"""Word vectors from files of any kind that is in use, and to files that others read.

wv = read("GoogleNews-vectors-negative300.bin", limit=100_000)
export(wv, "glove", "vectors.txt")
"""

import operator
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from w2v.config import ASCII_SPACE
from w2v.errors import UsageError, W2VError
from w2v.files import check_path, open_file
from w2v.formats import npy, projector, safetensors_file, sentence_transformers, tables, word2vec
from w2v.formats.targets import prepared, refuse_stream
from w2v.storage import packed
from w2v.vectors import saving
from w2v.vectors.finite import first_not_finite
from w2v.vectors.wordvectors import WordVectors


class Trained(Protocol):
    """What has WordVectors, as the Run that training returns."""

    @property
    def vectors(self) -> WordVectors: ...


class Writer(NamedTuple):
    """Writes WordVectors to a path; `forbidden` are characters that no word can have there."""

    write: Callable[[WordVectors, Path], None]
    forbidden: str


WRITERS = {
    "word2vec-text": Writer(word2vec.write_text, ASCII_SPACE),
    "word2vec-binary": Writer(word2vec.write_binary, ASCII_SPACE),
    "glove": Writer(word2vec.write_glove, ASCII_SPACE),
    "npy": Writer(npy.write, "\t\n"),
    "projector": Writer(projector.write, "\t\n\r"),
    "sentence-transformers": Writer(sentence_transformers.write, ASCII_SPACE),
}

SUFFIXES = {
    ".bin": "word2vec-binary", ".txt": "word2vec-text", ".vec": "word2vec-text", ".npy": "npy",
}  # fmt: skip


def read(path: str | os.PathLike[str], limit: int | None = None) -> WordVectors:
    """The WordVectors of a run folder, or a word2vec, GloVe, .npy or .safetensors file.

    Args:
        path: a run folder, or a file; its content tells the format. Beside `x.npy` and
            `x.safetensors` lies their vocabulary, `x.vocab.tsv` or `vocab.tsv`: a word a line, or
            word, tab, count. A .safetensors file holds `in_vectors`, or a single table.
        limit: read only the first `limit` words, 1 or more; `<unk>` does not count.
    Returns:
        WordVectors whose row 0 is `<unk>`, zeros, wherever the file has it, or if it has none.
        Counts are 0 where the file has none. Runs, .npy and .safetensors files that begin so stay
        on disk until used.
    Raises:
        UsageError: `limit` is below 1.
        W2VError: the file cannot be read, or is not what it says; with the line, byte or word.
    Differs from gensim: a word that comes twice is refused, as are NaN and infinity; a header
        must be true; GloVe's words with spaces are read where no part can be a number.
    """
    if limit is not None and operator.index(limit) < 1:
        raise UsageError(f"--limit is {limit}; it must be 1 or more")
    try:
        check_path(path)
        path = Path(path)
        if os.path.isdir(path):
            wv = saving.load(path)
            if limit is None:
                return wv
            return WordVectors.from_words(wv, wv.vectors, wv.counts, limit, wv.tokenization)
        with open_file(path) as file:
            if path.suffix == ".safetensors":
                return tables.with_words(path, safetensors_file.map_table(file, path), limit)
            head = file.read(packed.HEAD_BYTES)
            if head.startswith(npy.MAGIC):
                return tables.with_words(path, npy.map_table(file, path), limit)
            if kind := packed.told_by(head):
                raise W2VError(f"{path} is {kind.what}; give the file of vectors that is in it")
            return word2vec.read(file, path, limit)
    except OSError as error:
        raise W2VError(
            f"cannot read {error.filename or path}: {error.strerror or error}"
        ) from error


def export(wv: WordVectors | Trained, to: str | None, path: str | os.PathLike[str]) -> None:
    """Write vectors in another format, whole or not at all.

    Args:
        wv: WordVectors, or a Run, whose vectors are meant.
        to: a key of WRITERS; `w2v export --help` says what each writes. None: as the path ends,
            see SUFFIXES.
        path: the file or folder. An earlier file or export there is replaced.
    Raises:
        UsageError: an unknown format.
        W2VError: a word that would not read back the same, NaN or infinity, no words; `path`
            cannot be written, or something else is there that would be lost.
    """
    wv = _vectors_of(wv)
    try:
        to = _format_of(path) if to is None else to
        if to not in WRITERS:
            raise UsageError(f"--to is {to!r}; it must be one of {', '.join(WRITERS)}")
        _check(wv, to)
        for target in files_written(path, to):
            refuse_stream(target)
        WRITERS[to].write(wv, prepared(path))
    except OSError as error:
        raise W2VError(f"cannot write {path}: {error.strerror or error}") from error


def files_read(path: str | Path) -> list[Path]:
    """The files that `read` may take vectors and words from."""
    return [Path(path), *tables.vocab_paths(Path(path))]


def files_written(path: str | os.PathLike[str], to: str) -> list[Path]:
    """The files or the folder that `export` replaces."""
    return [Path(path), *(tables.vocab_paths(Path(path))[:1] if to == "npy" else [])]


def _vectors_of(given: WordVectors | Trained) -> WordVectors:
    wv = given if isinstance(given, WordVectors) else getattr(given, "vectors", None)
    if not isinstance(wv, WordVectors):
        what = f"export was given a {type(given).__name__} to write"
        raise UsageError(f"{what}; it takes WordVectors, as w2v.load gives, or a Run")
    return wv


def _format_of(path: str | os.PathLike[str]) -> str:
    suffix = Path(path).suffix
    if suffix not in SUFFIXES:
        raise UsageError(
            f"{os.fspath(path)!r} does not tell the format; name one of {', '.join(WRITERS)}, "
            f"or a file that ends in {', '.join(SUFFIXES)}"
        )
    return SUFFIXES[suffix]


def _check(wv: WordVectors, to: str) -> None:
    """Raise W2VError for what cannot be written, or would not be read back the same."""
    if len(wv) < 2:
        raise W2VError("there are no words to write")
    bad = re.compile(rf"[{WRITERS[to].forbidden}\ud800-\udfff]")
    for number, word in enumerate(wv.index_to_key):
        if not word or bad.search(word):
            what = f"word {number}, {word[:40]!r},"
            raise W2VError(f"{what} is empty or has characters that {to} cannot hold")
    if (row := first_not_finite(wv.vectors)) is not None:
        word = wv.index_to_key[row]
        raise W2VError(f"the vector of {word[:40]!r} has NaN or infinity; train again")
