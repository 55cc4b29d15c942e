"""Words and their ids, and a text as one stream of ids, read in a single compiled pass."""

import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.config import UNK
from w2v.errors import W2VError
from w2v.text.corpus import Corpus
from w2v.text.encoded import UNK_ID, EncodedText, encoded
from w2v.text.scanned import Remark, Report, Scanned
from w2v.text.token_cache import Reading, TokenCache, read_once
from w2v.text.whole_table import MOST_WORDS


@dataclass(frozen=True)
class Vocabulary:
    """Words by id: `<unk>` is 0, the rest by falling count, ties in order of first appearance.

    words: V strings.  counts: (V,) int64; counts[0] is how many tokens were dropped as unknown.
    """

    words: list[str]
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)


def read(
    corpus: Corpus,
    min_count: int,
    progress: Report | None = None,
    remark: Remark | None = None,
    threads: int = 1,
    cache: TokenCache | None = None,
) -> tuple[Vocabulary, EncodedText]:
    """Count a corpus, build its vocabulary, and encode it, in one pass over the text.

    Args:
        min_count: rarer words, and the word `<unk>` itself, are dropped.
        threads: how many share the work; they change nothing of the result.
        cache: knows a text that was read before; gains one that was not.
    Raises:
        W2VError: no words, one word a line, or fewer than two words are left.
    """
    scanned = read_once(Reading(corpus, threads, progress, remark), cache)
    if scanned.longest_line == 1 and scanned.n_read > 1:
        raise W2VError(
            f"{corpus.description} has one word a line; a line is taken for one sentence, and "
            "windows end where a line does: put the words of a sentence on one line"
        )
    vocabulary, ids = _prune(scanned, min_count)
    if len(vocabulary) < 3:
        raise W2VError(
            f"{corpus.description} has {scanned.n_words} different words, of which "
            f"{len(vocabulary) - 1} occur at least {min_count} times; training takes two: "
            "lower --min-count or give more text"
        )
    if remark:
        for line in (*_inexact(scanned, ids), *_two_forms(vocabulary.words)):
            remark(f"{corpus.description} {line}")
    return vocabulary, encoded(scanned, ids, scanned.n_read - int(vocabulary.counts[0]))


def encode(
    corpus: Corpus,
    vocabulary: Vocabulary,
    progress: Report | None = None,
    remark: Remark | None = None,
    threads: int = 1,
    cache: TokenCache | None = None,
) -> EncodedText:
    """The EncodedText of a corpus by an existing Vocabulary; raises as `read` does."""
    scanned = read_once(Reading(corpus, threads, progress, remark), cache)
    known = {word: index for index, word in enumerate(vocabulary.words)}
    words = scanned.words(np.arange(len(scanned.counts)))
    ids = np.array([known.get(word, UNK_ID) for word in words], np.int32)
    return encoded(scanned, ids, int(scanned.counts[ids != UNK_ID].sum()))


def _inexact(scanned, ids):
    """Yield a line if some counts are lower bounds."""
    if n := int(np.count_nonzero(ids[scanned.n_exact :])):
        yield (
            f"has more than {MOST_WORDS:,} different words at a time, of which rare ones were "
            f"dropped on the way: the counts of {n:,} words of the vocabulary are lower bounds, up "
            f"to {scanned.n_lacking} too low"
        )


def _two_forms(words):
    """Yield a line if words are in two forms of Unicode, which look the same."""
    marked = [w for w in words if not (w.isascii() or unicodedata.is_normalized("NFC", w))]
    both = {unicodedata.normalize("NFC", word) for word in marked}.intersection(words)
    if both:
        yield (
            f"has {len(both):,} words in two forms of Unicode, composed (NFC) and not (NFD), such "
            f"as {min(both)[:40]!r}; they look alike, but are trained apart: convert it to NFC"
        )


def _prune(scanned: Scanned, min_count: int) -> tuple[Vocabulary, npt.NDArray[np.int32]]:
    """The vocabulary, and (n,) int32: the id of each word of a Scanned."""
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
