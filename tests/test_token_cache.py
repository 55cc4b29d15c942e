"""Texts kept as tokens: the same as when they are read, whatever happens to the disk."""

import contextlib
import dataclasses
import os
import random
import re
import resource
import signal
import tempfile
import threading
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from test_reading import random_text
from texts import Text, zipf_lines
from w2v import tokenizing
from w2v.commands import cache as cache_command
from w2v.config import Config
from w2v.errors import W2VError
from w2v.text import corpus, room, token_cache, token_file, tokens, vocab, whole_table
from w2v.text.token_cache import TokenCache
from w2v.text.word_table import WORD_MASK

GB = 1e9
BLOCK = 64


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Blocks of a few tokens; and what is longer than one of them goes to the disk."""
    monkeypatch.setattr(tokens, "BLOCK_TOKENS", BLOCK)
    monkeypatch.setattr(token_cache, "BLOCK_TOKENS", BLOCK)
    monkeypatch.setattr(tokens, "FEW_TOKENS", BLOCK)


@pytest.fixture
def cache(tmp_path):
    return TokenCache(tmp_path / "cache", GB)


def written(path, content):
    path.write_bytes(content)
    return path


def opened(path, **settings):
    return corpus.open_corpus(Config(corpus=str(path), **settings))


def unreadable(one):
    """The same corpus, of which nothing can be read."""

    class Unreadable(corpus.Corpus):
        def chunks(self, progress=None, remark=None):
            raise AssertionError("the text was read")

    return Unreadable(one.name, one.description, one.sources, one.tokenization)


def told(read):
    """All that reading tells: words, counts, blocks and the rest."""
    vocabulary, encoded = read
    blocks = [block.tolist() for block in encoded.blocks]
    about = encoded.n_tokens, encoded.n_lines, encoded.n_read, encoded.longest_line, encoded.digest
    return vocabulary.words, vocabulary.counts.tolist(), blocks, about


def read(one, min_count=1, cache=None, remark=None, threads=2):
    return vocab.read(one, min_count, None, remark, threads, cache)


def the_file(cache):
    (path,) = cache.folder.iterdir()
    return path


@pytest.mark.parametrize("seed", range(4))
def test_text_is_the_same_from_the_cache_for_any_min_count(tmp_path, cache, seed):
    text = opened(written(tmp_path / "x", random_text(seed, 500)))
    first = told(read(text, cache=cache))
    for min_count in (1, 2, 5):
        plain = told(read(text, min_count))
        assert told(read(unreadable(text), min_count, cache)) == plain
        assert min_count > 1 or first == plain
    vocabulary, _ = read(text, 2)
    blocks = vocab.encode(unreadable(text), vocabulary, cache=cache).blocks
    assert [b.tolist() for b in blocks] == told(read(text, 2))[2]


def test_remarks_on_a_text_are_made_again(tmp_path, cache):
    text = opened(written(tmp_path / "x", b"\xef\xbb\xbf" + b"a b\r\n" * 100))
    lines = [[], []]
    read(text, cache=cache, remark=lines[0].append)
    read(unreadable(text), cache=cache, remark=lines[1].append)
    assert lines[0] == lines[1]
    assert len(lines[0]) == 2


def test_short_text_never_goes_to_the_disk(tmp_path, cache):
    text = opened(written(tmp_path / "x", b"a b\n" * (BLOCK // 2)))
    read(text, cache=cache)
    assert not cache.folder.exists()


def test_another_text_or_another_reading_of_it_is_read(tmp_path, cache):
    path = written(tmp_path / "x", b"A b\n" * 100)
    read(opened(path), cache=cache)
    for change in (
        lambda: path.write_bytes(b"A c\n" * 100),
        lambda: path.write_bytes(b"A c\n" * 101),
        lambda: os.replace(written(tmp_path / "y", b"A d\n" * 101), path),
    ):
        time.sleep(0.01)  # a clock of file systems ticks so often
        change()
        words = read(opened(path), cache=cache)[0].words
        assert words == ["<unk>", *path.read_text().split()[:2]]
    assert read(opened(path, lower=True), cache=cache)[0].words == ["<unk>", "a", "d"]
    assert read(unreadable(opened(path)), cache=cache)[0].words == ["<unk>", "A", "d"]


def test_text_is_read_again_by_other_rules(tmp_path, cache, monkeypatch):
    path = written(tmp_path / "x", b"A b\n" * 100)
    for settings in ({}, {"lower": True}, {"tokenize": "words"}):
        text = opened(path, **settings)
        read(text, cache=cache)
        with monkeypatch.context() as other:
            other.setattr(unicodedata, "unidata_version", "1.1")
            other.setattr(tokenizing, "VERSION", 1)
            if settings:
                with pytest.raises(AssertionError, match="the text was read"):
                    read(unreadable(text), cache=cache)
            else:
                read(unreadable(text), cache=cache)
        read(unreadable(text), cache=cache)


def damages(size, n_tokens):
    """Names and functions from a file's bytes to damaged ones: cuts, flips, zeros, another version.

    Tokens are left to the next test: they are looked at when they are used.
    """
    tail = range(n_tokens * 4, size, 7)
    yield from ((f"cut at {n}", lambda b, n=n: b[:n]) for n in (0, 1, size // 2, size - 1))
    yield from ((f"flip {n}", lambda b, n=n: b[:n] + bytes([b[n] ^ 4]) + b[n + 1 :]) for n in tail)
    yield "zeros", lambda b: bytes(len(b))
    yield "longer", lambda b: b + b"\0"
    yield "version", lambda b: b[:-1] + b"0"


def test_damaged_file_is_told_and_made_anew(tmp_path, cache):
    text = opened(written(tmp_path / "x", zipf_lines(20, 30).encode()))
    expected = told(read(text, cache=cache))
    path, n_tokens = the_file(cache), expected[3][2]
    sound = path.read_bytes()
    for name, damage in damages(len(sound), n_tokens):
        path.write_bytes(damage(sound))
        lines = []
        assert told(read(text, cache=cache, remark=lines.append)) == expected, name
        (line,) = lines
        assert "as kept, is damaged (" in line, name
        assert line.endswith("it is read anew")
        assert path.read_bytes() == sound, name
    assert told(read(unreadable(text), cache=cache)) == expected


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_damaged_tokens_are_noticed_when_they_are_used(tmp_path, cache, damage):
    path = written(tmp_path / "x", zipf_lines(20, 60).encode())
    text = opened(path)
    expected = told(read(text, cache=cache))
    kept, lines = the_file(cache), []
    vocabulary, encoded = read(unreadable(text), cache=cache)
    _, encoded_too = read(text, cache=cache, remark=lines.append)
    assert encoded_too.blocks[0].tolist() == expected[2][0]
    with open(kept, "r+b") as file:
        if damage == "flip":
            file.seek(2 * BLOCK * 4 + 9)
            file.write(b"\7")
        elif damage == "cut":
            file.truncate(2 * BLOCK * 4)
    if damage == "gone":
        kept.unlink()  # what is open stays
    assert told((vocabulary, encoded_too))[2] == expected[2]
    assert len(lines) == (damage != "gone")
    if damage != "gone":
        assert kept.stat().st_size > 2 * BLOCK * 4
        time.sleep(0.01)
        path.write_bytes(zipf_lines(20, 61).encode())
        with pytest.raises((W2VError, AssertionError), match=r"changed|was read"):
            list(encoded.blocks)


def failing_writes(limit):
    """While it lasts, no file grows beyond so many bytes."""

    @contextlib.contextmanager
    def limited():
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)

    return limited()


def test_disk_that_fills_up_is_told_and_done_without(tmp_path, cache, monkeypatch):
    text = opened(written(tmp_path / "x", zipf_lines(20, 60).encode()))
    expected = told(read(text))
    size = 0
    for limit in (0, 100, BLOCK * 4, BLOCK * 4 * 5 + 3, None):
        lines = []
        size = size if limit is None else 0
        limit = size - 1 if limit is None else limit  # the last byte of all
        with failing_writes(limit):
            assert told(read(text, cache=cache, remark=lines.append)) == expected
        (line,) = lines
        where = "is kept in memory, not on the disk"
        if size:  # all of the text is there, but not what would tell of it
            where = "is on the disk for this training only"
        assert line == f"the text {where} (File too large); the next training reads it anew"
        assert list(cache.folder.iterdir()) == []
        read(text, cache=cache)
        size = the_file(cache).stat().st_size
        cache.clear()


def test_text_is_kept_though_its_writer_is_slow(tmp_path, cache):
    text = opened(written(tmp_path / "x", zipf_lines(20, 60).encode()))

    class Slow(corpus.Corpus):
        def chunks(self, progress=None, remark=None):
            for _ in range(10):
                yield from corpus.Corpus.chunks(self)
            while not (cache.folder.exists() and the_file(cache).stat().st_size):
                time.sleep(0.001)
            os.utime(the_file(cache), (0, 0))  # long ago
            cache.make_room(0)  # as another training does
            cache.clear()

    slow = Slow(text.name, text.description, text.sources, text.tokenization)
    lines = []
    read(slow, cache=cache, remark=lines.append, threads=1)
    assert not lines
    assert len(cache.entries()) == 1


def test_text_that_cannot_get_its_name_is_told(tmp_path, cache, monkeypatch):
    text = opened(written(tmp_path / "x", zipf_lines(20, 60).encode()))
    expected, lines = told(read(text)), []
    read(text, cache=cache)
    path = the_file(cache)
    path.unlink()
    path.mkdir()  # where the text should be
    assert told(read(text, cache=cache, remark=lines.append)) == expected
    assert lines[-1] == (
        "the text is on the disk for this training only (Is a directory); the next training reads "
        "it anew"
    )


def call_cache(*arguments):
    return cache_command.main("w2v cache", arguments)


def test_cache_command_lists_and_clears(tmp_path, cache, capsys):
    for name in ("x", "y"):
        read(opened(written(tmp_path / name, zipf_lines(20, 60).encode())), cache=cache)
    folder = str(cache.folder)
    assert call_cache("--cache-dir", folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" tokens of ")[1].split(",")[0] for line in lines[:2]] == [
        f"{tmp_path}/{name}" for name in "yx"
    ]
    assert lines[2] == f"{folder}: 2 texts, 0.00 GB"
    the_newest = cache.entries()[0].path
    the_newest.unlink()
    assert call_cache("--cache-dir", folder, "--clear") == 0
    assert capsys.readouterr().out == f"removed from {folder}: 1 text, 0.00 GB\n"
    assert call_cache("--cache-dir", folder, "--clear") == 0
    assert capsys.readouterr().out == f"removed from {folder}: 0 texts, 0.00 GB\n"


def test_cache_command_refuses_what_is_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    kept = tmp_path / "home" / "w2v" / "texts" / "a.tokens"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"")
    for how in ([], ["--clear"]):
        assert call_cache(*how, "--cache-dir", "") == 2
        assert "--cache-dir is ''; it must be FOLDER, not empty" in capsys.readouterr().err
        assert call_cache(*how, "--cache-dir", str(kept)) == 1
        assert (
            capsys.readouterr().err == f"error: {kept} is no folder; name the one of --cache-dir\n"
        )
        assert call_cache(*how, "--cache-dir", str(tmp_path / "none")) == 0
        assert capsys.readouterr().out == f"{tmp_path}/none: there is no such folder, and no text\n"
    assert kept.exists()
    assert call_cache("--clear") == 0
    assert not kept.exists()


def test_without_a_home_nothing_is_kept_here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as where nobody has the user id
    text, lines = opened(written(tmp_path / "x", zipf_lines(20, 60).encode())), []
    read(text, cache=token_cache.cache_of(Config()), remark=lines.append)
    (line,) = lines
    assert "kept in memory, not on the disk (~/.cache/w2v/texts: there is no home folder" in line
    assert os.listdir() == ["x"]
    assert call_cache() == 0
    assert "there is no such folder" in capsys.readouterr().out
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which its specification says to ignore
    assert str(token_cache.cache_of(Config()).folder) == "~/.cache/w2v/texts"


def test_folder_that_cannot_be_written_is_told_and_done_without(tmp_path):
    text = opened(written(tmp_path / "x", zipf_lines(20, 60).encode()))
    written(tmp_path / "file", b"")
    lines = []
    cache = TokenCache(tmp_path / "file" / "below", GB)
    assert told(read(text, cache=cache, remark=lines.append)) == told(read(text))
    (line,) = lines
    assert re.search(r"kept in memory, not on the disk \(.*below: Not a directory\)", line)


def test_text_larger_than_disk_and_memory_is_refused_with_both_sizes(tmp_path, cache, monkeypatch):
    text = opened(written(tmp_path / "x", b"abcd " * 2000 + b"\nabcd ef\n"))
    source = dataclasses.replace(text.sources[0], text_bytes=57e9)  # 10 G words of 5.7 bytes
    text = dataclasses.replace(text, sources=(source,))
    monkeypatch.setattr(room, "free_memory", lambda: 50e9)
    monkeypatch.setattr(room, "free_disk", lambda folder: 12.34e9)
    lines = []
    expected = told(read(text))
    assert told(read(text, cache=cache, remark=lines.append)) == expected
    assert "No space left on device" in lines[0]
    monkeypatch.setattr(room, "free_memory", lambda: 39e9)
    for how, folder in ((cache, cache.folder), (None, tempfile.gettempdir())):
        with pytest.raises(W2VError) as refused:
            read(text, cache=how)
        assert str(refused.value) == (
            f"'{tmp_path}/x' takes about 40.0 GB as word numbers, and the disk of {folder} has "
            "12.3 GB free; give it a disk with room: by --cache-dir, or with --no-cache by $TMPDIR"
        )


def test_text_that_outgrows_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "free_memory", lambda: 1000)
    memory = tokens.InMemory()
    memory.append(np.ones(BLOCK, np.int32))
    with pytest.raises(W2VError, match="does not fit in memory, after 64 words of it; give it a"):
        memory.append(np.ones(1, np.int32))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_killed_while_writing_leaves_nothing_that_is_used(tmp_path, cache):
    text = opened(written(tmp_path / "x", zipf_lines(20, 60).encode()))

    class Deadly(corpus.Corpus):
        def chunks(self, progress=None, remark=None):
            for _ in range(10):
                yield from corpus.Corpus.chunks(self)
            while not the_file(cache).stat().st_size:
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGKILL)

    deadly = Deadly(text.name, text.description, text.sources, text.tokenization)
    if not (child := os.fork()):
        with contextlib.suppress(BaseException):
            read(deadly, cache=cache, threads=1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left = the_file(cache)
    assert left.stat().st_size
    assert cache.entries() == []
    assert told(read(text, cache=cache)) == told(read(text))
    os.utime(left, (0, 0))  # long ago
    cache.make_room(0)
    assert len(cache.entries()) == len(list(cache.folder.iterdir())) == 1


def test_two_at_once_and_one_that_clears_do_no_harm(tmp_path, cache):
    text = opened(written(tmp_path / "x", zipf_lines(50, 300).encode()))
    expected, found = told(read(text)), []
    start = threading.Barrier(3)

    def reader():
        start.wait()
        for _ in range(10):
            found.append(told(read(text, cache=cache)))

    threads = [threading.Thread(target=reader) for _ in range(2)]
    for thread in threads:
        thread.start()
    start.wait()
    while any(thread.is_alive() for thread in threads):
        cache.clear()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert all(one == expected for one in found)


def test_texts_not_used_for_longest_are_dropped(tmp_path, cache):
    texts = [opened(written(tmp_path / f"{n}", zipf_lines(20, 60, n).encode())) for n in range(3)]
    for age, text in zip((300, 200, 100), texts, strict=True):
        read(text, cache=cache)
        newest = cache.entries()[0].path
        os.utime(newest, (time.time() - age,) * 2)
    read(unreadable(texts[0]), cache=cache)  # used
    cache.most_bytes = 2.5 * cache.entries()[0].n_bytes
    cache.make_room(0)
    assert len(cache.entries()) == 2
    read(unreadable(texts[0]), cache=cache)
    read(unreadable(texts[2]), cache=cache)
    cache.most_bytes, lines = 10, []
    assert told(read(texts[1], cache=cache, remark=lines.append)) == told(read(texts[1]))
    assert len(cache.entries()) == len(list(cache.folder.iterdir())) == 2  # the others stay
    (line,) = lines
    assert line == (
        "the text takes 0.00 GB as word numbers, more than --cache-size, 1e-08 GB: it is not kept, "
        "and the next training reads it anew"
    )


def slow_counts(words, most):
    """Counts as word2vec.c's ReduceVocab leaves them, and what it may lack: by the definition."""
    counts, bound, lacking = {}, 0, 0
    for word in words:
        if word not in counts and len(counts) == most:
            bound = max(bound + 1, min(counts.values()))
            lacking += bound
            counts = {kept: n for kept, n in counts.items() if n > bound}
        counts[word] = counts.get(word, 0) + 1
    return counts, lacking


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("most", [7, 30])
def test_rare_words_are_dropped_when_there_are_too_many(monkeypatch, most, threads):
    monkeypatch.setattr(whole_table, "MOST_WORDS", most)
    monkeypatch.setattr(vocab, "MOST_WORDS", most)
    draw = random.Random(most)
    words = [f"w{int(draw.expovariate(0.1))}" for _ in range(3000)]
    lines = [" ".join(words[i : i + 10]) + "\n" for i in range(0, 3000, 10)]
    counts, lacking = slow_counts(words, most)
    whole = None
    for size in (1, 17, 300):
        pieces = ["".join(lines[i : i + size]).encode() for i in range(0, 300, size)]
        remarks = []
        vocabulary, encoded = read(Text(pieces), 1, remark=remarks.append, threads=threads)
        found = vocabulary.words[1:], vocabulary.counts[1:].tolist()
        assert dict(zip(*found, strict=True)) == counts
        assert vocabulary.counts[0] == 3000 - sum(counts.values())
        ids = np.concatenate(list(encoded.blocks)) & WORD_MASK
        assert np.bincount(ids, minlength=len(vocabulary))[1:].tolist() == list(
            vocabulary.counts[1:]
        )
        (remark,) = remarks
        assert f"more than {most} different words at a time" in remark
        assert remark.endswith(f"are lower bounds, up to {lacking:,} too low")
        whole = whole or told((vocabulary, encoded))
        assert told((vocabulary, encoded)) == whole


def test_about_a_file_is_told(tmp_path, cache):
    text = opened(written(tmp_path / "x", zipf_lines(20, 60).encode()))
    read(text, cache=cache)
    (entry,) = cache.entries()
    n_read = read(text)[1].n_read
    where = f"{tmp_path}/x, read with --tokenize whitespace --no-lower"
    assert entry.describe() == f"{n_read:,} tokens of {where}"
    sound = entry.path.read_bytes()
    for key in (b"description", b"n_lines", b"remarks", b"key", b"checksums", b"n_words", b"n_l"):
        place = sound.rindex(b'"' + key) + 1
        entry.path.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        assert entry.describe() == "damaged, or of another version"
    entry.path.write_bytes(b"")
    assert entry.describe() == "damaged, or of another version"
    with pytest.raises(tokens.DamagedTokens, match="it has 0 bytes"):
        token_file.read(Path(entry.path))
