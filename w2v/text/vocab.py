"""Words and their ids, and a text as one stream of ids, read in a single compiled pass."""

import dataclasses
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from w2v.config import UNK
from w2v.errors import W2VError, counted
from w2v.text.corpus import Corpus
from w2v.text.encoded import UNK_ID, EncodedText, encoded
from w2v.text.phrases import Phrasing, join_phrases
from w2v.text.scanned import Remark, Report, Scanned
from w2v.text.token_cache import Reading, TokenCache, passing_spool, read_once
from w2v.text.whole_table import MOST_WORDS
from w2v.tokenizing import Phrases

LONG_WORD = 25  # bytes, on average: more are sentences


@dataclass(frozen=True)
class Vocabulary:
    """Words by id: `<unk>` is 0, the rest by falling count, ties in order of first appearance.

    words: V strings.  counts: (V,) int64; counts[0] is how many tokens were dropped as unknown. 0
        at the end, for words that come from elsewhere: see Known.
    phrases: those that are among the words, or None.
    """

    words: list[str]
    counts: npt.NDArray[np.int64]
    phrases: Phrases | None = None

    def __len__(self) -> int:
        return len(self.words)


class Known(NamedTuple):
    """Words that are known before a text is read.

    words: without `<unk>`.
    chosen: "old": the vocabulary is those alone; "union": those and the text's own.
    """

    words: Sequence[str]
    chosen: str


def read(
    corpus: Corpus,
    min_count: int,
    progress: Report | None = None,
    remark: Remark | None = None,
    threads: int = 1,
    cache: TokenCache | None = None,
    known: Known | None = None,
    phrasing: Phrasing | None = None,
) -> tuple[Vocabulary, EncodedText]:
    """Count a corpus, build its vocabulary, and encode it, in one pass over the text.

    Args:
        min_count: rarer words, and the word `<unk>` itself, are dropped.
        threads: how many share the work; they change nothing of the result.
        cache: knows a text that was read before; gains one that was not.
        known: words that are in the vocabulary however rare they are.
        phrasing: which words are joined before they are counted; None: none are.
    Raises:
        W2VError: no words, one word a line, or fewer than two words are left.
    """
    scanned, phrases = _read(Reading(corpus, threads, progress, remark), cache, phrasing)
    vocabulary, ids = build(scanned, corpus, min_count, remark, known)
    vocabulary = dataclasses.replace(vocabulary, phrases=phrases)
    return vocabulary, encoded(scanned, ids, scanned.n_read - int(vocabulary.counts[0]))


def build(
    scanned: Scanned,
    corpus: Corpus,
    min_count: int,
    remark: Remark | None = None,
    known: Known | None = None,
) -> tuple[Vocabulary, npt.NDArray[np.int32]]:
    """The vocabulary, and (n,) int32: the id of each word of a Scanned; raises as `read` does."""
    if scanned.longest_line == 1 and scanned.n_read > 1:
        raise W2VError(
            f"{corpus.description} has one word a line; a line is taken for one sentence, and "
            f"windows end where a line does: {_words_of_lines(scanned)}"
        )
    vocabulary, ids = _prune(scanned, min_count, known)
    if (n_seen := np.count_nonzero(vocabulary.counts[1:])) < 2:
        raise W2VError(
            f"{corpus.description} has {counted(scanned.n_words, 'different word')}, of which "
            f"{n_seen} {_why_kept(min_count, known)}; training takes two: "
            f"{'lower --min-count or ' * (known is None)}give more text"
        )
    if remark:
        for line in (*_inexact(scanned, ids), *_two_forms(vocabulary.words)):
            remark(f"{corpus.description} {line}")
    return vocabulary, ids


def encode(
    corpus: Corpus,
    vocabulary: Vocabulary,
    progress: Report | None = None,
    remark: Remark | None = None,
    threads: int = 1,
    cache: TokenCache | None = None,
) -> EncodedText:
    """The EncodedText of a corpus by an existing Vocabulary; raises as `read` does."""
    phrases = vocabulary.phrases
    phrasing = None if phrases is None else Phrasing.joining(phrases)
    scanned, _ = _read(Reading(corpus, threads, progress, remark), cache, phrasing)
    return encode_scanned(scanned, vocabulary)


