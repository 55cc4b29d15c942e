"""kill -9 of a rank and of all at random moments, ten times each: pytest -m heavy -s."""

import csv
import os
import random
import signal
import socket
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


def node(folder, number, port):
    """One of two agents of torchrun, each with a rank."""
    (folder / str(number)).mkdir()
    flags = ["--nnodes", 2, "--nproc-per-node", 1, "--rdzv-backend", "c10d", "--rdzv-id", "w2v"]
    flags += ["--rdzv-endpoint", f"localhost:{port}", "--max-restarts", 2]
    out = ["--corpus", folder / "zipf.txt", "--out", folder / "run"]
    return Launch(folder / str(number), *flags, *TRAIN, *out)


def outcome(folder):
    """What must not depend on how often training was stopped."""
    with open(folder / "run" / layout.METRICS, newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        del row["seconds"], row["centers_per_s"]
    return rows, *((folder / "run" / name).read_bytes() for name in (layout.VECTORS, layout.VOCAB))


def wait_for(condition, seconds=600):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


def to_some_moment(launch):
    """Wait for the end of a random epoch but the last ones, and then for up to half a second."""
    epoch = random.randint(1, EPOCHS - 3)
    wait_for(lambda: f"epoch {epoch}/" in launch.outputs[0].read_text())
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


def test_a_restart_over_two_nodes_goes_on_to_the_same_bits(straight, tmp_path):
    folder_with_text(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with node(tmp_path, 0, port) as first, node(tmp_path, 1, port) as second:
        leader = wait_for(lambda: next((n for n in (first, second) if 0 in n.ranks()), None))
        other = second if leader is first else first
        to_some_moment(leader)
        other.kill(1)
        ends = [each.ended() for each in (leader, other)]
    assert [status for status, *_ in ends] == [0, 0], ends
    assert "resuming in epoch" in ends[0][1]
    assert outcome(tmp_path) == straight


def test_a_restart_does_not_go_on_from_an_older_run(straight, tmp_path):
    with launched(folder_with_text(tmp_path), "--epochs", 1) as launch:
        assert launch.ended()[0] == 0
    with launched(tmp_path, "--checkpoint-every", "1000m", restarts=1) as launch:
        to_some_moment(launch)
        launch.kill(1)
        status, printed, errors = launch.ended()
    assert status == 0, errors
    assert "resuming" not in printed
    assert outcome(tmp_path) == straight


@pytest.mark.parametrize("victim", [0, 1])
def test_a_rank_that_falls_silent_ends_all(straight, victim, tmp_path):
    with launched(folder_with_text(tmp_path), "--dist-timeout", 8) as launch:
        to_some_moment(launch)
        os.kill(launch.ranks()[victim], signal.SIGSTOP)  # as a machine without power or network
        began = time.monotonic()
        status, _, errors = launch.ended(MINUTE)
        print(f"rank {victim} silent: all ended after {time.monotonic() - began:.1f} s")
    assert status == 1
    assert f"rank {victim} is gone" in errors
    finish(tmp_path)
    assert outcome(tmp_path) == straight
