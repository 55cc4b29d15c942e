"""`python -m w2v export`: what it writes, and its errors."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from test_convert import content_of, vectors_of
from w2v.config import UNK
from w2v.formats import convert
from w2v.vectors.saving import save_vectors

ROOT = Path(__file__).parents[1]


@pytest.fixture
def run(tmp_path):
    """A run folder; its <unk> has been seen 5 times."""
    (tmp_path / "run").mkdir()
    table = np.array([[0, 0], [1, 2], [-3, 0.1]], np.float32)
    save_vectors(tmp_path / "run", [UNK, "chip", "日本"], [5, 4, 3], table, table)
    return tmp_path / "run"


def command(*arguments, **settings):
    return subprocess.run(
        [sys.executable, "-m", "w2v", "export", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **settings,
    )


def test_command_exports_a_run(run, tmp_path):
    done = command(run, "--to", "word2vec-text", tmp_path / "x.txt", "--limit", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"written: {tmp_path / 'x.txt'} (word2vec-text, 1 words × 2)\n"
    assert (tmp_path / "x.txt").read_bytes() == b"1 2\nchip 1.0 2.0\n"


def test_command_converts_a_file(run, tmp_path):
    assert command(run, "--to", "word2vec-binary", tmp_path / "x.bin").returncode == 0
    assert command(tmp_path / "x.bin", "--to", "glove", tmp_path / "x.txt").returncode == 0
    expected = "chip 1.0 2.0\n日本 -3.0 0.1\n"
    assert (tmp_path / "x.txt").read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["run", "--to", "glove", "x", "--limit", "0"], 2, "--limit is 0; it must be 1 or more"),
        (["run", "--to", "glove", "x", "--limit", "-3"], 2, "--limit is -3; it must be 1 or more"),
        (["run", "--to", "glove", "x", "--limit", "few"], 2, "argument --limit: invalid int"),
        (["run", "--to", "csv", "x"], 2, "argument --to: invalid choice: 'csv'"),
        (["run", "x"], 2, "the following arguments are required: --to"),
        (["run", "--to", "glove"], 2, "the following arguments are required: PATH"),
        (["run", "--to", "glove", "run"], 2, "run is what is read; name another path"),
        (["empty", "--to", "glove", "x"], 1, "empty is no run: there is no vectors.safetensors"),
        (["nowhere", "--to", "glove", "x"], 1, "cannot read nowhere: No such file or directory"),
        (["run", "--to", "projector", "."], 1, ". is there already; --force replaces it"),
        (["run", "--to", "projector", ".", "--force"], 1, "holds empty, which would be lost"),
    ],
)
def test_command_says_what_is_wrong_in_one_line(run, tmp_path, arguments, status, message):
    (tmp_path / "empty").mkdir()
    done = command(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("to", convert.WRITERS)
def test_command_replaces_nothing_without_force(run, tmp_path, to):
    assert command(run, "--to", to, "out", cwd=tmp_path).returncode == 0
    before = content_of(tmp_path)
    done = command(run, "--to", to, "out", "--limit", "1", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: out is there already; --force replaces it, or name another path\n"
    )
    assert content_of(tmp_path) == before
    done = command(run, "--to", to, "out", "--limit", "1", "--force", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert content_of(tmp_path) != before


def test_command_replaces_no_words_beside_without_force(run, tmp_path):
    (tmp_path / "x.vocab.tsv").write_text("mine\n")
    done = command(run, "--to", "npy", "x.npy", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "x.vocab.tsv is there already" in done.stderr


def test_command_fills_an_empty_folder(run, tmp_path):
    (tmp_path / "out").mkdir()
    assert command(run, "--to", "projector", "out", cwd=tmp_path).returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="streams have no names here")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/stderr", "/dev/fd/3", "log", "link"])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_log_that_is_printed_to_is_never_replaced(run, tmp_path, name, force):
    log = tmp_path / "log"
    log.write_text("earlier\n")
    (tmp_path / "link").symlink_to("/dev/stdout")
    script = 'exec "$@" >> log 2>> log 3>> log'
    export = [sys.executable, "-m", "w2v", "export", run, "--to", "glove", name, *force]
    before = os.stat(log)
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *map(str, export)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 1
    assert os.path.samestat(before, os.stat(log))
    expected = f"error: {name} is what the program reads from or prints to, and is left as it is; "
    assert log.read_text() == f"earlier\n{expected}name another path\n"


def test_standard_output_that_is_a_pipe_is_refused_in_one_line(run):
    done = command(run, "--to", "glove", "/dev/stdout")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1


def test_command_needs_numpy_only(run, tmp_path):
    code = (
        f"import sys; sys.argv[1:] = ['export', {str(run)!r}, '--to', 'glove', 'x']\n"
        "from w2v.__main__ import main; main(); print(*sys.modules)"
    )
    modules = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"torch", "numba", "matplotlib", "tqdm", "gensim"} & set(modules)


def test_words_beside_what_is_read_are_never_overwritten(tmp_path):
    wv = vectors_of([UNK, "a", "b"])
    convert.export(wv, "npy", tmp_path / "x.npy")
    (tmp_path / "x.npy").rename(tmp_path / "y.npy")
    (tmp_path / "x.vocab.tsv").rename(tmp_path / "vocab.tsv")
    before = content_of(tmp_path)
    done = command("y.npy", "--to", "npy", "y.npy", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "y.npy is what is read; name another path" in done.stderr
    assert content_of(tmp_path) == before
