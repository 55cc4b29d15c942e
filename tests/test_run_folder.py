"""The run folder: replaced whole or not at all, and never over anything else."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from w2v.errors import W2VError
from w2v.storage import atomic, layout, run_folder


def fill(folder, text):
    """Write a whole run whose every file holds `text`."""
    for name in (layout.VECTORS, layout.VOCAB, layout.CONFIG, layout.METRICS, layout.LOSS):
        (folder / name).write_text(text)


def contents(folder):
    """Every file below `folder`, with its text."""
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in folder.rglob("*")
        if file.is_file()
    }


def make_run(path, text):
    with run_folder.replace_run(path) as folder:
        fill(folder, text)
    return contents(path)


def hidden(folder):
    return [entry.name for entry in folder.iterdir() if entry.name.startswith(".")]


def run_python(code, *arguments, **settings):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **settings)


def test_default_out_is_in_runs():
    assert str(run_folder.default_out("ptb")) == os.path.join("runs", "ptb")


def test_replace_run_makes_missing_parents(tmp_path):
    written = make_run(tmp_path / "a" / "b" / "run", "one")
    assert len(written) == 5
    assert set(written.values()) == {"one"}
    assert hidden(tmp_path / "a" / "b") == []


def test_replace_run_leaves_nothing_of_the_old_run(tmp_path):
    make_run(tmp_path / "run", "one")
    with run_folder.replace_run(tmp_path / "run") as folder:
        (folder / layout.VECTORS).write_text("two")
        assert set(contents(tmp_path / "run").values()) == {"one"}
    assert contents(tmp_path / "run") == {layout.VECTORS: "two"}
    assert os.listdir(tmp_path) == ["run"]


def test_replace_run_takes_the_place_of_an_empty_folder(tmp_path):
    (tmp_path / "run").mkdir()
    assert set(make_run(tmp_path / "run", "one").values()) == {"one"}
    assert os.listdir(tmp_path) == ["run"]


def test_replace_run_gives_files_the_usual_access_rights(tmp_path):
    (tmp_path / "plain").mkdir()
    make_run(tmp_path / "run", "one")
    assert (tmp_path / "run").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_replace_run_keeps_the_old_run_when_the_block_raises(tmp_path, failure):
    before = make_run(tmp_path / "run", "one")

    def fail_late():
        with run_folder.replace_run(tmp_path / "run") as folder:
            fill(folder, "two")
            raise failure

    with pytest.raises(failure):
        fail_late()
    assert contents(tmp_path / "run") == before
    assert os.listdir(tmp_path) == ["run"]


def test_replace_run_keeps_the_old_run_when_the_disk_is_full(tmp_path):
    before = make_run(tmp_path / "run", "one")
    # A limit on the size of files stands in for a full disk: write() fails in the same way.
    code = """
import resource, sys
from w2v.storage import layout, run_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with run_folder.replace_run(sys.argv[1]) as folder:
    (folder / layout.VOCAB).write_text("small")
    (folder / layout.VECTORS).write_bytes(bytes(5000))
