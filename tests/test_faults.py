"""What cannot be asked for, but happens: kills (200: test_kills.py), full disks, torn files."""

import contextlib
import csv
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import w2v
from texts import zipf_lines
from w2v.errors import W2VError
from w2v.storage import layout
from w2v.training import checkpoints

ROOT = Path(__file__).parent.parent
TRAIN = [
    sys.executable, str(ROOT / "train.py"), "--corpus", "zipf.txt", "--min-count", "1",
    "--vector-size", "32", "--sample", "1e-2", "--epochs", "10", "--engine", "cpu",
    "--validation-share", "0.05", "--checkpoint-every", "0m", "--out", "run",
]  # fmt: skip


def start(folder, *more):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen([*TRAIN, *more], cwd=folder, text=True, **quiet)


def finish(folder):
    """Resume to the end; returns what must not depend on how often training was stopped."""
    with start(folder, "--resume") as process:
        errors = process.communicate(timeout=120)[1]
    assert process.returncode == 0, errors
    return outcome(folder / "run")


def outcome(run):
    with open(run / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        del row["seconds"], row["centers_per_s"]
    return (run / "vectors.safetensors").read_bytes(), (run / "vocab.tsv").read_bytes(), rows


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with the corpus and a run that was never stopped; and how long that took."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "zipf.txt").write_text(zipf_lines(500, 6000))
    for _ in range(2):  # the first compiles
        shutil.rmtree(folder / "run", ignore_errors=True)
        began = time.perf_counter()
        with start(folder) as process:
            assert process.wait() == 0
    return folder, time.perf_counter() - began


def copy_of(whole, tmp_path):
    shutil.copy(whole[0] / "zipf.txt", tmp_path)
    return outcome(whole[0] / "run")


def unfinished_in(folder):
    return checkpoints.folder_in(folder / "run") / layout.UNFINISHED


def kill_and_resume(folder, seconds, expected):
    """Kill -9 so many seconds after the first checkpoint, look at what is there, and resume."""
    with start(folder) as process:
        wait_for(unfinished_in(folder).exists)
        time.sleep(seconds)
        process.kill()
    run = folder / "run"
    assert checkpoints.read(unfinished_in(folder)) or w2v.load(run, verify=True)  # whole
    assert finish(folder) == expected


@pytest.mark.parametrize("seconds", [0.03, 0.1])
def test_training_killed_at_any_moment_resumes_to_the_same_bits(whole, tmp_path, seconds):
    kill_and_resume(tmp_path, seconds, copy_of(whole, tmp_path))


def test_interrupted_three_times_by_signals_resumes_to_the_same_bits(whole, tmp_path):
    expected = copy_of(whole, tmp_path)
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGINT, 130)):
        before = number_of(unfinished_in(tmp_path))
        with start(tmp_path, "--resume") as process:
            wait_for(lambda: number_of(unfinished_in(tmp_path)) != before)  # noqa: B023
            process.send_signal(number)
            errors = process.communicate(timeout=60)[1]
        assert process.returncode == status, errors
        assert "the state is saved in run/checkpoint: give the same command with" in errors
    assert finish(tmp_path) == expected


def number_of(file):
    """A number that changes when the file is replaced; None without the file."""
    with contextlib.suppress(FileNotFoundError):
        return file.stat().st_ino, file.stat().st_mtime_ns
    return None


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_file_size_limit_stops_no_training_but_says_so(whole, tmp_path):
    """A limit on files' sizes: writing fails in the middle, as on a full disk."""
    copy_of(whole, tmp_path)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    process = subprocess.run(
        TRAIN, cwd=tmp_path, text=True, capture_output=True, preexec_fn=limit, check=False
    )
    assert process.returncode == 1
    lines = process.stderr.splitlines()
    assert "warning: cannot write run/checkpoint: File too large; training goes on" in lines
    assert lines[-1] == "error: cannot write run: File too large"
    assert not (tmp_path / "run" / "vectors.safetensors").exists()
    assert finish(tmp_path) == outcome(whole[0] / "run")


def files_in(run):
    return {str(p.relative_to(run)): p.read_bytes() for p in run.rglob("*") if p.is_file()}


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes rights that we do not have")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_full_disk_keeps_the_old_run_whole(whole, small_disk):
    copy_of(whole, small_disk.parent)
    with start(small_disk.parent, "--out", "disk/run") as process:
        assert process.wait() == 0
    before = files_in(small_disk / "run")
    (small_disk / "filler").write_bytes(b"x" * (700 * 1024))
    with start(small_disk.parent, "--out", "disk/run", "--seed", "1") as process:
        errors = process.communicate()[1]
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "error: cannot write disk/run: No space left on device"
    after = files_in(small_disk / "run")
    after.pop(f"{layout.CHECKPOINT}/{layout.UNFINISHED}", None)  # of the new training
    assert after == before
    assert len(w2v.load(small_disk / "run", verify=True)) == 501


@pytest.mark.parametrize(
    "name", ["vectors.safetensors", "vocab.tsv", "config.json", "metrics.csv", "loss.png"]
)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_torn_file_is_named_or_not_needed(whole, tmp_path, name, share):
    shutil.copytree(whole[0] / "run", tmp_path / "run")
    path = tmp_path / "run" / name
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    if name in ("metrics.csv", "loss.png"):
        assert len(w2v.load(tmp_path / "run")) == 501
    else:
        with pytest.raises(W2VError, match=rf"{name} is damaged: "):
            w2v.load(tmp_path / "run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder_is_refused_before_training(whole, tmp_path):
    copy_of(whole, tmp_path)
    (tmp_path / "run").mkdir(mode=0o500)
    with start(tmp_path) as process:
        errors = process.communicate()[1]
    assert process.returncode == 1
    assert "error: --out is run; that folder is read-only" in errors


def test_checkpoint_folder_with_foreign_files_is_never_touched(whole, tmp_path):
    copy_of(whole, tmp_path)
    notes = tmp_path / "run" / "checkpoint" / "notes.md"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    with start(tmp_path) as process:
        errors = process.communicate()[1]
    assert process.returncode == 1
    assert "error: --out is run; it holds checkpoint, which is no part of a run" in errors
    assert notes.read_text() == "mine"
