"""Reading a file of any kind, and `export`: to the last bit, by the programs that it is for."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from gensim.models import KeyedVectors

from test_word2vec import assert_holds, gensim_vectors, table_of, write
from w2v.config import UNK
from w2v.errors import UsageError, W2VError
from w2v.formats import convert
from w2v.storage import layout
from w2v.vectors.saving import save_vectors
from w2v.vectors.wordvectors import WordVectors

ROOT = Path(__file__).parents[1]
WORDS = [UNK, "the", "日本", "naïve", "😀", "e\u0301", "שלום", "a\u00a0b", "\u3000", "\u2028", "5"]
FILES = ["word2vec-text", "word2vec-binary", "glove", "npy"]
FOLDERS = ["projector", "sentence-transformers"]


def hard_numbers(n_words, n_dims):
    """Float32 from everywhere: random bits, the ends of the range, powers of 2 and 10."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, n_words * n_dims, np.uint32).view(np.float32)
    ends = [0.0, -0.0, 1e-45, 1.1754942e-38, 1.1754944e-38, 3.4028235e38, 16777216, 0.1, 1 / 3]
    ends += [7.038530691851209e-26, -7.038530691851209e-26]  # 7.038531e-26 is halfway, as a double
    powers = [*(2.0 ** np.arange(-149, 128)), *(10.0 ** np.arange(-45, 39))]
    some = np.array([*ends, *powers], np.float32)
    bits[n_dims:][: len(some)] = some[: len(bits) - n_dims]
    bits[~np.isfinite(bits)] = 1.5
    table = bits.reshape(n_words, n_dims)
    table[0] = 0
    return table


def vectors_of(words=WORDS, table=None):
    table = hard_numbers(len(words), 40) if table is None else np.array(table, np.float32)
    return WordVectors(words, range(len(words)), table)


def same_bits(one, other):
    np.testing.assert_array_equal(np.asarray(one).view("u4"), np.asarray(other).view("u4"))


@pytest.mark.parametrize("to", FILES)
def test_export_is_read_back_to_the_bit(tmp_path, to):
    wv = vectors_of()
    convert.export(wv, to, tmp_path / "out" / "vectors")
    back = convert.read(tmp_path / "out" / "vectors")
    assert back.index_to_key == wv.index_to_key
    same_bits(back.vectors, wv.vectors)


def test_text_spells_each_number_with_as_few_digits_as_can_be(tmp_path):
    table = hard_numbers(30, 40)
    words = [UNK, *map(str, range(1, 30))]
    convert.export(vectors_of(words, table), "glove", tmp_path / "vectors")
    lines = (tmp_path / "vectors").read_text().splitlines()
    for line, row in zip(lines, table[1:], strict=True):
        for spelled, number in zip(line.split(" ")[1:], row, strict=True):
            tries = (f"{number:.{digits}e}" for digits in range(9))
            shortest = next(text for text in tries if as_float32(text) == number)
            assert digits_of(spelled) <= digits_of(shortest)


def as_float32(text):
    """As nearly all readers take it: by way of a double."""
    with np.errstate(over="ignore"):
        return np.float32(float(text))


def digits_of(text):
    """How many digits from the first to the last that is not 0: 3 of "0.01050"."""
    return len(text.split("e")[0].replace(".", "").strip("-0"))


@pytest.mark.parametrize(
    ("to", "settings"),
    [
        ("word2vec-text", {}),
        ("word2vec-binary", {"binary": True}),
        ("glove", {"no_header": True}),
    ],
)
def test_export_is_read_by_gensim_to_the_bit(tmp_path, to, settings):
    wv = vectors_of()
    convert.export(wv, to, tmp_path / "vectors")
    keyed = KeyedVectors.load_word2vec_format(tmp_path / "vectors", **settings)
    assert keyed.index_to_key == WORDS[1:]
    same_bits(keyed.vectors, wv.vectors[1:])


def test_npy_is_read_by_numpy_and_torch(tmp_path):
    wv = vectors_of()
    convert.export(wv, "npy", tmp_path / "vectors.npy")
    table = np.load(tmp_path / "vectors.npy")
    same_bits(table, wv.vectors)
    embedding = torch.nn.Embedding.from_pretrained(torch.from_numpy(table))
    same_bits(embedding(torch.tensor(wv.ids(["5"]))).numpy(), wv.vectors[10:])
    lines = (tmp_path / "vectors.vocab.tsv").read_text(encoding="utf-8").split("\n")
    assert lines == [*(f"{word}\t{number}" for number, word in enumerate(WORDS)), ""]
    assert convert.read(tmp_path / "vectors.npy").counts.tolist() == list(range(11))


