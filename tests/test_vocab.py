import itertools

import numpy as np
import pytest

from texts import Text, text, zipf_lines
from w2v import plain
from w2v.config import UNK
from w2v.errors import W2VError
from w2v.text import vocab
from w2v.text.vocab import read
from w2v.text.word_table import WORD_MASK, WordTable


def sentences(encoded):
    """The ids of each sentence, from the flags."""
    found = []
    for block in encoded.blocks:
        for token in block.tolist():
            if token < 0:
                found.append([])
            found[-1].append(token & int(WORD_MASK))
    return found


def test_read_orders_by_count_then_first_appearance():
    vocabulary, encoded = read(text("b a c\na d c\n\nd e\n"), 2)
    assert vocabulary.words == ["<unk>", "a", "c", "d"]
    assert vocabulary.counts.tolist() == [2, 2, 2, 2]
    assert sentences(encoded) == [[1, 2], [1, 3, 2], [3]]
    assert (encoded.n_lines, encoded.n_read, encoded.n_tokens) == (4, 8, 6)


def test_read_takes_the_word_unk_as_unknown():
    vocabulary, encoded = read(text("x <unk> y\nx y <unk> <unk>\n"), 1)
    assert vocabulary.words == ["<unk>", "x", "y"]
    assert vocabulary.counts.tolist() == [3, 2, 2]
    assert sentences(encoded) == [[1, 2], [1, 2]]


def test_read_splits_at_ascii_white_space_only():
    vocabulary, encoded = read(text("a\tb\r\na\u00a0b  a\vb\fé\u3000z\n"), 1)
    assert vocabulary.words == ["<unk>", "a", "b", "a\u00a0b", "é\u3000z"]
    assert sentences(encoded) == [[1, 2], [3, 1, 2, 4]]


@pytest.mark.parametrize("min_count", [1, 3])
def test_read_equals_plain_python_wherever_the_text_is_cut(min_count):
    content = zipf_lines(3000, 2000, seed=min_count)
    words, counts, expected = plain.encode(content, min_count)
    raw = content.encode()
    for size in (len(raw), 1000, 37):
        cuts = [0]
        while cuts[-1] < len(raw):
            end = min(cuts[-1] + size, len(raw))
            while raw[end - 1] not in b" \n":
                end += 1
            cuts.append(end)
        pieces = [raw[start:end] for start, end in itertools.pairwise(cuts)]
        vocabulary, encoded = read(Text(pieces), min_count)
        assert vocabulary.words == words
        assert vocabulary.counts.tolist() == counts.tolist()
        assert sentences(encoded) == expected


def test_read_grows_with_the_vocabulary():
    # More words than the table first holds (2¹⁵), and more letters than it has room for (2²⁰).
    words = [f"{number:x}-{'long' * 8}" for number in range(50_000)]
    vocabulary, encoded = read(text(" ".join(words) + "\n" + " ".join(words[:2]) + "\n"), 1)
    assert vocabulary.words == ["<unk>", *words]
    assert sentences(encoded) == [list(range(1, 50_001)), [1, 2]]


def test_read_cuts_blocks_but_no_text(monkeypatch):
    monkeypatch.setattr("w2v.text.tokens.BLOCK_TOKENS", 7)
    content = zipf_lines(30, 40)
    _, _, expected = plain.encode(content, 1)
    _, encoded = read(text(content), 1)
    assert {len(block) for block in list(encoded.blocks)[:-1]} == {7}
    assert all(block[0] < 0 for block in encoded.blocks)
    tokens = np.concatenate(encoded.blocks) & WORD_MASK
    assert tokens.tolist() == [word for sentence in expected for word in sentence]


def test_read_digests_the_text_not_its_pieces():
    whole = read(Text([b"a b a b\n"]), 1)[1].digest
    # By the sha256sum of coreutils:
    assert whole == "6424b2ddc19c510eba93a0965fb737707bb8210112936a81323004db41ff7503"
    assert read(Text([b"a b ", b"a b\n"]), 1)[1].digest == whole
    assert read(Text([b"a b a c\n"]), 1)[1].digest != whole


@pytest.mark.parametrize("content", ["", " \n\t \n"])
def test_read_refuses_a_text_without_words(content):
    with pytest.raises(W2VError, match=r"a test text holds no words"):
        read(text(content), 1)


def test_read_refuses_fewer_than_two_words():
    message = r"has 3 different words, of which 1 occur at least 2 times; .* lower --min-count"
    with pytest.raises(W2VError, match=message):
        read(text("a b a c\n"), 2)


@pytest.mark.parametrize("min_count", [1, 3])
def test_read_of_one_word_a_line_says_so(min_count):
    with pytest.raises(W2VError, match=r"has one word a line; .* --tokenize words finds them$"):
        read(text("我们喜欢苹果，他们喜欢香蕉。\n他们喜欢香蕉。\n" * 20), 1)
    with pytest.raises(W2VError, match=r"has one word a line; .* on one line") as error:
        read(text("a\nb\na\nb\nc\n"), min_count)
    assert "--min-count" not in str(error.value)


def test_read_remarks_once_on_words_in_two_forms_of_unicode():
    composed, apart = "caf\u00e9", "cafe\u0301"
    remarks = []
    read(text(f"{composed} {apart} na\u0131ve\n" * 3 + f"{apart}\n"), 1, remark=remarks.append)
    (remark,) = remarks
    assert "has 1 word in two forms of Unicode, composed (NFC) and not (NFD)" in remark
    assert repr(composed) in remark
    for fine in (f"{apart} b\n", f"{composed} b\n", "a b\n"):
        read(text(fine * 3), 1, remark=remarks.append)
    assert len(remarks) == 1


def test_read_gives_the_known_counts_of_ptb(ptb_dir):
    from w2v.config import Config
    from w2v.text.corpus import open_corpus

    vocabulary, encoded = read(open_corpus(Config(corpus="ptb", data_dir=str(ptb_dir))), 10)
    assert len(vocabulary) == 6719
    assert vocabulary.words[:3] == ["<unk>", "the", "N"]
    assert (encoded.n_lines, encoded.n_read, encoded.n_tokens) == (42_068, 887_521, 820_056)


def test_unk_is_written_alike_in_vocab_and_vectors():
    assert vocab.UNK == UNK


def test_a_piece_of_text_that_cuts_a_word_is_refused():
    with pytest.raises(ValueError, match=r"must end in white space, not in b'b'"):
        WordTable().encode(b"a b")
