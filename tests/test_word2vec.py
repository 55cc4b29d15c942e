"""word2vec and GloVe: what others write, and clear words about files that lie."""

import struct
import tracemalloc

import numpy as np
import pytest
from gensim.models import KeyedVectors

from w2v.config import UNK
from w2v.errors import W2VError
from w2v.formats import convert

WORDS = ["the", "日本", "naïve", "😀", "e\u0301", "שלום", "a\u00a0b", "\u3000", "\u2028", "5"]


def table_of(n_words, n_dims=3, seed=0):
    return np.random.default_rng(seed).standard_normal((n_words, n_dims)).astype(np.float32)


def assert_holds(wv, words, table):
    """The words, in order, behind `<unk>` and its zeros, with the very bits of `table`."""
    assert wv.index_to_key == [UNK, *words]
    assert wv.vectors.dtype == np.float32
    assert not wv.vectors[0].any()
    np.testing.assert_array_equal(wv.vectors[1:].view("u4"), table.view("u4"))


def gensim_vectors(words, table):
    keyed = KeyedVectors(table.shape[1])
    keyed.add_vectors(words, table)
    return keyed


def write(folder, content, name="vectors"):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("n_dims", [1, 2, 3, 100])
def test_file_that_gensim_wrote_is_read_to_the_bit(tmp_path, binary, n_dims):
    table = table_of(len(WORDS), n_dims)
    gensim_vectors(WORDS, table).save_word2vec_format(tmp_path / "vectors", binary=binary)
    assert_holds(convert.read(tmp_path / "vectors"), WORDS, table)


def test_glove_file_that_gensim_wrote_is_read(tmp_path):
    table = table_of(len(WORDS))
    gensim_vectors(WORDS, table).save_word2vec_format(tmp_path / "glove", write_header=False)
    wv = convert.read(tmp_path / "glove")
    assert_holds(wv, WORDS, table)
    assert wv.counts.tolist() == [0] * 11


def test_binary_with_line_ends_is_read_as_word2vec_c_writes_it(tmp_path):
    records = [
        b"</s> " + struct.pack("<2f", 1, 2) + b"\n",
        b"a " + struct.pack("<2f", 3, 4) + b"\n\n",  # word2vec itself skips any number of them
        b"b " + struct.pack("<2f", 5, 6) + b"\n",
    ]
    path = write(tmp_path, b"3 2\n" + b"".join(records))
    expected = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    assert_holds(convert.read(path), ["</s>", "a", "b"], expected)


def test_text_with_a_space_at_the_end_is_read_as_fasttext_writes_it(tmp_path):
    path = write(tmp_path, b"2 2\n</s> -0.25 1e-05 \n, 3 4 \n", "model.vec")
    expected = np.array([[-0.25, 1e-5], [3, 4]], np.float32)
    assert_holds(convert.read(path), ["</s>", ","], expected)


def test_model_that_fasttext_trained_is_read(tmp_path):
    fasttext = pytest.importorskip("fasttext", reason="fasttext is in the bench extra")
    text = write(tmp_path, "the cat sat on the mat 日本 😀 naïve\n".encode() * 30)
    settings = {"dim": 4, "minCount": 1, "epoch": 1, "thread": 1, "maxn": 0, "verbose": 0}
    model = fasttext.train_unsupervised(str(text), model="skipgram", **settings)
    table = np.array([model.get_word_vector(word) for word in model.words])
    lines = [f"{len(table)} 4\n"]  # as its own bin_to_vec.py writes them
    for word, vector in zip(model.words, table, strict=True):
        lines.append(f"{word} {' '.join(str(number) for number in vector)}\n")
    path = write(tmp_path, "".join(lines).encode(), "model.vec")
    assert_holds(convert.read(path), model.words, table)


def test_foreign_unk_moves_to_row_0_and_becomes_zeros(tmp_path):
    path = write(tmp_path, b"3 2\na 1 2\n<unk> 3 4\nb 5 6\n")
    assert_holds(convert.read(path), ["a", "b"], np.array([[1, 2], [5, 6]], np.float32))
    np.save(tmp_path / "x.npy", np.array([[1, 2], [3, 4], [5, 6]]) / 1.0)
    write(tmp_path, b"a\t9\n<unk>\t8\nb\t7\n", "x.vocab.tsv")
    wv = convert.read(tmp_path / "x.npy")
    assert_holds(wv, ["a", "b"], np.array([[1, 2], [5, 6]], np.float32))
    assert wv.counts.tolist() == [8, 9, 7]


