"""kill -9 of a rank and of all at random moments, ten times each: pytest -m heavy -s."""

import csv
import random
import time

import pytest

from launching import ROOT, Launch
from texts import zipf_lines
from w2v.storage import layout

pytestmark = pytest.mark.heavy

ROUNDS = 10
MINUTE = 60.0  # in which all must have ended
EPOCHS = 12
TRAIN = [
    ROOT / "train.py", "--corpus", "zipf.txt", "--out", "run", "--min-count", 1, "--no-cache",
    "--vector-size", 16, "--sample", 1e-2, "--epochs", EPOCHS, "--validation-share", 0.05,
    "--workers", 1, "--checkpoint-every", "0m",
]  # fmt: skip


def launched(folder, *flags, restarts=0):
    return Launch(folder, "--nproc-per-node", 2, "--max-restarts", restarts, *TRAIN, *flags)


def outcome(folder):
    """What must not depend on how often training was stopped."""
    with open(folder / "run" / layout.METRICS, newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        del row["seconds"], row["centers_per_s"]
    return rows, *((folder / "run" / name).read_bytes() for name in (layout.VECTORS, layout.VOCAB))


def wait_until(condition, seconds=600):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def to_some_moment(launch):
    """Wait for the end of a random epoch but the last ones, and then for up to half a second."""
    epoch = random.randint(1, EPOCHS - 3)
    wait_until(lambda: f"epoch {epoch}/" in launch.outputs[0].read_text())
    time.sleep(random.random() / 2)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """What a training that nobody stops gives."""
    folder = folder_with_text(tmp_path_factory.mktemp("straight"))
    with launched(folder) as launch:
        status, _, errors = launch.ended()
    assert status == 0, errors
    return outcome(folder)


def folder_with_text(folder):
    (folder / "zipf.txt").write_text(zipf_lines(2000, 100_000))
    return folder


def finish(folder):
    with launched(folder, "--resume") as launch:
        status, _, errors = launch.ended()
    assert status == 0, errors


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_rank_that_is_killed_is_named_and_resume_gives_the_same_bits(straight, number, tmp_path):
    victim = number % 2
    with launched(folder_with_text(tmp_path)) as launch:
        to_some_moment(launch)
        launch.kill(victim)
        began = time.monotonic()
        status, _, errors = launch.ended()
        took = time.monotonic() - began
    print(f"rank {victim} killed: all ended after {took:.1f} s")
    assert status == 1
    assert took < MINUTE
    told = [line for line in errors.splitlines() if "is gone" in line]
    assert len(told) == 1, errors
    assert f"rank {victim} is gone" in told[0]
    assert "give the same command with --resume to go on" in told[0]
    finish(tmp_path)
    assert outcome(tmp_path) == straight


@pytest.mark.parametrize("number", range(ROUNDS))
def test_all_that_are_killed_resume_to_the_same_bits(straight, number, tmp_path):
    with launched(folder_with_text(tmp_path)) as launch:
        to_some_moment(launch)
        launch.kill_all()
    finish(tmp_path)
    assert outcome(tmp_path) == straight


@pytest.mark.parametrize("victim", [0, 1])
def test_torchruns_own_restarts_go_on_to_the_same_bits(straight, victim, tmp_path):
    with launched(folder_with_text(tmp_path), restarts=1) as launch:
        to_some_moment(launch)
        launch.kill(victim)
        status, printed, errors = launch.ended()
    assert status == 0, errors
    assert "resuming in epoch" in printed
    assert outcome(tmp_path) == straight