"""
    done = run_python(code, tmp_path / "run")
    assert done.stderr.splitlines()[-1] == (
        f"w2v.errors.W2VError: cannot write {tmp_path / 'run'}: File too large"
    )
    assert contents(tmp_path / "run") == before
    assert os.listdir(tmp_path) == ["run"]


def test_replace_run_follows_a_link_and_keeps_it(tmp_path):
    make_run(tmp_path / "real", "one")
    (tmp_path / "link").symlink_to("real")
    make_run(tmp_path / "link", "two")
    assert (tmp_path / "link").is_symlink()
    assert set(contents(tmp_path / "real").values()) == {"two"}


def test_replace_run_keeps_both_when_a_foreign_file_appeared_meanwhile(tmp_path):
    make_run(tmp_path / "run", "one")
    (tmp_path / "run-2").mkdir()

    def disturb():
        with run_folder.replace_run(tmp_path / "run") as folder:
            fill(folder, "two")
            (tmp_path / "run" / "notes.txt").write_text("mine")

    with pytest.raises(W2VError, match=r"notes\.txt.*kept as .*run-3\)"):
        disturb()
    old, new = contents(tmp_path / "run"), contents(tmp_path / "run-3")
    assert old.pop("notes.txt") == "mine"
    assert set(old.values()) == {"one"}
    assert set(new.values()) == {"two"}
    assert len(new) == 5


def test_swap_without_exchange_needs_two_renames_and_ends_the_same(tmp_path, monkeypatch):
    make_run(tmp_path / "run", "one")
    monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)  # as network drives do
    assert set(make_run(tmp_path / "run", "two").values()) == {"two"}
    assert os.listdir(tmp_path) == ["run"]


@pytest.fixture
def exchangeable(tmp_path):
    """Skips where two folders cannot change places in one step: some network drives, Windows."""
    for name in ("one", "two"):
        (tmp_path / name / name).mkdir(parents=True)
    if not atomic._exchange(tmp_path / "one", tmp_path / "two"):
        pytest.skip("this file system cannot exchange names")
    assert (os.listdir(tmp_path / "one"), os.listdir(tmp_path / "two")) == (["two"], ["one"])


@pytest.mark.usefixtures("exchangeable")
def test_swap_never_leaves_the_name_without_a_folder(tmp_path):
    target, other = tmp_path / "target", tmp_path / "other"
    target.mkdir()

    def swap_often():
        for _ in range(300):
            other.mkdir()
            atomic.swap(other, target)
            shutil.rmtree(other, ignore_errors=True)

    with ThreadPoolExecutor() as beside:
        swapping = beside.submit(swap_often)
        while not swapping.done():
            assert target.stat()
        swapping.result()


WRITE_FOREVER = """
import itertools, sys
from w2v.storage import layout, run_folder
for generation in itertools.count():
    with run_folder.replace_run(sys.argv[1]) as folder:
        for name in (layout.VECTORS, layout.VOCAB, layout.CONFIG, layout.METRICS):
            (folder / name).write_text(str(generation))
    print(generation, flush=True)
