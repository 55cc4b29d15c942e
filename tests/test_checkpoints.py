"""Stopping and going on: the same bits as if training had never stopped."""

import dataclasses
import json
import os
import re
import shutil
import signal

import numpy as np
import pytest

import w2v
from texts import zipf_lines
from w2v.config import from_recipe
from w2v.engines.base import Engine
from w2v.errors import Interrupted, UsageError, W2VError
from w2v.storage import layout, run_folder, safetensors
from w2v.training import checkpoints, job, loop
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

SETTINGS = {
    "corpus": "zipf.txt",
    "min_count": 1,
    "vector_size": 8,
    "sample": 1e-2,
    "batch_size": 64,
    "epochs": 3,
    "device": "cpu",
    "validation_share": 0.1,
    "checkpoint_every": "0m",
}
UNFINISHED = run_folder.Path("a", layout.CHECKPOINT, layout.UNFINISHED)


@pytest.fixture(autouse=True)
def corpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Engine, "call_centers", 2000)
    (tmp_path / "zipf.txt").write_text(zipf_lines(200, 3000))


class Stop(Watcher):
    """Sends ourselves a signal after so many calls of the engine; keeps what it is told."""

    def __init__(self, after, number=signal.SIGINT):
        self.left, self.number, self.said = after, number, []

    def trained(self, row):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.number)

    def notice(self, message):
        self.said.append(message)

    warning = notice


def outcome(run):
    """All that must not depend on interruptions: the vectors, and the metrics without the clock."""
    rows = [dataclasses.replace(row, seconds=0, centers_per_s=0) for row in run.metrics]
    return (run.folder / layout.VECTORS).read_bytes(), rows


@pytest.mark.parametrize(
    ("engine", "stops"),
    [("cpu", [1]), ("cpu", [3, 2]), ("cpu", [5, 9, 1]), ("torch", [3, 2]), ("adam", [5, 9, 1])],
)
def test_resumed_training_equals_training_that_never_stopped(engine, stops):
    how = {"optimizer": "adam"} if engine == "adam" else {"engine": engine}
    whole = outcome(w2v.train(**SETTINGS, **how, out="whole"))
    config = from_recipe(**SETTINGS, **how, out="stopped")
    for calls in stops:
        with pytest.raises(Interrupted, match=r"SIGINT in epoch \d of 3; the state is saved in st"):
            train_run(config, Stop(calls), resume=True)
        assert not (run_folder.Path("stopped") / layout.VECTORS).exists()
    assert outcome(train_run(config, Watcher(), resume=True)) == whole


def test_resume_without_a_checkpoint_starts_from_the_beginning_and_says_so():
    watcher = Stop(0)
    run = train_run(from_recipe(**SETTINGS, out="a"), watcher, resume=True)
    assert "no checkpoint in a yet: starting from the beginning" in watcher.said
    assert outcome(run) == outcome(w2v.train(**SETTINGS, out="b"))


def test_resume_of_a_finished_run_changes_nothing():
    first = w2v.train(**SETTINGS, out="a")
    before = (first.folder / layout.VECTORS).stat()
    watcher = Stop(0)
    again = train_run(from_recipe(**SETTINGS, out="a"), watcher, resume=True)
    assert watcher.said == ["a is trained already, 3 epochs: nothing is left to do"]
    assert (again.folder / layout.VECTORS).stat() == before
    assert again.metrics == first.metrics


def test_more_epochs_go_on_from_a_finished_run_and_the_schedule_is_explained():
    w2v.train(**SETTINGS, out="a")
    watcher = Stop(0)
    config = from_recipe(**{**SETTINGS, "epochs": 6}, out="a")
    run = train_run(config, watcher, resume=True)
    assert [row.epoch for row in run.metrics][-1] == 6
    assert "resuming in epoch 4, after 0 of its batches" in watcher.said
    assert any(
        "--epochs was 3 and is 6: the learning rate goes on as if" in m for m in watcher.said
    )
    assert max(row.lr for row in run.metrics if row.epoch == 4) == pytest.approx(0.75, abs=0.04)


