"""What the first training compiles: the kernels in a process beside it, and only then."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from texts import zipf_lines

ROOT = Path(__file__).parent.parent
TRAINS = """
import os, sys, w2v
from w2v.compiled import is_cached
from w2v.engines import choose
from w2v.engines.cpu_kernels import differentiate
from w2v.recipes import from_recipe
from w2v.text.word_table import scan_words
executable, sys.executable = sys.executable, sys.argv[2]
settings = dict(epochs=1, vector_size=4, min_count=1, workers=int(sys.argv[1]))
trains = choose.compiled_functions(choose.resolve(from_recipe(engine="cpu", **settings)))
def known(): print(is_cached([scan_words]), is_cached(trains))
known()
run = w2v.train("text.txt", engine="cpu", out="run", watcher=w2v.Watcher(), **settings)
known()
stats = differentiate.stats
print(run.vectors.vectors.sum(), sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""
several = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core compiles alone")


def train(folder, workers=2, python=sys.executable, **environment):
    """Train in a new process: what is_cached says before and after, the sum of the vectors, how
    often the kernels came from the cache, and how often they did not."""
    (folder / "text.txt").write_text(zipf_lines(50, 300))
    done = subprocess.run(
        [sys.executable, "-c", TRAINS, str(workers), python],
        cwd=folder,
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
        | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    before, after, (total, hits, misses) = map(str.split, done.stdout.splitlines())
    return before, after, total, int(hits), int(misses)


UNKNOWN, KNOWN = ["False"] * 2, ["True"] * 2  # of reading, of training


@several
def test_first_run_finds_what_the_process_beside_it_compiled_and_later_runs_need_none(tmp_path):
    *asked, total, hits, misses = train(tmp_path)
    assert asked == [UNKNOWN, KNOWN]
    assert (hits, misses) == (1, 0)
    later = train(tmp_path, python="/nowhere/python")
    assert later == (KNOWN, KNOWN, total, 0, 0)  # within train_batches


@pytest.mark.heavy
@several
def test_first_run_without_a_process_beside_it_compiles_all(tmp_path):
    *_, total, hits, misses = train(tmp_path, python="/nowhere/python")
    assert (hits, misses) == (0, 1)
    assert train(tmp_path, workers=1)[2] == total


def test_the_command_spares_itself_scipy_and_a_program_of_the_users_does_not(tmp_path):
    pytest.importorskip("scipy")
    (tmp_path / "text.txt").write_text(zipf_lines(50, 300))
    flags = ["--corpus", "text.txt", "--engine", "cpu", "--epochs", "1", "--min-count", "1"]
    command = f"from w2v.commands import train; train.main('w2v train', {flags!r})"
    program = "import w2v; w2v.train('text.txt', engine='cpu', epochs=1, min_count=1, out='run')"
    found = []
    for code in (command, program):
        code += "; import sys; from numba.np import arraymath as numbas"
        code += "; print('scipy.linalg' in sys.modules, numbas._HAVE_BLAS)"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        python = [sys.executable, "-c", code]
        done = subprocess.run(python, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found.append(done.stdout.splitlines()[-1])
    assert found == ["False False", "True True"]
