"""Vectors of a run folder: exact, and clear words about damaged ones."""

import hashlib
import itertools
import json
import pickle
import struct

import numpy as np
import pytest
import safetensors.numpy

from w2v.config import UNK
from w2v.errors import W2VError
from w2v.files import open_file
from w2v.storage import layout
from w2v.vectors import saving
from w2v.vectors.saving import PARSE_BYTES, load, save_vectors

WORDS = [UNK, "east", "north", "northeast", "west", "up", "far"]
TABLE = [[0, 0, 0], [2, 0, 0], [0, 3, 0], [1, 1, 0], [-1, 0, 0], [0, 0, 0.5], [1000, 0, 0]]


@pytest.fixture
def saved(tmp_path):
    """A run folder of the winds words."""
    table = np.array(TABLE, np.float32)
    save_vectors(tmp_path, WORDS, range(7), table, -table)
    return tmp_path


def test_load_gives_back_what_was_saved(saved):
    wv = load(saved)
    assert wv.index_to_key == WORDS
    assert wv.counts.tolist() == list(range(7))
    np.testing.assert_array_equal(wv.vectors, np.array(TABLE, np.float32))
    assert wv.vectors.dtype == np.float32
    assert not wv.vectors.flags.writeable
    assert type(wv["up"]) is np.ndarray


def test_saved_vectors_are_read_by_safetensors(saved):
    tables = safetensors.numpy.load_file(saved / layout.VECTORS)
    assert sorted(tables) == ["in_vectors", "out_vectors"]
    np.testing.assert_array_equal(tables["in_vectors"], np.array(TABLE, np.float32))
    np.testing.assert_array_equal(tables["out_vectors"], -np.array(TABLE, np.float32))


def test_vectors_saved_by_safetensors_are_read(saved):
    tables = {"out_vectors": np.ones((7, 7), np.float32), "in_vectors": np.eye(7, dtype=np.float32)}
    safetensors.numpy.save_file(tables, saved / layout.VECTORS, metadata={"format": "pt"})
    np.testing.assert_array_equal(load(saved).vectors, np.eye(7))


def test_save_writes_a_zero_row_for_unk_and_spares_the_table(tmp_path):
    table = np.ones((2, 3), order="F")
    save_vectors(tmp_path, [UNK, "a"], np.array([5, 6]), table, table)
    assert load(tmp_path).vectors.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert table.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert (tmp_path / layout.VOCAB).read_bytes() == b"<unk>\t5\na\t6\n"


@pytest.mark.parametrize(
    "word",
    ["日本", "naïve", "a\u0085b", "a\u2028b", "a\u00a0b", "\ufeffa", "😀", "\u3000", "e\u0301"],
)
def test_words_of_every_script_come_back(tmp_path, word):
    save_vectors(tmp_path, [UNK, word, "z"], [0, 2, 1], np.ones((3, 2)), np.ones((3, 2)))
    assert load(tmp_path).index_to_key == [UNK, word, "z"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([UNK, "a\tb"], "line 2 has the count"),
        ([UNK, "a\t1\nb"], "tab or a line end"),
        ([UNK, ""], "line 2 has no word"),
        ([UNK, UNK], "'<unk>' is there twice|first word must be"),
        (["a", UNK], "first word must be <unk>"),
        ([UNK, "a", "b"], "3 words, 2 counts and 2 vectors"),
    ],
)
def test_save_refuses_words_that_would_not_come_back(tmp_path, words, message):
    with pytest.raises(W2VError, match=message):
        save_vectors(tmp_path, words, [1, 1], np.ones((2, 2)), np.ones((2, 2)))
    assert list(tmp_path.iterdir()) == []


def test_save_refuses_tables_of_different_shapes(tmp_path):
    with pytest.raises(W2VError, match=r"in_vectors are \(2, 2\), out_vectors \(2, 3\)"):
        save_vectors(tmp_path, [UNK, "a"], [1, 1], np.ones((2, 2)), np.ones((2, 3)))