def test_more_epochs_at_a_constant_rate_equal_one_long_training():
    constant = {**SETTINGS, "optimizer": "adam"}
    w2v.train(**{**constant, "epochs": 2}, out="a")
    extended = w2v.train(resume=True, **constant, out="a")
    assert outcome(extended) == outcome(w2v.train(**constant, out="b"))


def test_fewer_epochs_than_done_are_refused():
    w2v.train(**SETTINGS, out="a")
    with pytest.raises(UsageError, match="--epochs is 2, the checkpoint was made with 3; give as"):
        w2v.train(resume=True, **{**SETTINGS, "epochs": 2}, out="a")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 5}, r"--seed is 5, the checkpoint was made with 0"),
        ({"window": 2}, r"--window is 2, the checkpoint was made with 5"),
        ({"lr": 0.5}, r"--lr is 0.5, the checkpoint was made with 1.5"),
        ({"engine": "torch"}, r"--engine is torch, the checkpoint was made with cpu"),
        ({"min_count": 3}, r"--min-count is 3, the checkpoint was made with 1"),
        ({"corpus": "other.txt"}, r"the text is SHA-256 \w{16}…, .* made with SHA-256 \w{16}…"),
    ],
)
def test_resume_refuses_another_job_and_names_both_values(changed, message, tmp_path):
    (tmp_path / "other.txt").write_text(zipf_lines(200, 3000, seed=1))
    w2v.train(**SETTINGS, engine="cpu", out="a")
    before = {path: path.read_bytes() for path in run_folder.Path("a").rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match=message):
        w2v.train(resume=True, **{**SETTINGS, "engine": "cpu", **changed}, out="a")
    assert before == {p: p.read_bytes() for p in run_folder.Path("a").rglob("*") if p.is_file()}


def test_workers_and_places_may_change():
    config = from_recipe(**SETTINGS, engine="cpu", workers=1, out="a")
    with pytest.raises(Interrupted):
        train_run(config, Stop(4))
    os.rename("zipf.txt", "renamed.txt")
    moved = {**SETTINGS, "corpus": "renamed.txt", "checkpoint_every": "1e"}
    resumed = w2v.train(resume=True, **moved, engine="cpu", workers=2, out="a")
    os.rename("renamed.txt", "zipf.txt")
    assert outcome(resumed) == outcome(w2v.train(**SETTINGS, out="b"))


def test_starting_anew_over_an_unfinished_training_warns():
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(2))
    watcher = Stop(0)
    train_run(from_recipe(**SETTINGS, out="a"), watcher)
    assert any(m.startswith("a holds an unfinished training, which this") for m in watcher.said)


def test_loss_of_guessing_brings_a_warning(monkeypatch):
    monkeypatch.setattr(loop, "CHANCE", 0.1)
    watcher = Stop(0)
    train_run(from_recipe(**SETTINGS, out="a"), watcher)
    warned = [m for m in watcher.said if re.match(r"the loss of epoch \d, 0\.\d+, is that of g", m)]
    assert len(warned) == 3


def test_divergence_keeps_the_last_checkpoint(monkeypatch):
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(5))
    before = UNFINISHED.read_bytes()
    monkeypatch.setattr(loop, "DIVERGED", 0.01)
    with pytest.raises(
        W2VError, match=r"diverged: .*; what was written before is kept; start anew with"
    ):
        w2v.train(resume=True, **SETTINGS, out="a")
    assert UNFINISHED.read_bytes() == before


def test_fewer_epochs_than_begun_are_refused():
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(12))
    with pytest.raises(UsageError, match="--epochs is 1, the checkpoint was made with 3; give as"):
        w2v.train(resume=True, **{**SETTINGS, "epochs": 1}, out="a")


