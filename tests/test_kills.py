"""kill -9 at 200 random moments, over engines, optimisers and options: pytest -m heavy -s.

The moments fall into reading, training, writing checkpoints, the run and its pictures. A process
that has imported everything already forks each training, so that no time goes into imports.
"""

import csv
import json
import multiprocessing
import os
import random
import shutil
import time
from collections import Counter

import pytest

import w2v
from texts import zipf_lines
from w2v.engines.base import Engine
from w2v.engines.cpu import CpuEngine
from w2v.storage import layout
from w2v.training import checkpoints, live

pytestmark = pytest.mark.heavy

KILLS = 25  # for each of CASES
SHARED = {
    "corpus": "zipf.txt", "out": "run", "min_count": 1, "vector_size": 16, "sample": 1e-2,
    "epochs": 4, "device": "cpu", "checkpoint_every": "0m",
}  # fmt: skip
CASES = {
    "cpu": {"engine": "cpu", "workers": 2, "validation_share": 0.05},
    "cpu, group 1": {"engine": "cpu", "group": 1, "resample": False, "evaluate": "pairs.txt"},
    "cpu, the best epoch": {
        "engine": "cpu", "workers": 1, "validation": "held-out.txt", "early_stopping": 1,
        "lr": 0.05,
    },
    "cpu, few checkpoints": {"engine": "cpu", "checkpoint_every": "2e", "lower": True},
    "torch": {"engine": "torch", "workers": 1, "evaluate": ("pairs.txt", "analogies.txt")},
    "torch, group 1": {"engine": "torch", "group": 1, "workers": 2, "checkpoint_every": "1e"},
    "adam, early stopping": {
        "engine": "torch", "optimizer": "adam", "validation_share": 0.1, "early_stopping": 1,
        "lr": 0.1,
    },
    "textbook": {"recipe": "textbook", "vector_size": 8, "validation": "held-out.txt"},
}  # fmt: skip

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["test_kills", "w2v.training.train", "w2v.engines.torch"])


def train(folder, settings, resume):
    os.chdir(folder)
    live.AFTER_EPOCH = live.WITHIN_EPOCH = 0.0  # pictures while it trains, one after the other
    Engine.call_centers = CpuEngine.call_centers = 500  # and many checkpoints
    w2v.train(resume=resume, watcher=w2v.Watcher(), **{**SHARED, **settings})


def started(folder, settings, resume=False):
    process = processes.Process(target=train, args=(folder, settings, resume))
    process.start()
    return process


def finish(folder, settings, resume=True):
    process = started(folder, settings, resume)
    process.join(180)
    assert process.exitcode == 0


def outcome(run):
    """What must not depend on how often training was stopped; the run's files are all there."""
    assert {path.name for path in run.iterdir()} == {
        layout.VECTORS, layout.VOCAB, layout.CONFIG, layout.METRICS, layout.LOSS, layout.CHECKPOINT,
    }  # fmt: skip
    assert [path.name for path in (run / layout.CHECKPOINT).iterdir()] == [layout.STATE]
    assert is_whole_png(run / layout.LOSS)
    rows = rows_of(run / layout.METRICS)
    for row in rows:
        del row["seconds"], row["centers_per_s"]
    about = json.loads((run / layout.CONFIG).read_text())
    del about["corpus"]["seconds"]
    state = checkpoints.read(run / layout.CHECKPOINT / layout.STATE)
    tensors = {name: array.tobytes() for name, array in state.tensors.items()}
    return (
        (run / layout.VECTORS).read_bytes(),
        (run / layout.VOCAB).read_bytes(),
        rows,
        about,
        tensors,
    )


def rows_of(metrics):
    with open(metrics, newline="") as file:
        return list(csv.DictReader(file))


def is_whole_png(path):
    content = path.read_bytes()
    return content.startswith(b"\x89PNG") and content.endswith(b"IEND\xaeB`\x82")


def look(folder, n_words):
    """Where the kill fell; whatever has its own name is whole."""
    run, is_writing = folder / "run", any(folder.glob(".run.*.new"))
    checkpoint = run / layout.CHECKPOINT
    unfinished = checkpoints.read(checkpoint / layout.UNFINISHED)
    for place in (run, checkpoint):
        if (place / layout.METRICS).exists():
            assert all(float(row["loss"]) > 0 for row in rows_of(place / layout.METRICS))
        if (place / layout.LOSS).exists():
            assert is_whole_png(place / layout.LOSS)
    if (run / layout.VECTORS).exists():
        assert len(w2v.load(run, verify=True)) == n_words
        assert checkpoints.read(checkpoint / layout.STATE) is not None
        return "the run was there"
    if is_writing:
        return "writing the run or its picture"
    return "training" if unfinished else "before the first checkpoint"


def wait_for(condition, process):
    while process.is_alive() and not condition():
        time.sleep(0.001)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    (folder / "zipf.txt").write_text(zipf_lines(300, 700))
    (folder / "held-out.txt").write_text(zipf_lines(300, 200, seed=1))
    (folder / "pairs.txt").write_text("".join(f"w{i} w{i + 7} {i}\n" for i in range(30)))
    (folder / "analogies.txt").write_text(": one\nw1 w2 w3 w4\nw5 w6 w7 w8\n")
    return folder


@pytest.mark.parametrize("case", CASES)
def test_killed_trainings_resume_to_the_same_bits(case, texts, tmp_path):
    settings, chance = CASES[case], random.Random(case)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    shutil.copytree(texts, whole)
    shutil.copytree(texts, killed)
    for _ in range(2):  # the first may compile
        shutil.rmtree(whole / "run", ignore_errors=True)
        began = time.perf_counter()
        finish(whole, settings, resume=False)
        seconds = time.perf_counter() - began
    expected = outcome(whole / "run")
    n_words = len(w2v.load(whole / "run"))

    fell, began = Counter(), time.perf_counter()
    for number in range(KILLS):
        process = started(killed, settings)
        if number % 3 == 0:  # at any moment of all
            time.sleep(chance.uniform(0, seconds))
        elif number % 3 == 1:  # while it trains
            wait_for((killed / "run" / layout.CHECKPOINT / layout.UNFINISHED).exists, process)
            time.sleep(chance.uniform(0, seconds / 3))
        else:  # while it writes the run: most of that is the picture, the rest takes milliseconds
            wait_for(lambda: any(killed.glob(".run.*.new")), process)
            time.sleep(10 ** chance.uniform(-3.5, 0.2))
        process.kill()
        process.join()
        fell[look(killed, n_words)] += 1
        finish(killed, settings)
        assert outcome(killed / "run") == expected, f"kill {number}"
        for left in (killed / "run", *killed.glob(".run.*")):
            shutil.rmtree(left)
    assert fell["training"]
    assert fell["writing the run or its picture"]
    seconds = time.perf_counter() - began
    print(f"{case}: {KILLS} kills, {KILLS} identical runs, {dict(fell)}, {seconds:.0f} s")
