"""Numbering words in bytes at the speed of C: a hash table from spelling to number, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.compiled import compiled

# A number whose sign bit is set begins a sentence: a stream needs no second array of offsets.
SENTENCE_START = np.int32(-(2**31))
WORD_MASK = np.int32(2**31 - 1)  # token & WORD_MASK is the number


class Table(NamedTuple):
    """Open addressing. Numbers are given in order of first appearance.

    slots: (a power of two,) int32, the number of the word in each slot, or -1.
    hashes: of each word, by number.
    starts, letters: word i is letters[starts[i]:starts[i+1]], of which the last is a space; of a
        word that was dropped nothing is left.
    """

    slots: npt.NDArray[np.int32]
    hashes: npt.NDArray[np.uint64]
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


class Adopting(NamedTuple):
    """How far the tokens of a piece of text are numbered as in the whole of it.

    done: tokens.  n_words: numbers given so far.  n_live: those whose words were not dropped.
    n_open: words of the sentence so far.  longest: words of the longest sentence.
    """

    done: int
    n_words: int
    n_live: int
    n_open: int
    longest: int


class WordTable:
    """Gives the words of a text numbers, in order of first appearance.

    Compiled code fills the table; it stops where there is no room, and `grow` makes some.
    """

    def __init__(self) -> None:
        self.n_words = 0
        self.table = Table(
            np.full(2**16, -1, np.int32),
            np.empty(2**15, np.uint64),
            np.zeros(2**15 + 1, np.int64),
            np.empty(2**20, np.uint8),
        )

    def encode(self, text: bytes) -> tuple[npt.NDArray[np.int32], int, bool]:
        """Number the words of `text`, which goes on with a sentence and ends in white space.

        Returns:
            numbers (n,) int32 flagged with SENTENCE_START, how many newlines, whether a sentence is
            open.
        Raises: ValueError: it does not end in white space.
        """
        if text and not text[-1:].isspace():
            raise ValueError(f"a piece of text must end in white space, not in {text[-1:]!r}")
        letters = np.frombuffer(text, np.uint8)
        tokens = np.empty(len(letters) // 2 + 1, np.int32)
        state = State(0, 0, 0, True, self.n_words)
        while True:
            state = scan_words(letters, tokens, self.table, state)
            self.n_words = state.n_words
            if state.done == len(letters):
                return tokens[: state.n_tokens].copy(), state.n_lines, state.in_sentence
            self.grow(len(letters) - state.done, self.n_words)

    def grow(self, more_letters: int, n_live: int) -> None:
        """Make room for a word and its letters."""
        slots, hashes, starts, letters = self.table
        if (n := len(hashes)) == self.n_words:
            hashes = np.concatenate([hashes, np.empty(n, np.uint64)])
            starts = np.concatenate([starts, np.zeros(n, np.int64)])
        if 2 * (n_live + 1) > len(slots):
            slots = filled_slots(2 * len(slots), hashes, starts, self.n_words)
        if starts[self.n_words] + more_letters >= len(letters):
            room = max(len(letters), more_letters + 1)  # and the space
            letters = np.concatenate([letters, np.empty(room, np.uint8)])
        self.table = Table(slots, hashes, starts, letters)


@compiled
def filled_slots(
    n_slots: int, hashes: npt.NDArray[np.uint64], starts: npt.NDArray[np.int64], n_words: int
) -> npt.NDArray[np.int32]:
    """The slots of a Table, for the words that were not dropped."""
    slots, mask = np.full(n_slots, -1, np.int32), n_slots - 1
    for number in range(n_words):
        if starts[number] < starts[number + 1]:
            slot = np.int64(hashes[number]) & mask
            while slots[slot] >= 0:
                slot = (slot + 1) & mask
            slots[slot] = number
    return slots


@compiled(nogil=True)
def scan_words(
    text: npt.NDArray[np.uint8], tokens: npt.NDArray[np.int32], table: Table, state: State
) -> State:
    """Encode a text from where the State says until its end, or until a new word finds no room.

    Nothing of that word is done then.
    """
    slots, hashes, starts, letters = table
    here, n_tokens, n_lines, in_sentence, n_words = state
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
        slot = _slot(text, first, here, hashed, slots, hashes, starts, letters)
        number = slots[slot]
        if number < 0:
            if not _has_room(table, n_words, n_words, here - first):
                return State(first, n_tokens, n_lines, in_sentence, n_words)
            number = _put(text, first, here, hashed, table, slot, n_words)
            n_words += 1
        tokens[n_tokens] = number if in_sentence else number | SENTENCE_START
        n_tokens += 1
        in_sentence = True
    return State(here, n_tokens, n_lines, in_sentence, n_words)


@compiled(nogil=True)
def adopt(
    tokens: npt.NDArray[np.int32],
    numbers: npt.NDArray[np.int32],
    piece: Table,
    whole: Table,
    counts: npt.NDArray[np.int64],
    most: int,
    state: Adopting,
) -> Adopting:
    """Renumber the tokens of a piece, in place, as the table of the whole text has them.

    It goes on where the state says, until the end, or until a new word finds no room.

    Args:
        tokens: (n,), numbers of the table `piece`.
        numbers: of all its words, those in `whole`, or -1 where that is not known yet; filled in.
        counts: of each word of `whole`; gains these tokens.
        most: words that may be there at a time.
    """
    slots, hashes, starts, letters = whole
    _, its_hashes, its_starts, its_letters = piece
    done, n_words, n_live, n_open, longest = state
    while done < len(tokens):
        word = tokens[done] & WORD_MASK
        number = numbers[word]
        if number < 0:
            first, end, hashed = its_starts[word], its_starts[word + 1] - 1, its_hashes[word]
            slot = _slot(its_letters, first, end, hashed, slots, hashes, starts, letters)
            number = slots[slot]
            if number < 0:
                if n_live >= most or not _has_room(whole, n_words, n_live, end - first):
                    break
                number = _put(its_letters, first, end, hashed, whole, slot, n_words)
                n_words += 1
                n_live += 1
            numbers[word] = number
        counts[number] += 1
        begins = tokens[done] < 0 or n_open == 0
        n_open = 1 if begins else n_open + 1
        longest = max(longest, n_open)
        tokens[done] = number | SENTENCE_START if begins else number
        done += 1
    return Adopting(done, n_words, n_live, n_open, longest)


@njit(inline="always")
def _slot(text, first, end, hashed, slots, hashes, starts, letters):
    """The slot of the word text[first:end], or the free one that is to be its own.

    Takes a Table's arrays one by one: to get them out of it for every word takes time.
    """
    mask = len(slots) - 1
    slot = np.int64(hashed) & mask
    while True:
        number = slots[slot]
        if number < 0:
            break
        if hashes[number] == hashed and _same(text, first, end, letters, starts, number):
            break
        slot = (slot + 1) & mask
    return slot


@njit
def _has_room(table, n_words, n_live, length):
    """Whether a word of so many letters may be put into a table that numbered n_words.

    n_live of them were not dropped.
    """
    slots, hashes, starts, letters = table
    has_slot = 2 * (n_live + 1) <= len(slots) and n_words < len(hashes)
    return has_slot and starts[n_words] + length < len(letters)


@njit
def _put(text, first, end, hashed, table, slot, number):
    """Put the word text[first:end] into its slot of a table; returns its number."""
    slots, hashes, starts, letters = table
    slots[slot], hashes[number] = number, hashed
    start, length = starts[number], end - first
    for i in range(length):  # a slice's assignment takes seconds to compile
        letters[start + i] = text[first + i]
    letters[start + length] = 32
    starts[number + 1] = start + length + 1
    return np.int32(number)


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
