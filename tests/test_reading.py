"""A text read by threads, in pieces of any size, is the text read by a slow plain reader."""

import bz2
import gzip
import hashlib
import itertools
import lzma
import random
import re
import threading
from collections import Counter

import numpy as np
import pytest

from texts import Text, zipf_lines
from w2v.config import Config
from w2v.errors import W2VError
from w2v.text import corpus, source
from w2v.text.vocab import encode, read
from w2v.text.word_table import WORD_MASK

PACK = {".txt": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
WORDS = ["a", "b", "the", "é", "été", "naïve", "漢字", "no\u00a0break", "🙂", "<unk>", "A", "É"]
GAPS = [" "] * 12 + ["\n"] * 4 + ["\r\n", "\t", "  ", "\n\n\n", " \n ", "\v", "\f"]


def random_text(seed, n_words=300):
    """Words that repeat, rare ones, and all kinds of white space; it may end within a line."""
    draw = random.Random(seed)
    words = [*WORDS, *(f"w{draw.randrange(60)}" for _ in range(40))]
    return "".join(draw.choice(words) + draw.choice(GAPS) for _ in range(n_words)).encode()


def read_slowly(texts, min_count, known=None):
    """What reading some files must give: a golden reader that shares nothing with the fast one.

    Returns:
        words, counts, [[ids] of each sentence], lines, tokens, longest line, SHA-256
    """
    whole = b"".join(text if text.endswith(b"\n") else text + b"\n" for text in texts)
    lines = [line.split() for line in whole.split(b"\n")[:-1]]  # bytes split at ASCII white space
    seen = Counter(word for line in lines for word in line)  # in the order of first appearance
    kept = [(word, n) for word, n in seen.items() if n >= min_count and word != b"<unk>"]
    kept.sort(key=lambda pair: -pair[1])
    words = ["<unk>", *(word.decode() for word, _ in kept)]
    n_unknown = seen.total() - sum(n for _, n in kept)
    ids = {word.encode(): index for index, word in enumerate(known or words) if index}
    sentences = [[ids[word] for word in line if word in ids] for line in lines]
    return (
        words,
        [n_unknown, *(n for _, n in kept)],
        [sentence for sentence in sentences if sentence],
        len(lines),
        seen.total(),
        max(map(len, lines)),
        hashlib.sha256(whole).hexdigest(),
    )


def as_read(encoded):
    """An EncodedText of one block, as `read_slowly` tells it from the sentences on."""
    (block,) = encoded.blocks
    sentences = np.split(block & WORD_MASK, np.flatnonzero(block < 0))[1:]
    return (
        [sentence.tolist() for sentence in sentences],
        encoded.n_lines,
        encoded.n_read,
        encoded.longest_line,
        encoded.digest,
    )


@pytest.mark.parametrize("threads", [1, 2, 3, 20])
@pytest.mark.parametrize("seed", range(12))
def test_read_equals_a_slow_reader_for_any_threads_and_pieces(tmp_path, monkeypatch, seed, threads):
    draw = random.Random(seed)
    texts = [random_text(f"{seed} {number}") for number in range(draw.randint(1, 3))]
    for number, text in enumerate(texts):
        suffix = draw.choice(list(PACK))
        (tmp_path / f"{number}{suffix}").write_bytes(PACK[suffix](text))
    lower = draw.random() < 0.3
    texts = [text.decode().lower().encode() for text in texts] if lower else texts
    opened = corpus.open_corpus(Config(corpus=str(tmp_path), lower=lower))
    min_count = draw.choice([1, 2, 5])
    words, counts, *rest = read_slowly(texts, min_count)
    for chunk_bytes in (1, draw.randint(2, 40), 1000, 1 << 20):
        monkeypatch.setattr(source, "CHUNK_BYTES", chunk_bytes)
        vocabulary, encoded = read(opened, min_count, threads=threads)
        assert vocabulary.words == words
        assert vocabulary.counts.tolist() == counts
        assert as_read(encoded) == tuple(rest)


def test_encode_equals_a_slow_reader_for_any_threads_and_pieces(tmp_path, monkeypatch):
    trained, other = random_text(1), random_text(2)
    (tmp_path / "trained").write_bytes(trained)
    (tmp_path / "other").write_bytes(other)
    vocabulary, _ = read(corpus.open_corpus(Config(corpus=str(tmp_path / "trained"))), 3)
    _, _, *expected = read_slowly([other], 1, known=vocabulary.words)
    opened = corpus.open_corpus(Config(corpus=str(tmp_path / "other")))
    for chunk_bytes, threads in ((1, 2), (17, 3), (100, 1), (1 << 20, 2)):
        monkeypatch.setattr(source, "CHUNK_BYTES", chunk_bytes)
        assert as_read(encode(opened, vocabulary, threads=threads)) == tuple(expected)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_tables_of_threads_grow_and_are_merged(threads):
    # More words than a table first holds (2¹⁵) and than are merged at a time (2¹⁶); half of them
    # come again, in another order.
    words = [f"{number:x}-{'long' * 8}" for number in range(150_000)]
    again = words[::-2]
    lines = [" ".join(part) + "\n" for part in (words, again)]
    content = "".join(lines).encode()
    cuts = [0, *(m.end() for m in re.finditer(rb"\S*7-\w+\s", content)), len(content)]
    pieces = [content[start:end] for start, end in itertools.pairwise(cuts)]
    vocabulary, encoded = read(Text(pieces), 1, threads=threads)
    twice = set(again)
    assert vocabulary.words[1:] == sorted(words, key=lambda word: word not in twice)
    assert vocabulary.counts.tolist() == [0] + [2] * 75_000 + [1] * 75_000
    ids = {word: index for index, word in enumerate(vocabulary.words)}
    assert as_read(encoded)[0] == [[ids[word] for word in part] for part in (words, again)]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_blocks_are_cut_alike_for_any_threads(monkeypatch, threads):
    monkeypatch.setattr("w2v.text.tokens.BLOCK_TOKENS", 50)
    raw = zipf_lines(60, 200, seed=3).encode()
    pieces = re.findall(rb"[^\n]*\n[^ ]* ?", raw)
    assert b"".join(pieces) == raw
    words, *_ = read_slowly([raw], 4)
    _, encoded = read(Text(pieces), 4, threads=threads)
    ids = {word.encode(): index for index, word in enumerate(words)}
    flat = []  # (id, whether it is the first known word of its line), of all words read
    for line in raw.split(b"\n"):
        begins = True
        for word in line.split():
            flat.append((ids.get(word, 0), begins))
            begins = begins and word not in ids
    expected = [
        [token for token in flat[start : start + 50] if token[0]]
        for start in range(0, len(flat), 50)
    ]
    assert encoded.n_tokens == sum(map(len, expected)) < encoded.n_read == len(flat)
    for block, wanted in zip(encoded.blocks, expected, strict=True):
        assert (block & WORD_MASK).tolist() == [word for word, _ in wanted]
        assert (block[1:] < 0).tolist() == [begins for _, begins in wanted[1:]]
        assert block[0] < 0


@pytest.mark.parametrize("threads", [1, 2])
def test_errors_of_a_text_name_the_same_place_with_any_threads(tmp_path, monkeypatch, threads):
    monkeypatch.setattr(source, "CHUNK_BYTES", 64)
    (tmp_path / "x").write_bytes(b"some words\n" * 99 + b"caf\xe9 x\n" + b"more words\n" * 99)
    match = r"x' is not UTF-8: byte 0xe9 at line 100, byte offset 1092; convert it to UTF-8$"
    with pytest.raises(W2VError, match=match):
        read(corpus.open_corpus(Config(corpus=str(tmp_path))), 1, threads=threads)


class Interrupting(Text):
    """Hands out its pieces, and then ends as on a Ctrl-C."""

    def chunks(self, progress=None, remark=None):
        yield from self.pieces
        raise KeyboardInterrupt


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_end_with_an_interrupt_and_with_an_error_of_theirs(threads):
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        read(Interrupting([b"a b c\n"] * 50), 1, threads=threads)
    assert set(threading.enumerate()) == before
    with pytest.raises((TypeError, AttributeError)):
        read(Text([b"a b c\n"] * 20 + [None] * 20), 1, threads=threads)  # which no table takes
    assert set(threading.enumerate()) == before