def test_retraining_that_is_stopped_leaves_what_the_old_run_goes_on_from():
    w2v.train(**SETTINGS, out="a")
    with pytest.raises(Interrupted):
        train_run(from_recipe(**{**SETTINGS, "seed": 9}, out="a"), Stop(5))
    extended = w2v.train(resume=True, **{**SETTINGS, "epochs": 4}, out="a")
    w2v.train(**SETTINGS, out="b")
    assert outcome(extended) == outcome(
        w2v.train(resume=True, **{**SETTINGS, "epochs": 4}, out="b")
    )


def test_training_whose_run_cannot_be_written_is_kept_as_a_checkpoint(monkeypatch):
    settings = {**SETTINGS, "checkpoint_every": "100e"}

    def fails(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(job, "plot_loss", fails)
        with pytest.raises(W2VError, match="cannot write a: No space left on device"):
            w2v.train(**settings, out="a")
    watcher = Stop(0)
    run = train_run(from_recipe(**settings, out="a"), watcher, resume=True)
    assert "resuming in epoch 4, after 0 of its batches" in watcher.said
    assert outcome(run) == outcome(w2v.train(**settings, out="b"))


def test_signal_while_the_run_is_written_changes_nothing(monkeypatch):
    plot = job.plot_loss

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        plot(*arguments)

    monkeypatch.setattr(job, "plot_loss", interrupted)
    run = w2v.train(**SETTINGS, out="a")
    assert len(run.vectors) == 201


@pytest.mark.parametrize("lost", ["optimizer.0.exp_avg", "optimizer.1.step"])
def test_checkpoint_without_its_optimizer_is_refused(lost):
    settings = {**SETTINGS, "optimizer": "adam"}
    with pytest.raises(Interrupted):
        train_run(from_recipe(**settings, out="a"), Stop(3))
    made = checkpoints.read(UNFINISHED)
    tensors = {name: np.array(made.tensors[name]) for name in made.tensors if name != lost}
    checkpoints.write("a", dataclasses.replace(made, tensors=tensors))
    with pytest.raises(
        W2VError, match="damaged: the optimizer's state is not there; remove this file, or"
    ):
        w2v.train(resume=True, **settings, out="a")


def test_checkpoint_of_another_format_or_version_is_refused(monkeypatch):
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(3))
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "FORMAT", 2)
        with pytest.raises(W2VError, match="is damaged: its format is 1, not 2; remove this file"):
            w2v.train(resume=True, **SETTINGS, out="a")
    monkeypatch.setattr(w2v, "__version__", "99.0", raising=False)
    with pytest.raises(UsageError, match=r"w2v is 99\.0, the checkpoint was made with "):
        w2v.train(resume=True, **SETTINGS, out="a")


