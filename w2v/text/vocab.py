"""Words and their ids, and a text as one stream of ids, read in a single compiled pass."""

import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.config import UNK
from w2v.errors import W2VError
from w2v.text.corpus import Corpus
from w2v.text.scanned import UNK_ID, Remark, Report, scan

BLOCK_TOKENS = 2**22  # tokens in a block of the encoded text, 16 MiB


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
    corpus: Corpus,
    min_count: int,
    progress: Report | None = None,
    remark: Remark | None = None,
    threads: int = 1,
) -> tuple[Vocabulary, EncodedText]:
    """Count a corpus, build its vocabulary, and encode it, in one pass over the text.

    Args:
        min_count: rarer words, and the word `<unk>` itself, are dropped.
        threads: how many share the work; they change nothing of the result.
    Raises:
        W2VError: no words, one word a line, or fewer than two words are left.
    """
    scanned = scan(corpus, BLOCK_TOKENS, threads, progress, remark)
    if scanned.longest_line == 1 and scanned.n_read > 1:
        raise W2VError(
            f"{corpus.description} has one word a line; a line is taken for one sentence, and "
            "windows end where a line does: put the words of a sentence on one line"
        )
    vocabulary, ids = _prune(scanned, min_count)
    if len(vocabulary) < 3:
        raise W2VError(
            f"{corpus.description} has {len(scanned.counts)} different words, of which "
            f"{len(vocabulary) - 1} occur at least {min_count} times; training takes two: "
            "lower --min-count or give more text"
        )
    if remark:
        for line in _two_forms(vocabulary.words):
            remark(f"{corpus.description} {line}")
    return vocabulary, _encoded(scanned, ids, threads)


def encode(
    corpus: Corpus,
    vocabulary: Vocabulary,
    progress: Report | None = None,
    remark: Remark | None = None,
    threads: int = 1,
) -> EncodedText:
    """The EncodedText of a corpus by an existing Vocabulary; raises as `read` does."""
    scanned = scan(corpus, BLOCK_TOKENS, threads, progress, remark)
    known = {word: index for index, word in enumerate(vocabulary.words)}
    words = scanned.words(np.arange(len(scanned.counts)))
    ids = np.array([known.get(word, UNK_ID) for word in words], np.int32)
    return _encoded(scanned, ids, threads)


def _two_forms(words):
    """Yield a line if words are in two forms of Unicode, which look the same."""
    marked = [w for w in words if not (w.isascii() or unicodedata.is_normalized("NFC", w))]
    both = {unicodedata.normalize("NFC", word) for word in marked}.intersection(words)
    if both:
        yield (
            f"has {len(both):,} words in two forms of Unicode, composed (NFC) and not (NFD), such "
            f"as {min(both)[:40]!r}; they look alike, but are trained apart: convert it to NFC"
        )


def _prune(scanned, min_count):
    """The vocabulary, and (n_words,) int32: the id of each word of a Scanned."""
    counts = scanned.counts
    by_count = np.argsort(-counts, kind="stable")
    kept = by_count[counts[by_count] >= min_count]
    words = scanned.words(kept)
    if UNK in words:
        kept = np.delete(kept, words.index(UNK))
        words.remove(UNK)
    ids = np.full(len(counts), UNK_ID, np.int32)
    ids[kept] = np.arange(1, len(kept) + 1)
    kept_counts = counts[kept]
    unknown = scanned.n_read - kept_counts.sum()
    return Vocabulary([UNK, *words], np.concatenate([[unknown], kept_counts])), ids


def _encoded(scanned, ids, threads):
    """The EncodedText of a Scanned with `ids` in place of its numbers; uses it up."""
    n_read, longest = scanned.n_read, scanned.longest_line
    blocks = scanned.encoded(ids, threads)
    return EncodedText(blocks, scanned.n_lines, n_read, longest, scanned.digest)
