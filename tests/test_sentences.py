"""Sentences' vectors from word vectors: by the formulas, for whatever is given."""

import logging
import os
import resource

import numpy as np
import pytest
from gensim.models import KeyedVectors

import w2v
from sentences import (
    COUNTS,
    TABLE,
    TEXT,
    VECTORS,
    WORDS,
    known,
    run_in,
    slow_mean,
    slow_sif,
    slow_usif,
)
from w2v.errors import UsageError, W2VError
from w2v.formats import convert
from w2v.sentences import sums
from w2v.sentences.encoder import Found
from w2v.sentences.words import Rows
from w2v.storage import layout, run_folder
from w2v.tokenizing import Phrase, Phrases, Tokenization
from w2v.vectors.saving import save_vectors
from w2v.vectors.wordvectors import WordVectors

SENTENCES = [
    "the chip price rose", "the the the chip", "oil\tgas  über\r\n", "a\u00a0b the", "the Chip",
    "nothing known", "", "   ", "unheard-of gas",
]  # fmt: skip
PLAIN = [sentence.replace("\t", " ").replace("\r\n", "") for sentence in SENTENCES]
SLOW = {
    "mean": lambda sentences, text=None: np.array([slow_mean(sentence) for sentence in sentences]),
    "sif": slow_sif,
    "usif": slow_usif,
}


@pytest.fixture
def run(tmp_path):
    return run_in(tmp_path)


@pytest.mark.parametrize("pooling", SLOW)
def test_encode_equals_the_formula_in_float64(run, pooling):
    found = w2v.SentenceEncoder(run, pooling=pooling).encode(SENTENCES)
    assert (found.shape, found.dtype) == ((len(SENTENCES), 8), np.float32)
    np.testing.assert_allclose(found, SLOW[pooling](PLAIN), atol=1e-6)


def test_sif_of_a_case_by_hand():
    """Two words in two dimensions, whose text has the component (1, 0)."""
    table = np.array([[0, 0], [2, 0], [0, 4]], np.float32)
    wv = WordVectors([w2v.config.UNK, "x", "y"], [0, 999, 1], table)
    encoder = w2v.SentenceEncoder(wv, pooling="sif", text=["x"])
    # weight(y) = 0.001 / (0.001 + 0.001) = 1/2; of "x y" the half is (·, 1), less (·, 0).
    np.testing.assert_allclose(
        encoder.encode(["x", "y", "x y"]), [[0, 0], [0, 2], [0, 1]], atol=1e-6
    )


def test_mean_equals_gensim():
    theirs = KeyedVectors(8)
    theirs.add_vectors(WORDS[1:], TABLE[1:])
    for sentence in (sentence for sentence in PLAIN if known(sentence)):
        words = [word for word in sentence.split(" ") if word in theirs]
        mean = theirs.get_mean_vector(words, pre_normalize=False)
        found = w2v.SentenceEncoder(VECTORS).encode(sentence)
        np.testing.assert_allclose(found, mean, atol=1e-6)


@pytest.mark.parametrize("pooling", SLOW)
@pytest.mark.parametrize("batch_size", [1, 3, 10_000])
def test_a_sentence_has_the_same_vector_among_any_others(run, pooling, batch_size):
    encoder = w2v.SentenceEncoder(run, pooling=pooling)
    many = encoder.encode(SENTENCES * 40, batch_size=batch_size)
    alone = np.array([encoder.encode(sentence) for sentence in SENTENCES])
    np.testing.assert_array_equal(many, np.tile(alone, (40, 1)))


def test_a_sentence_of_100000_words_is_one_like_any_other():
    encoder = w2v.SentenceEncoder(VECTORS)
    found = encoder.encode(["oil gas " * 50_000, "oil gas"])
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


def test_normalize_gives_length_1_or_0():
    found = w2v.SentenceEncoder(VECTORS).encode(SENTENCES, normalize=True)
    lengths = np.linalg.norm(found, axis=1)
    np.testing.assert_allclose(lengths, [bool(known(sentence)) for sentence in PLAIN], atol=1e-6)


def test_case_is_folded_as_training_did():
    wv = WordVectors(WORDS, COUNTS, TABLE, tokenization=Tokenization(lower=True))
    found = w2v.SentenceEncoder(wv).encode(["THE Chip ÜBER", "the chip über"])
    np.testing.assert_array_equal(found[0], found[1])
    assert found[0].any()


def test_sentences_without_a_known_word_are_reported(caplog):
    with caplog.at_level(logging.WARNING, "w2v"):
        found = w2v.SentenceEncoder(VECTORS).encode(["oil", "", "unheard of", "gas"])
    assert not found[1:3].any()
    assert caplog.messages == [
        "2 of 4 sentences are empty, have no known word or cancel out, so their vectors are 0; the "
        "first is number 2"
    ]
    assert Found(1, without=1, first_without=0, truncated=1).remarks() == [
        "1 of 1 sentence is empty, has no known word or cancels out, so its vector is 0: number 1",
        "1 of 1 sentence has more tokens than are read, and was cut",
    ]


