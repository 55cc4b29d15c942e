"""When checkpoints are written, and what becomes of a training that is stopped or fails."""

import os
import signal

import pytest

import w2v
from stopping import SETTINGS, UNFINISHED, Stop, outcome
from w2v.engines.cpu import CpuEngine
from w2v.errors import Interrupted, W2VError
from w2v.pictures.drawing import Drawing
from w2v.recipes import from_recipe
from w2v.training import checkpointing, checkpoints, loop, write_run
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

pytestmark = pytest.mark.usefixtures("zipf_corpus")


def test_pace_follows_its_setting(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(checkpointing.time, "perf_counter", lambda: clock[0])
    minutes, epochs = checkpointing.Pace("2m", 0), checkpointing.Pace("2e", 0)
    default = checkpointing.Pace(None, 10 * checkpointing.BYTES_PER_S)  # takes 10 s, it seems
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
    with default.timed():
        clock[0] += 1.0
    clock[0] += 51.0
    assert default.is_due(2)
    assert not default.is_due(None)


def test_failing_checkpoints_are_tried_again_only_when_the_next_is_due(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(checkpointing.time, "perf_counter", lambda: clock[0])
    pace = checkpointing.Pace("2m", 0)
    clock[0] = 121.0
    with pytest.raises(OSError, match="full"), pace.timed():
        raise OSError("full")
    assert not pace.is_due(None)


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


def test_sigterm_stops_with_its_own_status():
    with pytest.raises(Interrupted, match="SIGTERM") as stopped:
        train_run(from_recipe(**SETTINGS, out="a"), Stop(2, signal.SIGTERM))
    assert stopped.value.signal == signal.SIGTERM


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signal_while_the_text_is_read_leaves_nothing(name, capfd):
    class Early(Watcher):
        def reading(self, corpus):
            return lambda done: os.kill(os.getpid(), getattr(signal, name))

    before = sorted(os.listdir())
    with pytest.raises(Interrupted, match=f"^stopped by {name} before training began") as stopped:
        train_run(from_recipe(**SETTINGS, out="a/b"), Early())
    assert stopped.value.signal == getattr(signal, name)
    assert sorted(os.listdir()) == before
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_second_signal_stops_at_once():
    class Impatient(Stop):
        def trained(self, row):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as stopped:
        train_run(from_recipe(**SETTINGS, out="a"), Impatient(0))
    assert not isinstance(stopped.value, Interrupted)
    assert checkpoints.read(UNFINISHED) is None


def test_second_training_into_the_same_folder_is_refused():
    class Twice(Watcher):
        def epoch_done(self, row):
            message = "another training is writing to a; wait for it, or name another --out"
            with pytest.raises(W2VError, match=message):
                w2v.train(**SETTINGS, seed=1, out="a")

    run = train_run(from_recipe(**SETTINGS, out="a"), Twice())
    assert outcome(run) == outcome(w2v.train(**SETTINGS, out="b"))


def test_divergence_keeps_the_last_checkpoint(monkeypatch):
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(5))
    before = UNFINISHED.read_bytes()
    monkeypatch.setattr(loop, "DIVERGED_LOSS", 0.01)
    with pytest.raises(
        W2VError, match=r"diverged: .*; what was written before is kept; start anew with"
    ):
        w2v.train(resume=True, **SETTINGS, out="a")
    assert UNFINISHED.read_bytes() == before


def test_training_whose_run_cannot_be_written_is_kept_as_a_checkpoint(monkeypatch):
    settings = {**SETTINGS, "checkpoint_every": "100e"}

    def fails(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(write_run, "write_csv", fails)
        with pytest.raises(W2VError, match="cannot write a: No space left on device"):
            w2v.train(**settings, out="a")
    watcher = Stop(0)
    run = train_run(from_recipe(**settings, out="a"), watcher, resume=True)
    assert "resuming in epoch 4, after 0 of its batches" in watcher.said
    assert outcome(run) == outcome(w2v.train(**settings, out="b"))


def test_signal_while_the_run_is_written_changes_nothing(monkeypatch):
    finish = Drawing.finish

    def interrupted(drawing, name):
        os.kill(os.getpid(), signal.SIGTERM)
        finish(drawing, name)

    monkeypatch.setattr(Drawing, "finish", interrupted)
    run = w2v.train(**SETTINGS, out="a")
    assert len(run.vectors) == 201


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


@pytest.mark.parametrize("surprise", [ZeroDivisionError, MemoryError, SystemExit, RecursionError])
@pytest.mark.parametrize("moment", ["trained", "epoch_done", "writing"])
def test_whatever_is_raised_the_training_is_kept_first(surprise, moment, monkeypatch):
    settings = {**SETTINGS, "checkpoint_every": "100e"}

    def fails(*_):
        raise surprise("surprise")

    class Surprised(Stop):
        def epoch_done(self, row):
            if row.epoch == 2 and moment == "epoch_done":
                fails()

        def trained(self, row):
            if row.epoch == 3 and moment == "trained":
                fails()

    watcher = Surprised(0)
    with monkeypatch.context() as patched:
        if moment == "writing":
            patched.setattr(write_run, "_versions", fails)
        with pytest.raises(surprise, match="surprise"):
            train_run(from_recipe(**settings, out="a"), watcher)
    kept = "the training so far is saved in a/checkpoint: give the same command with --resume"
    assert [line for line in watcher.said if line.startswith(kept)]
    run = w2v.train(resume=True, **settings, out="a")
    assert outcome(run) == outcome(w2v.train(**settings, out="b"))


def test_call_of_the_engine_that_fails_half_way_does_not_pass_for_a_state(monkeypatch):
    """Some rows are changed, and nobody knows which: the last checkpoint is what is kept."""
    train, calls = CpuEngine.train, []

    def fails(engine, windows, first_batch, lrs):
        losses = train(engine, windows, first_batch, lrs)
        calls.append(first_batch)
        if len(calls) == 6:
            raise ZeroDivisionError
        return losses

    watcher = Stop(0)
    settings = {**SETTINGS, "validation_share": 0.0, "engine": "cpu"}
    with monkeypatch.context() as patched:
        patched.setattr(CpuEngine, "train", fails)
        with pytest.raises(ZeroDivisionError):
            train_run(from_recipe(**settings, out="a"), watcher)
    assert checkpoints.read(UNFINISHED).progress.meter.n_batches > 0
    assert not [line for line in watcher.said if "is saved" in line]
    run = w2v.train(resume=True, **settings, out="a")
    assert outcome(run) == outcome(w2v.train(**settings, out="b"))


def test_folder_of_another_training_is_refused_before_the_text_is_read():
    class Reads(Watcher):
        def reading(self, corpus):
            raise AssertionError("the text is read")

    with checkpoints.claimed("a"), pytest.raises(W2VError, match="another training is writing to"):
        train_run(from_recipe(**SETTINGS, out="a"), Reads())
    assert not UNFINISHED.parent.exists()
