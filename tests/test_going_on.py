"""Training that starts from other vectors: --init-from, --vocabulary, --freeze-old."""

import json
import shutil
import tracemalloc

import numpy as np
import pytest

import w2v
from stopping import SETTINGS, Stop, outcome
from test_learning_rate import zipf_counts
from texts import text
from w2v.batches.noise import noise_table
from w2v.config import UNK, Config
from w2v.errors import Interrupted, UsageError, W2VError
from w2v.recipes import from_recipe
from w2v.text.scanned import scan
from w2v.text.tokens import Spool
from w2v.text.vocab import Known, _prune, read
from w2v.training.fitted import fitted, row_steps
from w2v.training.tables import initial_tables
from w2v.training.train import train_run
from w2v.training.watcher import Watcher
from w2v.vectors.saving import save_vectors

pytestmark = pytest.mark.usefixtures("zipf_corpus")

OLD_WORDS = [UNK, "w3", "never", "w1", "w150"]
OLD_TABLES = np.random.default_rng(2).normal(0, 0.1, (2, len(OLD_WORDS), 8)).astype(np.float32)
OLD_TABLES[:, 0] = 0


@pytest.fixture
def old(tmp_path):
    """A run folder `old` with vectors of OLD_WORDS; half of them are in zipf.txt."""
    (tmp_path / "old").mkdir()
    save_vectors("old", OLD_WORDS, [9, 5, 4, 3, 2], *OLD_TABLES)
    return "old"


class First(Watcher):
    """Keeps the vocabulary and the first tables, and whatever is said."""

    def __init__(self):
        self.said = []

    def warning(self, message):
        self.said.append(message)

    def starting(self, job, training):
        self.job = job
        self.words, self.counts = job.vocabulary.words, job.vocabulary.counts
        self.tables = [table.copy() for table in training.engine.tables()]


def first_of(**settings):
    first = First()
    train_run(from_recipe(**{**SETTINGS, "epochs": 1, **settings}), first)
    return first


def as_dict(words, table):
    return {word: row.tobytes() for word, row in zip(words, table, strict=True)}


@pytest.mark.parametrize("chosen", ["union", "new", "old"])
def test_vocabulary_is_of_the_text_the_old_vectors_or_both(old, chosen):
    new, both = first_of(min_count=50), first_of(min_count=50, init_from=old, vocabulary=chosen)
    assert "w150" not in new.words  # too rare
    counts = dict(zip(both.words, both.counts.tolist(), strict=True))
    every = dict(zip((seen := first_of()).words, seen.counts.tolist(), strict=True))
    of_old = {"w1", "w3", "w150", "never"}
    expected = {"new": set(new.words[1:]), "old": of_old, "union": {*new.words[1:], *of_old}}
    assert set(both.words) == expected[chosen] | {UNK}
    assert both.words[0] == UNK
    assert len(both.words) == len(set(both.words))
    assert all(counts[word] == every.get(word, 0) for word in counts if word != UNK)
    assert sorted(both.counts[1:], reverse=True) == both.counts[1:].tolist()
    assert counts[UNK] + sum(both.counts[1:]) == sum(every.values())


def test_old_words_start_from_their_rows_and_new_ones_as_ever(old):
    first = first_of(init_from=old)
    fresh = initial_tables(len(first.words), first.job.config)
    for table, old_table, new_table in zip(first.tables, OLD_TABLES, fresh, strict=True):
        rows, old_rows = as_dict(first.words, table), as_dict(OLD_WORDS, old_table)
        new_rows = as_dict(first.words, new_table)
        assert {word: rows[word] for word in OLD_WORDS} == old_rows
        assert all(rows[word] == new_rows[word] for word in first.words if word not in OLD_WORDS)