def test_found_counts_words_and_adds_up():
    encoder = w2v.SentenceEncoder(VECTORS)
    _, one = encoder.encode_counted(["oil gas", "the unheard of"])
    _, other = encoder.encode_counted(["gas", "", "of"])
    both = one + other
    assert (both.sentences, both.words, both.known) == (5, 7, 4)
    assert (both.without, both.first_without, both.truncated) == (2, 3, 0)


def test_no_sentences_have_no_vectors():
    assert w2v.SentenceEncoder(VECTORS).encode([]).shape == (0, 8)


def test_show_progress_shows_a_bar(capsys):
    w2v.SentenceEncoder(VECTORS).encode(["oil"] * 5, show_progress=True)
    assert "0/5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        (["oil", None], "sentence 1 is None; it must be a string"),
        ([3.5], r"sentence 0 is 3\.5"),
        ([b"oil"], "sentence 0 is b'oil'"),
        (b"oil", "the sentences are b'oil'; give a list of strings"),
        (None, "the sentences are None; give a list of strings"),
        (7, "the sentences are 7"),
    ],
)
def test_encode_refuses_what_is_no_string(sentences, message):
    with pytest.raises(UsageError, match=message):
        w2v.SentenceEncoder(VECTORS).encode(sentences)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5])
def test_encode_refuses_a_batch_of_nothing(batch_size):
    with pytest.raises(UsageError, match=f"batch_size is {batch_size}; it must be 1 or more"):
        w2v.SentenceEncoder(VECTORS).encode(["oil"], batch_size=batch_size)


@pytest.mark.parametrize("half", ["\ud800", "oil \udcff"])
def test_half_a_character_is_an_unknown_word(half):
    assert w2v.SentenceEncoder(VECTORS).encode([half, "oil"]).shape == (2, 8)


@pytest.mark.parametrize("pooling", ["sif", "usif"])
def test_components_are_fitted_once_and_kept_in_the_run(run, pooling, caplog):
    with caplog.at_level(logging.INFO, "w2v"):
        first = w2v.SentenceEncoder(run, pooling=pooling).encode(SENTENCES)
        os.remove(run.parent / "text.txt")  # what is kept does without it
        again = w2v.SentenceEncoder(run, pooling=pooling).encode(SENTENCES)
    assert sum("fitting" in message for message in caplog.messages) == 1
    np.testing.assert_array_equal(first, again)


def test_components_of_other_vectors_are_fitted_again(run):
    w2v.SentenceEncoder(run, pooling="sif")
    stale = (run / layout.COMPONENTS["sif"]).read_bytes()
    save_vectors(run, WORDS, COUNTS, 2 * TABLE, TABLE)
    w2v.SentenceEncoder(run, pooling="sif")
    assert (run / layout.COMPONENTS["sif"]).read_bytes() != stale


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_text_that_is_given_changes_no_later_answer(run, is_kept):
    if is_kept:
        w2v.SentenceEncoder(run, pooling="sif")
    other = ["gas fell", "oil rose the"]
    (run.parent / "other.txt").write_text("".join(f"{line}\n" for line in other))
    given = w2v.SentenceEncoder(run, pooling="sif", text=run.parent / "other.txt")
    np.testing.assert_allclose(given.encode(SENTENCES), slow_sif(PLAIN, other), atol=1e-6)
    found = w2v.SentenceEncoder(run, pooling="sif").encode(SENTENCES)
    np.testing.assert_allclose(found, slow_sif(PLAIN), atol=1e-6)


@pytest.mark.parametrize("pooling", ["sif", "usif"])
def test_what_was_fitted_makes_another_encoder(run, pooling):
    first = w2v.SentenceEncoder(VECTORS, pooling=pooling, text=TEXT)
    again = w2v.SentenceEncoder(run, pooling=pooling, text=first.fitted)
    np.testing.assert_array_equal(again.encode(SENTENCES), first.encode(SENTENCES))
    wv = WordVectors(WORDS[:3], COUNTS[:3], TABLE[:3])
    with pytest.raises(W2VError, match=r"was fitted for \(10, 8\), not for vectors of \(3, 8\)"):
        w2v.SentenceEncoder(wv, pooling=pooling, text=first.fitted)


def test_what_all_sentences_have_in_common_is_0_and_not_rounding():
    table = np.repeat(TABLE[1:2], 4, axis=0)
    table[0] = 0
    wv = WordVectors([w2v.config.UNK, "x", "y", "z"], [0, 5, 3, 2], table)
    encoder = w2v.SentenceEncoder(wv, pooling="sif", text=["x y", "y z"])
    assert not encoder.encode(["x", "y z", "z z x"]).any()


def test_a_run_with_components_is_a_run_that_training_replaces(run):
    for pooling in ("sif", "usif"):
        w2v.SentenceEncoder(run, pooling=pooling)
    (run / ".sif.safetensors.0123abcd.new").write_bytes(b"killed")
    run_folder.check_out(run)
    assert len(w2v.load(run)) == len(WORDS)