def test_load_of_what_is_no_run_says_so(saved, tmp_path_factory):
    with pytest.raises(W2VError, match="nowhere is no run: there is no such folder"):
        load(saved / "nowhere")
    with pytest.raises(W2VError, match="is no run: it is no folder"):
        load(saved / layout.VOCAB)
    with pytest.raises(W2VError, match=r"is no run: there is no vectors\.safetensors"):
        load(tmp_path_factory.mktemp("empty"))
    (saved / layout.VOCAB).unlink()
    with pytest.raises(W2VError, match=r"is no run: there is no vocab\.tsv"):
        load(saved)
    (saved / layout.VOCAB).mkdir()
    with pytest.raises(W2VError, match=r"cannot read .*vocab\.tsv"):
        load(saved)


def test_load_refuses_a_table_cut_off_anywhere(saved):
    whole = (saved / layout.VECTORS).read_bytes()
    for length in range(len(whole)):
        (saved / layout.VECTORS).write_bytes(whole[:length])
        with pytest.raises(W2VError, match=r"vectors\.safetensors is damaged: its header"):
            load(saved)
    (saved / layout.VECTORS).write_bytes(whole + b"\0")
    with pytest.raises(
        W2VError, match=f"promises {len(whole)} bytes, the file has {len(whole) + 1}"
    ):
        load(saved)


def table_file(header, n_numbers):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(4 * n_numbers)


def entry(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2**64 - 1) + b"{}",
        table_file(b"{", 0),
        table_file(b"[]", 0),
        table_file(b"\xff\xff", 0),
        table_file(b"[" * 100_000, 0),
        table_file(b" " * (2**20 + 1), 0),
        table_file({}, 0),
        table_file({"in_vectors": None}, 0),
        table_file({"out_vectors": entry([7, 1], 0, 28)}, 7),
        table_file({"in_vectors": entry([7, 1], 0, 28, "F16")}, 7),
        table_file({"in_vectors": entry([7, 10**18], 0, 28 * 10**18)}, 7),
        table_file({"in_vectors": entry([2**62, 4], 0, 28)}, 7),
        table_file({"in_vectors": entry([-7, -1], 0, 28)}, 7),
        table_file({"in_vectors": entry([7.0, 1], 0, 28)}, 7),
        table_file({"in_vectors": entry([7, 1], 28, 0)}, 7),
        table_file({"in_vectors": entry([7, 1], 4, 32)}, 8),
        table_file({"in_vectors": entry([7], 0, 28)}, 7),
        table_file({"in_vectors": entry([7, 1, 1], 0, 28)}, 7),
        table_file({"in_vectors": entry([7, 0], 0, 0)}, 0),
        table_file({"in_vectors": entry([7, 1], 0, 28), "more": entry([7], 0, 28)}, 7),
    ],
    ids=itertools.count(),
)
def test_load_refuses_a_header_that_lies(saved, content):
    (saved / layout.VECTORS).write_bytes(content)
    with pytest.raises(W2VError, match=r"^\S*vectors\.safetensors is damaged: [^\n]*$"):
        load(saved)


def test_load_refuses_vectors_of_another_vocabulary(saved):
    save = table_file({"in_vectors": entry([8, 1], 0, 32)}, 8)
    (saved / layout.VECTORS).write_bytes(save)
    with pytest.raises(W2VError, match=r"damaged: 8 vectors, 7 words in vocab\.tsv"):
        load(saved)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\t1", "line 4 has no word"),
        (b"", "line 4 has no word"),
        (b"n", "line 4 has the count ''"),
        (b"n 1", "line 4 has the count ''"),
        (b"n\t1\t2", "line 4 has the count"),
        (b"n\t-1", "line 4 has the count '-1'"),
        (b"n\t1.5", "line 4 has the count '1.5'"),
        (b"n\t1\r", "line 4 has the count"),
        (b"n\t9223372036854775808", "line 4 has the count"),
        ("n\t٣".encode(), "line 4 has the count"),
        (b"east\t1", "the word 'east' is there twice"),
        (b"n\xff\t1", "byte 24 is not UTF-8"),
    ],
)
def test_load_refuses_a_damaged_vocabulary(saved, line, message):
    lines = (saved / layout.VOCAB).read_bytes().split(b"\n")
    assert lines[3] == b"northeast\t3"
    (saved / layout.VOCAB).write_bytes(b"\n".join([*lines[:3], line, *lines[4:]]))
    with pytest.raises(W2VError, match=rf"vocab\.tsv is damaged: {message}"):
        load(saved)


