from pathlib import Path

import numpy as np
import pytest

import w2v
from texts import text, zipf_lines
from w2v.config import Config
from w2v.engines.cpu import CpuEngine
from w2v.engines.torch import TorchEngine
from w2v.errors import UsageError, W2VError
from w2v.text.corpus import open_corpus
from w2v.text.vocab import encode, read
from w2v.text.word_table import WORD_MASK
from w2v.training import validation
from w2v.training.tables import initial_tables
from windows import plain_step, plain_windows

SMALL = {"min_count": 1, "vector_size": 8, "sample": 1e-2, "batch_size": 64, "device": "cpu"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zipf.txt").write_text(zipf_lines(100, 1500))
    (tmp_path / "held.txt").write_text(zipf_lines(100, 200, seed=3) + "never seen before\n")


@pytest.mark.parametrize("engine", [CpuEngine, TorchEngine])
def test_validation_loss_is_that_of_the_definition_and_changes_nothing(engine):
    vocabulary, _ = read(text(zipf_lines(100, 1500)), 1)
    held = encode(open_corpus(Config(corpus="held.txt")), vocabulary)
    config = Config(**SMALL, workers=2, group=1)
    tables = [table * 20 for table in initial_tables(len(vocabulary), config)]
    trained = engine(*tables, config)
    before = [table.tobytes() for table in trained.tables()]
    held_out = validation.HeldOut(held, "held", vocabulary.counts, config)
    lines = [line.split() for line in Path("held.txt").read_text().splitlines()]
    known = {word: index for index, word in enumerate(vocabulary.words)}
    sentences = [[known[word] for word in line if word in known] for line in lines]
    rows = plain_windows([s for s in sentences if s], vocabulary.counts, config.sample, epoch=0)
    _, _, losses = plain_step(*tables, rows, 0.0)
    assert held_out.n_centers == len(rows)
    assert held_out.total_loss(trained) == pytest.approx(np.sum(losses), rel=1e-5)
    assert held_out.total_loss(trained) == held_out.total_loss(trained)
    assert [table.tobytes() for table in trained.tables()] == before


def test_share_splits_the_sentences_and_trains_on_the_rest():
    vocabulary, whole = read(text(zipf_lines(100, 1500)), 1)
    config = Config(corpus="zipf.txt", **SMALL, validation_share=0.2)
    trained, held = validation.hold_out(config, open_corpus(config), vocabulary, whole)

    def sentences(encoded):
        tokens = np.concatenate(encoded.blocks)
        pieces = np.split(tokens & WORD_MASK, np.flatnonzero(tokens < 0)[1:])
        return [piece.tolist() for piece in pieces]

    parts = sentences(trained), sentences(held.text)
    assert sorted(parts[0] + parts[1]) == sorted(sentences(whole))
    assert 0.15 < len(parts[1]) / 1500 < 0.25
    assert held.description == "0.2 of the sentences, not trained on"


def test_share_counts_what_all_ranks_hold_out():
    vocabulary, whole = read(text(zipf_lines(100, 1500)), 1)
    config = Config(corpus="zipf.txt", **SMALL, validation_share=0.2)
    alone, held = validation.hold_out(config, open_corpus(config), vocabulary, whole)
    sums = []

    def over_ranks(n):
        sums.append(n)
        return n + 1000

    trained, _ = validation.hold_out(config, open_corpus(config), vocabulary, whole, over_ranks)
    assert trained.n_tokens == alone.n_tokens - 1000
    assert sums == [held.text.n_tokens, held.n_centers]


def test_ptb_brings_its_own_validation_text(ptb_dir):
    config = Config(corpus="ptb", data_dir=str(ptb_dir))
    corpus = open_corpus(config)
    vocabulary, whole = read(corpus, 10)
    trained, held = validation.hold_out(config, corpus, vocabulary, whole)
    assert trained is whole
    assert held.text.n_lines == 3370
    assert held.text.n_read == 70390


def test_metrics_and_the_last_row_of_an_epoch_have_the_validation_loss():
    run = w2v.train(corpus="zipf.txt", epochs=2, validation="held.txt", **SMALL)
    has = [row.validation_loss is not None for row in run.metrics]
    ends = [row.progress == int(row.progress) for row in run.metrics]
    assert has == ends
    assert (run.folder / "metrics.csv").read_text().splitlines()[0].endswith(",validation_loss")


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"validation": "held.txt", "validation_share": 0.1}, UsageError, "not both"),
        ({"early_stopping": 2}, UsageError, "--early-stopping needs a validation loss: give"),
        ({"validation": "no.txt"}, W2VError, r"'no\.txt' does not exist"),
        ({"validation": "strange.txt"}, W2VError, "no sentence of two known words"),
        ({"validation_share": 1e-9}, W2VError, "leaves one side without sentences"),
        ({"validation_share": 0.6}, UsageError, "--validation-share is 0.6; it must be between"),
    ],
)
def test_validation_that_cannot_be_is_refused(settings, error, message, tmp_path):
    (tmp_path / "strange.txt").write_text("all words unknown\n")
    with pytest.raises(error, match=message):
        w2v.train(corpus="zipf.txt", **SMALL, **settings)


def test_early_stopping_is_refused_where_sample_stands_in_for_ptb():
    config = Config(early_stopping=2, **SMALL)
    validation.check(config)  # PTB, which would bring its own text, may yet be had
    corpus = open_corpus(Config(corpus="sample"))
    with pytest.raises(UsageError, match="--early-stopping needs a validation loss: give"):
        validation.hold_out(config, corpus, None, None)
