import csv
import json
import tracemalloc

import numpy as np
import pytest

import w2v
from texts import zipf_lines
from w2v.config import Config
from w2v.engines.base import Engine
from w2v.engines.cpu import CpuEngine
from w2v.errors import W2VError
from w2v.storage import run_folder
from w2v.training import memory, write_run


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zipf.txt").write_text(zipf_lines(200, 3000))
    return "zipf.txt"


SMALL = {"min_count": 1, "vector_size": 8, "sample": 1e-2, "batch_size": 64, "device": "cpu"}


@pytest.mark.parametrize("engine", ["cpu", "torch"])
def test_train_writes_a_run_and_returns_it(corpus, engine):
    run = w2v.train(corpus=corpus, engine=engine, epochs=2, seed=4, **SMALL)
    assert str(run.folder) == "runs/zipf"
    assert run_folder.last_run() == run.folder
    files = {
        "checkpoint",
        "config.json",
        "loss.png",
        "metrics.csv",
        "vectors.safetensors",
        "vocab.tsv",
    }
    assert {path.name for path in run.folder.iterdir()} == files
    reloaded = w2v.load("runs/zipf")
    assert np.array_equal(reloaded.vectors, run.vectors.vectors)
    assert run.vectors.vectors.shape == (len(run.vectors), 8)
    described = json.loads((run.folder / "config.json").read_text())
    assert described["settings"]["seed"] == 4
    assert described["settings"]["engine"] == engine
    assert described["corpus"]["lines"] == 3000
    assert len(described["corpus"]["sha256"]) == 64
    assert ("torch" in described["versions"]) == (engine == "torch")


def test_train_is_reproduced_by_its_seed_alone(corpus):
    def vectors(seed, workers):
        run = w2v.train(corpus=corpus, engine="cpu", epochs=2, seed=seed, workers=workers, **SMALL)
        return run.vectors.vectors.tobytes(), run.epoch_losses

    assert vectors(1, 1) == vectors(1, 2)
    assert vectors(1, 1) != vectors(2, 1)


def test_textbook_recipe_draws_once_and_keeps_its_rate(corpus):
    run = w2v.train(corpus, recipe="textbook", epochs=2, min_count=1, device="cpu")
    assert {row.lr for row in run.metrics} == {0.002}
    described = json.loads((run.folder / "config.json").read_text())
    assert described["settings"]["resample"] is False


def test_metrics_of_an_epoch_are_its_own(corpus, monkeypatch):
    for engine in (Engine, CpuEngine):
        monkeypatch.setattr(engine, "call_centers", 64)
    run = w2v.train(corpus=corpus, engine="cpu", epochs=3, lr=1e-6, **SMALL)
    # At this rate nothing is learned: the loss of every epoch is ln 2, were it summed over the
    # epochs, or divided by the wrong count, it would not be.
    assert run.epoch_losses == pytest.approx([np.log(2)] * 3, abs=0.002)
    with open(run.folder / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == [row.loss for row in run.metrics]
    for epoch in (1, 2, 3):
        batches = [int(row["batch"]) for row in rows if row["epoch"] == str(epoch)]
        assert batches == sorted(batches)
        assert 15 <= len(batches) <= 25


def test_blocks_are_trained_one_after_another(corpus, monkeypatch):
    monkeypatch.setattr("w2v.text.tokens.BLOCK_TOKENS", 5000)
    for engine in (Engine, CpuEngine):
        monkeypatch.setattr(engine, "call_centers", 1000)
    run = w2v.train(corpus=corpus, engine="cpu", epochs=2, **SMALL)
    progress = [row.progress for row in run.metrics]
    assert progress == sorted(progress)
    assert progress[-1] == 2.0
    assert run.epoch_losses[1] < run.epoch_losses[0] < np.log(2)


def test_last_row_of_an_epoch_is_kept_when_its_last_block_is_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("w2v.text.tokens.BLOCK_TOKENS", 6000)
    (tmp_path / "odd.txt").write_text("a b c\n" * 2000 + "a\n")  # one word in a block of its own
    run = w2v.train(corpus="odd.txt", engine="cpu", epochs=2, **{**SMALL, "sample": 0.0, "lr": 0.1})
    assert [row.batch for row in run.metrics if row.epoch == 1][-1] == 94  # 6000 / 64, rounded up
    assert len(run.epoch_losses) == 2


def test_train_refuses_a_text_that_subsampling_empties(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.txt").write_text("a b\n" * 3)
    with pytest.raises(W2VError, match=r"no sentence has two words left .* --sample 1e-09"):
        w2v.train(corpus="two.txt", min_count=1, sample=1e-9, engine="cpu")
    assert not (tmp_path / "runs" / "two").exists()


@pytest.mark.parametrize("engine", ["cpu", "torch"])
def test_train_that_diverges_says_where_and_what_to_try(corpus, engine, monkeypatch):
    for each in (Engine, CpuEngine):  # the loss is looked at after each call
        monkeypatch.setattr(each, "call_centers", 1000)
    message = (
        r"training diverged: the loss is .* at batch \d+ of epoch 1, with .*; start anew with --lr"
    )
    # A finite loss beyond all bounds; NaN. Words that batches hold often would take small steps.
    for settings in ({"lr": 0.6, "batch_size": 1}, {"lr": 30.0, "batch_size": 4}):
        with pytest.raises(W2VError, match=message):
            w2v.train(corpus=corpus, engine=engine, epochs=1, **{**SMALL, **settings})
    assert not run_folder.default_out("zipf").exists()


def test_train_refuses_tables_that_do_not_fit(corpus, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 10_000)
    message = r"201 words of --vector-size 8 and batches of 4,736 entries need 0.0 GiB of memory"
    with pytest.raises(W2VError, match=message):
        w2v.train(corpus=corpus, engine="cpu", **SMALL)


@pytest.mark.parametrize("group", [1, 32, 128])
@pytest.mark.parametrize("vector_size", [16, 100])
def test_needed_memory_is_about_what_the_engine_takes(vector_size, group):
    """By tracemalloc, which NumPy tells of its arrays; the rest is a thread's scratch."""
    config = Config(engine="cpu", workers=2, batch_size=8192, group=group, vector_size=vector_size)
    tables = np.zeros((2, 50, vector_size), np.float32)
    CpuEngine(*tables, config)  # compiles
    tracemalloc.start()
    engine = CpuEngine(*tables, config)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert 0.8 * taken < memory.needed_memory(50, config) < 1.1 * taken, engine


def test_train_that_fails_leaves_the_earlier_run(corpus, monkeypatch):
    before = w2v.train(corpus=corpus, engine="cpu", epochs=1, **SMALL).vectors.vectors.tobytes()

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write_run, "write_csv", fails)
    with pytest.raises(W2VError, match=r"cannot write runs/zipf: No space left on device"):
        w2v.train(corpus=corpus, engine="cpu", epochs=1, seed=9, **SMALL)
    assert w2v.load("runs/zipf").vectors.tobytes() == before
    assert [path.name for path in (run_folder.RUNS).iterdir() if path.name.startswith(".")] == []
