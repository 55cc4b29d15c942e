"""w2v.train(..., progress="notebook") in a real kernel, and where there is none."""

import base64
import sys
from pathlib import Path

import pytest

import w2v
from stopping import SETTINGS
from texts import zipf_lines
from w2v.errors import UsageError

pytestmark = pytest.mark.draws
ROOT = Path(__file__).parent.parent
TRAINS = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import time, w2v
from w2v.training import live
live.WITHIN_EPOCH = live.AFTER_EPOCH = 0.0  # pictures as often as there are calls of the engine
from w2v.engines.cpu import CpuEngine
CpuEngine.call_centers = 500
from w2v.training.notebook import Notebook
trained = Notebook.trained
Notebook.trained = lambda self, row: (trained(self, row), time.sleep(0.05))  # as a long one
run = w2v.train(**{ {**SETTINGS, "engine": "cpu"} }, out="a", progress="notebook")
assert "matplotlib" not in sys.modules
"""


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """Runs cells in a kernel in an empty folder; gives their outputs."""
    nbformat = pytest.importorskip("nbformat", reason="nbclient is in the extra `interop`")
    client = pytest.importorskip("nbclient", reason="nbclient is in the extra `interop`")
    pytest.importorskip("ipykernel", reason="ipykernel is in the extra `interop`")
    monkeypatch.chdir(tmp_path)
    kernel = tmp_path / "jupyter/kernels/here"
    kernel.mkdir(parents=True)
    argv = f'["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]'
    (kernel / "kernel.json").write_text(f'{{"argv": {argv}, "display_name": "here"}}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    def execute(*cells):
        book = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
        updates = []
        executed = client.NotebookClient(book, timeout=120, kernel_name="here")
        process = executed.process_message
        executed.process_message = lambda message, *args: (
            updates.append(message["msg_type"]), process(message, *args),
        )[1]  # fmt: skip
        executed.execute()
        return [cell.outputs for cell in book.cells], updates

    return execute


def test_curve_is_live_in_a_notebook(notebook, tmp_path):
    (tmp_path / "zipf.txt").write_text(zipf_lines(200, 2000))
    (training, shown, plotted), messages = notebook(TRAINS, "run", "run.plot()")
    (picture,) = (output for output in training if output.output_type == "display_data")
    assert messages.count("update_display_data") >= 2
    final = (tmp_path / "a/loss.png").read_bytes()
    assert base64.b64decode(picture.data["image/png"]) == final
    assert "data:image/png;base64," in shown[0].data["text/html"]
    assert base64.b64decode(plotted[0].data["image/png"]) == final


def test_progress_without_a_notebook_is_the_bar(zipf_corpus, capfd):
    w2v.train(**{**SETTINGS, "epochs": 1}, out="a", progress="notebook")
    assert capfd.readouterr() == ("", "")  # nobody watches


def test_progress_of_another_kind_is_refused():
    with pytest.raises(UsageError, match="progress is 'html'; it must be one of bar, notebook"):
        w2v.train("x.txt", progress="html")