def test_load_refuses_a_vocabulary_cut_off_anywhere(saved):
    whole = (saved / layout.VOCAB).read_bytes()
    for length in range(len(whole)):
        (saved / layout.VOCAB).write_bytes(whole[:length])
        with pytest.raises(W2VError, match="is damaged"):
            load(saved)


def test_load_never_mixes_two_runs(saved, monkeypatch):
    run, new = saved / "run", saved / "new"
    new.mkdir()
    save_vectors(new, [UNK, "new"], [0, 1], np.ones((2, 2)), np.ones((2, 2)))
    run.symlink_to(saved)
    (saved / "link").symlink_to(new)

    def open_and_replace(path):
        """Open a file of the old run; the new run takes the old one's place right after."""
        file = open_file(path)
        if (saved / "link").is_symlink():
            (saved / "link").replace(run)
        return file

    monkeypatch.setattr(saving, "open_file", open_and_replace)
    assert load(run).index_to_key == [UNK, "new"]


def large_run(folder, change=lambda lines: lines):
    """A run whose vocabulary is too long to be parsed at once."""
    n_words = PARSE_BYTES // 8
    lines = [b"<unk>\t0", *(b"w%07d\t1" % number for number in range(1, n_words))]
    (folder / layout.VOCAB).write_bytes(b"\n".join(change(lines)) + b"\n")
    (folder / layout.VECTORS).write_bytes(
        table_file({"in_vectors": entry([n_words, 1], 0, 4 * n_words)}, n_words)
    )
    return n_words


def test_load_leaves_a_large_vocabulary_for_later(tmp_path):
    n_words = large_run(tmp_path)
    wv = pickle.loads(pickle.dumps(load(tmp_path)))
    assert len(wv) == n_words
    assert wv.index_to_key[-1] == f"w{n_words - 1:07}"
    assert wv.key_to_index["w0000009"] == 9
    assert wv.counts[:3].tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda lines: [*lines[:-1], b"w\tmany"], r"line \d+ has the count 'many'"),
        (lambda lines: [*lines[:-1], lines[1]], "the word 'w0000001' is there twice"),
        (lambda lines: [b"unk\t0", *lines[1:]], "the first word must be <unk>"),
    ],
)
def test_large_vocabulary_that_is_damaged_is_told_when_first_used(tmp_path, damage, message):
    large_run(tmp_path, damage)
    wv = load(tmp_path)
    for _ in range(2):
        with pytest.raises(W2VError, match=rf"^\S*vocab\.tsv is damaged: {message}$"):
            wv["w0000005"]
    with pytest.raises(W2VError, match=message):
        wv.most_similar(np.ones(1))


def test_load_counts_the_lines_of_a_large_vocabulary(tmp_path):
    n_words = large_run(tmp_path, lambda lines: lines[:-1])
    with pytest.raises(W2VError, match=rf"{n_words} vectors, {n_words - 1} words in vocab\.tsv"):
        load(tmp_path)


def test_load_verified_parses_a_large_vocabulary_at_once(tmp_path):
    large_run(tmp_path, lambda lines: [*lines[:-1], b"w\tmany"])
    digests = {name: sha256(tmp_path / name) for name in (layout.VECTORS, layout.VOCAB)}
    (tmp_path / layout.CONFIG).write_text(json.dumps({"sha256": digests}))
    with pytest.raises(W2VError, match="has the count 'many'"):
        load(tmp_path, verify=True)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