def test_failing_checkpoints_are_tried_again_only_when_the_next_is_due(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(checkpoints.time, "perf_counter", lambda: clock[0])
    pace = checkpoints.Pace("2m", 0)
    clock[0] = 121.0
    with pytest.raises(OSError, match="full"), pace.paid():
        raise OSError("full")
    assert not pace.is_due(None)


def test_resuming_a_run_without_a_checkpoint_is_refused():
    w2v.train(**SETTINGS, out="a")
    shutil.rmtree(UNFINISHED.parent)
    with pytest.raises(UsageError, match="cannot resume: a holds a run without a checkpoint; sta"):
        w2v.train(resume=True, **SETTINGS, out="a")


def test_resuming_a_run_without_vectors_says_what_is_missing():
    w2v.train(**SETTINGS, out="a")
    run_folder.Path("a", layout.VECTORS).unlink()
    with pytest.raises(
        W2VError, match=r"cannot read a/vectors\.safetensors: No such file .*; start"
    ):
        w2v.train(resume=True, **SETTINGS, out="a")


def test_training_whose_output_fails_is_kept_as_a_checkpoint():
    class Broken(Watcher):
        def epoch_done(self, row):
            if row.epoch == 2:
                raise BrokenPipeError

    settings = {**SETTINGS, "checkpoint_every": "100e"}
    with pytest.raises(BrokenPipeError):
        train_run(from_recipe(**settings, out="a"), Broken())
    watcher = Stop(0)
    run = train_run(from_recipe(**settings, out="a"), watcher, resume=True)
    assert "resuming in epoch 3, after 0 of its batches" in watcher.said
    assert outcome(run) == outcome(w2v.train(**settings, out="b"))


def test_second_training_into_the_same_folder_is_refused():
    class Twice(Watcher):
        def epoch_done(self, row):
            message = "another training is writing to a; wait for it, or name another --out"
            with pytest.raises(W2VError, match=message):
                w2v.train(**SETTINGS, seed=1, out="a")

    run = train_run(from_recipe(**SETTINGS, out="a"), Twice())
    assert outcome(run) == outcome(w2v.train(**SETTINGS, out="b"))


def test_sigterm_stops_with_its_own_status():
    with pytest.raises(Interrupted, match="SIGTERM") as stopped:
        train_run(from_recipe(**SETTINGS, out="a"), Stop(2, signal.SIGTERM))
    assert stopped.value.signal == signal.SIGTERM


def test_second_signal_stops_at_once():
    class Impatient(Stop):
        def trained(self, row):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as stopped:
        train_run(from_recipe(**SETTINGS, out="a"), Impatient(0))
    assert not isinstance(stopped.value, Interrupted)
    assert checkpoints.read(UNFINISHED) is None


def test_checkpoint_that_cannot_be_written_is_a_warning_and_training_goes_on(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    watcher = Stop(0)
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "write", full)
        with pytest.raises(W2VError, match="cannot write a: No space left on device"):
            train_run(from_recipe(**SETTINGS, out="a"), watcher)  # the last is part of the run
    warned = "cannot write a/checkpoint: No space left on device; training goes on"
    assert watcher.said.count(warned) > 3


def test_early_stopping_keeps_the_best_vectors_and_resumes(monkeypatch):
    # A text as small as this is learned by heart: the validation loss soon rises.
    settings = {**SETTINGS, "epochs": 40, "early_stopping": 2, "lr": 1.0, "sample": 0.1}
    run = w2v.train(**settings, out="a")
    losses = [row.validation_loss for row in run.metrics if row.validation_loss is not None]
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + 2 < 40
    again = Stop(0)
    assert train_run(from_recipe(**{**settings, "epochs": 50}, out="a"), again, resume=True)
    assert again.said == [f"a is trained already, {best + 2} epochs: nothing is left to do"]
    shorter = []

    class Snapshot(Watcher):
        def epoch_done(self, row):
            if row.epoch == best:
                shorter.append(self.training.engine.tables()[0].copy())

        def starting(self, job, training):
            self.training = training

    train_run(from_recipe(**settings, out="b"), Snapshot())
    assert np.array_equal(run.vectors.vectors, shorter[0])
    with pytest.raises(Interrupted):
        train_run(from_recipe(**settings, out="c"), Stop(2 * best + 1))
    assert outcome(w2v.train(resume=True, **settings, out="c")) == outcome(run)


def test_pace_follows_its_setting(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(checkpoints.time, "perf_counter", lambda: clock[0])
    minutes, epochs = checkpoints.Pace("2m", 0), checkpoints.Pace("2e", 0)
    default = checkpoints.Pace(None, 10 * checkpoints.BYTES_PER_S)  # takes 10 s, it seems
    clock[0] = 119.0
    assert not minutes.is_due(None)
    assert not epochs.is_due(1)
    clock[0] = 121.0
    assert minutes.is_due(None)
    assert epochs.is_due(2)
    assert not epochs.is_due(None)
    assert not default.is_due(1)
    clock[0] = 499.0
    assert not default.is_due(None)
    clock[0] = 501.0
    assert default.is_due(None)
    with default.paid():
        clock[0] += 1.0
    clock[0] += 51.0
    assert default.is_due(2)
    assert not default.is_due(None)


def test_checkpoint_holds_no_pickle_and_is_read_by_the_safetensors_library():
    from safetensors import safe_open

    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(3))
    with safe_open(UNFINISHED, "numpy") as file:
        assert set(file.keys()) == {"in_vectors", "out_vectors"}
        assert json.loads(file.metadata()["w2v"])["progress"]["epoch"] == 1


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_truncated_checkpoint_is_refused_by_name(share):
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(3))
    path = UNFINISHED
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(W2VError, match=r"a/checkpoint/unfinished\.safetensors is damaged: "):
        w2v.train(resume=True, **SETTINGS, out="a")


