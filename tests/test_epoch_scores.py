"""Scores after every epoch of a training."""

import csv
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import w2v
from stopping import Stop
from texts import zipf_lines
from w2v.errors import Interrupted, UsageError, W2VError
from w2v.evaluation import testsets
from w2v.evaluation.pairs import find_pairs, score_pairs
from w2v.recipes import from_recipe
from w2v.storage import layout
from w2v.training.progress import Progress
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

pytestmark = pytest.mark.usefixtures("folder")

ROOT = Path(__file__).parents[1]
SETTINGS = {
    "corpus": "zipf.txt",
    "min_count": 1,
    "vector_size": 8,
    "sample": 1e-2,
    "batch_size": 64,
    "epochs": 3,
    "device": "cpu",
    "checkpoint_every": "0m",
}


@pytest.fixture
def corpus(folder, monkeypatch):
    monkeypatch.setattr("w2v.engines.cpu.CpuEngine.call_centers", 2000)
    (folder / "zipf.txt").write_text(zipf_lines(200, 3000))
    numbers = itertools.pairwise(range(40))
    Path("near.tsv").write_text("".join(f"w{a}\tw{b}\t{a % 7}\n" for a, b in numbers))
    Path("like.txt").write_text(": s\nw1 w2 w3 w4\nw4 w5 w6 w7\n")
    Path("strange.csv").write_text("never,seen,1\n")
    return ["near.tsv", "like.txt", "strange.csv"]


@pytest.mark.parametrize("engine", ["cpu", "torch"])
def test_training_scores_every_epoch(corpus, engine):
    run = w2v.train(**SETTINGS, engine=engine, evaluate=corpus)
    ends = [row for row in run.metrics if row.scores]
    assert [row.epoch for row in ends] == [1, 2, 3]
    assert len({row.scores["near"] for row in ends}) == 3
    known = find_pairs(testsets.read("near.tsv"), run.vectors.index_to_key)
    spearman, _ = score_pairs(known, run.vectors.vectors)
    assert ends[-1].scores["near"] == spearman.value
    assert ends[-1].scores["like"] in (0.0, 0.5, 1.0)
    assert ends[-1].scores["strange"] is None
    with open(run.folder / layout.METRICS, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[-3:] == ["near", "like", "strange"]
    by_epoch = [row["near"] for row in rows if row["near"]]
    assert by_epoch == [str(row.scores["near"]) for row in ends]
    assert {row["strange"] for row in rows} == {""}


def test_scoring_changes_no_bit_and_survives_resuming(corpus):
    def outcome(run):
        return (run.folder / layout.VECTORS).read_bytes(), [row.scores for row in run.metrics]

    plain = w2v.train(**SETTINGS, out="plain")
    whole = w2v.train(**SETTINGS, out="whole", evaluate=corpus)
    config = from_recipe(**SETTINGS, out="stopped", evaluate=corpus)
    for calls in (2, 3):
        with pytest.raises(Interrupted):
            train_run(config, Stop(calls), resume=True)
    resumed = train_run(config, Watcher(), resume=True)
    assert outcome(resumed) == outcome(whole)
    assert outcome(plain)[0] == outcome(whole)[0]
    described = json.loads((whole.folder / layout.CONFIG).read_text())
    assert described["settings"]["evaluate"] == corpus


def test_resumed_training_may_be_scored_otherwise(corpus):
    w2v.train(**{**SETTINGS, "epochs": 2}, out="a", evaluate="near.tsv")
    run = w2v.train(**SETTINGS, out="a", evaluate=["like.txt"], resume=True)
    assert [list(row.scores) for row in run.metrics if row.scores] == [["near"], ["near"], ["like"]]
    header = (run.folder / layout.METRICS).read_text().split("\n")[0]
    assert header.endswith("validation_loss,near,like")


@pytest.mark.skipif(sys.platform != "linux", reason="no such file names here")
def test_training_takes_paths_that_are_no_utf8(corpus):
    odd = os.fsdecode(b"od\xffd.tsv")
    os.rename("near.tsv", odd)
    run = w2v.train(**SETTINGS, evaluate=odd)
    described = json.loads((run.folder / layout.CONFIG).read_text(encoding="utf-8"))
    assert described["settings"]["evaluate"] == [odd]
    header = (run.folder / layout.METRICS).read_text(encoding="utf-8").split("\n")[0]
    assert header.endswith("validation_loss,od\\udcffd")


@pytest.mark.parametrize("scores", [["near", 0.1], {"near": "x"}, {"near": 2.0}, {"near": True}])
def test_progress_refuses_scores_that_are_none(scores):
    at = Progress()
    plain = at.to_json()
    plain["metrics"] = [[1, 1, 0.5, 0.1, 1.0, 1.0, 1.0, None, scores]]
    with pytest.raises(ValueError, match="its score"):
        Progress.from_json(plain)


@pytest.mark.parametrize(
    ("paths", "error", "message"),
    [
        (["nowhere.txt"], W2VError, r"cannot read nowhere\.txt"),
        (["near.tsv", "bad.txt"], W2VError, r"bad\.txt, line 2 is 'a b'; it must be"),
        (
            ["near.tsv", "other/near.txt"],
            UsageError,
            r"holds other/near\.txt, .* two columns 'near'",
        ),
        (["loss.txt"], UsageError, "two columns 'loss'; rename that file"),
        (7, UsageError, "--evaluate is 7; it must be a path, or several"),
        ([7], UsageError, r"--evaluate is 7; it must hold paths"),
    ],
)
def test_training_refuses_test_sets_before_it_begins(corpus, paths, error, message):
    Path("bad.txt").write_text("a b 1\na b\n")
    Path("loss.txt").write_text("a b 1\n")
    with pytest.raises(error, match=message):
        w2v.train(corpus="not-even-looked-for.txt", evaluate=paths)


def test_train_shows_scores_in_the_line_of_an_epoch(corpus):
    flags = ["--corpus", "zipf.txt", "--epochs", "1", "--vector-size", "8", "--engine", "cpu"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *flags, "--evaluate", *corpus],
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert "evaluation: near, 39 of 39 pairs, Spearman's ρ; like, 2 of 2 analogies" in done.stdout
    line = r"^epoch 1/1  loss \S+  near -?\d\.\d{3}  like \d\.\d{3}  strange none  \S+ centers/s"
    assert re.search(line, done.stdout, re.M)
