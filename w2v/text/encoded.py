"""A text as a stream of ids, a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.compiled import compiled
from w2v.text.scanned import Scanned
from w2v.text.shares import WHOLE, Share
from w2v.text.tokens import BLOCK_TOKENS
from w2v.text.word_table import SENTENCE_START, WORD_MASK

UNK_ID = 0
SHARE_POSITIONS = 2**40  # in the draws, of each share; more tokens than one will have

Array = npt.NDArray[np.int32]


class Blocks(Sequence[Array]):
    """Blocks of tokens that are made when they are asked for.

    Args:
        n: how many.  make: gives the block of a number, (n,) int32.
    """

    def __init__(self, n: int, make: Callable[[int], Array]) -> None:
        self._n, self._make = n, make

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, number):
        if not 0 <= number < self._n:
            raise IndexError(number)
        return self._make(number)


@dataclass(frozen=True)
class EncodedText:
    """A text as ids, without unknown words.

    blocks: sequence of (n,) int32, n ≤ BLOCK_TOKENS: those of as many tokens of the text as read
        whose words are known. `token & WORD_MASK` is the id (never 0); `token < 0` where a sentence
        begins. The first token of a block begins one, so a sentence that crosses from one block
        into the next is split there. Each is made anew whenever it is asked for.
    n_tokens: in all blocks.
    n_lines: lines read.  n_read: tokens read, unknown words included.  longest_line: in tokens.
    digest: SHA-256 of the text as read, in hexadecimal: which corpus this was.
    share: whose blocks these are; all but they tells of the whole text.
    """

    blocks: Sequence[Array]
    n_tokens: int
    n_lines: int
    n_read: int
    longest_line: int
    digest: str
    block_tokens: int = BLOCK_TOKENS
    share: Share = WHOLE

    def first_position(self, block: int) -> int:
        """The position in the draws of a block's first token: how many were read before it.

        It is the place of no other: a block keeps fewer tokens than it was read from.
        """
        return self.share.number * SHARE_POSITIONS + block * self.block_tokens

    def tokens_before(self, block: int) -> int:
        """How many of n_tokens stand before a block, if unknown words are spread evenly.

        Where others train on shares of their own, as many blocks of theirs are counted, too.
        """
        n_read = min(block * self.block_tokens * self.share.of, self.n_read)
        return self.n_tokens * n_read // self.n_read


def encoded(scanned: Scanned, ids: Array, n_tokens: int) -> EncodedText:
    """The EncodedText of a Scanned with `ids` in place of its numbers, without those of UNK_ID.

    Args:
        ids: (n,) int32, of each of its words.  n_tokens: how many tokens have one.
    """
    size = scanned.tokens.block_tokens
    blocks = Blocks(
        -(-scanned.n_read // size), lambda number: renumbered(scanned.block(number), ids)
    )
    about = scanned.n_lines, scanned.n_read, scanned.longest_line, scanned.digest
    return EncodedText(blocks, n_tokens, *about, size)


def renumbered(tokens: Array, ids: Array) -> Array:
    """Tokens with ids in place of numbers, without those of UNK_ID; the first begins a sentence."""
    kept = np.empty(len(tokens), np.int32)
    return kept[: _renumber(tokens, ids, kept)]


@compiled
def _renumber(tokens, ids, kept):
    """Put ids into `kept` until there are no more; returns how many."""
    n, begins = 0, True
    for token in tokens:
        begins = begins or token < 0
        word = ids[token & WORD_MASK]
        if word != UNK_ID:
            kept[n] = word | SENTENCE_START if begins else word
            n += 1
            begins = False
    return n
