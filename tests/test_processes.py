"""Trainings in threads and processes: what is supported, and what is refused in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from texts import zipf_lines

ROOT = Path(__file__).parent.parent
PROLOGUE = """
import multiprocessing, threading
import w2v

def train(out, engine, workers=2):
    settings = dict(epochs=1, vector_size=4, min_count=1, workers=workers)
    try:
        run = w2v.train("text.txt", engine=engine, out=out, watcher=w2v.Watcher(), **settings)
        return run.vectors.vectors.tobytes()
    except w2v.W2VError as error:
        return str(error)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "text.txt").write_text(zipf_lines(50, 500))
    return tmp_path


def python(code, folder, **environment):
    """Run code in a script of its own, which spawned processes import."""
    (folder / "script.py").write_text(PROLOGUE + code)
    return subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


several = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core has one thread")


def test_training_in_a_thread_goes_on_when_the_main_thread_has_ended(folder):
    """By then Python starts no thread of a pool any more."""
    code = """
begun = threading.Event()

class Watcher(w2v.Watcher):
    def trained(self, row):
        begun.set()

def work():
    w2v.train(
        "text.txt", engine="cpu", out="a", epochs=40, vector_size=4, min_count=1, watcher=Watcher()
    )
    print("done")

threading.Thread(target=work).start()
begun.wait()
"""
    result = python(code, folder)
    assert result.stdout == "done\n", result.stderr


@several
@pytest.mark.parametrize("engine", ["cpu", pytest.param("torch", marks=pytest.mark.heavy)])
def test_trainings_in_threads_and_spawned_processes_give_the_same_bits(folder, engine):
    code = f"""
if __name__ == "__main__":
    results = [train("a", {engine!r})]
    threads = [
        threading.Thread(target=lambda i=i: results.append(train(f"t{{i}}", {engine!r})))
        for i in range(2)
    ]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        results.append(pool.apply(train, ("p", {engine!r})))
    assert len(results) == 4 and type(results[0]) is bytes, results
    assert len(set(results)) == 1
"""
    done = python(code, folder)
    assert done.returncode == 0, done.stderr


@several
@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.parametrize("engine", ["cpu", pytest.param("torch", marks=pytest.mark.heavy)])
def test_forked_pool_trains_on_the_cpu_engine_and_is_refused_to_torch(folder, engine):
    code = f"""
if __name__ == "__main__":
    before = train("a", {engine!r})
    with multiprocessing.get_context("fork").Pool(1) as pool:
        after = pool.apply_async(train, ("b", {engine!r})).get(60)
    print("the same" if after == before else after)
"""
    done = python(code, folder)
    refusal = "this process was forked after a training with torch, whose threads do not come along"
    expected = "the same" if engine == "cpu" else refusal
    assert done.stdout.startswith(expected), done.stderr


@pytest.mark.heavy
@several
def test_torch_keeps_the_callers_number_of_threads(folder):
    code = """
import torch
torch.set_num_threads(2)
train("a", "torch", workers=1)
print(torch.get_num_threads())
"""
    assert python(code, folder).stdout == "2\n"


@pytest.mark.parametrize("name", ["NUMBA_THREADING_LAYER", "NUMBA_NUM_THREADS"])
def test_numbas_own_threads_play_no_part(folder, name):
    environment = {name: {"NUMBA_THREADING_LAYER": "tbb", "NUMBA_NUM_THREADS": "1"}[name]}
    done = python('print(type(train("a", "cpu", None)).__name__)', folder, **environment)
    assert done.stdout == "bytes\n", done.stderr


def test_training_without_compiling_is_refused_in_one_line(folder):
    done = subprocess.run(
        [sys.executable, "-m", "w2v", "train", "--corpus", "text.txt"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: NUMBA_DISABLE_JIT is set, and training needs compiled code; unset it\n"
    )