@pytest.mark.parametrize("name", ["x.txt", "x.bin", "x.npy", "glove.txt"])
def test_of_a_file_only_word_vectors_are_taken(old, name):
    w2v.export(w2v.load(old), "glove" if name == "glove.txt" else None, name)
    first = first_of(init_from=name)
    fresh = initial_tables(len(first.words), first.job.config)
    assert {word: as_dict(first.words, first.tables[0])[word] for word in OLD_WORDS} == as_dict(
        OLD_WORDS, OLD_TABLES[0]
    )
    assert np.array_equal(first.tables[1], fresh[1])


def test_words_that_the_text_has_not_are_left_as_they_are_and_never_drawn(old):
    run = w2v.train(**SETTINGS, init_from=old, out="a")
    assert run.vectors["never"].tobytes() == OLD_TABLES[0, 2].tobytes()
    assert run.vectors.out_vectors[run.vectors.key_to_index["never"]].tobytes() == (
        OLD_TABLES[1, 2].tobytes()
    )
    assert run.vectors.counts[run.vectors.key_to_index["never"]] == 0
    assert (run.vectors["w1"] != OLD_TABLES[0, 3]).any()


@pytest.mark.parametrize("exponent", [0.75, 0.0, -1.0, 10.0])
def test_noise_words_are_those_that_occur(exponent):
    counts = np.array([7, 5, 3, 2, 1, 1, 0, 0, 0, 0, 0, 0])
    table = noise_table(counts, exponent).astype(np.float64)
    n = len(counts) - 1
    share = np.zeros(len(counts))  # of each word, by the meaning of the table
    for slot, (threshold, other) in enumerate(table):
        share[slot + 1] += threshold / 2**32 / n
        share[int(other)] += (1 - threshold / 2**32) / n
    weights = np.array([count**exponent if count else 0.0 for count in counts.tolist()[1:]])
    np.testing.assert_allclose(share[1:], weights / weights.sum(), atol=1e-8)
    assert not share[6:].any()


@pytest.mark.parametrize("exponent", [0.75, 0.0, -1.0])
def test_default_rate_is_that_of_the_words_that_occur(exponent):
    counts, config = zipf_counts(5000, 800_000), Config(ns_exponent=exponent)
    more = np.concatenate([counts, np.zeros(3000, np.int64)])
    assert fitted(config, more) == fitted(config, counts)
    none = np.empty(0, np.int32)
    one, other = (row_steps(fitted(config, each), each, none) for each in (counts, more))
    np.testing.assert_allclose(other[:, :5001], one, rtol=1e-6)


@pytest.mark.parametrize("how", [{}, {"engine": "torch"}, {"optimizer": "adam"}])
def test_frozen_rows_keep_their_bits_and_training_resumes(old, how):
    settings = {**SETTINGS, **how, "init_from": old, "freeze_old": True}
    whole = w2v.train(**settings, out="whole")
    for table, old_table in zip(
        (whole.vectors.vectors, whole.vectors.out_vectors), OLD_TABLES, strict=True
    ):
        rows = as_dict(whole.vectors.index_to_key, table)
        assert {word: rows[word] for word in OLD_WORDS} == as_dict(OLD_WORDS, old_table)
    config = from_recipe(**settings, out="a")
    with pytest.raises(Interrupted):
        train_run(config, Stop(3), resume=True)
    assert outcome(train_run(config, Watcher(), resume=True)) == outcome(whole)


def test_context_vectors_of_frozen_words_are_trained_where_the_file_has_none(old):
    w2v.export(w2v.load(old), "word2vec-text", "x.txt")
    settings = {**SETTINGS, "init_from": "x.txt", "freeze_old": True}
    run, first = w2v.train(**settings, out="a"), first_of(**settings)
    row = run.vectors.key_to_index["w1"]
    assert run.vectors["w1"].tobytes() == OLD_TABLES[0, 3].tobytes()
    assert (run.vectors.out_vectors[row] != first.tables[1][row]).all()


