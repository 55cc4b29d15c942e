"""Functions that are called while training runs, and TensorBoard, which is one of them."""

import csv
import importlib.util
import inspect
import json
import re
import sys

import numpy as np
import pytest

import w2v
from stopping import SETTINGS, outcome
from w2v.errors import UsageError, W2VError
from w2v.recipes import from_recipe
from w2v.training.callbacks import Several
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

pytestmark = pytest.mark.usefixtures("zipf_corpus")

EPOCHS = SETTINGS["epochs"]


def test_callbacks_get_the_rows_of_metrics_csv(tmp_path):
    (tmp_path / "animals.tsv").write_text("w1\tw2\t3\nw1\tw3\t2\nw2\tw9\t1\n")
    rows, epochs = [], []
    run = w2v.train(
        **SETTINGS, evaluate="animals.tsv", out="a", on_metrics=rows.append, on_epoch=epochs.append
    )
    assert rows == run.metrics
    assert epochs == [row for row in rows if row.progress == row.epoch]
    assert len(epochs) == EPOCHS
    with open("a/metrics.csv", newline="") as file:
        written = list(csv.DictReader(file))
    read = [{name: float(cell) for name, cell in row.items() if cell} for row in written]
    assert [row.as_dict() for row in rows] == read
    assert {"validation_loss", "animals"} <= set(rows[-1].as_dict())
    json.dumps(rows[-1].as_dict())


@pytest.mark.parametrize("asked", ["row", "epoch", "last epoch"])
def test_training_that_a_callback_ends_goes_on_as_if_it_had_not(asked):
    whole = outcome(w2v.train(**SETTINGS, out="whole"))
    ended = []

    def end(row):
        ended.append(row)
        wanted = {"row": row.progress >= 0.3, "epoch": True, "last epoch": row.epoch == EPOCHS}
        return np.bool_(wanted[asked])

    run = w2v.train(**SETTINGS, out="a", **{"on_metrics" if asked == "row" else "on_epoch": end})
    assert run.metrics[-1] == ended[-1]
    progress = {"row": 0.3, "epoch": 1, "last epoch": 3}[asked]
    assert ended[-1].progress == pytest.approx(progress, abs=0.01)
    assert len(ended) == {"row": 6, "epoch": 1, "last epoch": 3}[asked]
    assert (outcome(run) == whole) == (asked == "last epoch")
    assert w2v.load("a", verify=True).vectors.tobytes() == run.vectors.vectors.tobytes()
    assert outcome(w2v.train(**SETTINGS, out="a", resume=True)) == whole


def test_early_stopping_keeps_its_vectors_where_a_callback_ends_training():
    settings = {**SETTINGS, "epochs": 40, "early_stopping": 2, "lr": 1.0, "sample": 0.1}
    losses, tables = [], []

    class Keep(Watcher):
        def starting(self, job, training):
            self.training = training

        def epoch_done(self, row):
            tables.append(self.training.engine.tables()[0].copy())

    def end_where_it_rises(row):
        losses.append(row.validation_loss)
        return losses[-1] > min(losses)

    run = w2v.train(**settings, out="a", watcher=Keep(), on_epoch=end_where_it_rises)
    assert 1 < len(losses) < 40
    assert np.array_equal(run.vectors.vectors, tables[-2])


def test_only_true_ends_training(tmp_path):
    with open(tmp_path / "log", "w") as log:
        run = w2v.train(**SETTINGS, out="a", on_metrics=lambda row: log.write(f"{row.loss}\n"))
    assert len(run.epoch_losses) == EPOCHS
    assert len((tmp_path / "log").read_text().splitlines()) == len(run.metrics)


