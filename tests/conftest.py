"""Fixtures that several tests share."""

import os
import signal
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", str(max(4, os.cpu_count())))  # read by Numba's import

import pytest

from w2v import ptb

# A shell starts background jobs with SIGINT ignored, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="session")
def ptb_dir():
    """The folder that holds PTB: $W2V_DATA_DIR, else data/. Never downloads; skips without."""
    folder = Path(os.environ.get("W2V_DATA_DIR") or DATA).absolute()
    if not ptb.find(folder, "train"):
        pytest.skip(f"PTB is not in {folder}; name a folder that has ptb.zip in W2V_DATA_DIR")
    return folder