def test_projector_files_have_a_line_a_word(tmp_path):
    wv = vectors_of()
    convert.export(wv, "projector", tmp_path / "out")
    table = np.loadtxt(tmp_path / "out" / "vectors.tsv", delimiter="\t")
    same_bits(table.astype(np.float32), wv.vectors[1:])
    lines = (tmp_path / "out" / "metadata.tsv").read_bytes().decode().split("\n")
    rows = [f"{word}\t{number}" for number, word in enumerate(WORDS)]
    assert lines == ["word\tcount", *rows[1:], ""]


STRANGE = ["a b", " ", "\x0b", "a\x0c", "a\r", "a\tb", "a\nb", "", "\ud800"]
N_HELD = {"npy": 5, "projector": 4}  # of them; no others hold any


def test_strange_words_are_refused_by_name(tmp_path):
    for to in convert.WRITERS:
        for word in STRANGE[N_HELD.get(to, 0) :]:
            with pytest.raises(W2VError) as caught:
                convert.export(vectors_of([UNK, "a", word]), to, tmp_path / "out")
            said = f"word 2, {word!r}, is empty or has characters that {to} cannot hold"
            assert str(caught.value) == said
    assert list(tmp_path.iterdir()) == []


def test_strange_words_that_a_format_can_hold_are_written(tmp_path):
    for to, n_held in N_HELD.items():
        words = [UNK, *STRANGE[:n_held]]
        convert.export(vectors_of(words), to, tmp_path / to)
        if to == "npy":
            assert convert.read(tmp_path / to).index_to_key == words
        else:
            lines = (tmp_path / to / "metadata.tsv").read_bytes().decode().split("\n")
            assert [line.split("\t")[0] for line in lines] == ["word", *words[1:], ""]


@pytest.mark.parametrize("to", convert.WRITERS)
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(tmp_path, to, number):
    with pytest.raises(W2VError, match="the vector of 'b' has NaN or infinity"):
        convert.export(
            vectors_of([UNK, "a", "b"], [[0, 0], [1, 1], [1, number]]), to, tmp_path / "out"
        )
    assert list(tmp_path.iterdir()) == []


def test_vectors_without_words_are_refused(tmp_path):
    with pytest.raises(W2VError, match="there are no words to write"):
        convert.export(vectors_of([UNK], [[0.0]]), "glove", tmp_path / "out")


def test_unknown_format_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="--to is 'csv'; it must be one of word2vec-text, "):
        convert.export(vectors_of(), "csv", tmp_path / "out")


def content_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("to", convert.WRITERS)
def test_earlier_export_is_replaced_and_nothing_is_left_beside_it(tmp_path, to):
    convert.export(vectors_of([UNK, "old", "older"], np.ones((3, 2))), to, tmp_path / "out")
    names = sorted(path.name for path in tmp_path.rglob("*"))
    convert.export(vectors_of(), to, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.rglob("*")) == names
    new = content_of(tmp_path)
    (tmp_path / "fresh").mkdir()
    convert.export(vectors_of(), to, tmp_path / "fresh" / "out")
    fresh = content_of(tmp_path / "fresh")
    assert {path.name: raw for path, raw in new.items()} == {p.name: r for p, r in fresh.items()}


@pytest.mark.parametrize("to", convert.WRITERS)
def test_folder_that_holds_something_else_is_not_touched(tmp_path, to):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(W2VError, match=r"thesis\.txt, which would be lost|out is no file, and is"):
        convert.export(vectors_of(), to, tmp_path / "out")
    assert content_of(tmp_path) == {tmp_path / "out" / "thesis.txt": b"mine"}


@pytest.mark.parametrize("to", FOLDERS)
def test_file_where_a_folder_is_to_be_is_not_touched(tmp_path, to):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(W2VError, match="out is no folder, and is left as it is"):
        convert.export(vectors_of(), to, tmp_path / "out")
    assert content_of(tmp_path) == {tmp_path / "out": b"mine"}


def test_current_folder_is_never_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(W2VError, match="cannot be replaced; name a folder inside it"):
        convert.export(vectors_of(), "projector", ".")


@pytest.mark.parametrize("name", ["vectors.safetensors", "new.txt", "more/new.txt"])
def test_nothing_is_written_into_a_run(tmp_path, name):
    run = tmp_path / "run"
    run.mkdir()
    saved_run(run)
    before = content_of(run)
    with pytest.raises(W2VError, match=r"is inside a run, which training replaces"):
        convert.export(vectors_of(), "glove", run / name)
    assert content_of(run) == before


