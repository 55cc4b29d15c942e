"""Counting words in bytes at the speed of C: a hash table from spelling to number, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.compiled import compiled

# A number whose sign bit is set begins a sentence: a stream needs no second array of offsets.
SENTENCE_START = np.int32(-(2**31))
WORD_MASK = np.int32(2**31 - 1)  # token & WORD_MASK is the number

MERGED_WORDS = 2**16  # of one table that are looked up in another at a time


class Table(NamedTuple):
    """Open addressing. Numbers are given in order of first appearance.

    slots: (a power of two,) int32, the number of the word in each slot, or -1.
    hashes, counts: of each word, by number.
    starts, letters: word i is letters[starts[i]:starts[i+1]], of which the last is a space; so the
        letters of all words are a text.
    """

    slots: npt.NDArray[np.int32]
    hashes: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    letters: npt.NDArray[np.uint8]


class State(NamedTuple):
    """How far a text is scanned.

    done: bytes.  n_tokens, n_lines: read so far.  in_sentence: whether the next word goes on with
    a sentence.  n_words: different ones in the table.
    """

    done: int
    n_tokens: int
    n_lines: int
    in_sentence: bool
    n_words: int


class WordCounter:
    """Gives the words of a text numbers, in order of first appearance, and counts them.

    Compiled code fills the table; it stops where there is no room, and `_grow` makes some.
    """

    def __init__(self) -> None:
        self.n_words = 0
        self._table = Table(
            np.full(2**16, -1, np.int32),
            np.empty(2**15, np.uint64),
            np.zeros(2**15, np.int64),
            np.zeros(2**15 + 1, np.int64),
            np.empty(2**20, np.uint8),
        )

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """(n_words,) int64: how often each word occurred."""
        return self._table.counts[: self.n_words]

    def words(self, numbers: npt.NDArray[np.int64]) -> list[str]:
        """The words of these numbers."""
        starts, letters = self._table.starts, self._table.letters.data
        ends = starts[numbers + 1] - 1
        bounds = zip(starts[numbers].tolist(), ends.tolist(), strict=True)
        return [str(letters[start:end], "utf-8") for start, end in bounds]

    def numbers_of(self, other: WordCounter) -> npt.NDArray[np.int32]:
        """(other.n_words,) int32: the numbers here of another's words, of which each counts one."""
        starts, letters = other._table.starts, other._table.letters
        numbers = np.empty(other.n_words, np.int32)
        for first in range(0, other.n_words, MERGED_WORDS):
            last = min(first + MERGED_WORDS, other.n_words)
            numbers[first:last], _, _ = self.encode(
                letters[starts[first] : starts[last]].tobytes(), True
            )
        return numbers

    def encode(self, text: bytes, in_sentence: bool) -> tuple[npt.NDArray[np.int32], int, bool]:
        """Number the words of `text`, which ends in white space.

        Returns:
            numbers (n,) int32 flagged with SENTENCE_START, how many newlines, whether a sentence is
            open.
        """
        letters = np.frombuffer(text, np.uint8)
        tokens = np.empty(len(letters) // 2 + 1, np.int32)
        state = State(0, 0, 0, in_sentence, self.n_words)
        while True:
            state = scan_words(letters, tokens, self._table, state)
            self.n_words = state.n_words
            if state.done == len(letters):
                return tokens[: state.n_tokens].copy(), state.n_lines, state.in_sentence
            self._grow(len(letters) - state.done)

    def _grow(self, more_letters):
        """Make room for a word and its letters."""
        slots, hashes, counts, starts, letters = self._table
        if 2 * (self.n_words + 1) > len(slots):
            n = len(slots)
            hashes = np.concatenate([hashes, np.empty(n // 2, np.uint64)])
            counts = np.concatenate([counts, np.zeros(n // 2, np.int64)])
            starts = np.concatenate([starts, np.zeros(n // 2, np.int64)])
            slots = np.full(2 * n, -1, np.int32)
            _fill_slots(slots, hashes, self.n_words)
        room = max(len(letters), more_letters + 1)  # and the space
        letters = np.concatenate([letters, np.empty(room, np.uint8)])
        self._table = Table(slots, hashes, counts, starts, letters)


@compiled
def _fill_slots(slots, hashes, n_words):
    mask = len(slots) - 1
    for number in range(n_words):
        slot = np.int64(hashes[number]) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = number


@compiled(nogil=True)
def scan_words(
    text: npt.NDArray[np.uint8], tokens: npt.NDArray[np.int32], table: Table, state: State
) -> State:
    """Encode a text from where the State says until its end, or until a new word finds no room.

    Nothing of that word is done then.
    """
    slots, hashes, counts, starts, letters = table
    here, n_tokens, n_lines, in_sentence, n_words = state
    mask = len(slots) - 1
    while here < len(text):
        byte = text[here]
        if byte == 32 or 9 <= byte <= 13:  # ASCII white space
            if byte == 10:
                n_lines += 1
                in_sentence = False
            here += 1
            continue
        first = here
        hashed = np.uint64(0xCBF29CE484222325)  # FNV-1a
        while byte != 32 and not 9 <= byte <= 13:
            hashed = (hashed ^ np.uint64(byte)) * np.uint64(0x100000001B3)
            here += 1
            byte = text[here]
        hashed ^= hashed >> np.uint64(32)
        length = here - first
        slot = np.int64(hashed) & mask
        while True:
            number = slots[slot]
            if number < 0:
                if 2 * (n_words + 1) > len(slots) or starts[n_words] + length >= len(letters):
                    return State(first, n_tokens, n_lines, in_sentence, n_words)
                number = n_words
                slots[slot], hashes[number] = number, hashed
                for i in range(length):  # a slice's assignment takes seconds to compile
                    letters[starts[number] + i] = text[first + i]
                letters[starts[number] + length] = 32
                starts[number + 1] = starts[number] + length + 1
                n_words += 1
                break
            if hashes[number] == hashed and _same(text, first, here, letters, starts, number):
                break
            slot = (slot + 1) & mask
        counts[number] += 1
        tokens[n_tokens] = number if in_sentence else number | SENTENCE_START
        n_tokens += 1
        in_sentence = True
    return State(here, n_tokens, n_lines, in_sentence, n_words)


@njit(inline="always")
def _same(text, first, end, letters, starts, number):
    """Whether text[first:end] is the word with this number."""
    start = starts[number]
    if starts[number + 1] - start - 1 != end - first:
        return False
    for i in range(end - first):  # noqa: SIM110 (compiled code)
        if text[first + i] != letters[start + i]:
            return False
    return True