def test_resuming_takes_the_vectors_that_training_started_from(old, tmp_path):
    settings = {**SETTINGS, "out": "a"}
    whole = outcome(w2v.train(**{**settings, "out": "whole"}, init_from=old))
    with pytest.raises(Interrupted):
        train_run(from_recipe(**settings, init_from=old), Stop(3))
    shutil.copytree(old, "copy")
    shutil.copytree(old, "other")
    save_vectors("other", OLD_WORDS, [9, 5, 4, 3, 2], OLD_TABLES[0], -OLD_TABLES[1])
    for wrong in ({}, {"init_from": "other"}):
        with pytest.raises(UsageError, match=r"what --init-from names is .*, the checkpoint was"):
            w2v.train(**settings, **wrong, resume=True)
    with pytest.raises(UsageError, match=r"--freeze-old is True, the checkpoint was made with Fa"):
        w2v.train(**settings, init_from="copy", freeze_old=True, resume=True)
    spelled_out = {"vocabulary": "union"}  # which is the default
    assert outcome(w2v.train(**settings, **spelled_out, init_from="copy", resume=True)) == whole
    described = json.loads((tmp_path / "a" / "config.json").read_text())
    assert described["init_from"]["name"] == "copy"
    assert len(described["init_from"]["sha256"]) == 64


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"vector_size": 9},
            r"^--vector-size is 9, and the vectors of old have 8 numbers; give --ve",
        ),
        ({"out": "old/"}, r"^--init-from is old, the run folder that is written; name another --o"),
        (
            {"init_from": None, "freeze_old": True},
            r"^--freeze-old is for --init-from, which is not",
        ),
        (
            {"init_from": None, "vocabulary": "old"},
            r"^--vocabulary is for --init-from, which is no",
        ),
        ({"vocabulary": "all"}, r"^--vocabulary is 'all'; it must be one of new, old, union$"),
        (
            {"freeze_old": True, "vocabulary": "old"},
            r"^--freeze-old leaves nothing to train: old has both vectors of every word of the voc",
        ),
        (
            {"tokenize": "words"},
            r"^old was trained on text read with --tokenize whitespace --no-l",
        ),
        (
            {"lower": True},
            r"--no-lower, and this one is to be read with .* --lower; give the same$",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(old, settings, message):
    with pytest.raises(UsageError, match=message):
        w2v.train(**{**SETTINGS, "init_from": old, **settings})
    assert w2v.load(old).vectors.tobytes() == OLD_TABLES[0].tobytes()


def test_run_of_another_case_is_refused(old, tmp_path):
    w2v.train(**SETTINGS, lower=True, out="lower")
    with pytest.raises(UsageError, match=r"^lower was trained on text read with .* --lower, "):
        w2v.train(**SETTINGS, init_from="lower")


def test_damaged_vectors_are_refused(old, tmp_path):
    run = w2v.train(**SETTINGS, out="run")
    path = tmp_path / "run" / "vectors.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(W2VError, match=r"^run/vectors.safetensors is damaged: its SHA-256 is not"):
        w2v.train(**SETTINGS, init_from="run")
    w2v.export(run.vectors, "word2vec-binary", "x.bin")
    cut = (tmp_path / "x.bin").read_bytes()[:-5]
    (tmp_path / "x.bin").write_bytes(cut)
    with pytest.raises(W2VError, match=r"^x\.bin is damaged: "):
        w2v.train(**SETTINGS, init_from="x.bin")
    with pytest.raises(
        W2VError, match=r"^none is no run: there is no such folder|^cannot read none"
    ):
        w2v.train(**SETTINGS, init_from="none")
    tables = OLD_TABLES.copy()
    tables[1, 2, 0] = np.inf
    save_vectors(old, OLD_WORDS, [9, 5, 4, 3, 2], *tables)
    with pytest.raises(W2VError, match=r"^old: the vector of 'never' is not finite"):
        w2v.train(**SETTINGS, init_from=old)


def test_words_that_no_text_has_are_left_out_and_told(tmp_path):
    lines = ["w1 8 7 6 5 4 3 2 1", "at name@domain.com 1 2 3 4 5 6 7 8"]
    (tmp_path / "glove.txt").write_text("\n".join(lines) + "\n")
    first = first_of(init_from="glove.txt")
    assert "at name@domain.com" not in first.words
    (told,) = [line for line in first.said if "glove.txt" in line]
    assert told == (
        "glove.txt has 1 word with white space, such as 'at name@domain.com', which no text has: "
        "left out"
    )


def test_a_text_of_unknown_words_is_refused():
    known = Known(["x", "y"], "old")
    with pytest.raises(
        W2VError, match=r"has 4 different words, of which 1 are among .* two: give more text"
    ):
        read(text("x x x a b c\n"), 1, known=known)
    vocabulary, _ = read(text("x x x a b y\n"), 1, known=known)
    assert vocabulary.words == [UNK, "x", "y"]


def test_known_words_take_no_memory_for_the_other_ones():
    n = 100_000
    scanned = scan(text(" ".join(f"w{i:07d}" for i in range(n)) + "\n"), Spool(), 1)
    peaks = []
    for known in (None, Known(["w0000001", "never", f"w{n - 1:07d}"], "union")):
        tracemalloc.start()
        vocabulary, ids = _prune(scanned, 10, known)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert vocabulary.words == [UNK, "w0000001", f"w{n - 1:07d}", "never"]
    assert np.flatnonzero(ids).tolist() == [1, n - 1]
    assert peaks[1] < peaks[0] + 3e6  # strings of all words would be 7 MB


def topical(words, n_lines, seed):
    """Lines of eight words of one topic each; words: {topic: its words}."""
    rng, topics = np.random.default_rng(seed), list(words)
    lines = [rng.choice(words[topics[rng.integers(len(topics))]], 8) for _ in range(n_lines)]
    return "".join(" ".join(line) + "\n" for line in lines)


def test_old_words_keep_their_neighbourhoods_and_new_words_find_theirs(tmp_path):
    half = {topic: [f"{topic}{i}" for i in range(10)] for topic in ("animal", "metal", "fruit")}
    # The second text: new words of two of the topics, among old ones; nothing of the third.
    more = {
        topic: half[topic][:5] + [f"new-{topic}{i}" for i in range(5)]
        for topic in ("animal", "metal")
    }
    (tmp_path / "one.txt").write_text(topical(half, 3000, 0))
    (tmp_path / "two.txt").write_text(topical(more, 2000, 1))
    small = {"min_count": 1, "vector_size": 16, "sample": 0.0, "batch_size": 64, "engine": "cpu"}
    one = w2v.train("one.txt", **small).vectors
    two = w2v.train("two.txt", **small, init_from="runs/one").vectors
    old_words = [word for words in half.values() for word in words]
    every = [*old_words, *more["animal"][5:], *more["metal"][5:]]
    assert set(two.index_to_key) == {UNK, *every}

    def share_of_own(wv, words):
        """The share of the five nearest that are of a word's topic."""
        own = [
            near.removeprefix("new-").rstrip("0123456789") in word
            for word in words
            for near, _ in wv.most_similar(word, topn=5)
        ]
        return np.mean(own)

    assert share_of_own(one, old_words) > 0.99
    assert share_of_own(two, old_words) > 0.99
    assert share_of_own(two, more["animal"][5:] + more["metal"][5:]) > 0.99
    for word in half["fruit"]:  # of which the second text has nothing
        assert two[word].tobytes() == one[word].tobytes()
    alone = w2v.train("two.txt", **small, out="alone").vectors
    assert "fruit0" not in alone
    near = [word for word, _ in two.most_similar("new-animal0", topn=14)]
    assert {"animal7", "animal8", "animal9"} <= set(near)  # beside which it never stood
