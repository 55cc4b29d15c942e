"""How the commands begin and end: closed streams, a Ctrl-C while Python imports, damaged caches."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import w2v
from texts import zipf_lines
from w2v.commands import console
from w2v.errors import UsageError, W2VError
from w2v.storage import run_folder
from w2v.training.metrics import Metrics

ROOT = Path(__file__).parent.parent
TRAIN = [
    sys.executable, str(ROOT / "train.py"), "--corpus", "text.txt", "--engine", "cpu",
    "--epochs", "1", "--min-count", "1", "--vector-size", "4", "--out", "run",
]  # fmt: skip


@pytest.fixture
def text(folder):
    (folder / "text.txt").write_text(zipf_lines(50, 300))
    return folder


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.usefixtures("text")
def test_training_needs_no_standard_streams(closed):
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *TRAIN]
    result = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert result.returncode == 0, (result.stdout, result.stderr)
    assert len(w2v.load("run", verify=True)) == 51
    if ">&-" not in closed.replace("2>&-", ""):
        assert "written: run" in result.stdout


@pytest.mark.usefixtures("text")
def test_error_with_stderr_closed_has_its_status():
    shell = ["sh", "-c", 'exec "$@" 2>&-', "sh", *TRAIN, "--window", "0"]
    result = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stdout == ""


@pytest.mark.heavy  # not before our handler is there: on a busy machine that takes its time
@pytest.mark.parametrize("script", ["train.py", "query.py"])
@pytest.mark.usefixtures("text")
def test_interrupt_while_python_imports_is_no_traceback(script):
    subprocess.run(TRAIN, capture_output=True, check=True)  # compiled, and a run
    arguments = TRAIN[2:] if script == "train.py" else ["w1", "--run", "run"]
    chance = random.Random(0)
    for _ in range(12):
        command = [sys.executable, str(ROOT / script), *arguments]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
            wait_for_import_of(process)
            time.sleep(chance.uniform(0, 0.4 if script == "train.py" else 0.1))
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        assert process.returncode in (0, 130, -signal.SIGINT)
        assert "Traceback" not in errors
        assert "KeyboardInterrupt" not in errors


def wait_for_import_of(process):
    """Until Python itself is up and our script has begun: it no longer has Python's handler."""
    status, end = Path(f"/proc/{process.pid}/status"), time.monotonic() + 0.5
    if not status.exists():
        time.sleep(0.1)
        return
    has_heard = False
    while process.poll() is None and time.monotonic() < end:
        lines = status.read_text().splitlines()
        caught = next((line.split()[1] for line in lines if line.startswith("SigCgt")), "0")
        hears = bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)
        if has_heard and not hears:
            return
        has_heard = hears


def damage_empty(content):
    return b""


def damage_cut(content):
    return content[: len(content) // 2]


def damage_zeros(content):
    half = len(content) // 2
    return content[:half] + bytes(len(content) - half)


CALLS = """
import sys
import numpy as np
from w2v.batches.noise import _alias_table
print(*_alias_table(np.array([0.5, 0.3, 0.2])))
"""


@pytest.mark.parametrize("damage", [damage_empty, damage_cut, damage_zeros])
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_damaged_compiled_code_is_dropped_and_compiled_anew(damage, ending, tmp_path):
    first = call(tmp_path)
    files = list(tmp_path.rglob(f"*.{ending}"))
    assert files
    for path in files:
        path.write_bytes(damage(path.read_bytes()))
    second, third = call(tmp_path), call(tmp_path)
    assert first.stdout == second.stdout == third.stdout
    assert "is damaged: compiling it anew" in second.stderr
    assert len(second.stderr.splitlines()) == 1
    assert first.stderr == third.stderr == ""


def call(cache, code=CALLS, **more):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT), **more}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result


LIMITED = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
LIMITED += "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"


def test_compiled_code_that_cannot_be_kept_is_one_line(tmp_path):
    imports, line = CALLS.rsplit("print", 1)
    result = call(tmp_path, f"{imports}{LIMITED}print{line}")
    assert result.stderr
    assert result.stdout == call(tmp_path).stdout
    assert result.stderr.count("cannot keep compiled code in") == len(result.stderr.splitlines())


IN_NO_HOME = """
import os, sys
from pathlib import Path
from w2v import compiled
compiled.PACKAGE = Path("/proc/nowhere")  # nobody can write there
print(compiled._cache_folder(""))
"""


def test_read_only_install_without_home_compiles_once(tmp_path):
    places = {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "", "TMPDIR": str(tmp_path)}
    one, two = (call(tmp_path / "cache", IN_NO_HOME, **places).stdout for _ in range(2))
    assert one == two
    mine = tmp_path / f"w2v-{os.getuid()}"
    assert Path(one.strip()).parent == mine
    assert mine.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["open to all", "a link", "a file"])
def test_temporary_folder_that_others_may_write_to_is_never_used(kind, tmp_path):
    mine = tmp_path / f"w2v-{os.getuid()}"
    if kind == "a link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        mine.symlink_to(tmp_path / "theirs")
    elif kind == "a file":
        mine.write_text("")
    else:
        mine.mkdir()
        mine.chmod(0o777)
    before = set(tmp_path.iterdir())
    places = {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "", "TMPDIR": str(tmp_path)}
    used = Path(call(tmp_path / "cache", IN_NO_HOME, **places).stdout.strip())
    assert used.parent == tmp_path
    assert not used.exists(), "it is removed with the process"
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["corpus", "out", "data_dir", "validation", "evaluate"])
def test_path_with_nul_is_refused(name):
    with pytest.raises(UsageError, match="it must hold no NUL, which no path can"):
        w2v.from_recipe(**{name: "a\0b"})


@pytest.mark.usefixtures("folder")
def test_out_through_a_missing_folder_is_refused_before_training():
    with pytest.raises(W2VError, match=r"--out is missing/\.\./r2; missing is no folder"):
        run_folder.check_out("missing/../r2")
    Path("there").mkdir()
    run_folder.check_out("there/../r2")
    run_folder.check_out("../r2")
    assert [path.name for path in Path().iterdir()] == ["there"]


def test_log_without_a_terminal_has_a_line_every_so_often(monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: clock[0])
    with console.Console() as watcher:
        watcher._epochs, watcher._is_timed = 5, True
        for second in range(0, 200, 10):
            clock[0] = float(second)
            done = second / 400
            watcher.trained(Metrics(1, 9, 0.5, 0.1, 1e6, second + 1e-9, done))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0] == "epoch 1/5, 15% of it: loss 0.5000, 1,000,000 centers/s, about 1,940 s left"
