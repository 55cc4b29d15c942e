"""Files of word pairs and analogies: read, or refused with their line."""

import contextlib
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scored import (
    ANALOGIES,
    PAIRS,
    analogies_in,
    pairs_in,
)
from w2v.errors import W2VError
from w2v.evaluation import testsets

pytestmark = pytest.mark.usefixtures("folder")


def test_pairs_are_read_with_header_comments_and_any_separator():
    pairs = pairs_in(PAIRS)
    assert pairs.words[:3] == [("east", "near"), ("EAST", "far"), ("east", "north")]
    assert pairs.scores.tolist() == [9.0, 7.5, 1.0, -3.0, 5.0, 5.0]


def test_pairs_words_may_hold_spaces_between_tabs_or_commas():
    assert pairs_in("New York\tcity\t7\nNew York, city,7\n").words == [("New York", "city")] * 2
    assert pairs_in("1,000 thousand 9\n").words == [("1,000", "thousand")]
    assert pairs_in("a\u00a0b c 9\r\n").words == [("a\u00a0b", "c")]


def test_analogies_are_read_by_section():
    assert analogies_in("# ours\n" + ANALOGIES).sections == [
        ("plain", [("east", "near", "north", "far")]),
        ("odd one", [("nowhere", "east", "near", "north")]),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "f.txt holds neither word pairs nor analogies"),
        ("# only\n\n", "f.txt holds neither word pairs nor analogies"),
        ("word1 word2 score\n", "f.txt holds no word pairs"),
        (": section\n", "f.txt holds no analogies"),
        ("a b 1\na b\n", "f.txt, line 2 is 'a b'; it must be `word word score`"),
        ("a b 1\na b x\n", "f.txt, line 2 is 'a b x'; it must be `word word score`"),
        ("a b 7.3x\n", "f.txt, line 1 is 'a b 7.3x'; it must be"),
        ("a b c d\n", "f.txt, line 1 is 'a b c d'; it must be"),
        ("a\tb\t\n", r"f.txt, line 1 is 'a\\tb'; it must be"),
        ("a\t\t3\n", r"f.txt, line 1 is 'a\\t\\t3'; it must be"),
        ("#\na b nan\n", "f.txt, line 2 is 'a b nan'; the score must be finite"),
        ("a b 1\na b -inf\n", "f.txt, line 2 is 'a b -inf'; the score must be finite"),
        (": s\na b c d\na b c\n", "f.txt, line 3 is 'a b c'; it must be 4 words, not 3"),
        (": s\na b c d e\n", "f.txt, line 2 is 'a b c d e'; it must be 4 words, not 5"),
        (b"a b 1\na \xff 2\n", "f.txt, line 2 is not UTF-8 .its byte 3.; convert"),
        ("a b 1\n".encode("utf-16"), "f.txt, line 1 is not UTF-8"),
        ("x" * 500, r"f.txt, line 1 is 'x{60}…'; it must"),
    ],
)
def test_files_that_cannot_be_read_are_named_with_the_line(content, message):
    Path("f.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(W2VError, match=message):
        testsets.read("f.txt")


def test_files_of_the_other_kind_and_missing_ones_are_refused():
    analogies_in(ANALOGIES)
    pairs_in(PAIRS)
    with pytest.raises(W2VError, match=r"analogies.txt, line 1 is ': plain'; it must be `word wo"):
        testsets.read_pairs("analogies.txt")
    with pytest.raises(W2VError, match=r"pairs.txt, line 2 is .*; a line `: section` must come fi"):
        testsets.read_analogies("pairs.txt")
    with pytest.raises(W2VError, match=r"cannot read nowhere.txt: No such file"):
        testsets.read("nowhere.txt")
    with pytest.raises(W2VError, match=r"cannot read \.: Is a directory"):
        testsets.read(".")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"a", b"B", b" ", b"\t", b",", b"\n", b": ", b"#", b"1", b".5", b"nan"])
        | st.binary(max_size=3),
        max_size=40,
    )
)
def test_any_bytes_are_a_test_set_or_our_error(tmp_path_factory, pieces):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(b"".join(pieces))
    with contextlib.suppress(W2VError):
        found = testsets.read(path)
        if isinstance(found, testsets.Pairs):
            assert len(found.words) == len(found.scores) > 0
            assert np.isfinite(found.scores).all()
        else:
            assert all(len(question) == 4 for _, section in found.sections for question in section)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_packed_testset_is_called_what_it_is(pack, tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_bytes(pack(b"a b 1\n" * 50))
    with pytest.raises(W2VError, match=r"pairs.txt is packed by (gzip|xz); give the file that is"):
        testsets.read_pairs(path)
