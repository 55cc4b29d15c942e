"""The vocabulary of a text that several processes read, each its share: the one that one finds."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError, W2VError
from w2v.text.encoded import EncodedText
from w2v.text.scanned import Scanned
from w2v.text.shares import Share, ShareWords, merged
from w2v.text.token_cache import Reading, TokenCache, read_once
from w2v.text.tokens import InMemory
from w2v.text.vocab import Known, Vocabulary, build, encode_scanned

Array = npt.NDArray[Any]


class Ranks(Protocol):
    """The processes, which all make the same calls: training/ranks.py."""

    @property
    def share(self) -> Share: ...

    def each(self, arrays: Sequence[Array]) -> Iterator[list[Array]]: ...

    def broadcast(self, arrays: Sequence[Array] | None) -> list[Array]: ...


def read_share(
    reading: Reading,
    min_count: int,
    cache: TokenCache | None,
    ranks: Ranks,
    known: Known | None = None,
) -> tuple[Vocabulary, EncodedText]:
    """The vocabulary of a whole text, and the share of it that is this process's.

    Args:
        reading: of the whole text.  min_count, cache: as for vocab.read.
        known: the same, on process 0.
    Raises:
        W2VError: as vocab.read, on process 0; there, too, if another process has another text.
        UsageError: there is less text than processes.
    """
    scanned = read_once(dataclasses.replace(reading, share=ranks.share), cache)
    arrays = ranks.each(_words_of(scanned))
    message = None
    if ranks.share.number == 0:
        whole = _whole(arrays, reading.corpus.description, ranks.share.of)
        vocabulary, _ = build(whole, reading.corpus, min_count, reading.remark, known)
        about = np.array([whole.n_lines, whole.n_read, whole.longest_line])
        message = [_letters(vocabulary.words), vocabulary.counts, about]
    else:
        for _ in arrays:
            pass
    letters, counts, about = ranks.broadcast(message)
    vocabulary = Vocabulary(letters.tobytes().decode().split(" "), counts)
    n_lines, n_read, longest_line = about.tolist()
    return vocabulary, dataclasses.replace(
        encode_scanned(scanned, vocabulary),
        n_tokens=n_read - int(counts[0]),
        n_lines=n_lines,
        n_read=n_read,
        longest_line=longest_line,
        share=ranks.share,
    )


def _words_of(scanned: Scanned) -> list[Array]:
    """What process 0 has to know of a share."""
    n_pieces, n_words = len(scanned.n_words_after), np.array(scanned.n_words_after, np.int64)
    pieces = np.repeat(np.arange(n_pieces), np.diff(n_words, prepend=0))
    is_kept = scanned.counts > 0
    about = scanned.n_lines, scanned.n_read, scanned.longest_line, scanned.n_lacking, n_pieces
    digest = np.frombuffer(bytes.fromhex(scanned.digest), np.uint8)
    words = scanned.letters, scanned.counts[is_kept], pieces[is_kept]
    return [*words, np.array(about), digest]


def _whole(arrays: Iterator[list[Array]], description: str, n_shares: int) -> Scanned:
    """The whole text, but for its tokens, from what `_words_of` gives of its shares in order."""
    abouts: list[Array] = []
    digests: list[bytes] = []

    def words() -> Iterator[ShareWords]:
        for letters, counts, pieces, about, digest in arrays:
            abouts.append(about)
            digests.append(digest.tobytes())
            yield ShareWords(letters, counts, pieces)

    letters, starts, counts = merged(words(), n_shares)
    for number, digest in enumerate(digests):
        if digest != digests[0]:
            raise W2VError(
                f"rank {number} reads another text than rank 0: their SHA-256 are "
                f"{digest.hex()[:16]}… and {digests[0].hex()[:16]}…; give all ranks the same files"
            )
    n_lines, n_read, longest, n_lacking, n_pieces = np.array(abouts).T
    for number, n in enumerate(n_pieces):
        if n != n_pieces[0]:
            raise W2VError(
                f"rank {number} reads the text from other files than rank 0, in {n:,} pieces and "
                f"{n_pieces[0]:,}; give all ranks the same files"
            )
    if not n_read.all():
        raise UsageError(
            f"{description} has {n_read.sum():,} words in {n_lines.sum():,} lines, which leaves "
            f"rank {int(n_read.argmin())} of {n_shares} without any; start fewer processes"
        )
    return Scanned(
        counts,
        starts,
        letters,
        n_lines=int(n_lines.sum()),
        n_read=int(n_read.sum()),
        longest_line=int(longest.max()),
        digest=digests[0].hex(),
        n_exact=0 if n_lacking.any() else len(counts),
        n_lacking=int(n_lacking.sum()),
        n_words_after=[],
        tokens=InMemory(),
    )


def _letters(words: list[str]) -> Array:
    """The spelling of words, between spaces, which no word has."""
    return np.frombuffer(" ".join(words).encode(), np.uint8)
