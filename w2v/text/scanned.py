"""A text whose words are numbered in order of appearance, read by several threads.

One thread reads, unpacks and checks the text, piece by piece; another takes its digest; the others
number the words of pieces, each in a table of its own. Which of them takes which piece is left to
chance: the first thread, which goes through the pieces in order, then puts the numbers of one table
of all words in place of theirs, and hands the tokens to a Spool.

Memory: a table of all words, for each thread one of some of them, and for each of `threads` + 2
pieces of text its bytes and twice as much for its tokens.
"""

import hashlib
import queue
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError
from w2v.text.corpus import Corpus
from w2v.text.shares import WHOLE, Share
from w2v.text.tokens import DamagedTokens, InFile, InMemory, Spool
from w2v.text.whole_table import PieceTable, WholeTable

MOST_THREADS = 8  # one that reads keeps no more of them busy
THREAD_WORDS = 2**20  # in a thread's table, about; with more it begins a new one
SOME_WORDS = 2**14  # spelled at a time

Report = Callable[[int], object]  # takes the bytes read so far
Remark = Callable[[str], object]  # takes a line about whatever is odd in the text


@dataclass
class Scanned:
    """A text whose words are numbered, in the order of first appearance.

    counts: (n,) int64, how often each word occurred; 0 for a word that was dropped as rare, which
        has another number where it comes again.
    starts, letters: the words' spelling, as in word_table.Table.
    n_lines: lines.  n_read: tokens.  longest_line: in tokens.  digest: SHA-256, in hexadecimal.
    n_exact: words with a lower number are counted exactly; all, where no word was dropped.
    n_lacking: the most occurrences that the count of another word lacks.
    tokens: n_read numbers, flagged with SENTENCE_START.
    n_words_after: how many numbers were given after each piece of the text.
    again: gives them anew where they turn out to be damaged, if the text can be read again.
    """

    counts: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    letters: npt.NDArray[np.uint8]
    n_lines: int
    n_read: int
    longest_line: int
    digest: str
    n_exact: int
    n_lacking: int
    n_words_after: list[int]
    tokens: InMemory | InFile
    again: Callable[[DamagedTokens], InMemory | InFile] | None = None

    def block(self, number: int) -> npt.NDArray[np.int32]:
        """(n,) int32, a block of the tokens, not to be changed.

        Raises: DamagedTokens: the disk has lost them, and the text cannot be read again.
        """
        try:
            return self.tokens.block(number)
        except DamagedTokens as why:
            if self.again is None:
                raise
            self.tokens = self.again(why)
            return self.tokens.block(number)

    @property
    def n_words(self) -> int:
        """How many different words there are, without those that were dropped."""
        return int(np.count_nonzero(self.counts))

    def words(self, numbers: npt.NDArray[np.int64]) -> list[str]:
        """The words of these numbers."""
        letters = self.letters.data
        bounds = zip(self.starts[numbers].tolist(), self.starts[numbers + 1].tolist(), strict=True)
        return [str(letters[start : end - 1], "utf-8") for start, end in bounds]

    def numbers(self, words: Iterable[str]) -> dict[str, int]:
        """{word: its number}, of those that the text has; memory holds no others but a few."""
        wanted, n = set(words), len(self.counts)
        found: dict[str, int] = {}
        for first in range(0, n, SOME_WORDS):
            some = self.words(np.arange(first, min(first + SOME_WORDS, n)))
            found |= {word: i for i, word in enumerate(some, first) if word in wanted}
        return found


def scan(
    corpus: Corpus,
    spool: Spool,
    threads: int,
    progress: Report | None = None,
    remark: Remark | None = None,
    share: Share = WHOLE,
) -> Scanned:
    """Read a text, number its words, and put the numbers into a Spool.

    Args:
        share: what of the text is numbered; the digest is of all of it.
        threads, progress, remark: as for vocab.read.
    Raises:
        W2VError: as corpus.chunks, or it has no words.
    """
    threads = min(threads, MOST_THREADS)
    free: queue.SimpleQueue[PieceTable] = queue.SimpleQueue()
    for _ in range(threads):
        free.put(PieceTable())

    def encode(text):
        words = free.get()
        try:
            return words, *words.encode(share.part(text)), words.table
        finally:
            free.put(words if words.n_words < THREAD_WORDS else PieceTable())

    digest, whole, n_words_after = hashlib.sha256(), WholeTable(), []
    at_work: deque = deque()

    def take_first():
        encoded, digested = at_work.popleft()
        digested.result()
        words, tokens, n_lines, in_sentence, piece = encoded.result()
        goes_on = in_sentence and share == WHOLE
        spool.append(whole.adopt(words, piece, tokens, n_lines, goes_on))
        n_words_after.append(whole.n_words)

    with _threads(threads) as pool, _threads(1) as another:
        for text in corpus.chunks(progress, remark):
            at_work.append((pool.submit(encode, text), another.submit(digest.update, text)))
            if len(at_work) > threads:
                take_first()
        while at_work:
            take_first()
    if not whole.n_words and share == WHOLE:
        raise W2VError(f"{corpus.description} holds no words; a corpus is text, words apart")
    return Scanned(
        *whole.words(),
        n_lines=whole.n_lines,
        n_read=len(spool.tokens),
        longest_line=whole.longest,
        digest=digest.hexdigest(),
        n_exact=whole.n_exact,
        n_lacking=whole.n_lacking,
        n_words_after=n_words_after,
        tokens=spool.tokens,
    )


@contextmanager
def _threads(n):
    """A pool of threads that ends with it; after an error what they have not begun is dropped."""
    pool = ThreadPoolExecutor(n)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
