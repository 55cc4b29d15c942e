"""Words and their ids, and a text as one stream of ids, read in a single compiled pass."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numba import njit

from w2v.compiled import compiled
from w2v.config import UNK, W2VError

UNK_ID = 0

# An id whose sign bit is set begins a sentence: a stream needs no second array of offsets.
START = np.int32(-(2**31))
WORD = np.int32(2**31 - 1)  # token & WORD is the id

BLOCK_TOKENS = 2**22  # tokens in a block of the encoded text, 16 MiB


@dataclass(frozen=True)
class Vocabulary:
    """Words by id: `<unk>` is 0, the rest by falling count, ties in order of first appearance.

    words: V strings.  counts: (V,) int64; counts[0] is how many tokens were dropped as unknown.
    """

    words: list
    counts: np.ndarray

    def __len__(self):
        return len(self.words)


@dataclass(frozen=True)
class EncodedText:
    """A text as ids, without unknown words.

    blocks: list of (n,) int32, n = BLOCK_TOKENS but for the last. `token & WORD` is the id (never
        0); `token < 0` where a sentence begins. The first token of a block begins one, so a
        sentence that crosses from one block into the next is split there.
    n_lines: lines read.  n_read: tokens read, unknown words included.
    digest: SHA-256 of the text as read, in hexadecimal: which corpus this was.
    """

    blocks: list
    n_lines: int
    n_read: int
    digest: str

    @property
    def n_tokens(self):
        return sum(len(block) for block in self.blocks)


class _WordCounter:
    """An open-addressing hash table from the bytes of a word to its number and count.

    Numbers are given in order of first appearance. Compiled code fills the arrays; `grow` makes
    room when it stops for want of it.
    """

    def __init__(self):
        self.slots = np.full(2**16, -1, np.int32)
        self.hashes = np.empty(2**15, np.uint64)
        self.starts = np.zeros(2**15 + 1, np.int64)  # word i is letters[starts[i]:starts[i+1]]
        self.counts = np.zeros(2**15, np.int64)
        self.letters = np.empty(2**20, np.uint8)
        self.n_words = 0

    def encode(self, text, in_sentence):
        """Number the words of `text` (bytes that end in white space).

        Returns:
            numbers (n,) int32 flagged with START, how many newlines, whether a sentence is open.
        """
        text = np.frombuffer(text, np.uint8)
        tokens = np.empty(len(text) // 2 + 1, np.int32)
        at = n_tokens = n_lines = 0
        while True:
            at, n_tokens, n_lines, in_sentence, self.n_words = _scan(
                text, at, tokens, n_tokens, n_lines, in_sentence, self.n_words,
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

    def word(self, number):
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
                letters[starts[number] : starts[number] + at - first] = text[first:at]
                starts[number + 1] = starts[number] + at - first
                n_words += 1
                break
            if hashes[number] == hashed and _same(text, first, at, letters, starts, number):
                break
            slot = (slot + 1) & mask
        counts[number] += 1
        tokens[n_tokens] = number if in_sentence else number | START
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


def read(corpus, min_count, progress=None):
    """Count a corpus, build its vocabulary, and encode it, in one pass over the text.

    Args:
        corpus: w2v.corpus.Corpus.
        min_count: rarer words, and the word `<unk>` itself, are dropped.
        progress: called with the bytes read so far.
    Returns:
        (Vocabulary, EncodedText)
    Raises:
        W2VError: no words, or fewer than two words are left.
    """
    counter = _WordCounter()
    digest = hashlib.sha256()
    pieces, n_lines, in_sentence = [], 0, False
    for chunk in corpus.chunks(progress):
        digest.update(chunk)
        tokens, newlines, in_sentence = counter.encode(chunk, in_sentence)
        pieces.append(tokens)
        n_lines += newlines
    n_read = sum(len(piece) for piece in pieces)
    if not n_read:
        raise W2VError(f"{corpus.description} holds no words; a corpus is text, words apart")
    vocabulary, ids = _prune(counter, n_read, min_count)
    if len(vocabulary) < 3:
        raise W2VError(
            f"{corpus.description} has {counter.n_words} different words, of which "
            f"{len(vocabulary) - 1} occur at least {min_count} times; training takes two: "
            "lower --min-count or give more text"
        )
    return vocabulary, EncodedText(_blocks(pieces, ids), n_lines, n_read, digest.hexdigest())


def _prune(counter, n_read, min_count):
    """The vocabulary, and (n_words,) int32: the id of each of the counter's words."""
    counts = counter.counts[: counter.n_words]
    by_count = np.argsort(-counts, kind="stable")
    kept = by_count[counts[by_count] >= min_count].tolist()
    words = [counter.word(number) for number in kept]
    if UNK in words:
        del kept[words.index(UNK)]
        words.remove(UNK)
    ids = np.full(counter.n_words, UNK_ID, np.int32)
    ids[kept] = np.arange(1, len(kept) + 1)
    kept_counts = counts[kept]
    unknown = n_read - kept_counts.sum()
    return Vocabulary([UNK, *words], np.concatenate([[unknown], kept_counts])), ids


def _blocks(pieces, ids):
    """Renumber the pieces into blocks; each piece is let go as soon as it is done."""
    blocks, block, filled, pending = [], np.empty(BLOCK_TOKENS, np.int32), 0, True
    pieces.reverse()
    while pieces:
        piece, at = pieces.pop(), 0
        while at < len(piece):
            at, filled, pending = _renumber(piece, at, ids, block, filled, pending)
            if filled == BLOCK_TOKENS:
                blocks.append(block)
                block, filled, pending = np.empty(BLOCK_TOKENS, np.int32), 0, True
    if filled:
        blocks.append(block[:filled].copy())
    return blocks


@compiled
def _renumber(piece, at, ids, block, filled, pending):
    """Append known words of piece[at:] to block[filled:], as far as there is room."""
    while at < len(piece) and filled < len(block):
        token = piece[at]
        pending = pending or token < 0
        word = ids[token & WORD]
        if word != UNK_ID:
            block[filled] = word | START if pending else word
            filled += 1
            pending = False
        at += 1
    return at, filled, pending
