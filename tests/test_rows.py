"""CSV and TSV files."""

import csv
import gzip

import pytest

from w2v.errors import W2VError
from w2v.evaluation.sentence_pairs import read_sentence_pairs
from w2v.storage.rows import read_rows

TAB = 'ham\tsay "hi\r\nspam\tone, two\n\n'


def test_rows_of_csv_may_hold_commas_quotes_and_lines(tmp_path):
    (tmp_path / "x.csv").write_bytes('\ufeffa,"b, ""c"""\r\n\r\n"d\ne",f\r\n'.encode())
    rows = read_rows(tmp_path / "x.csv")
    assert [tuple(row) for row in rows] == [(1, ["a", 'b, "c"']), (4, ["d\ne", "f"])]


@pytest.mark.parametrize("name", ["x.tsv", "x.txt"])
def test_rows_of_tsv_are_what_stands_between_tabs(tmp_path, name):
    (tmp_path / name).write_bytes(TAB.encode())
    rows = read_rows(tmp_path / name)
    assert [tuple(row) for row in rows] == [(1, ["ham", 'say "hi']), (2, ["spam", "one, two"])]


def test_a_field_of_100000_words_is_read(tmp_path):
    (tmp_path / "x.csv").write_text("a," + "word " * 100_000 + "\n")
    limit = csv.field_size_limit()
    assert len(read_rows(tmp_path / "x.csv")[0].fields[1].split()) == 100_000
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"x\.csv holds no row"),
        (b"\n \n", r"x\.csv holds no row"),
        (b"a,b\n\nc\n", "line 3 has 1 column, and the first row 2 columns"),
        (b"a,b\nc,d,e\n", "line 2 has 3 columns, and the first row 2 columns"),
        (b"a,b\n\xff,c\n", "line 2 is not UTF-8"),
        (b'a,"b', "line 1 is no CSV"),
        (gzip.compress(b"a,b\n", mtime=0), "is packed by gzip; give the file that is in it"),
    ],
)
def test_rows_that_cannot_be_read_are_one_line(tmp_path, content, message):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(W2VError, match=message):
        read_rows(tmp_path / "x.csv")


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(W2VError, match=r"cannot read .*x\.csv: No such file"):
        read_rows(tmp_path / "x.csv")


@pytest.mark.parametrize("header", ["", "sentence1,sentence2,score\n"])
def test_sentence_pairs_may_have_a_header(tmp_path, header):
    (tmp_path / "x.csv").write_text(header + '"a, b",c,4.5\nd,e,0\n')
    pairs = read_sentence_pairs(tmp_path / "x.csv")
    assert (pairs.one, pairs.other) == (["a, b", "d"], ["c", "e"])
    assert pairs.scores.tolist() == [4.5, 0.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n", "has 2 columns; it must have two sentences and a score"),
        ("a,b,1\nc,d,high\n", "line 2 has the score 'high'; it must be a number"),
        ("a,b,nan\n", "line 1 has the score 'nan'"),
        ("sentence1,sentence2,score\n", "holds no pairs"),
    ],
)
def test_what_is_no_sentence_pair_is_one_line(tmp_path, content, message):
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(W2VError, match=message):
        read_sentence_pairs(tmp_path / "x.csv")
