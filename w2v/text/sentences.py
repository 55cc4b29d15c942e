"""Text that comes from no file: sentences in Python, and standard input."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

from w2v.errors import UsageError, W2VError, shown
from w2v.storage import packed
from w2v.text import source
from w2v.text.source import Blocks, Source, read_stream

Sentences = Iterable[str | Sequence[str]]

SENTENCES = "sentences"
STDIN = "-"  # what stands for it among paths
STDIN_LABEL = "standard input"


def are_paths(corpus: Any) -> bool:
    """Whether a corpus is a path, several, or nothing at all; if not, it is sentences.

    Strings in a list are sentences, not paths.

    Raises: UsageError: it can be neither; or strings in a list are names of files.
    """
    if corpus is None or isinstance(corpus, (str, os.PathLike)):
        return True
    if isinstance(corpus, (list, tuple)) and corpus:
        if all(isinstance(path, os.PathLike) for path in corpus):
            return True
        if all(isinstance(path, str) and os.path.isfile(path) for path in corpus):
            raise UsageError(
                f"the corpus is a list of strings, which are sentences, but {corpus[0]!r} is a "
                "file; give several files as pathlib.Path, or as a pattern such as 'texts/*.txt'"
            )
    is_table = isinstance(corpus, dict) or hasattr(corpus, "columns")
    if is_table or isinstance(corpus, bytes) or not isinstance(corpus, Iterable):
        way_out = "one of its columns" if is_table else "a path, or sentences"
        raise UsageError(
            f"the corpus is of type {type(corpus).__name__}; give {way_out}: an iterable of "
            "strings, or of lists of words"
        )
    return False


def of_sentences(sentences: Sentences) -> Source:
    """The Source of sentences: the same text as a file has that holds one of them a line.

    A sentence is a string, in which white space separates words and a newline ends the sentence, or
    a list of words. Empty ones, and empty words, are left out of what is trained. An exception of
    the iterable's own is left as it is.

    Raises, when it is read:
        UsageError: a sentence is neither, or a word is no string or holds white space; the message
            gives its number, from 0.
    """
    return Source(SENTENCES, 0, partial(_blocks, sentences), is_read_once=True)


def _blocks(sentences: Iterable[Any]) -> Blocks:
    lines: list[bytes] = []
    size = n_read = 0
    for number, sentence in enumerate(sentences):
        line = _line(sentence, number)
        lines.append(line)
        size += len(line)
        if size >= source.CHUNK_BYTES:
            n_read += size
            yield b"".join(lines), n_read
            lines, size = [], 0
    if lines:
        yield b"".join(lines), n_read + size


def _line(sentence, number):
    """The bytes of a sentence, which end in a newline."""
    if isinstance(sentence, str):
        line = _encoded(sentence, number)
        return line if line.endswith(b"\n") else line + b"\n"
    if isinstance(sentence, (bytes, dict)) or not isinstance(sentence, Iterable):
        raise _unfit(number, f"is of type {type(sentence).__name__}")
    words = list(sentence)
    for word in words:
        if not isinstance(word, str):
            raise _unfit(number, f"holds a word of type {type(word).__name__}")
    words = list(filter(None, words))
    line = _encoded(" ".join(words), number)
    if words and line.split() != line.split(b" ", len(words) - 1):
        word = next(word for word in words if word.encode().split() != [word.encode()])
        raise _unfit(number, f"has white space in its word {word!r}")
    return line + b"\n"


def _encoded(text, number):
    try:
        return text.encode()
    except UnicodeEncodeError as why:
        what = f"holds half of a character, {text[why.start]!r}"
        raise _unfit(number, what) from why


def _unfit(number, what):
    return UsageError(
        f"sentence {number} {shown(what)}; a sentence is a string, or a list of words without "
        "white space in them"
    )


def standard_input() -> Source:
    """The Source of standard input.

    Raises: UsageError: that is a terminal.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        raise UsageError("--corpus is -, standard input, and that is a terminal: pipe a text in")
    blocks = partial(read_stream, STDIN_LABEL, _opened_stdin)
    return Source(STDIN_LABEL, 0, blocks, is_read_once=True)


@contextmanager
def _opened_stdin() -> Iterator[tuple[Any, Any]]:
    if sys.stdin is None:
        raise W2VError("standard input is closed; pipe a text into it")
    yield _Stdin(sys.stdin.buffer), lambda: 0


class _Stdin:
    """Standard input, which is refused if it begins as what is no text."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._is_begun = stream, False

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        kind = None if self._is_begun else packed.told_by(block)
        if kind is not None:
            raise W2VError(f"{STDIN_LABEL} is {kind.what}; unpack it before the pipe")
        self._is_begun = True
        return block
