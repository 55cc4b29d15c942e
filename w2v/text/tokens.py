"""The tokens of a text, one after the other: a few in memory, more of them in a file.

Whoever trains takes them a block at a time, so that memory holds a block and not the text.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError
from w2v.text import room

BLOCK_TOKENS = 2**22  # tokens in a block, 16 MiB
FEW_TOKENS = 2**21  # kept in memory; to read so many again takes a fifth of a second
TOKEN_BYTES = 4
SPARE = 2**28  # bytes of memory that a text leaves to others
ROOM = "give it a disk with room: by --cache-dir, or with --no-cache by $TMPDIR"

Array = npt.NDArray[np.int32]


class DamagedTokens(W2VError):  # noqa: N818 (mostly no error: the text is read anew)
    """Tokens in a file are not what was written. what: is wrong with them."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the text as kept on the disk is damaged: {what}; start anew")
        self.what = what


class InMemory:
    """Tokens in memory, in blocks."""

    def __init__(self) -> None:
        self.block_tokens, self._n = BLOCK_TOKENS, 0
        self._blocks: list[Array] = []

    def __len__(self) -> int:
        return self._n

    def append(self, tokens: Array) -> None:
        """Raises: W2VError: memory is full."""
        for place, part in _parts(tokens, self._n, self.block_tokens):
            if not place:
                if self._blocks and room.free_memory() < SPARE:
                    raise W2VError(
                        f"the text does not fit in memory, after {self._n:,} words of it; {ROOM}"
                    )
                self._blocks.append(np.empty(self.block_tokens, np.int32))
            self._blocks[-1][place : place + len(part)] = part
            self._n += len(part)

    def block(self, number: int) -> Array:
        """(n,) int32, a view: n is block_tokens but in the last block."""
        return self._blocks[number][: self._n - number * self.block_tokens]


class InFile:
    """Tokens from the beginning of an open file on, each block with its CRC-32.

    A checksum is compared when a block is read for the first time: a disk may have lost power, or
    its wits, since.

    checksums: of each block, the last one perhaps not full.
    """

    def __init__(self, file: BinaryIO, n: int = 0, checksums: list[int] | None = None) -> None:
        self.file, self.block_tokens, self._n = file, BLOCK_TOKENS, n
        self.checksums = checksums or []
        self._sound: set[int] = set()

    def __len__(self) -> int:
        return self._n

    def append(self, tokens: Array) -> None:
        """Raises: OSError: the disk is full, or worse; what was appended before is still there."""
        write_all(self.file, tokens)
        for place, part in _parts(tokens, self._n, self.block_tokens):
            before = self.checksums.pop() if place else 0
            self.checksums.append(zlib.crc32(part.data, before))
            self._n += len(part)

    def block(self, number: int) -> Array:
        """(n,) int32, a copy: n is block_tokens but in the last block.

        Raises:
            DamagedTokens: the file cannot be read any more, was cut, or has another content.
        """
        first = number * self.block_tokens
        tokens = np.empty(min(self.block_tokens, self._n - first), np.int32)
        try:
            read_at(self.file, first * TOKEN_BYTES, tokens)
            _read_ahead(self.file, (first + len(tokens)) * TOKEN_BYTES, tokens.nbytes)
        except (OSError, EOFError) as why:
            raise DamagedTokens(getattr(why, "strerror", None) or str(why)) from why
        if number not in self._sound:
            if zlib.crc32(tokens.data) != self.checksums[number]:
                raise DamagedTokens(f"block {number} has another CRC-32")
            self._sound.add(number)
        return tokens


def nameless_file(folder: str | Path | None = None) -> BinaryIO:
    """A new file in a folder, or among the temporary ones, that is gone with this process."""
    return tempfile.TemporaryFile(buffering=0, dir=folder)


class Spool:
    """Takes tokens as they come: the first few into memory, and all into a file if they are more.

    Where no file can be written, or no more of it, they stay in memory.

    Args:
        open_file: gives an empty file, unbuffered, to write to and read from; raises OSError.
        tell: is called with the reason if that file cannot be written.

    tokens: InMemory or InFile, with all that was appended.
    """

    def __init__(
        self,
        open_file: Callable[[], BinaryIO] = nameless_file,
        tell: Callable[[OSError], object] = lambda why: None,
    ) -> None:
        self.tokens: InMemory | InFile = InMemory()
        self._open_file, self._tell, self._may_move = open_file, tell, True

    def append(self, tokens: Array) -> None:
        """Raises: W2VError: neither a disk nor memory has room."""
        try:
            if self._may_move and len(self.tokens) + len(tokens) > FEW_TOKENS:
                self._may_move = False
                self._move(InFile(self._open_file()))
            self.tokens.append(tokens)
        except OSError as why:
            self._tell(why)
            if isinstance(self.tokens, InFile):
                file = self.tokens.file
                self._move(InMemory())
                file.truncate(0)  # the room is the run's
                file.close()
            self.tokens.append(tokens)

    def _move(self, target):
        n = len(self.tokens)
        for number in range(-(-n // self.tokens.block_tokens)):
            target.append(self.tokens.block(number))
        self.tokens = target


def write_all(file: BinaryIO, array: npt.NDArray[np.generic]) -> None:
    """Write an array's bytes to an unbuffered file, which may take fewer at a time."""
    left = np.ascontiguousarray(array).data.cast("B")
    while left:
        left = left[file.write(left) :]


def read_at(file: BinaryIO, offset: int, array: npt.NDArray[np.generic]) -> None:
    """Fill an array with an unbuffered file's bytes from `offset` on.

    Raises: OSError; EOFError: the file ends before.
    """
    file.seek(offset)
    left = array.data.cast("B")
    while left:
        n: int = file.readinto(left)  # type: ignore[attr-defined]
        if not n:
            raise EOFError(f"it is cut short, {len(left)} bytes before byte {file.tell()}")
        left = left[n:]


def _parts(tokens: Array, n_before: int, size: int) -> Iterator[tuple[int, Array]]:
    """Yield (place in a block, part) of tokens that follow n_before others, cut at blocks."""
    while len(tokens):
        place = n_before % size
        part = tokens[: size - place]
        yield place, part
        tokens, n_before = tokens[len(part) :], n_before + len(part)


def _read_ahead(file: BinaryIO, offset: int, n_bytes: int) -> None:
    """Have the system fetch what will be read next, where it takes such hints."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), offset, n_bytes, os.POSIX_FADV_WILLNEED)