@pytest.mark.parametrize("name", ["on_metrics", "on_epoch"])
def test_what_a_callback_raises_ends_training_with_the_state_saved(name, caplog):
    whole = outcome(w2v.train(**SETTINGS, out="whole"))

    def fail(row):
        if row.epoch == 2:
            raise ZeroDivisionError("of a callback")

    with pytest.raises(ZeroDivisionError, match="of a callback"):
        w2v.train(**SETTINGS, out="a", **{name: fail})
    assert "the training so far is saved in a/checkpoint" in caplog.text
    assert outcome(w2v.train(**SETTINGS, out="a", resume=True)) == whole


@pytest.mark.parametrize("name", ["on_metrics", "on_epoch"])
def test_callback_must_be_a_function(name):
    with pytest.raises(UsageError, match=rf"^{name} is 3; it must be a function of one row$"):
        w2v.train(**SETTINGS, **{name: 3})


def test_callbacks_are_in_the_help():
    assert {"on_epoch", "on_metrics"} <= set(inspect.signature(w2v.train).parameters)
    assert "on_epoch: " in w2v.train.__doc__
    assert "on_metrics: " in w2v.train.__doc__


def test_several_watchers_are_told_all_that_one_is():
    own = {name for name, value in vars(Watcher).items() if inspect.isfunction(value)}
    assert own <= {name for name, value in vars(Several).items() if inspect.isfunction(value)}
    told = {}

    def recorder(name):
        def record(self, *arguments):
            told.setdefault(self, []).append(name)

        return record

    recording = type("Recording", (Watcher,), {name: recorder(name) for name in own})
    one, other = recording(), recording()
    train_run(from_recipe(**SETTINGS), Several(one, Watcher(), other))
    assert told[one] == told[other]
    assert set(told[one]) == own - {"fetching", "notice"}  # nothing is fetched, nothing odd


tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None,
    reason="tensorboard is in the tensorboard extra",
)


def shown(folder):
    """{tag: [(step, value)]}, as TensorBoard shows it."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()["scalars"]
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags}


@tensorboard
def test_tensorboard_shows_the_rows_of_metrics_csv():
    run = w2v.train(**SETTINGS, out="a", tensorboard="board")
    found, batches = shown("board"), [row.batch for row in run.metrics]
    last = [row.batch for row in run.metrics if row.progress == row.epoch]
    before = np.repeat([0, *np.cumsum(last)[:-1]], 20)
    assert [step for step, _ in found["loss"]] == (before + batches).tolist()
    for name in ("loss", "lr", "centers_per_s", "progress"):
        values = [getattr(row, name) for row in run.metrics]
        assert [value for _, value in found[name]] == pytest.approx(values, rel=1e-6)
    assert len(found["validation_loss"]) == EPOCHS


@tensorboard
def test_tensorboard_shows_a_training_that_was_stopped_and_resumed_once():
    w2v.train(**SETTINGS, out="a", tensorboard="whole")

    def fail(row):
        if row.progress > 1.5:
            raise ZeroDivisionError

    settings = {**SETTINGS, "checkpoint_every": "1e", "out": "b", "tensorboard": "twice"}
    w2v.train(**settings, seed=1)  # another training, which is shown no more
    with pytest.raises(ZeroDivisionError):
        w2v.train(**settings, on_metrics=fail)
    w2v.train(**settings, resume=True)
    whole, found = shown("whole"), shown("twice")
    for name in ("loss", "validation_loss"):
        assert found[name] == whole[name]


@tensorboard
def test_tensorboard_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(W2VError, match=r"^cannot write --tensorboard .*file: File exists$"):
        w2v.train(**SETTINGS, tensorboard="file")
    with pytest.raises(UsageError, match=r"^--tensorboard is a/b, in the run folder a, which is"):
        w2v.train(**SETTINGS, out="a", tensorboard="a/b")
    assert (tmp_path / "file").read_text() == "mine"


def test_tensorboard_that_is_not_installed_is_told_before_a_text_is_read(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UsageError, match=re.escape("pip install 'w2v[tensorboard]'")):
        w2v.train(**SETTINGS, tensorboard="board")
