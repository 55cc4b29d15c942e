"""Counting words in bytes at the speed of C: a hash table from spelling to number, compiled."""

import numpy as np
import numpy.typing as npt
from numba import njit

from w2v.compiled import compiled

# A number whose sign bit is set begins a sentence: a stream needs no second array of offsets.
SENTENCE_START = np.int32(-(2**31))
WORD_MASK = np.int32(2**31 - 1)  # token & WORD_MASK is the number


class WordCounter:
    """An open-addressing hash table from the bytes of a word to its number and count.

    Numbers are given in order of first appearance. Compiled code fills the arrays; `grow` makes
    room when it stops for want of it.
    """

    def __init__(self) -> None:
        self.slots = np.full(2**16, -1, np.int32)
        self.hashes = np.empty(2**15, np.uint64)
        self.starts = np.zeros(2**15 + 1, np.int64)  # word i is letters[starts[i]:starts[i+1]]
        self.counts = np.zeros(2**15, np.int64)
        self.letters = np.empty(2**20, np.uint8)
        self.n_words = 0

    def encode(self, text: bytes, in_sentence: bool) -> tuple[npt.NDArray[np.int32], int, bool]:
        """Number the words of `text`, which ends in white space.

        Returns:
            numbers (n,) int32 flagged with SENTENCE_START, how many newlines, whether a sentence is
            open.
        """
        letters = np.frombuffer(text, np.uint8)
        tokens = np.empty(len(text) // 2 + 1, np.int32)
        at = n_tokens = n_lines = 0
        while True:
            at, n_tokens, n_lines, in_sentence, self.n_words = _scan(
                letters, at, tokens, n_tokens, n_lines, in_sentence, self.n_words,
                self.slots, self.hashes, self.starts, self.counts, self.letters,
            )  # fmt: skip
            if at == len(text):
                return tokens[:n_tokens].copy(), n_lines, in_sentence
            self._grow(len(text) - at)

    def _grow(self, more_letters):
        if 2 * (self.n_words + 1) > len(self.slots):
            n = len(self.slots)
            self.hashes = np.concatenate([self.hashes, np.empty(n // 2, np.uint64)])
            self.starts = np.concatenate([self.starts, np.zeros(n // 2, np.int64)])
            self.counts = np.concatenate([self.counts, np.zeros(n // 2, np.int64)])
            self.slots = np.full(2 * n, -1, np.int32)
            _place(self.slots, self.hashes, self.n_words)
        room = max(len(self.letters), more_letters)
        self.letters = np.concatenate([self.letters, np.empty(room, np.uint8)])

    def word(self, number: int) -> str:
        return bytes(self.letters[self.starts[number] : self.starts[number + 1]]).decode()


@compiled
def _place(slots, hashes, n_words):
    mask = len(slots) - 1
    for number in range(n_words):
        slot = np.int64(hashes[number]) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = number


@compiled
def _scan(
    text, at, tokens, n_tokens, n_lines, in_sentence, n_words,
    slots, hashes, starts, counts, letters,
):  # fmt: skip
    """Encode text[at:] until its end, or until a new word finds no room (nothing of it is done)."""
    mask = len(slots) - 1
    end = len(text)
    while at < end:
        byte = text[at]
        if byte == 32 or 9 <= byte <= 13:  # ASCII white space
            if byte == 10:
                n_lines += 1
                in_sentence = False
            at += 1
            continue
        first = at
        hashed = np.uint64(0xCBF29CE484222325)  # FNV-1a
        while byte != 32 and not 9 <= byte <= 13:
            hashed = (hashed ^ np.uint64(byte)) * np.uint64(0x100000001B3)
            at += 1
            byte = text[at]
        hashed ^= hashed >> np.uint64(32)
        slot = np.int64(hashed) & mask
        while True:
            number = slots[slot]
            if number < 0:
                if 2 * (n_words + 1) > len(slots) or starts[n_words] + at - first > len(letters):
                    return first, n_tokens, n_lines, in_sentence, n_words
                number = n_words
                slots[slot], hashes[number] = number, hashed
                for i in range(at - first):  # a slice's assignment takes seconds to compile
                    letters[starts[number] + i] = text[first + i]
                starts[number + 1] = starts[number] + at - first
                n_words += 1
                break
            if hashes[number] == hashed and _same(text, first, at, letters, starts, number):
                break
            slot = (slot + 1) & mask
        counts[number] += 1
        tokens[n_tokens] = number if in_sentence else number | SENTENCE_START
        n_tokens += 1
        in_sentence = True
    return at, n_tokens, n_lines, in_sentence, n_words


@njit(inline="always")
def _same(text, first, end, letters, starts, number):
    start = starts[number]
    if starts[number + 1] - start != end - first:
        return False
    for i in range(end - first):  # noqa: SIM110 (compiled code)
        if text[first + i] != letters[start + i]:
            return False
    return True