def encode_scanned(scanned: Scanned, vocabulary: Vocabulary) -> EncodedText:
    """The EncodedText of a Scanned by any Vocabulary."""
    found = scanned.numbers(vocabulary.words)
    ids = np.full(len(scanned.counts), UNK_ID, np.int32)
    for index, word in enumerate(vocabulary.words):
        if word in found:
            ids[found[word]] = index
    return encoded(scanned, ids, int(scanned.counts[ids != UNK_ID].sum()))


def _read(
    reading: Reading, cache: TokenCache | None, phrasing: Phrasing | None
) -> tuple[Scanned, Phrases | None]:
    """A text with its words numbered, and its phrases joined."""
    scanned = read_once(reading, cache)
    if phrasing is None:
        return scanned, None
    return join_phrases(scanned, phrasing, lambda: passing_spool(reading, cache), reading.tell)


def _words_of_lines(scanned):
    """What to do where each line is one word."""
    if scanned.starts[-1] > LONG_WORD * len(scanned.counts):
        return "where words have no white space between them, --tokenize words finds them"
    return "put the words of a sentence on one line"


def _inexact(scanned, ids):
    """Yield a line if some counts are lower bounds."""
    if n := int(np.count_nonzero(ids[scanned.n_exact :])):
        yield (
            f"has more than {MOST_WORDS:,} different words at a time, of which rare ones were "
            f"dropped on the way: the counts of {counted(n, 'word')} of the vocabulary are lower "
            f"bounds, up to {scanned.n_lacking:,} too low"
        )


def _two_forms(words):
    """Yield a line if words are in two forms of Unicode, which look the same."""
    marked = [w for w in words if not (w.isascii() or unicodedata.is_normalized("NFC", w))]
    both = {unicodedata.normalize("NFC", word) for word in marked}.intersection(words)
    if both:
        yield (
            f"has {counted(len(both), 'word')} in two forms of Unicode, composed (NFC) and not "
            f"(NFD), such as {min(both)[:40]!r}; they look alike, but are trained apart: "
            "convert it to NFC"
        )


def _why_kept(min_count, known):
    if known is None:
        return f"occur at least {min_count} times"
    return "are among the old ones" + f" or occur {min_count} times" * (known.chosen == "union")


def _prune(
    scanned: Scanned, min_count: int, known: Known | None = None
) -> tuple[Vocabulary, npt.NDArray[np.int32]]:
    """The vocabulary, and (n,) int32: the id of each word of a Scanned."""
    counts = scanned.counts
    by_count = np.argsort(-counts, kind="stable")
    is_kept = counts >= min_count
    absent: list[str] = []
    if known is not None:
        is_old, absent = _of_known(scanned, known)
        is_kept = is_old | is_kept if known.chosen == "union" else is_old
    kept = by_count[is_kept[by_count]]
    words = scanned.words(kept)
    if UNK in words:
        kept = np.delete(kept, words.index(UNK))
        words.remove(UNK)
    ids = np.full(len(counts), UNK_ID, np.int32)
    ids[kept] = np.arange(1, len(kept) + 1)
    kept_counts = counts[kept]
    unknown = scanned.n_read - kept_counts.sum()
    not_seen = np.zeros(len(absent), np.int64)
    all_counts = np.concatenate([[unknown], kept_counts, not_seen])
    return Vocabulary([UNK, *words, *absent], all_counts), ids


def _of_known(scanned: Scanned, known: Known) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """(n,) bool: which words of a Scanned are known; and the known ones that it has not."""
    found = scanned.numbers(known.words)
    is_old = np.zeros(len(scanned.counts), np.bool_)
    is_old[list(found.values())] = True
    return is_old, [word for word in known.words if word not in found]
