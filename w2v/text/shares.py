"""The shares of a text that several processes read, and the words of all shares as one list.

Every process goes through the whole text, and numbers the words of its part of each piece of it. A
piece ends after white space wherever a source was cut, so all processes cut it alike.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from w2v.config import ASCII_SPACE
from w2v.text.whole_table import PieceTable, WholeTable
from w2v.text.word_table import WORD_MASK

SPACES = [byte.encode() for byte in ASCII_SPACE]
PLACE_BITS = 28  # of a word within a share; the number of the share's part stands above
Counts = npt.NDArray[np.int64]


class Share(NamedTuple):
    """Share `number`, from 0, of `of` in all."""

    number: int = 0
    of: int = 1

    def part(self, piece: bytes) -> bytes:
        """This share's part of a piece that ends after white space.

        Parts end at the end of a line, if there is one near by, else after a word.
        """
        return piece[_cut(piece, self.number, self.of) : _cut(piece, self.number + 1, self.of)]


WHOLE = Share()


def _cut(piece: bytes, number: int, of: int) -> int:
    """Where part `number` of a piece begins."""
    first, end = len(piece) * number // of, len(piece) * (number + 1) // of
    if number in (0, of):
        return first
    before = max(0, first - 1)
    found = piece.find(b"\n", before, end)
    if found < 0:
        places = (piece.find(space, before) for space in SPACES)
        found = min((place for place in places if place >= 0), default=len(piece))
    return found + 1


class ShareWords(NamedTuple):
    """The words of a share, in order of first appearance.

    letters: their spelling, each followed by a space.  counts: (n,), how often each occurred.
    pieces: (n,), the number of the piece in which each was first seen.
    """

    letters: npt.NDArray[np.uint8]
    counts: Counts
    pieces: Counts


class AllWords(NamedTuple):
    """The words of all shares, in order of first appearance in the text.

    letters, starts: their spelling, as in word_table.Table.  counts: (n,).
    """

    letters: npt.NDArray[np.uint8]
    starts: Counts
    counts: Counts


def merged(shares: Iterable[ShareWords], n_shares: int) -> AllWords:
    """The words of a text from those of its shares, which come in the order of their numbers."""
    whole, counts = WholeTable(most_words=int(WORD_MASK)), np.empty(0, np.int64)
    places = np.empty(0, np.int64)
    for number, share in enumerate(shares):
        table = PieceTable()
        tokens, _, _ = table.encode(share.letters.tobytes())  # each word once
        numbers = whole.adopt(table, table.table, tokens, 0, False) & WORD_MASK
        more = whole.n_words - len(counts)
        counts = np.append(counts, np.zeros(more, np.int64))
        places = np.append(places, np.full(more, np.iinfo(np.int64).max))
        counts[numbers] += share.counts
        first = ((share.pieces * n_shares + number) << PLACE_BITS) + np.arange(len(numbers))
        places[numbers] = np.minimum(places[numbers], first)
    order = np.argsort(places)
    _, starts, letters = whole.words()
    lengths = np.diff(starts)[order]
    ends = np.cumsum(lengths)
    starts_there = np.repeat(starts[order] - (ends - lengths), lengths)
    letters = letters[starts_there + np.arange(len(starts_there))]
    return AllWords(letters, np.append(0, ends), counts[order])
