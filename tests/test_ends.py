"""How the commands begin and end: closed streams, a Ctrl-C while Python imports, damaged caches."""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import w2v
from texts import zipf_lines
from w2v.commands import console
from w2v.errors import UsageError, W2VError
from w2v.evaluation import testsets
from w2v.storage import run_folder
from w2v.storage.metrics import Metrics
from w2v.vectors import saving
from w2v.vectors.saving import save_vectors
from w2v.vectors.wordvectors import WordVectors

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


INTERRUPTS = """
import atexit, os, signal, sys
at = sys.argv.pop(1)
def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == at:
            interrupt()
sys.meta_path.insert(0, Interrupts())
if at == "the end":
    atexit.register(interrupt)
from w2v.__main__ import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with a run of a few words, and word pairs."""
    folder = tmp_path_factory.mktemp("run")
    table = np.arange(1, 13, dtype=np.float32).reshape(4, 3)
    (folder / "run").mkdir()
    save_vectors(folder / "run", ["<unk>", "a", "b", "c"], range(4), table, table)
    (folder / "pairs.txt").write_text("a b 1\nb c 2\n")
    return folder


# `argparse` is among the first; NumPy makes another error of what happens in `datetime`.
@pytest.mark.parametrize("at", ["w2v.commands.common", "argparse", "datetime", "the end"])
@pytest.mark.parametrize(
    "command",
    ["query a --run run", "export run --to glove x --force", "evaluate run --pairs pairs.txt"],
)
def test_interrupt_while_a_command_imports_or_ends_is_silent(run, command, at):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTS, at, *command.split()],
        cwd=run,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.returncode in (130, -signal.SIGINT)  # which shells call 130


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


def test_damaged_compiled_code_is_dropped_and_compiled_anew(tmp_path):
    first = call(tmp_path)
    assert first.stderr == ""
    for ending, damage in itertools.product(
        ("nbi", "nbc"), (damage_empty, damage_cut, damage_zeros)
    ):
        files = list(tmp_path.rglob(f"*.{ending}"))
        assert files
        for path in files:
            path.write_bytes(damage(path.read_bytes()))
        again = call(tmp_path)
        assert again.stdout == first.stdout
        assert "is damaged: compiling it anew" in again.stderr, (ending, damage)
        assert len(again.stderr.splitlines()) == 1
    last = call(tmp_path)
    assert (last.stdout, last.stderr) == (first.stdout, "")


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
    assert used.parent.parent == tmp_path
    assert not used.parent.exists(), "it is removed with the process"
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    assert set(tmp_path.iterdir()) == before


NOWHERE = {"a\0b": "no NUL, which no path can", "a\ud800b": "no half of a character"}


@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize("name", ["corpus", "out", "data_dir", "validation", "evaluate"])
def test_setting_that_no_path_can_be_is_refused(name, path):
    with pytest.raises(UsageError, match=f"it must hold {NOWHERE[path]}"):
        w2v.from_recipe(**{name: path})


@pytest.mark.parametrize("path", NOWHERE)
def test_what_no_path_can_be_is_refused_wherever_one_is_named(path, run):
    wv = w2v.load(run / "run")
    for use in (
        lambda: w2v.load(path),
        lambda: w2v.load(path, limit=2),
        lambda: saving.load(path),
        lambda: w2v.export(wv, "glove", path),
        lambda: w2v.export(wv, "npy", path),
        lambda: testsets.read(path),
    ):
        with pytest.raises(W2VError, match=f"it must hold {NOWHERE[path]}"):
            use()


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


def console_told(monkeypatch, capsys, rows):
    """What a Console says of [(clock, progress), ...], of two epochs."""
    clock = [0.0]
    monkeypatch.setattr(console.time, "perf_counter", lambda: clock[0])
    with console.Console() as watcher:
        watcher._epochs = 2
        for clock[0], progress in rows:
            watcher.trained(Metrics(1, 9, 0.5, 0.1, 1e6, clock[0] + 1, progress))
    return capsys.readouterr().out.splitlines()


def test_expected_time_is_kept_current(monkeypatch, capsys):
    rows = [(0, 0.0), (0.1, 0.01), (1, 0.1), (5, 0.5), (10, 0.75), (12, 0.8), (30, 1.0), (31, 1.01)]
    # 0.1 epochs a second at first: 20 s in all. After 12 s a fifteenth: 30 s in all. Then a
    # thirtieth: 60 s in all.
    assert console_told(monkeypatch, capsys, rows) == [
        "expected time: about 19 s",
        "expected time: now about 18 s more",
        "expected time: now about 30 s more",
    ]


def test_expected_time_that_holds_is_told_once(monkeypatch, capsys):
    rows = [(second, second / 50) for second in range(100)]
    assert console_told(monkeypatch, capsys, rows) == ["expected time: about 99 s"]


def test_words_shown_are_frequent_ones_of_this_text():
    words = ["<unk>", *(f"the{n}" for n in range(5)), *(f"word{chr(97 + n)}" for n in range(20))]
    words += ["oil", "friday", "chip"]
    counts = [9, *range(900, 895, -1), *range(500, 480, -1), 90, 39, 2]
    table = np.ones((len(words), 2), np.float32)
    shown = console._words_to_show(WordVectors(words, counts, table))
    assert shown[0] == "oil"  # often enough here; friday and chip are not
    assert len(shown) == 3
    assert all(counts[words.index(word)] >= 40 for word in shown)
    assert all(word.startswith("word") for word in shown[1:])
