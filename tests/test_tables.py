""".npy and .safetensors files, whose words are in a file beside them."""

import struct

import numpy as np
import pytest
import safetensors.numpy

from test_word2vec import assert_holds, table_of, write
from w2v.errors import W2VError
from w2v.formats import convert
from w2v.formats.npy import MAGIC
from w2v.storage.safetensors import write_tensors


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", "<f2"])
def test_npy_is_read_with_the_words_beside_it(tmp_path, kind, order):
    table = np.array([[1, 2, 0.5], [3, -4, 0.25]], kind, order=order)
    np.save(tmp_path / "x.npy", table)
    write(tmp_path, "a b\n日本\n".encode(), "vocab.tsv")
    assert_holds(convert.read(tmp_path / "x.npy"), ["a b", "日本"], table.astype("<f4"))


def test_npy_with_unk_in_front_stays_on_disk(tmp_path):
    np.save(tmp_path / "x.npy", np.array([[0, 0], [1, 2]], np.float32))
    write(tmp_path, b"<unk>\t3\na\t4\n", "x.vocab.tsv")
    wv = convert.read(tmp_path / "x.npy")
    assert not wv.vectors.flags.owndata
    assert not wv.vectors.flags.writeable
    assert wv.counts.tolist() == [3, 4]


def test_safetensors_are_read_with_the_words_beside_them(tmp_path):
    table = table_of(2)
    safetensors.numpy.save_file({"weight": table}, tmp_path / "x.safetensors")
    write(tmp_path, b"a\nb\n", "vocab.tsv")
    assert_holds(convert.read(tmp_path / "x.safetensors"), ["a", "b"], table)
    safetensors.numpy.save_file({"one": table, "two": table}, tmp_path / "x.safetensors")
    with pytest.raises(W2VError, match="has 2 tables, none of them in_vectors"):
        convert.read(tmp_path / "x.safetensors")


def npy(shape, kind="'<f4'", tail=b"", order=False):
    text = f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return MAGIC + b"\x01\x00" + struct.pack("<H", len(text)) + text + tail


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy((2, 2), tail=bytes(12)), r"promises \d+ bytes, the file has"),
        (npy((2, 2), tail=bytes(20)), r"promises \d+ bytes, the file has"),
        (npy((2**40, 2**40)), r"promises \d+ bytes, the file has"),
        (npy((-2, -2), tail=bytes(16)), "must be floats of shape"),
        (npy((2,), tail=bytes(8)), "must be floats of shape"),
        (npy((2, 0)), "must be floats of shape"),
        (npy((2, 2), "'<i4'", bytes(16)), "holds int32 of shape"),
        (npy((2, 2), "'|O'", bytes(32)), "holds object of shape"),
        (npy((2, 2), "__import__('os')", bytes(16)), "header is not that of a .npy file"),
        (MAGIC + b"\x09\x00", "header is not that of a .npy file"),
        (npy((2, 2), tail=struct.pack("<4f", 1, 2, 3, np.nan)), "vector of 'b' holds NaN"),
        (npy((2, 2), "'<f8'", struct.pack("<4d", 1, 2, 3, 1e39)), "vector of 'b' holds NaN"),
        (npy((3, 1), tail=bytes(12)), "3 vectors, 2 words in"),
    ],
)
def test_npy_that_is_not_what_it_says_is_refused(tmp_path, content, message):
    write(tmp_path, b"a\nb\n", "vocab.tsv")
    with pytest.raises(W2VError, match=message):
        convert.read(write(tmp_path, content, "x.npy"))


@pytest.mark.parametrize(
    ("vocab", "message"),
    [
        (b"a\na\n", r"vocab\.tsv is damaged: the word 'a' is there twice"),
        (b"a\n\n", r"vocab\.tsv is damaged: line 2 has no word"),
        (b"a\nb", r"vocab\.tsv is damaged: its last line has no end"),
        (b"a\n\xff\n", r"vocab\.tsv is damaged: byte \d is not UTF-8"),
        (b"a\t1\nb\n", r"vocab\.tsv is damaged: line 2 has the count ''"),
    ],
)
def test_npy_with_a_damaged_vocabulary_is_refused(tmp_path, vocab, message):
    np.save(tmp_path / "x.npy", np.ones((2, 2)))
    with pytest.raises(W2VError, match=r"x\.npy has no vocabulary beside it: a x\.vocab\.tsv"):
        convert.read(tmp_path / "x.npy")
    write(tmp_path, vocab, "x.vocab.tsv")
    with pytest.raises(W2VError, match=message):
        convert.read(tmp_path / "x.npy")


def test_table_may_have_the_name_of_a_runs(tmp_path):
    table = np.array([[1, 2], [3, 4]], np.float32)
    write_tensors(tmp_path / "vectors.safetensors", {"embedding": table})
    write(tmp_path, b"a\nb\n", "vectors.vocab.tsv")
    assert_holds(convert.read(tmp_path / "vectors.safetensors"), ["a", "b"], table)
