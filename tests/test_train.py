"""train.py and query.py as a user runs them."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

import w2v
from texts import zipf_lines
from w2v.text.sample_corpus import CLASSES

ROOT = Path(__file__).parent.parent
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9"}  # refused at once

CHIPS = {
    *("microprocessor", "chips", "intel", "computer", "computers", "desktop", "mainframe"),
    *("mainframes", "workstation", "workstations", "semiconductor", "semiconductors"),
    *("memory", "mips", "motorola", "drives", "software"),
}


def run(script, *arguments, cwd, **environment):
    command = [sys.executable, str(ROOT / script), *map(str, arguments)]
    environment = {**os.environ, **NO_NETWORK, **environment}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A run of plain train.py where PTB can be neither found nor fetched."""
    folder = tmp_path_factory.mktemp("sample")
    result = run("train.py", "--epochs", 5, cwd=folder, W2V_DATA_DIR=str(folder / "nothing"))
    assert result.returncode == 0, result.stderr
    return folder, result


def test_train_falls_back_to_sample_with_a_warning(sample):
    _, result = sample
    warnings = [line for line in result.stderr.splitlines() if line.startswith("warning:")]
    assert len(warnings) == 2
    assert "training on `sample` instead of PTB" in warnings[0]
    assert "--sample 0.0001 keeps 34% of this small text" in warnings[1]


def test_train_prints_epochs_losses_and_where_everything_is(sample):
    _, result = sample
    losses = re.findall(r"^epoch \d/5  loss (\d\.\d+)  [\d,]+ centers/s", result.stdout, re.M)
    assert len(losses) == 5
    assert float(losses[0]) > float(losses[4]) > 0
    assert f"loss by epoch: {', '.join(losses)} (mean " in result.stdout
    assert "written: runs/sample" in result.stdout
    assert "near chip:" in result.stdout
    assert "%|" not in result.stderr  # no progress bar where stderr is no terminal


def test_train_on_sample_finds_the_planted_classes(sample):
    folder, _ = sample
    vectors = w2v.load(folder / "runs/sample")
    right = asked = 0
    for words in CLASSES.values():
        for word in words[:5]:
            near = [neighbour for neighbour, _ in vectors.most_similar(word, topn=5)]
            right += len(set(near) & set(words))
            asked += 5
    assert right > 0.8 * asked
    assert len(CHIPS & {word for word, _ in vectors.most_similar("chip", topn=5)}) >= 2


def test_query_answers_after_train(sample):
    folder, _ = sample
    result = run("query.py", "chip", "-k", 3, cwd=folder)
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert all(re.fullmatch(r"cosine sim=0\.\d{3}: \S+", line) for line in lines)
    assert not any(line.endswith(": chip") for line in lines)


def test_train_shows_a_progress_bar_on_a_terminal(tmp_path):
    (tmp_path / "text.txt").write_text(zipf_lines(100, 500))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 120, 0, 0))
    command = [sys.executable, str(ROOT / "train.py"), "--corpus", "text.txt", "--epochs", "2"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=slave, stderr=slave) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # Linux's end of a terminal
                break
            if not piece:
                break
            shown += piece
    os.close(master)
    assert process.returncode == 0
    assert re.search(rb"training: +\d+%\|.*loss \d\.\d+, [\d,]+ centers/s", shown)


