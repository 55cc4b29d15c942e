"""vocab.tsv: a line for each word, in id order: word, tab, count; UTF-8."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from w2v.errors import damaged


def format_vocab(words: Sequence[str], counts: Iterable[int]) -> bytes:
    """The bytes of a vocab.tsv."""
    pairs = zip(words, counts, strict=True)
    return "".join(f"{word}\t{count}\n" for word, count in pairs).encode()


def parse_vocab(raw: bytes, path: str | Path) -> tuple[list[str], list[int]]:
    """The words and counts in the bytes of a vocab.tsv. Raises: W2VError: they are damaged."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise damaged(path, f"byte {error.start} is not UTF-8") from error
    if not text.endswith("\n"):
        raise damaged(path, "its last line has no end")
    words, counts = [], []
    # Not splitlines(): a word may hold U+2028 and other line ends that are not ours.
    for number, line in enumerate(text[:-1].split("\n"), 1):
        word, _, count = line.partition("\t")
        if not word:
            raise damaged(path, f"line {number} has no word")
        if not (count.isascii() and count.isdigit() and len(count) < 19):  # below 2^63
            raise damaged(path, f"line {number} has the count {count[:40]!r}")
        words.append(word)
        counts.append(int(count))
    return words, counts
