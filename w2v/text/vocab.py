"""Words and their ids, and a text as one stream of ids, read in a single compiled pass."""

import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.compiled import compiled
from w2v.config import UNK
from w2v.errors import W2VError
from w2v.text.corpus import Corpus
from w2v.text.word_table import SENTENCE_START, WORD_MASK, WordCounter

UNK_ID = 0
BLOCK_TOKENS = 2**22  # tokens in a block of the encoded text, 16 MiB

Report = Callable[[int], object]  # takes the bytes read so far
Remark = Callable[[str], object]  # takes a line about whatever is odd in the text


@dataclass(frozen=True)
class Vocabulary:
    """Words by id: `<unk>` is 0, the rest by falling count, ties in order of first appearance.

    words: V strings.  counts: (V,) int64; counts[0] is how many tokens were dropped as unknown.
    """

    words: list[str]
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True)
class EncodedText:
    """A text as ids, without unknown words.

    blocks: list of (n,) int32, n ≤ BLOCK_TOKENS. `token & WORD_MASK` is the id (never
        0); `token < 0` where a sentence begins. The first token of a block begins one, so a
        sentence that crosses from one block into the next is split there.
    n_lines: lines read.  n_read: tokens read, unknown words included.  longest_line: in tokens.
    digest: SHA-256 of the text as read, in hexadecimal: which corpus this was.
    """

    blocks: list[npt.NDArray[np.int32]]
    n_lines: int
    n_read: int
    longest_line: int
    digest: str

    @property
    def n_tokens(self) -> int:
        return sum(map(len, self.blocks))

    def first_position(self, block: int) -> int:
        """How many tokens stand before a block."""
        return sum(map(len, self.blocks[:block]))


def read(
    corpus: Corpus, min_count: int, progress: Report | None = None, remark: Remark | None = None
) -> tuple[Vocabulary, EncodedText]:
    """Count a corpus, build its vocabulary, and encode it, in one pass over the text.

    Args:
        min_count: rarer words, and the word `<unk>` itself, are dropped.
    Raises:
        W2VError: no words, one word a line, or fewer than two words are left.
    """
    scanned = _Scanned.from_corpus(corpus, progress, remark)
    counter = scanned.counter
    if scanned.longest_line == 1 and scanned.n_read > 1:
        raise W2VError(
            f"{corpus.description} has one word a line; a line is taken for one sentence, and "
            "windows end where a line does: put the words of a sentence on one line"
        )
    vocabulary, ids = _prune(counter, scanned.n_read, min_count)
    if len(vocabulary) < 3:
        raise W2VError(
            f"{corpus.description} has {counter.n_words} different words, of which "
            f"{len(vocabulary) - 1} occur at least {min_count} times; training takes two: "
            "lower --min-count or give more text"
        )
    if remark:
        for line in _two_forms(vocabulary.words):
            remark(f"{corpus.description} {line}")
    return vocabulary, scanned.encoded(ids)


def encode(
    corpus: Corpus,
    vocabulary: Vocabulary,
    progress: Report | None = None,
    remark: Remark | None = None,
) -> EncodedText:
    """The EncodedText of a corpus by an existing Vocabulary; raises as `read` does."""
    scanned = _Scanned.from_corpus(corpus, progress, remark)
    known = {word: index for index, word in enumerate(vocabulary.words)}
    words = map(scanned.counter.word, range(scanned.counter.n_words))
    return scanned.encoded(np.array([known.get(word, UNK_ID) for word in words], np.int32))


@dataclass
class _Scanned:
    """A text whose words are numbered in order of appearance."""

    counter: WordCounter
    pieces: list[npt.NDArray[np.int32]]
    n_lines: int
    digest: str

    @classmethod
    def from_corpus(cls, corpus, progress, remark):
        counter, digest = WordCounter(), hashlib.sha256()
        pieces: list[npt.NDArray[np.int32]] = []
        n_lines, in_sentence = 0, False
        for chunk in corpus.chunks(progress, remark):
            digest.update(chunk)
            tokens, newlines, in_sentence = counter.encode(chunk, in_sentence)
            pieces.append(tokens)
            n_lines += newlines
        if not any(map(len, pieces)):
            raise W2VError(f"{corpus.description} holds no words; a corpus is text, words apart")
        return cls(counter, pieces, n_lines, digest.hexdigest())

    def __post_init__(self):
        self.n_read = sum(map(len, self.pieces))
        self.longest_line = _longest_line(self.pieces)

    def encoded(self, ids):
        """The EncodedText with `ids` in place of the numbers; uses the pieces up."""
        blocks = _blocks(self.pieces, ids)
        return EncodedText(blocks, self.n_lines, self.n_read, self.longest_line, self.digest)


def _two_forms(words):
    """Yield a line if words are in two forms of Unicode, which look the same."""
    marked = [w for w in words if not (w.isascii() or unicodedata.is_normalized("NFC", w))]
    both = {unicodedata.normalize("NFC", word) for word in marked}.intersection(words)
    if both:
        yield (
            f"has {len(both):,} words in two forms of Unicode, composed (NFC) and not (NFD), such "
            f"as {min(both)[:40]!r}; they look alike, but are trained apart: convert it to NFC"
        )


def _longest_line(pieces):
    """Words in the longest line of numbered pieces of text."""
    longest = before = 0  # words of the line that goes on into the next piece
    for piece in pieces:
        starts = np.flatnonzero(piece < 0)
        if not len(starts):
            before += len(piece)
            continue
        inner = np.diff(starts).max(initial=0)
        longest = max(longest, before + int(starts[0]), int(inner))
        before = len(piece) - int(starts[-1])
    return max(longest, before)


def _prune(counter, n_read, min_count):
    """The vocabulary, and (n_words,) int32: the id of each of the counter's words."""
    counts = counter.counts
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
    """Renumber the pieces into blocks; a piece's memory is freed as soon as it is done."""
    blocks: list[npt.NDArray[np.int32]] = []
    block, filled, pending = np.empty(BLOCK_TOKENS, np.int32), 0, True
    pieces.reverse()
    while pieces:
        piece, done = pieces.pop(), 0
        while done < len(piece):
            done, filled, pending = _renumber(piece, done, ids, block, filled, pending)
            if filled == BLOCK_TOKENS:
                blocks.append(block)
                block, filled, pending = np.empty(BLOCK_TOKENS, np.int32), 0, True
    if filled:
        blocks.append(block[:filled].copy())
    return blocks


@compiled
def _renumber(piece, done, ids, block, filled, pending):
    """Append the known words of piece[done:] to block[filled:], as far as there is room.

    pending: whether the next word begins a sentence.
    """
    while done < len(piece) and filled < len(block):
        token = piece[done]
        pending = pending or token < 0
        word = ids[token & WORD_MASK]
        if word != UNK_ID:
            block[filled] = word | SENTENCE_START if pending else word
            filled += 1
            pending = False
        done += 1
    return done, filled, pending
