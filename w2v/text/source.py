"""One file of text, read as a stream of pieces that are sound and cut no word."""

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO

from w2v.config import ASCII_SPACE
from w2v.errors import W2VError

CHUNK_BYTES = 1 << 20  # text read at a time; threads share out what is read
WORD_BYTES = 1 << 20  # what is longer is no word, and would have to be held in memory
UNPARTED = "is this text? where words have no white space between them, give --tokenize words"
ADVICE = {  # by the first two bytes of a text that is not UTF-8
    b"\xff\xfe": "it seems to be UTF-16: convert it to UTF-8",
    b"\xfe\xff": "it seems to be UTF-16: convert it to UTF-8",
}

# Gives the stream of a text, unpacked, and what tells how many bytes on disk are read so far.
Opened = AbstractContextManager[tuple[BinaryIO, Callable[[], int]]]

# Yields (bytes, bytes on disk read so far) of a text that is cut anywhere.
Blocks = Iterator[tuple[bytes, int]]


@dataclass(frozen=True)
class Source:
    """One file of text, or what stands for one.

    label: what errors call it.  size: bytes on disk, packed if it is packed; 0 if nobody knows.
    blocks: reads it.  is_read_once: whether nobody can read it again, as with standard input.
    text_bytes: about how many it has when it is unpacked.
    key: another one if the text is another, of which the first part is a path; None where nothing
        tells without reading it.
    """

    label: str
    size: int
    blocks: Callable[[], Blocks] = field(repr=False)
    is_read_once: bool = False
    text_bytes: float = 0
    key: tuple[object, ...] | None = None

    def pieces(self, cuts_words: bool = False) -> Iterator[tuple[bytes, int]]:
        """Yield (piece, bytes on disk read so far).

        A piece is valid UTF-8 of about CHUNK_BYTES and ends just after white space; the last one
        ends in a newline.

        Args:
            cuts_words: whether a piece without white space ends after any character, so that no
                word is too long.
        Raises:
            W2VError: it cannot be read, is damaged, is not UTF-8, or holds a word longer than
                WORD_BYTES. The message says where.
        """
        piece = rest = b""
        offset = done = 0  # where `rest`, the start of a word, lies in the text
        for block, done in self.blocks():
            end = _after_white_space(block, 0, len(block))
            if cuts_words and not end:
                end = _after_character(block)
            if end:
                piece = b"".join((rest, memoryview(block)[:end]))
                yield _checked(piece, offset, self, cuts_words), done
                offset += len(piece)
                rest = block[end:]
            else:
                rest += block
            if len(rest) > WORD_BYTES:
                raise long_word(self, offset)
        if rest or not piece.endswith(b"\n"):
            yield _checked(rest + b"\n", offset, self, cuts_words), done


def read_stream(label: str, open_stream: Callable[[], Opened]) -> Blocks:
    """The Blocks of a stream; raises W2VError where it cannot be read, or is damaged."""
    try:
        with open_stream() as (stream, done):
            while block := stream.read(CHUNK_BYTES):
                yield block, done()
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as why:
        if isinstance(why, OSError) and why.errno:
            raise W2VError(f"cannot read {label}: {why.strerror}") from why
        # Damage shows as an error without a number, whatever packed the file.
        raise W2VError(f"{label} is damaged or cut short: {why}; get it again") from why


def _after_white_space(text, start, stop):
    """The index just after the last white space in text[start:stop]; `start` if there is none."""
    for byte in ASCII_SPACE.encode():
        start = max(start, text.rfind(byte, start, stop) + 1)
    return start


def _after_character(text):
    """The index just after the last whole character of some UTF-8."""
    first = len(text) - 1
    while first > 0 and text[first] & 0xC0 == 0x80:
        first -= 1
    try:
        text[first:].decode()
    except UnicodeDecodeError:
        return first
    return len(text)


def _checked(piece, offset, source, cuts_words):
    """A piece, which lies at `offset` in its text, if it is sound."""
    start = 0
    # Hop from space to space, each as far as it may be.
    while not cuts_words and len(piece) - start > WORD_BYTES:
        end = _after_white_space(piece, start, start + WORD_BYTES + 1)
        if end == start:
            raise long_word(source, offset + start)
        start = end
    if not piece.isascii():
        try:
            piece.decode()
        except UnicodeDecodeError as why:
            problem = f"is not UTF-8: byte 0x{piece[why.start]:02x}"
            way_out = ADVICE.get(piece[:2] if offset == 0 else b"", "convert it to UTF-8")
            raise _error_at(source, offset + why.start, problem, way_out) from why
    return piece


def long_word(source: Source, offset: int, way_out: str = UNPARTED) -> W2VError:
    """The error for a word of more than WORD_BYTES."""
    problem = f"has a word of more than {WORD_BYTES} bytes, starting"
    return _error_at(source, offset, problem, way_out)


def _error_at(source: Source, offset: int, problem: str, way_out: str) -> W2VError:
    """A W2VError that names the line, too, if the text can be read again, to count them."""
    place = f"byte offset {offset}"
    if not source.is_read_once:
        line, left = 1, offset
        for block, _ in source.blocks():
            line += block.count(b"\n", 0, left)
            left -= len(block)
            if left <= 0:
                break
        place = f"line {line}, {place}"
    return W2VError(f"{source.label} {problem} at {place}; {way_out}")
