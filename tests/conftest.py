"""Fixtures that several tests share."""

import gc
import os
import signal
from pathlib import Path

import pytest

# Two workers of pytest share the cores: threads that wait must not spin. OpenMP looks when torch
# is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import torch

# Without a GPU, its kernels are run by Triton's interpreter. Triton looks when it is imported.
if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"

from browser import chromium, open_page  # noqa: F401 (fixtures)
from texts import zipf_lines
from w2v.engines.base import Engine
from w2v.engines.cpu import CpuEngine
from w2v.pictures import drawing
from w2v.text import ptb

# A shell starts background jobs with SIGINT ignored, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

DATA = Path(__file__).parent.parent / "data"


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("heavy"):
            item.add_marker(pytest.mark.timeout(0))


def pytest_sessionfinish():
    """Trainings here have frozen what was imported; Triton complains of what is never freed."""
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _blank_pictures(request, monkeypatch):
    """Trainings in the tests' own process draw nothing: see blank_pictures.py."""
    if "draws" not in request.keywords:
        monkeypatch.setattr(drawing, "PROGRAM", "blank_pictures")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def ptb_dir():
    """The folder that holds PTB: $W2V_DATA_DIR, else data/. Never downloads; skips without."""
    folder = Path(os.environ.get("W2V_DATA_DIR") or DATA).absolute()
    if not ptb.find(folder, "train"):
        pytest.skip(f"PTB is not in {folder}; name a folder that has ptb.zip in W2V_DATA_DIR")
    return folder


@pytest.fixture
def zipf_corpus(tmp_path, monkeypatch):
    """The text of SETTINGS, in the current folder, trained in many calls of the engine."""
    monkeypatch.chdir(tmp_path)
    for engine in (Engine, CpuEngine):
        monkeypatch.setattr(engine, "call_centers", 2000)
    (tmp_path / "zipf.txt").write_text(zipf_lines(200, 3000))
