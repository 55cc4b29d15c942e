"""A folder of sentences and their vectors: appended to, searched, and never in two minds."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import w2v
from sentences import COUNTS, TABLE, TEXT, VECTORS, WORDS, run_in
from w2v.errors import UsageError, W2VError
from w2v.formats import convert
from w2v.sentences import embeddings, pairs
from w2v.sentences.embeddings import Embeddings
from w2v.vectors.saving import save_vectors

ROOT = Path(__file__).parents[1]
LINES = [line for line in TEXT[:7] if line]


@pytest.fixture
def encoder(tmp_path):
    return w2v.SentenceEncoder(run_in(tmp_path), pooling="sif")


def embed(folder, encoder, sentences):
    return embeddings.append(folder, sentences, [encoder.encode(sentences)], encoder)


def test_append_goes_on_after_what_is_there(tmp_path, encoder):
    assert embed(tmp_path / "out", encoder, LINES) == len(LINES)
    assert embed(tmp_path / "out", encoder, ["gas\r", "", "ü"]) == len(LINES) + 3
    stored = embeddings.load(tmp_path / "out")
    assert stored.sentences == [*LINES, "gas\r", "", "ü"]
    np.testing.assert_array_equal(stored.vectors, encoder.encode(stored.sentences))
    assert not stored.vectors.flags.writeable
    assert set(os.listdir(tmp_path / "out")) == embeddings.FILES


def test_the_encoder_comes_back(tmp_path, encoder):
    embed(tmp_path / "out", encoder, LINES)
    again = embeddings.load(tmp_path / "out").encoder()
    np.testing.assert_array_equal(again.encode(LINES), encoder.encode(LINES))


def test_an_encoder_that_gives_other_vectors_is_refused(tmp_path, encoder):
    embed(tmp_path / "out", encoder, LINES)
    save_vectors(tmp_path / "run", WORDS, COUNTS, TABLE[:, ::-1].copy(), TABLE)
    with pytest.raises(W2VError, match="gives other vectors than it did; embed the sentences anew"):
        embeddings.load(tmp_path / "out").encoder()
    changed = w2v.SentenceEncoder(tmp_path / "run", pooling="sif")
    with pytest.raises(W2VError, match="gives other vectors"):
        embed(tmp_path / "out", changed, ["oil"])
    assert len(embeddings.load(tmp_path / "out")) == len(LINES)


def test_an_encoder_is_checked_where_the_first_lines_are_blank(tmp_path):
    encoder = w2v.SentenceEncoder(run_in(tmp_path))
    embed(tmp_path / "out", encoder, ["", "", "", "", "oil price"])
    save_vectors(tmp_path / "run", WORDS, COUNTS, TABLE[:, ::-1].copy(), TABLE)
    with pytest.raises(W2VError, match="gives other vectors than it did"):
        embeddings.load(tmp_path / "out").encoder()


@pytest.mark.parametrize("kind", ["run", "word2vec-text"])
def test_queries_need_no_text_that_was_given(tmp_path, kind):
    """Nor do sentences that go after the others, with the encoder that comes back."""
    model = tmp_path / "vectors.txt" if kind != "run" else run_in(tmp_path)
    if kind != "run":
        convert.export(VECTORS, kind, model)  # without counts: the weights are of the text, too
    (tmp_path / "given.txt").write_text("oil gas\nthe chip rose\nthe oil\n")
    given = w2v.SentenceEncoder(model, pooling="usif", text=tmp_path / "given.txt")
    embed(tmp_path / "out", given, LINES)
    os.remove(tmp_path / "given.txt")
    again = embeddings.load(tmp_path / "out").encoder()
    np.testing.assert_array_equal(again.encode(LINES), given.encode(LINES))
    assert embed(tmp_path / "out", again, ["gas"]) == len(LINES) + 1
    assert again.settings == given.settings


def test_damaged_fitted_parts_are_one_line(tmp_path, encoder):
    embed(tmp_path / "out", encoder, LINES)
    path = tmp_path / "out" / embeddings.FITTED
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(W2VError, match=r"fitted\.safetensors is damaged"):
        embeddings.load(tmp_path / "out")


def test_vectors_of_another_model_are_not_mixed_in(tmp_path, encoder):
    embed(tmp_path / "out", encoder, LINES)
    other = w2v.SentenceEncoder(tmp_path / "run")
    with pytest.raises(W2VError, match=r'holds vectors of .*"sif".*these are of .*"mean"'):
        embed(tmp_path / "out", other, ["oil"])


@pytest.mark.parametrize(
    ("sentences", "message"),
    [([], "no sentence"), (["a\nb"], r"must be one line"), (["\ud800"], "half of a character")],
)
def test_append_refuses_what_is_no_line(tmp_path, encoder, sentences, message):
    with pytest.raises(UsageError, match=message):
        embeddings.append(tmp_path / "out", sentences, [], encoder)
    assert not (tmp_path / "out").exists()


def test_append_leaves_another_folder_as_it_is(tmp_path, encoder):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(W2VError, match=r"holds thesis\.txt, which would be lost; name another"):
        embed(tmp_path / "mine", encoder, LINES)
    with pytest.raises(W2VError, match=r"holds config\.json, which would be lost; name another"):
        embed(tmp_path / "run", encoder, LINES)
    with pytest.raises(W2VError, match="is no folder, and is left as it is; name another"):
        embed(tmp_path / "mine" / "thesis.txt", encoder, LINES)
    with pytest.raises(W2VError, match="is inside a run"):
        embed(tmp_path / "run" / "out", encoder, LINES)
    assert os.listdir(tmp_path / "mine") == ["thesis.txt"]


def test_a_failure_while_encoding_leaves_the_old(tmp_path, encoder):
    embed(tmp_path / "out", encoder, LINES)

    def blocks():
        yield encoder.encode(LINES[:2])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        embeddings.append(tmp_path / "out", LINES, blocks(), encoder)
    with pytest.raises(W2VError, match="damaged"):  # too few
        embeddings.append(tmp_path / "out", LINES, [encoder.encode(LINES[:2])], encoder)
    assert embeddings.load(tmp_path / "out").sentences == LINES
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("sentences.txt", b"a\nb\n", r"sentences\.txt is damaged: 2 sentences, 6 vectors"),
        ("sentences.txt", b"a\n\xff\n", r"byte 2 is not UTF-8"),
        ("embeddings.safetensors", b"x", r"embeddings\.safetensors is damaged"),
        ("embeddings.safetensors", None, "holds no embeddings; w2v embed makes them"),
    ],
)
def test_damage_is_one_line(tmp_path, encoder, name, content, message):
    embed(tmp_path / "out", encoder, LINES)
    if content is None:
        os.remove(tmp_path / "out" / name)
    else:
        (tmp_path / "out" / name).write_bytes(content)
    with pytest.raises(W2VError, match=message):
        embeddings.load(tmp_path / "out")


def test_vectors_with_nan_are_not_searched():
    table = np.ones((3, 2), np.float32)
    table[1, 0] = np.nan
    with pytest.raises(W2VError, match="the vector of sentence 2 holds NaN"):
        Embeddings(["a", "b", "c"], table).search([1, 0])


def test_search_equals_sorting_all_cosines():
    rng = np.random.default_rng(0)
    table = rng.standard_normal((500, 6)).astype(np.float32)
    table[7] = 0
    stored = Embeddings([str(number) for number in range(500)], table)
    queries = rng.standard_normal((3, 6)).astype(np.float32)
    cosines = w2v.cos_sim(queries, table)
    for near, row in zip(stored.search(queries, topn=5), cosines, strict=True):
        assert [number for number, _ in near] == np.argsort(-row, kind="stable")[:5].tolist()
        np.testing.assert_allclose(
            [cosine for _, cosine in near], np.sort(row)[::-1][:5], atol=1e-6
        )
    assert len(stored.search(queries[0], topn=10_000)[0]) == 500
    assert stored.search(np.zeros(6)) == [[]]


@pytest.mark.parametrize(
    ("queries", "topn", "message"),
    [([1, 2, 3], 1, r"queries are \(1, 3\); they must be \(m, 2\)"), ([1, 2], 0, "topn is 0"),
     ([np.nan, 1], 1, "a query holds NaN")],
)  # fmt: skip
def test_search_refuses(queries, topn, message):
    with pytest.raises(UsageError, match=message):
        Embeddings(["a"], np.ones((1, 2), np.float32)).search(queries, topn)


@pytest.mark.parametrize("n", [1, 2, 40, 130])
@pytest.mark.parametrize("topn", [1, 7, 150, 100_000])
def test_pairs_equal_sorting_all(monkeypatch, n, topn):
    monkeypatch.setattr(pairs, "_ROWS", 16)
    monkeypatch.setattr(pairs, "_COLUMNS", 32)
    rng = np.random.default_rng(n)
    table = rng.standard_normal((n, 5)).astype(np.float32)
    table[::9] = table[0]  # the same many times
    table[3:4] = 0  # in no pair
    exact = table.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1)
    slow = sorted(
        (-exact[one] @ exact[other] / (lengths[one] * lengths[other]), one, other)
        for one in range(n)
        for other in range(one + 1, n)
        if lengths[one] and lengths[other]
    )[:topn]
    found = Embeddings([""] * n, table).pairs(topn)
    np.testing.assert_allclose(
        [pair.cosine for pair in found], [-cos for cos, *_ in slow], atol=1e-7
    )
    distinct = {tuple(pair) for _, *pair in slow if _ > -1 + 1e-9}
    assert distinct == {tuple(pair[1:]) for pair in found if pair.cosine < 1 - 1e-9}
    assert all(one < other for _, one, other in found)


def test_pairs_of_the_same_cosine_come_by_row():
    """Of one direction are many: rounding decides nothing."""
    rng = np.random.default_rng(0)
    table = np.tile(rng.standard_normal((30, 50)).astype(np.float32), (2, 1))
    found = Embeddings([""] * 60, table).pairs(30)
    assert [tuple(pair) for pair in found] == [(1.0, row, row + 30) for row in range(30)]
    near = Embeddings([""] * 60, table).search(table[:30], topn=2)
    assert [[row for row, _ in rows] for rows in near] == [[row, row + 30] for row in range(30)]


APPEND = """
import sys
sys.path.insert(0, {root!r})
import w2v
from w2v.sentences import embeddings
encoder = w2v.SentenceEncoder("run")
print(flush=True)
for number in range(10_000):
    lines = [f"oil gas {{number}} {{line}}" for line in range(10)]
    embeddings.append("out", lines, [encoder.encode(lines)], encoder)
"""


@pytest.mark.heavy
def test_a_kill_never_leaves_the_two_disagreeing(tmp_path, encoder):
    random.seed(0)
    code = APPEND.format(root=str(ROOT))
    for _ in range(40):
        writer = subprocess.Popen(
            [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE
        )
        writer.stdout.readline()
        time.sleep(random.uniform(0, 0.3))
        writer.kill()
        writer.wait()
        if (tmp_path / "out").exists():
            stored = embeddings.load(tmp_path / "out")
            assert len(stored) % 10 == 0
            np.testing.assert_array_equal(
                stored.vectors, w2v.SentenceEncoder(tmp_path / "run").encode(stored.sentences)
            )
    assert len(stored) > 100