"""


@pytest.mark.usefixtures("exchangeable")
def test_replace_run_killed_at_any_moment_leaves_a_whole_run(tmp_path):
    run, deaths = tmp_path / "run", 8
    for death in range(deaths):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITE_FOREVER, str(run)], stdout=subprocess.PIPE, text=True
        )
        writer.stdout.readline()  # it has begun
        time.sleep(0.005 + 0.0073 * death)
        writer.send_signal(signal.SIGKILL)
        written = contents(run)
        assert len(written) == 4
        assert len(set(written.values())) == 1
        writer.communicate()


def test_sweep_clears_what_dead_processes_left_and_nothing_else(tmp_path):
    stale, young, other = ".run.0123abcd.new", ".run.4567abcd.new", ".run.b.0123abcd.new"
    for name in (stale, young, other):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").write_text("")
    hour_ago = time.time() - 3600
    for name in (stale, other):
        os.utime(tmp_path / name, (hour_ago, hour_ago))
    with run_folder.replace_run(tmp_path / "run") as ours:
        os.utime(ours, (hour_ago, hour_ago))
        make_run(tmp_path / "run", "one")  # sweeps, and must see that `ours` is in use
        assert ours.is_dir()
        fill(ours, "two")
    assert sorted(hidden(tmp_path)) == sorted([young, other])
    assert set(contents(tmp_path / "run").values()) == {"two"}


def test_sweep_puts_back_a_run_that_was_left_aside(tmp_path):
    make_run(tmp_path / "run", "one")
    (tmp_path / "run").rename(tmp_path / ".run.0123abcd.old")  # killed between two renames
    os.utime(tmp_path / ".run.0123abcd.old", (0, 0))
    with contextlib.suppress(RuntimeError), run_folder.replace_run(tmp_path / "run"):
        raise RuntimeError
    assert set(contents(tmp_path / "run").values()) == {"one"}


def test_check_out_changes_nothing(tmp_path):
    before = make_run(tmp_path / "run", "one")
    (tmp_path / "empty").mkdir()
    for path in ("run", "empty", "missing", "deep/er/missing"):
        run_folder.check_out(tmp_path / path)
    assert contents(tmp_path / "run") == before
    assert sorted(os.listdir(tmp_path)) == ["empty", "run"]


def test_check_out_overlooks_what_file_browsers_leave(tmp_path):
    make_run(tmp_path / "run", "one")
    (tmp_path / "run" / ".DS_Store").write_text("")
    run_folder.check_out(tmp_path / "run")


def test_check_out_names_the_first_foreign_entry(tmp_path):
    make_run(tmp_path / "run", "one")
    for name in ("thesis.txt", "letters"):
        (tmp_path / "run" / name).mkdir()
    with pytest.raises(W2VError, match=r"--out is .*run; it holds letters, .* name another folder"):
        run_folder.check_out(tmp_path / "run")
    assert len(contents(tmp_path / "run")) == 5


def test_check_out_refuses_a_folder_that_only_resembles_a_run(tmp_path):
    (tmp_path / layout.CONFIG).write_text("{}")
    with pytest.raises(W2VError, match=r"holds config\.json but no vectors\.safetensors"):
        run_folder.check_out(tmp_path)


def test_check_out_refuses_a_file(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(W2VError, match="file; that is no folder"):
        run_folder.check_out(tmp_path / "file")
    with pytest.raises(W2VError, match=re.escape(f"{tmp_path / 'file'} is no folder")):
        run_folder.check_out(tmp_path / "file" / "deep" / "run")
    assert (tmp_path / "file").read_text() == "mine"


def test_check_out_refuses_what_cannot_be_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (".", "/"):
        with pytest.raises(W2VError, match="cannot be replaced"):
            run_folder.check_out(path)
    with pytest.raises(W2VError, match="which run was trained last"):
        run_folder.check_out("runs/last")


def test_check_out_refuses_a_name_that_is_too_long(tmp_path):
    with pytest.raises(W2VError, match=r"cannot write .*: File name too long"):
        run_folder.check_out(tmp_path / ("n" * 256))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_check_out_refuses_read_only_folders(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o555)
    with pytest.raises(W2VError, match="run; that folder is read-only"):
        run_folder.check_out(tmp_path / "run")
    with pytest.raises(W2VError, match=r"cannot write .*: Permission denied"):
        run_folder.check_out(tmp_path / "run" / "inner")


def test_last_run_is_the_one_remembered_last(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "runs" / "ptb", tmp_path / "else\nwhere é"):
        path.mkdir(parents=True)
        run_folder.remember(path)
        assert run_folder.last_run().samefile(path)
    assert sorted(os.listdir("runs")) == ["last", "ptb"]


def test_last_run_survives_a_move_of_the_project(tmp_path, monkeypatch):
    (tmp_path / "here" / "runs" / "ptb").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    run_folder.remember("runs/ptb")
    (tmp_path / "here").rename(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    assert run_folder.last_run().samefile(tmp_path / "there" / "runs" / "ptb")


def test_last_run_says_what_to_do_without_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(W2VError, match=r"no run .* yet; train one .* --run"):
        run_folder.last_run()
    (tmp_path / "gone").mkdir()
    run_folder.remember("gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(W2VError, match=r"trained last, gone, is gone; train one .* --run"):
        run_folder.last_run()


def test_remember_that_cannot_write_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(W2VError, match="cannot write runs/last: "):
        run_folder.remember("somewhere")


def test_check_out_refuses_a_folder_inside_a_run(tmp_path):
    make_run(tmp_path / "run", "old")
    (tmp_path / "run" / "checkpoint").mkdir()
    (tmp_path / "run" / "checkpoint" / "thesis.txt").write_text("mine")
    with pytest.raises(W2VError, match="it holds checkpoint, which is no part"):
        run_folder.check_out(tmp_path / "run")


def test_run_inside_a_run_is_refused(tmp_path):
    for name in (layout.VECTORS, layout.VOCAB):
        (tmp_path / name).write_text("")
    with pytest.raises(W2VError, match=r"inner.*; that is inside the run .*, which training repl"):
        run_folder.check_out(tmp_path / "checkpoint" / "inner")


def test_last_run_of_a_name_too_long_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "LAST", tmp_path / "last")
    (tmp_path / "last").write_text("long" * 1000)
    with pytest.raises(W2VError, match=r"the run trained last, longlong.* is gone"):
        run_folder.last_run()
