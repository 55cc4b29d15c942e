"""Pipes without a writer and devices without an end are refused, wherever a file can be named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import w2v
from texts import zipf_lines
from w2v import files
from w2v.storage import layout
from w2v.training import checkpoints

ROOT = Path(__file__).parent.parent
RUN_FILES = ("vectors.safetensors", "vocab.tsv", "config.json")

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


def command(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "w2v", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "W2V_DATA_DIR": str(cwd)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "text.txt").write_text(zipf_lines(50, 500))
    w2v.train(folder / "text.txt", epochs=1, vector_size=4, min_count=1, out=folder / "run")
    return folder / "run"


@pytest.mark.parametrize("special", ["fifo", "/dev/zero"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "--corpus", "FILE"),
        ("train", "--corpus", "text.txt", "--validation", "FILE"),
        ("train", "--corpus", "text.txt", "--evaluate", "FILE"),
        ("query", "a", "--vectors", "FILE"),
        ("export", "FILE", "--to", "glove", "x"),
        ("evaluate", "run", "--pairs", "FILE"),
        ("evaluate", "run", "--analogies", "FILE"),
    ],
)
def test_what_is_named_must_be_a_regular_file(run, tmp_path, arguments, special):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "run").symlink_to(run)
    (tmp_path / "text.txt").symlink_to(run.parent / "text.txt")
    arguments = [special if argument == "FILE" else argument for argument in arguments]
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 1, done
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert special in last
    assert "no regular file" in last


@pytest.mark.parametrize("name", ["ptb.zip", "ptb.train.txt"])
@pytest.mark.parametrize("special", ["fifo", "/dev/zero"])
def test_ptb_must_be_a_regular_file(tmp_path, name, special):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / name).symlink_to(special)
    done = command("train", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert name in done.stderr
    assert "no regular file" in done.stderr


@pytest.mark.parametrize("name", RUN_FILES)
@pytest.mark.parametrize("special", ["fifo", "/dev/zero"])
def test_files_of_a_run_must_be_regular(run, tmp_path, name, special):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "run").mkdir()
    for other in RUN_FILES:
        (tmp_path / "run" / other).symlink_to(run / other if other != name else tmp_path / special)
    done = command("query", "w1", "--run", "run", cwd=tmp_path)
    assert done.returncode == 1
    assert name in done.stderr
    assert "no regular file" in done.stderr


@pytest.mark.parametrize("name", [layout.STATE, layout.UNFINISHED])
def test_checkpoint_must_be_a_regular_file(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(w2v.W2VError, match="no regular file"):
        checkpoints.read(tmp_path / name)


def test_runs_last_and_words_beside_a_table_must_be_regular_files(run, tmp_path):
    os.mkfifo(tmp_path / "x.vocab.tsv")
    w2v.export(w2v.load(run), "npy", run.parent / "y.npy")
    (tmp_path / "x.npy").symlink_to(run.parent / "y.npy")
    with pytest.raises(w2v.W2VError, match=r"x\.vocab\.tsv: it is no regular file"):
        w2v.load(tmp_path / "x.npy")
    (tmp_path / "runs").mkdir()
    os.mkfifo(tmp_path / "runs/last")
    stderr = command("query", "w1", cwd=tmp_path).stderr
    assert "cannot read runs/last: it is no regular file" in stderr


def test_run_is_no_pipe_and_out_and_data_dir_are_no_files(run, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "lost").symlink_to("nowhere")
    for arguments, said in (
        (("query", "w1", "--run", "fifo"), "fifo is no run: it is no folder"),
        (("train", "--out", "fifo"), "--out is fifo; that is no folder: name another folder"),
        (
            ("train", "--out", "lost"),
            "--out is lost; lost is a link to nowhere, which is not there",
        ),
        (("train", "--out", "lost/x"), "--out is lost/x; lost is a link to nowhere, which is not"),
        (("train", "--data-dir", "fifo"), "--data-dir is fifo; that is no folder: name one"),
        (("train", "--data-dir", "lost"), "--data-dir is lost; that is no folder: name one"),
    ):
        done = command(*arguments, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith(f"error: {said}")
        assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fifo", "lost"]


def test_what_is_no_file_is_said_by_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.open_file(tmp_path / "nowhere")
    with pytest.raises(IsADirectoryError):
        files.open_file(tmp_path)