def test_train_whose_output_nobody_reads_does_not_pass_for_trained(tmp_path):
    (tmp_path / "text.txt").write_text(zipf_lines(100, 500))
    command = [sys.executable, str(ROOT / "train.py"), "--corpus", "text.txt", "--engine", "cpu"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        process.stdout.close()
    assert process.returncode == 141


BAD = {
    "missing path": (["--corpus", "nowhere.txt"], 1, r"nowhere\.txt"),
    "empty file": (["--corpus", "empty.txt"], 1, r"empty\.txt.*empty"),
    "blank file": (["--corpus", "blank.txt"], 1, r"blank\.txt.* holds no words"),
    "folder with no text": (["--corpus", "folder"], 1, r"folder"),
    "too few words": (["--corpus", "few.txt"], 1, r"few\.txt.*at least 10 times.*--min-count"),
    "not UTF-8": (["--corpus", "latin.txt"], 1, r"latin\.txt.*0xe9 at line 2"),
    "number out of range": (["--window", "0"], 2, r"--window is 0; it must be between 1 and 1000"),
    "no number": (["--epochs", "five"], 2, r"--epochs is 'five'; it must be a whole number"),
    "unknown flag": (["--epoch", "5"], 2, r"unrecognized arguments: --epoch 5"),
    "unknown recipe": (["--recipe", "cake"], 2, r"--recipe is 'cake'; it must be one of"),
    "unknown device": (["--device", "tpu"], 2, r"--device is 'tpu'; it must be one of"),
    "unknown engine": (["--engine", "gpu"], 2, r"--engine is 'gpu'; it must be one of"),
    "too many workers": (["--workers", "4000"], 2, r"--workers is 4000; this machine gives"),
    "out is a file": (["--corpus", "good.txt", "--out", "few.txt"], 1, r"--out is few\.txt"),
    "out below a file": (["--corpus", "good.txt", "--out", "few.txt/x"], 1, r"few\.txt is no fold"),
    "out holds other files": (["--corpus", "good.txt", "--out", "."], 1, r"--out is \."),
    "out is no run": (["--corpus", "good.txt", "--out", "folder2"], 1, r"holds notes\.md"),
    "ptb never falls back": (["--corpus", "ptb", "--data-dir", "folder"], 1, r"ptb\.zip"),
}


@pytest.mark.parametrize("case", BAD)
def test_train_refuses_bad_input_with_one_line(tmp_path, case):
    arguments, status, message = BAD[case]
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "blank.txt").write_text(" \n\n")
    (tmp_path / "few.txt").write_text("one two\n" * 3)
    (tmp_path / "good.txt").write_text("one two three\n" * 30)
    (tmp_path / "latin.txt").write_bytes(b"fine\ncaf\xe9\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder2").mkdir()
    (tmp_path / "folder2" / "notes.md").write_text("mine")
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    result = run("train.py", "--engine", "cpu", *arguments, cwd=tmp_path)
    assert result.returncode == status
    errors = [line for line in result.stderr.splitlines() if not line.startswith("compiling")]
    assert len(errors) == 1
    assert re.match(rf"error: .*{message}", errors[0])
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
    assert (tmp_path / "folder2" / "notes.md").read_text() == "mine"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_default_training_on_ptb_finds_the_neighbours_of_chip(ptb_dir, tmp_path, seed):
    arguments = ["--epochs", 5, "--seed", seed, "--data-dir", ptb_dir, "--engine", "cpu"]
    result = run("train.py", *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "vocabulary 6,719" in result.stdout
    near = [word for word, _ in w2v.load(tmp_path / "runs/ptb").most_similar("chip", topn=5)]
    assert len(CHIPS & set(near)) >= 2, near


@pytest.mark.parametrize(
    ("epochs", "losses", "mean"),
    [
        (1, [0.481], 0.481),  # of the book's own code, run again
        pytest.param(
            5, [0.481, 0.427, 0.403, 0.380, 0.359], 0.410, marks=pytest.mark.heavy
        ),  # the mean is what the book prints
    ],
)
def test_textbook_recipe_on_ptb_reproduces_the_books_losses(
    epochs, losses, mean, ptb_dir, tmp_path
):
    arguments = ["--recipe", "textbook", "--data-dir", ptb_dir, "--device", "cpu"]
    result = run("train.py", *arguments, "--epochs", epochs, cwd=tmp_path)
    listed, found = re.search(r"loss by epoch: (.*) \(mean (\d\.\d+)\)", result.stdout).groups()
    assert [float(loss) for loss in listed.split(", ")] == pytest.approx(losses, abs=0.006)
    assert float(found) == pytest.approx(mean, abs=0.006)
