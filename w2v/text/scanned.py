"""A text whose words are numbered in order of appearance, read by several threads.

One thread reads, unpacks and checks the text, piece by piece; another takes its digest; the others
number the words of pieces, each in a table of its own. Which of them takes which piece is left to
chance: in the end the tables become one, in which words stand in the order of first appearance.

Memory: 4 bytes a token, a table of the words for each thread, and for each of `threads` + 2 pieces
of text its bytes and twice as much for its tokens.
"""

import hashlib
import queue
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from w2v.compiled import compiled
from w2v.errors import W2VError
from w2v.text.corpus import Corpus
from w2v.text.word_table import SENTENCE_START, WORD_MASK, WordCounter

UNK_ID = 0
MOST_THREADS = 8  # one that reads keeps no more of them busy
PIECE_BITS = 32  # of a word's place: the number of its piece stands above that in the table

Report = Callable[[int], object]  # takes the bytes read so far
Remark = Callable[[str], object]  # takes a line about whatever is odd in the text
Tokens = npt.NDArray[np.int32]


@dataclass
class _Table:
    """The words of those pieces that one thread takes.

    places: list of (n,) int64, the place where each word was first seen, by number.
    """

    counter: WordCounter = field(default_factory=WordCounter)
    places: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def encode(self, piece, text):
        """The tokens of a piece, as if a line went on in it; newlines; whether one goes on."""
        before = self.counter.n_words
        encoded = self.counter.encode(text, in_sentence=True)
        new = np.arange(before, self.counter.n_words, dtype=np.int64)
        if len(new):
            self.places.append((piece << PIECE_BITS) + new)
        return encoded


@dataclass
class Scanned:
    """A text whose words are numbered.

    counts: (n,) int64, how often each word occurred, in the order of first appearance.
    n_lines: lines.  n_read: tokens.  longest_line: in tokens.  digest: SHA-256, in hexadecimal.
    """

    counts: npt.NDArray[np.int64]
    n_lines: int
    n_read: int
    longest_line: int
    digest: str
    _spelling: WordCounter
    _order: npt.NDArray[np.int64]  # word i is number _order[i] of _spelling's
    _numbers: list[npt.NDArray[np.int64]]  # of each table's words
    _pieces: list[tuple[int, Tokens]]  # in order: table, tokens; views of _stored's blocks
    _stored: "_Blocks"

    def words(self, numbers: npt.NDArray[np.int64]) -> list[str]:
        """The words of these numbers."""
        return self._spelling.words(self._order[numbers])

    def encoded(self, ids: npt.NDArray[np.int32], threads: int) -> list[Tokens]:
        """The text in blocks, with ids in place of numbers, without those that are UNK_ID.

        A token that begins a sentence, or a block, is flagged. Uses the Scanned up: the blocks take
        its memory.
        """
        ids_of = [ids[numbers] for numbers in self._numbers]
        with _threads(threads) as pool:
            results = list(
                pool.map(lambda piece: _renumber(piece[1], ids_of[piece[0]]), self._pieces)
            )
        kept = _Blocks(self._stored.size, self._stored.blocks)
        begins = True  # the next token that is kept begins a sentence
        for (_, tokens), (n_kept, begins_after) in zip(self._pieces, results, strict=True):
            if begins and n_kept:
                tokens[0] |= SENTENCE_START
            begins = begins_after or (begins and not n_kept)
            kept.add(tokens[:n_kept])  # what it overwrites has been read
        self._pieces, self._stored = [], kept
        return kept.flagged()


