"""Text from Python and from pipes is the text that a file would hold."""

import io
import os
import sys
import threading

import numpy as np
import pytest

import w2v
from test_reading import random_text
from texts import zipf_lines
from w2v.config import Config
from w2v.errors import UsageError, W2VError
from w2v.text import source
from w2v.text.corpus import corpus_of, open_corpus
from w2v.text.vocab import read

SMALL = {"vector_size": 8, "min_count": 1, "epochs": 2, "engine": "cpu", "sample": 0.0}
LINES = ["the cat sat", "", "  on  the\tmat ", "ÉTÉ naïve 漢字\u00a0x", "the end"]


def told(corpus):
    vocabulary, encoded = read(corpus, 1)
    blocks = [block.tolist() for block in encoded.blocks]
    about = encoded.n_lines, encoded.n_read, encoded.longest_line, encoded.digest
    return vocabulary.words, vocabulary.counts.tolist(), blocks, about


def of(sentences, **settings):
    return told(corpus_of(sentences, Config(**settings)))


def of_file(path, text, **settings):
    path.write_bytes(text.encode())
    return told(open_corpus(Config(corpus=path, **settings)))


@pytest.mark.parametrize("chunk_bytes", [1, 20, 1 << 20])
@pytest.mark.parametrize("lower", [False, True])
def test_sentences_are_read_as_the_lines_of_a_file(tmp_path, monkeypatch, lower, chunk_bytes):
    monkeypatch.setattr(source, "CHUNK_BYTES", chunk_bytes)
    expected = of_file(tmp_path / "x", "\n".join(LINES), lower=lower)
    for sentences in (
        LINES,
        tuple(LINES),
        (line for line in LINES),
        dict.fromkeys(LINES).keys(),
        np.array(LINES),
        np.array(LINES, object),
        io.StringIO("\n".join(LINES)),  # as an open file: lines with their ends
        ["\n".join(LINES)],
    ):
        assert of(sentences, lower=lower) == expected, type(sentences)
    words = [line.encode().split() for line in LINES]
    words = [[word.decode() for word in line] for line in words]
    joined = of_file(tmp_path / "y", "".join(" ".join(line) + "\n" for line in words), lower=lower)
    for sentences in (words, map(tuple, words), [np.array(line, object) for line in words]):
        assert of(sentences, lower=lower) == joined, type(sentences)
    assert joined[:3] == expected[:3]


def test_empty_sentences_and_empty_words_are_no_words():
    assert of([["a", "", "b"], [], "", ["c", "d"]])[:3] == of(["a b", "c d"])[:3]


@pytest.mark.parametrize("after", [0, 5])
@pytest.mark.parametrize("kind", [ValueError, OSError, EOFError, KeyboardInterrupt])
def test_exception_of_an_iterable_is_left_as_it_is(kind, after):
    error = kind(5, "theirs") if kind is OSError else kind("theirs")

    def sentences():
        yield from ["a b c"] * after
        raise error

    with pytest.raises(kind) as raised:
        of(sentences())
    assert raised.value is error


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        (["a b", 7], r"sentence 1 is of type int; a sentence is a string, or a list of words"),
        (["a b", float("nan")], "sentence 1 is of type float"),
        ([None], "sentence 0 is of type NoneType"),
        ([b"a b"], "sentence 0 is of type bytes"),
        ([{"text": "a b"}], "sentence 0 is of type dict"),
        ([["a", 7]], "sentence 0 holds a word of type int"),
        ([["a"], ["b", b"c"]], "sentence 1 holds a word of type bytes"),
        ([["a", "new york"]], "sentence 0 has white space in its word 'new york'"),
        ([["a", "b\n"]], r"sentence 0 has white space in its word 'b\\n'"),
        (["a", "b \udc80"], r"sentence 1 holds half of a character, '\\udc80'"),
    ],
)
def test_what_is_no_sentence_is_refused_with_its_number(sentences, message):
    with pytest.raises(UsageError, match=message):
        of(sentences)