def test_any_flipped_bit_of_a_checkpoint_is_noticed():
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(3))
    path, rng = UNFINISHED, np.random.default_rng(0)
    whole = path.read_bytes()
    for at in [*range(8), *rng.integers(8, len(whole), 150).tolist()]:
        flipped = bytearray(whole)
        flipped[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        refusal = None
        try:
            read = checkpoints.read(UNFINISHED)
        except W2VError as error:
            refusal = str(error)
        if refusal is None:  # a bit of the header's white space, say
            path.write_bytes(whole)
            right = checkpoints.read(UNFINISHED)
            assert (read.job, read.progress) == (right.job, right.progress)
            for name in right.tensors:
                assert np.array_equal(read.tensors[name], right.tensors[name])
        else:
            assert refusal.startswith("a/checkpoint/unfinished.safetensors is damaged: ")


def test_checkpoint_of_other_shapes_is_refused(tmp_path):
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(3))
    made = checkpoints.read(UNFINISHED)
    tensors = {name: np.array(array[:-1]) for name, array in made.tensors.items()}
    checkpoints.write("a", dataclasses.replace(made, tensors=tensors))
    with pytest.raises(
        W2VError, match=r"in_vectors is not there in the shape \(\d+, 8\); start without"
    ):
        w2v.train(resume=True, **SETTINGS, out="a")
    progress = dataclasses.replace(made.progress, block=-1)
    checkpoints.write("a", dataclasses.replace(made, progress=progress))
    with pytest.raises(W2VError, match=r"is damaged: its block is -1; remove this file, or start"):
        w2v.train(resume=True, **SETTINGS, out="a")


def test_finished_run_whose_vectors_changed_is_not_gone_on_from():
    w2v.train(**SETTINGS, out="a")
    path = run_folder.Path("a", layout.VECTORS)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(W2VError, match="is damaged: it is not what its checkpoint was made with"):
        w2v.train(resume=True, **{**SETTINGS, "epochs": 4}, out="a")


@pytest.mark.parametrize("name", ["vectors.safetensors", "vocab.tsv", "config.json"])
def test_flipped_bits_of_a_run_are_noticed_when_it_is_loaded(name):
    run = w2v.train(**SETTINGS, out="a")
    path, rng = run.folder / name, np.random.default_rng(1)
    whole, words = path.read_bytes(), run.vectors.index_to_key
    vectors = np.array(run.vectors.vectors)
    for at in rng.integers(0, len(whole), 60).tolist():
        flipped = bytearray(whole)
        flipped[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        refusal = None
        try:
            loaded = w2v.load("a", verify=True)
        except W2VError as error:
            refusal = str(error)
        if refusal is None:
            assert name == "config.json"  # a setting, say, which loading does not use
            assert loaded.index_to_key == words
            assert np.array_equal(loaded.vectors, vectors)
        else:
            assert re.match(r"a/\S+ is damaged: ", refusal)


def test_stored_pieces_are_the_whole_array_in_order(monkeypatch):
    monkeypatch.setattr(safetensors, "_PIECE_BYTES", 100)
    table = np.arange(7 * 12, dtype=np.float32).reshape(7, 12)
    assert b"".join(safetensors.pieces_of(table)) == table.tobytes()
    assert b"".join(safetensors.pieces_of(table[:, :5])) == table[:, :5].tobytes()
