"""Stopping and going on: the same bits as if training had never stopped."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import w2v
from stopping import SETTINGS, UNFINISHED, Stop, outcome
from texts import zipf_lines
from w2v.errors import Interrupted, UsageError, W2VError
from w2v.recipes import from_recipe
from w2v.storage import layout, run_folder
from w2v.training import checkpoints
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

pytestmark = pytest.mark.usefixtures("zipf_corpus")


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


def without_seconds(content):
    """Of config.json, all but how long the text took to read."""
    return re.sub(rb'"seconds": [\d.]+', b"", content)


@pytest.mark.parametrize("name", [layout.VOCAB, layout.CONFIG, layout.METRICS])
@pytest.mark.parametrize("how", [{}, {"validation_share": 0.1, "early_stopping": 1}])
def test_resume_of_a_finished_run_writes_again_what_it_has_lost(name, how):
    settings = {**SETTINGS, **how, "out": "a"}
    first = w2v.train(**settings)
    before = (first.folder / name).read_bytes()
    for damage in ("lost", "cut"):
        if damage == "lost":
            (first.folder / name).unlink()
        elif name != layout.METRICS:  # of which there is no digest
            (first.folder / name).write_bytes(before[: len(before) // 2])
        watcher = Stop(0)
        again = train_run(from_recipe(**settings), watcher, resume=True)
        assert without_seconds((first.folder / name).read_bytes()) == without_seconds(before)
        assert outcome(again) == outcome(first)
        if damage == "lost":
            what = f"but {name} is missing: all but the vectors is written again"
            assert what in watcher.said[0]
        w2v.load("a", verify=True)


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
    long = w2v.train(**{**SETTINGS, "epochs": 6}, out="b")
    rates, of_long = ([row.lr for row in r.metrics if row.epoch == 4] for r in (run, long))
    assert rates == of_long


def test_more_epochs_on_resuming_take_the_noise_pool_that_goes_with_them():
    little = {**SETTINGS, "sample": 1e-4}
    pools = []
    for epochs in (3, 6):
        w2v.train(**{**little, "epochs": epochs}, out="a", resume=epochs == 6)
        settings = json.loads(Path("a", "config.json").read_text())["settings"]
        pools.append(settings["noise_pool"])
    assert pools[0] > pools[1] > 32


def test_noise_pool_plays_no_part_where_each_center_has_its_own_noise_words():
    windows = {**SETTINGS, "group": 1}
    w2v.train(**{**windows, "epochs": 2}, noise_pool=64, out="a")
    extended = w2v.train(resume=True, **windows, out="a")
    assert extended.metrics[-1].epoch == SETTINGS["epochs"]


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
        ({"noise_pool": 9}, r"--noise-pool is 9, the checkpoint was made with \d+"),
        ({"window": 2}, r"--window is 2, the checkpoint was made with 5"),
        ({"group": 1}, r"--group is 1, the checkpoint was made with 32"),
        ({"lr": 0.5}, r"--lr is 0.5, the checkpoint was made with 0.0843"),
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


def test_resume_refuses_a_checkpoint_of_the_version_before_groups():
    w2v.train(**SETTINGS, out="a")
    path = run_folder.Path("a", layout.CHECKPOINT, layout.STATE)
    checkpoint = checkpoints.read(path)
    for name in ("group", "noise_pool"):
        del checkpoint.job["settings"][name]
    checkpoints.write("a", checkpoint)
    with pytest.raises(UsageError, match=r"^cannot resume: .* without --group, --noise-pool; .*$"):
        w2v.train(resume=True, **SETTINGS, out="a")


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


def test_finished_run_whose_vectors_changed_is_not_gone_on_from():
    w2v.train(**SETTINGS, out="a")
    path = run_folder.Path("a", layout.VECTORS)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(W2VError, match="is damaged: it is not what its checkpoint was made with"):
        w2v.train(resume=True, **{**SETTINGS, "epochs": 4}, out="a")
