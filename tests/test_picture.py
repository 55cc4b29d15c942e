"""The picture of a run is drawn whatever the user's Matplotlib is set to, and never costs a run."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import w2v
from stopping import SETTINGS, Stop
from texts import zipf_lines
from w2v.pictures import curves, drawing
from w2v.recipes import from_recipe
from w2v.storage.metrics import Metrics, write_csv
from w2v.training import live
from w2v.training.train import train_run

pytestmark = pytest.mark.draws

ROOT = Path(__file__).parent.parent
PIXELS = (800, 640)
TRAINS = """
import sys, w2v
w2v.train(corpus="text.txt", engine="cpu", epochs=1, min_count=1, vector_size=4, out="run")
assert "matplotlib" not in sys.modules, "the caller's own Matplotlib is not touched"
"""


def pixels_of(picture):
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert content.endswith(b"IEND\xaeB`\x82")
    return struct.unpack(">II", content[16:24])


def train(folder, **environment):
    (folder / "text.txt").write_text(zipf_lines(50, 300))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-c", TRAINS]
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return pixels_of(folder / "run/loss.png")


@pytest.mark.parametrize("backend", ["nonsense", "module://matplotlib_inline.backend_inline"])
def test_picture_needs_no_backend_of_the_users(backend, tmp_path):
    assert train(tmp_path, MPLBACKEND=backend) == PIXELS


RC = {
    "LaTeX": b"text.usetex: True\n",
    "no UTF-8": b"caf\xe9: 1\n",
    "UTF-16": "font.size: 9\n".encode("utf-16"),
    "100,000 dots an inch": b"savefig.dpi: 100000\n",
    "huge letters": b"font.size: 1e9\n",
    "another look": b"figure.figsize: 1, 1\nsavefig.bbox: tight\n",
}


@pytest.mark.parametrize(
    ("name", "where"), [*((name, "named") for name in RC), ("LaTeX", "here"), ("LaTeX", "home")]
)
def test_picture_is_the_same_whatever_matplotlibrc_says(name, where, tmp_path):
    places = {
        "here": (tmp_path / "matplotlibrc", {}),
        "home": (tmp_path / "home/.config/matplotlib/matplotlibrc", {}),
        "named": (tmp_path / "mine", {"MATPLOTLIBRC": str(tmp_path / "mine")}),
    }
    path, environment = places[where]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(RC[name])
    cache = {"NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", ""), "XDG_CONFIG_HOME": ""}
    assert train(tmp_path, HOME=str(tmp_path / "home"), **cache, **environment) == PIXELS


@pytest.fixture
def broken_matplotlib(tmp_path, monkeypatch):
    """What Matplotlib is then is left to the test: the path of its first file."""
    package = tmp_path / "broken" / "matplotlib" / "__init__.py"
    package.parent.mkdir(parents=True)
    monkeypatch.syspath_prepend(package.parent.parent)
    return package


BROKEN = {
    "raise RuntimeError('many\\nlines')": "cannot draw loss.png: lines; metrics.csv has all",
    "raise SystemExit(3)": "cannot draw loss.png: status 3; metrics.csv has all",
    "import os; os.abort()": "cannot draw loss.png: status -6; metrics.csv has all",
    "import time; time.sleep(99)": "cannot draw loss.png: it takes more than 1 s; metrics.csv has",
}


@pytest.mark.parametrize("code", BROKEN)
@pytest.mark.usefixtures("zipf_corpus")
def test_picture_that_cannot_be_drawn_is_a_warning(code, broken_matplotlib, monkeypatch):
    broken_matplotlib.write_text(code)
    monkeypatch.setattr(drawing, "ENOUGH", 1.0)
    watcher = Stop(0)
    run = train_run(from_recipe(**SETTINGS, out="a"), watcher)
    assert len(w2v.load("a")) == len(run.vectors) == 201
    assert [line for line in watcher.said if BROKEN[code] in line]
    names = {path.name for path in run.folder.iterdir()}
    assert names == {"checkpoint", "config.json", "metrics.csv", "vectors.safetensors", "vocab.tsv"}


@pytest.mark.usefixtures("zipf_corpus")
def test_python_that_cannot_be_started_is_a_warning(monkeypatch):
    watcher = Stop(0)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    train_run(from_recipe(**SETTINGS, out="a"), watcher)
    assert [line for line in watcher.said if line.startswith("cannot draw loss.png: [Errno 2]")]


@pytest.mark.usefixtures("zipf_corpus")
def test_metrics_and_picture_are_there_while_training_runs(monkeypatch):
    monkeypatch.setattr(live, "WITHIN_EPOCH", 0.0)
    seen = []

    class Looks(Stop):
        def epoch_done(self, row):
            folder = Path("a/checkpoint")
            rows = (folder / "metrics.csv").read_text().splitlines()
            seen.append(rows[-1].split(",")[0])
            while not (folder / "loss.png").exists():
                pass
            assert pixels_of(folder / "loss.png") == PIXELS

    run = train_run(from_recipe(**{**SETTINGS, "checkpoint_every": "9e"}, out="a"), Looks(0))
    assert seen == ["1", "2", "3"]
    assert [path.name for path in (run.folder / "checkpoint").iterdir()] == ["state.safetensors"]
    assert (run.folder / "metrics.csv").exists()
    assert (run.folder / "loss.png").exists()
    w2v.train(**SETTINGS, out="a")  # what was there is no hindrance


def test_drawing_that_is_asked_often_draws_the_newest(tmp_path):
    """However fast it is asked, and though one order was cut off by a full pipe."""
    orders = [
        curves.order(tmp_path / f"{number}.csv", tmp_path / "loss.png") for number in range(9)
    ]
    with drawing.Drawing() as process:
        for order in orders:  # there are no such files
            process.ask(order)
        process.ask(orders[0][:-9])
        write_csv([Metrics(1, 1, 0.6, 0.1, 1.0, 1.0, 0.5)], tmp_path / "metrics.csv")
        process.ask(curves.order(tmp_path / "metrics.csv", tmp_path / "loss.png"))
        assert process.finish("loss.png") == []
    assert pixels_of(tmp_path / "loss.png") == PIXELS


def test_drawing_that_hangs_holds_nobody_up(broken_matplotlib, monkeypatch, tmp_path):
    broken_matplotlib.write_text("import time; time.sleep(99)")
    monkeypatch.setattr(drawing, "ENOUGH", 0.1)
    with drawing.Drawing() as process:
        for _ in range(3000):  # some hundred KB: more than a pipe holds
            process.ask(curves.order(tmp_path / "metrics.csv", tmp_path / "loss.png"))
        with pytest.raises(w2v.W2VError, match="cannot draw x: it takes more than 0 s"):
            process.finish("x")


def test_drawing_ends_with_whoever_began_it(tmp_path):
    code = (
        "import os, signal, sys; from w2v.pictures.drawing import Drawing\n"
        "print(Drawing()._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    died = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    pid = int(died.communicate()[0])
    assert died.returncode == -9
    while _is_running(pid):
        pass


def _is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_drawing_that_nobody_asks_ends_with_its_block():
    with drawing.Drawing() as process:
        assert not process.is_done
    assert process.is_done