def test_words_of_glove_with_spaces_are_read_where_that_is_certain(tmp_path):
    path = write(tmp_path, b"the 1 2\n. . . 3 4\nat name@domain.com 5 6\n")
    table = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    assert_holds(convert.read(path), ["the", ". . .", "at name@domain.com"], table)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "in none of the formats that w2v reads: it is empty"),
        (b"\n", r"in none of the formats that w2v reads: line 1 is '\\n'"),
        (b"hello world\n", "in none of the formats that w2v reads: line 1 is 'hello world"),
        (b"\x1f\x8b\x08\x00\xff", "packed by gzip; give the file of vectors that is in it"),
        (b"0 2\na 1 2\n", "0 words of 2 numbers"),
        (b"1 0\na\n", "1 words of 0 numbers"),
        (b"3 2\na 1.5 2.5\nb 3.5 4.5\n", "ends before line 4, with 1 words to come"),
        (b"1 2\na 1 2\nb 3 4\n", "line 3 comes after the 1 words of line 1"),
        (b"2 3\na 1.5 2.5\nb 3.5 4.5\n", "line 2 is no word with 3 numbers: 'a 1.5"),
        (b"2 1\na 1 2\nb 3 4\n", "line 2 has more than 1 numbers"),
        (b"2 2\na 1 2\nb 3 4 5\n", "line 3 has more than 2 numbers"),
        (b"2 2\na 1 2.5\nb 3\n", "line 3 is no word with 2 numbers"),
        (b"2 2\na 1 2\nb 3 4", "line 3 has no end, as if the file were cut off"),
        (b"2 2\na 1 2\nb 3 x\n", "line 3 is no word with 2 numbers"),
        (b"2 2\na 1 2\nb 3 1_0\n", "line 3 is no word with 2 numbers"),
        (b"2 2\na 1 2\nb 3 nan\n", "line 3 has NaN or infinity, for 'b'"),
        (b"2 2\na 1 2\nb -inf 3\n", "line 3 has NaN or infinity, for 'b'"),
        (b"2 2\na 1 2\nb 1e39 3\n", "line 3 has NaN or infinity, for 'b'"),
        (b"2 2\na 1 2\na 3 4\n", "line 3 has the word 'a' a second time"),
        (b"2 2\n<unk> 1 2\n<unk> 3 4\n", "line 3 has the word '<unk>' a second time"),
        (b"2 2\na 1 2\n 3 4\n", "line 3 has no word"),
        (b"2 2\na 1 2\nb  3 4\n", "line 3 has more than 2 numbers"),
        (b"2 2\na 1 2\nb\t3\t4\n", "line 3 is no word with 2 numbers"),
        (b"2 2\na 1 2\nb\xff 3 4\n", "line 3 has a word that is not UTF-8"),
        (b"a 1 2\nb 3 4 5\n", "line 2 has more than 2 numbers"),
        (b"a 1 2.5\nb 3\n", "line 2 is no word with 2 numbers"),
        (b"a 1 2.125\n\n", "line 2 is no word with 2 numbers"),
        (b"a 1 2\nb 3 4", "line 2 has no end"),
        (b"a 1 2\n\xffb 3 4\n", "line 2 has a word that is not UTF-8"),
    ],
)
def test_text_that_is_not_what_it_says_is_refused_with_its_line(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(W2VError, match=rf"^{path} is [^\n]*{message}[^\n]*$"):
        convert.read(path)


def record(word, *numbers):
    return word + b" " + struct.pack(f"<{len(numbers)}f", *numbers)


A, B = record(b"a", 1, 2), record(b"b", 3, 4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"3 2\n" + A + B, "3 words of 2 numbers, as line 1 has it, take 34 bytes or more"),
        (b"3 2\n" + A + record(b"bcdefghijklm", 3, 4), "byte 35 has word 3 of 3, which the file's"),
        (b"1 2\n" + A + B, "byte 14 comes after the 1 words of line 1"),
        (b"2 1\n" + A + B, "not UTF-8|after the 2 words|cuts off|has no word|NaN"),
        (b"2 3\n" + A + B + bytes(9), "not UTF-8|after the 2 words|cuts off|a second time"),
        (b"2 2\n" + A + A, "byte 14 has the word 'a' a second time"),
        (b"2 2\n" + A + record(b"", 1, 2) + b"\n", "byte 14 has no word"),
        (b"2 2\n" + A + record(b"b", 1, np.nan), "byte 14 has NaN or infinity, for 'b'"),
        (b"2 2\n" + A + record(b"b", np.inf, 1), "byte 14 has NaN or infinity, for 'b'"),
        (b"2 2\n" + A + record(b"b\xff", 1, 2), "byte 14 has a word that is not UTF-8"),
    ],
)
def test_binary_that_is_not_what_it_says_is_refused_with_its_byte(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(W2VError, match=rf"^{path} is damaged: [^\n]*({message})[^\n]*$"):
        convert.read(path)


@pytest.mark.parametrize("binary", [False, True])
def test_file_cut_off_anywhere_is_refused(tmp_path, binary):
    path = tmp_path / "vectors"
    gensim_vectors(WORDS, table_of(len(WORDS))).save_word2vec_format(path, binary=binary)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(W2VError, match=r"is damaged|in none of the formats"):
            convert.read(path)


@pytest.mark.parametrize("start", [b"a 1 2\n", record(b"a", *range(5))])
@pytest.mark.parametrize(
    "header", [b"999999999999999 2\n", b"2 999999999999999\n", b"9999999 99\n"]
)
def test_header_that_promises_too_much_is_refused_before_memory_is_taken(tmp_path, header, start):
    path = write(tmp_path, header + start + b"b" * 2000)
    tracemalloc.start()
    with pytest.raises(W2VError, match=r"as line 1 has it, take \d+ bytes or more; it has 20"):
        convert.read(path)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_text_is_read_in_little_more_memory_than_its_matrix(tmp_path):
    table = np.tile(table_of(1, 200), (4000, 1))
    words = [f"w{number}" for number in range(4000)]
    for binary in (False, True):
        path = tmp_path / f"vectors{binary}"
        gensim_vectors(words, table).save_word2vec_format(path, binary=binary)
        tracemalloc.start()
        convert.read(path)
        assert tracemalloc.get_traced_memory()[1] < table.nbytes + 2**22
        tracemalloc.stop()


@pytest.mark.parametrize("header", [b"", b"2 1\n"])
def test_byte_order_mark_is_no_part_of_the_text(tmp_path, header):
    path = write(tmp_path, b"\xef\xbb\xbf" + header + b"a 1\nb 3\n")
    assert_holds(convert.read(path), ["a", "b"], np.array([[1], [3]], np.float32))