@pytest.mark.parametrize("sentences", [[], iter(()), ["", "  "], [[], [""]]])
def test_iterable_without_words_is_refused(sentences):
    with pytest.raises(W2VError, match=r"sentences, from Python \(\w+\) holds no words"):
        of(sentences)


def test_long_word_of_a_sentence_is_refused_with_its_place(monkeypatch):
    monkeypatch.setattr(source, "WORD_BYTES", 10)
    with pytest.raises(W2VError, match=r"starting at byte offset 4; is this text\?"):
        of(["a b", "c" * 11])


class Table(list):
    columns = ("text",)


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        (7, "the corpus is of type int; give a path, or sentences"),
        (b"a b", "the corpus is of type bytes; give a path, or"),
        ({"text": ["a b"]}, "the corpus is of type dict; give one of its columns"),
        (Table(["text"]), "the corpus is of type Table; give one of its columns"),
        (["x.txt", "y.txt"], "a list of strings, which are sentences, but 'x.txt' is a file; give"),
    ],
)
def test_corpus_that_is_neither_path_nor_sentences_is_refused(folder, corpus, message):
    for name in ("x.txt", "y.txt"):
        (folder / name).write_text("a b\n")
    with pytest.raises(UsageError, match=message):
        w2v.train(corpus)


@pytest.fixture
def piped(monkeypatch):
    """Call it with bytes to have them come from standard input, through a pipe."""
    ends = []

    def pipe(content):
        reading, writing = os.pipe()

        def write():
            with os.fdopen(writing, "wb") as file:
                file.write(content)

        thread = threading.Thread(target=write)
        thread.start()
        stdin = os.fdopen(reading)
        ends.append((thread, stdin))
        monkeypatch.setattr(sys, "stdin", stdin)

    yield pipe
    for thread, stdin in ends:
        stdin.close()
        thread.join()


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.heavy) for n in (1, 2))])
def test_vectors_have_the_same_bits_wherever_the_text_comes_from(folder, piped, seed):
    text = random_text(seed, 2000) + zipf_lines(50, 200, seed).encode()
    (folder / "text.txt").write_bytes(text)
    lines = text.decode().split("\n")
    piped(text)
    for out, corpus in (
        ("path", "text.txt"),
        ("list", lines[:-1]),
        ("generator", (line for line in lines[:-1])),
        ("pipe", "-"),
    ):
        w2v.train(corpus, out=out, **SMALL)
    files = [(folder / out / "vectors.safetensors").read_bytes() for out in ("path", "list")]
    files += [(folder / out / "vectors.safetensors").read_bytes() for out in ("generator", "pipe")]
    assert len(set(files)) == 1


def test_runs_of_sentences_and_of_a_pipe_are_named_after_them(folder, piped):
    lines = zipf_lines(30, 50).splitlines()
    assert w2v.train(lines, **SMALL).folder.name == "sentences"
    piped("\n".join(lines).encode())
    assert w2v.train("-", **SMALL).folder.name == "stdin"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "^standard input holds no words"),
        (b"\x1f\x8b" + bytes(30), "standard input is packed by gzip; unpack it before the pipe"),
        (b"a b\xff c\n", "standard input is not UTF-8: byte 0xff at byte offset 3; convert it"),
    ],
)
def test_pipe_that_holds_no_text_is_refused(piped, content, message):
    piped(content)
    with pytest.raises(W2VError, match=message):
        told(open_corpus(Config(corpus="-")))


def test_terminal_is_no_text(monkeypatch):
    leading, terminal = os.openpty()
    with os.fdopen(leading, "wb"), open(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(UsageError, match="that is a terminal: pipe a text in"):
            open_corpus(Config(corpus="-"))


def test_column_of_a_dataset_is_sentences():
    datasets = pytest.importorskip("datasets", reason="the extra `interop` is not installed")
    table = datasets.Dataset.from_dict({"text": LINES, "label": list(range(len(LINES)))})
    assert of(table["text"]) == of(LINES)
    with pytest.raises(UsageError, match="sentence 0 is of type dict"):
        of(table)