@pytest.mark.skipif(os.name == "nt", reason="no limit on the size of files there")
@pytest.mark.parametrize("to", convert.WRITERS)
def test_export_that_cannot_be_written_leaves_the_earlier_one(tmp_path, to):
    convert.export(vectors_of(), to, tmp_path / "out")
    before = content_of(tmp_path)
    code = (
        "import resource, numpy, w2v; from w2v.formats import convert\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))\n"
        "words = ['<unk>', *map(str, range(1, 500))]\n"
        "wv = w2v.WordVectors(words, range(500), numpy.ones((500, 3), numpy.float32))\n"
        f"convert.export(wv, {to!r}, {str(tmp_path / 'out')!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert f"W2VError: cannot write {tmp_path / 'out'}: File too large" in done.stderr
    assert content_of(tmp_path) == before


def test_words_of_another_file_are_never_overwritten(tmp_path):
    (tmp_path / "x.vocab.tsv").write_text("a\nb\n")  # of x.safetensors, say
    with pytest.raises(W2VError, match=r"x\.vocab\.tsv is there without x\.npy, and would be lost"):
        convert.export(vectors_of([UNK, "a", "b"]), "npy", tmp_path / "x.npy")
    assert (tmp_path / "x.vocab.tsv").read_text() == "a\nb\n"


def test_glove_begins_with_no_byte_order_mark(tmp_path):
    with pytest.raises(W2VError, match="the first word begins with a byte order mark"):
        convert.export(vectors_of([UNK, "\ufeffa", "b"]), "glove", tmp_path / "x.txt")
    assert not (tmp_path / "x.txt").exists()


def saved_run(folder):
    table = table_of(4)
    save_vectors(folder, [UNK, "a", "b", "c"], [9, 3, 2, 1], table, table)
    return table[1:]


@pytest.mark.parametrize("name", ["", layout.VECTORS])
def test_run_is_read_by_folder_and_by_file(tmp_path, name):
    table = saved_run(tmp_path)
    wv = convert.read(tmp_path / name)
    assert_holds(wv, ["a", "b", "c"], table)
    assert wv.counts.tolist() == [9, 3, 2, 1]


def test_limit_reads_the_first_words_of_every_format(tmp_path):
    table, words = table_of(4), ["a", "b", "c", "d"]
    (tmp_path / "run").mkdir()
    of_run = saved_run(tmp_path / "run")
    keyed = gensim_vectors(words, table)
    keyed.save_word2vec_format(tmp_path / "text")
    keyed.save_word2vec_format(tmp_path / "binary", binary=True)
    keyed.save_word2vec_format(tmp_path / "glove", write_header=False)
    np.save(tmp_path / "x.npy", table)
    write(tmp_path, b"a\nb\nc\nd\n", "vocab.tsv")
    for name in ("text", "binary", "glove", "x.npy"):
        for limit in (1, 2, 4, 5):
            assert_holds(convert.read(tmp_path / name, limit), words[:limit], table[:limit])
    wv = convert.read(tmp_path / "run", 2)
    assert_holds(wv, ["a", "b"], of_run[:2])
    assert wv.counts.tolist() == [9, 3, 2]


@pytest.mark.parametrize("raw", ["a\r\nb\r\n", "a\t2\r\nb\t1\r\n", "\ufeffa\nb\n", "a\nb\n"])
def test_words_beside_a_table_may_come_from_windows(tmp_path, raw):
    np.save(tmp_path / "x.npy", np.eye(2, dtype=np.float32))
    (tmp_path / "x.vocab.tsv").write_bytes(raw.encode())
    assert convert.read(tmp_path / "x.npy").index_to_key == [UNK, "a", "b"]


def test_word_that_ends_in_a_carriage_return_is_read_back(tmp_path):
    convert.export(vectors_of([UNK, "a\r", "b"]), "npy", tmp_path / "x.npy")
    assert convert.read(tmp_path / "x.npy").index_to_key == [UNK, "a\r", "b"]


@pytest.mark.parametrize("name", ["glove.6B.zip", "vectors.txt", "vectors.bin"])
def test_archive_of_vectors_is_called_one(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\3\4 and more\n")
    with pytest.raises(W2VError, match="is a zip archive; give the file of vectors that is in it"):
        convert.read(tmp_path / name)
    (tmp_path / name).write_bytes(gzip.compress(b"a 1 2\n"))
    with pytest.raises(W2VError, match="is packed by gzip; give the file"):
        convert.read(tmp_path / name)


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_below_1_is_a_usage_error(tmp_path, limit):
    with pytest.raises(UsageError, match=f"--limit is {limit}; it must be 1 or more"):
        convert.read(tmp_path, limit)


def test_what_is_no_file_of_vectors_is_said_to_be(tmp_path):
    with pytest.raises(W2VError, match=r"is no run: there is no vectors\.safetensors"):
        convert.read(tmp_path)
    with pytest.raises(W2VError, match=r"cannot read .*nowhere: No such file"):
        convert.read(tmp_path / "nowhere")
    with pytest.raises(W2VError, match="cannot read /dev/null: it is no regular file; save"):
        convert.read("/dev/null")