def test_components_that_cannot_be_kept_are_a_warning(run, caplog):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
    try:
        with caplog.at_level(logging.WARNING, "w2v"):
            found = w2v.SentenceEncoder(run, pooling="sif").encode(["oil"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "; sif is fitted again next time" in caplog.text
    np.testing.assert_allclose(found, slow_sif(["oil"]), atol=1e-6)
    (run / layout.COMPONENTS["sif"]).mkdir()
    with pytest.raises(W2VError, match=r"cannot read .*sif\.safetensors: Is a directory"):
        w2v.SentenceEncoder(run, pooling="sif")


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, None])
def test_damaged_components_are_one_line(run, damage):
    w2v.SentenceEncoder(run, pooling="sif")
    kept = run / layout.COMPONENTS["sif"]
    kept.write_bytes(kept.read_bytes()[:-4] if damage is None else damage)
    with pytest.raises(W2VError, match=r"sif\.safetensors is damaged: .*remove it"):
        w2v.SentenceEncoder(run, pooling="sif")


def test_vectors_without_counts_take_those_of_a_text(tmp_path):
    convert.export(VECTORS, "word2vec-text", tmp_path / "vectors.txt")
    encoder = w2v.SentenceEncoder(tmp_path / "vectors.txt", pooling="sif", text=TEXT)
    of_text = [word for line in TEXT for word in line.split(" ") if word]
    counts = [of_text.count(word) for word in WORDS]
    counts[0] = len(of_text) - sum(counts)
    same = w2v.SentenceEncoder(WordVectors(WORDS, counts, TABLE), pooling="sif", text=TEXT)
    np.testing.assert_allclose(encoder.encode(SENTENCES), same.encode(SENTENCES), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "max"}, "pooling is 'max'; of word vectors it must be one of mean, sif, usif"),
        ({"pooling": "sif"}, "sif needs a text to be fitted on: these vectors are no run"),
        ({"text": ["oil"]}, "a text is given, which sif and usif are fitted on; mean takes none"),
        ({"pooling": "sif", "text": ["no", "word"]}, "no word of 2 sentences has a vector"),
        ({"pooling": "sif", "text": ["oil", None]}, "the text holds None; each of its sentences"),
        ({"pooling": "sif", "text": "nowhere.txt"}, r"'nowhere\.txt' does not exist"),
        ({"layer": 1}, "layer is given, and the model is word vectors"),
    ],
)
def test_options_that_are_not_allowed_are_one_line(options, message):
    with pytest.raises(W2VError, match=message):
        w2v.SentenceEncoder(VECTORS, **options)


def test_a_run_whose_text_is_gone_says_what_to_do(run):
    os.remove(run.parent / "text.txt")
    with pytest.raises(W2VError, match=r"text\.txt' does not exist.*or give another text"):
        w2v.SentenceEncoder(run, pooling="sif")


def test_vectors_that_are_not_finite_are_refused():
    table = TABLE.copy()
    table[3, 0] = np.nan
    with pytest.raises(W2VError, match="the vector of 'oil' holds NaN"):
        w2v.SentenceEncoder(WordVectors(WORDS, COUNTS, table))


@pytest.mark.parametrize("model", [None, "", 7, "a\0b"])
def test_what_is_no_path_is_no_model(model):
    with pytest.raises(UsageError, match=r"the model is .*; it must"):
        w2v.SentenceEncoder(model)


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(W2VError, match="is no run and no transformer: it holds neither"):
        w2v.SentenceEncoder(tmp_path)


@pytest.mark.parametrize("longest", [1, 3, 4096])
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_equal_a_loop(monkeypatch, longest, weighted):
    monkeypatch.setattr(sums, "_LONGEST", longest)
    monkeypatch.setattr(sums, "_NUMBERS", 20)
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 9, 50)
    rows = rng.integers(0, len(TABLE), lengths.sum())
    weights = rng.random(len(TABLE)).astype(np.float32) if weighted else None
    ones = np.ones(len(TABLE)) if weights is None else weights
    ends = np.cumsum(lengths)
    parts = [rows[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    slow = [(ones[part, None] * TABLE[part].astype(np.float64)).sum(axis=0) for part in parts]
    np.testing.assert_allclose(sums.sums(TABLE, rows, lengths, weights), slow, atol=1e-5)
    slow = [np.sqrt((TABLE[part].astype(np.float64) ** 2).sum(axis=0)) for part in parts]
    np.testing.assert_allclose(sums.lengths_by_dimension(TABLE, rows, lengths), slow, atol=1e-5)


def test_sentences_become_words_as_the_text_of_the_run_did():
    phrases = Phrases([[Phrase("new", "york", 9, 20.0)]])
    how = Tokenization(lower=True, words=True, phrases=phrases)
    words = ["the", "new_york", "new", "chip"]
    wv = WordVectors.from_words(words, np.eye(4, dtype=np.float32), tokenization=how)
    rows, n_words = Rows(wv)(["The chip, New York.", "new!"])
    assert (rows.tolist(), n_words.tolist()) == ([1, 4, 2, 3], [3, 1])
    rows, n_words = Rows(wv).of_text([b"the new york chip", b""])
    assert (rows.tolist(), n_words.tolist()) == ([1, 2, 4], [3, 0])