def scan(
    corpus: Corpus,
    block_tokens: int,
    threads: int,
    progress: Report | None = None,
    remark: Remark | None = None,
) -> Scanned:
    """Read a text and number its words.

    Args:
        block_tokens: how many tokens a block of the encoded text has.
        threads, progress, remark: as for vocab.read.
    Raises:
        W2VError: as corpus.chunks, or it has no words.
    """
    threads = min(threads, MOST_THREADS)
    tables = [_Table() for _ in range(threads)]
    free: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(threads):
        free.put(number)

    def encode(piece, text):
        table = free.get()
        try:
            return table, *tables[table].encode(piece, text)
        finally:
            free.put(table)

    digest, lines, stored = hashlib.sha256(), _Lines(), _Blocks(block_tokens)
    pieces: list[tuple[int, Tokens]] = []
    at_work: deque = deque()

    def take_first():
        encoded, digested = at_work.popleft()
        digested.result()
        table, tokens, n_lines, in_sentence = encoded.result()
        lines.add(tokens, n_lines, in_sentence)
        pieces.extend((table, part) for part in stored.add(tokens))

    with _threads(threads) as pool, _threads(1) as another:
        for piece, text in enumerate(corpus.chunks(progress, remark)):
            at_work.append((pool.submit(encode, piece, text), another.submit(digest.update, text)))
            if len(at_work) > threads:
                take_first()
        while at_work:
            take_first()
    if not lines.n_read:
        raise W2VError(f"{corpus.description} holds no words; a corpus is text, words apart")
    spelling, numbers, order, counts = _merged(tables)
    about = lines.n_lines, lines.n_read, lines.longest, digest.hexdigest()
    return Scanned(counts, *about, spelling, order, numbers, pieces, stored)


@contextmanager
def _threads(n):
    """A pool of threads that ends with it; after an error what they have not begun is dropped."""
    pool = ThreadPoolExecutor(n)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Lines:
    """Counts lines and words over pieces, in order, and flags where a line begins with a piece."""

    def __init__(self):
        self.n_lines = self.n_read = self.longest = 0
        self._open = 0  # words of the line that goes on into the next piece

    def add(self, tokens, n_lines, in_sentence):
        if not self._open and len(tokens):
            tokens[0] |= SENTENCE_START
        self.n_lines += n_lines
        self.n_read += len(tokens)
        bounds = np.concatenate([[-self._open], np.flatnonzero(tokens < 0), [len(tokens)]])
        lengths = np.diff(bounds)
        self.longest = max(self.longest, int(lengths.max()))
        self._open = int(lengths[-1]) if in_sentence else 0


class _Blocks:
    """Tokens, one after the other, in blocks.

    size: of a block.  spare: blocks that are used before any are made.
    """

    def __init__(self, size, spare=()):
        self.size, self.blocks = size, []
        self._spare, self._room = deque(spare), 0

    def add(self, tokens):
        """Append tokens; the list of views of the blocks where they are now."""
        parts = []
        while len(tokens):
            if not self._room:
                spare = self._spare
                self.blocks.append(spare.popleft() if spare else np.empty(self.size, np.int32))
                self._room = self.size
            first = self.size - self._room
            part = self.blocks[-1][first : first + len(tokens)]
            part[:] = tokens[: len(part)]
            parts.append(part)
            tokens = tokens[len(part) :]
            self._room -= len(part)
        return parts

    def flagged(self):
        """The blocks, each of which begins a sentence."""
        if self._room:
            self.blocks[-1] = self.blocks[-1][: self.size - self._room].copy()
        for block in self.blocks:
            block[0] |= SENTENCE_START
        return self.blocks


def _merged(tables):
    """All tables as one.

    Returns:
        a WordCounter with all words; for each table the numbers of its words, in the order of
        first appearance; the WordCounter's numbers in that order; counts in that order.
    """
    first, *others = tables
    counts, places = first.counter.counts.copy(), _places(first)
    numbers = [np.arange(len(counts))]
    for table in others:
        same = first.counter.numbers_of(table.counter)
        more = first.counter.n_words - len(counts)
        counts = np.append(counts, np.zeros(more, np.int64))
        places = np.append(places, np.full(more, np.iinfo(np.int64).max))
        counts[same] += table.counter.counts
        places[same] = np.minimum(places[same], _places(table))
        numbers.append(same)
    order = np.argsort(places)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return first.counter, [rank[same] for same in numbers], order, counts[order]


def _places(table):
    return np.concatenate([np.empty(0, np.int64), *table.places])


@compiled(nogil=True)
def _renumber(tokens, ids):
    """Put ids in place of numbers, in place, without UNK_ID.

    Returns:
        how many are left; whether a sentence begins after the last of them.
    """
    n, begins = 0, False
    for i in range(len(tokens)):
        token = tokens[i]
        begins = begins or token < 0
        word = ids[token & WORD_MASK]
        if word != UNK_ID:
            tokens[n] = word | SENTENCE_START if begins else word
            n += 1
            begins = False
    return n, begins
