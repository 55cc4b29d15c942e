"""The picture of a training run, drawn by a process of its own.

Matplotlib reads the user's settings when it is imported, in the current folder first, and some
(LaTeX, a backend, an encoding) break it. A process of ours has none of them, and whatever becomes
of it, the training goes on and the caller's own Matplotlib stays as it is.
"""

import os
import subprocess
import sys
from pathlib import Path

from w2v.errors import W2VError
from w2v.storage import atomic

ENOUGH = 120.0  # seconds; the very first picture looks for all fonts of the machine
CODE = "import sys; sys.path[:] = {}; from w2v.training import picture; picture.main()"


def plot_loss(metrics: Path, epochs_done: int, picture: Path) -> None:
    """Draw a metrics.csv as a PNG file. Raises: W2VError: it cannot be drawn, and why."""
    drawing = start(metrics, epochs_done, picture)
    try:
        _, said = drawing.communicate(timeout=ENOUGH)
    except subprocess.TimeoutExpired as error:
        raise cannot_draw(picture, f"it takes more than {ENOUGH:.0f} s") from error
    finally:
        drawing.kill()
        drawing.wait()
    if drawing.returncode:
        lines = said.decode(errors="backslashreplace").split("\n")
        why = next(filter(None, map(str.strip, reversed(lines))), f"status {drawing.returncode}")
        raise cannot_draw(picture, why)


def start(
    metrics: Path, epochs_done: int, picture: Path, errors: int = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """Begin to draw a metrics.csv; the picture is there when the process has ended, with status 0.

    Args:
        errors: where the process writes what is wrong, as for Popen.
    Raises: W2VError: no process can be started.
    """
    here = picture.parent.absolute()
    settings = {"MATPLOTLIBRC": os.devnull, "PYTHONWARNINGS": "ignore"}
    environment = {**os.environ, **settings}
    environment.pop("MPLBACKEND", None)
    code = CODE.format([os.path.abspath(folder) for folder in sys.path])  # '' is the current one
    staging = atomic.staging_name(here / picture.name)
    arguments = map(str, [metrics.absolute(), epochs_done, staging, here / picture.name])
    try:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=here,  # without a matplotlibrc
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # a Ctrl-C is for the training
        )
    except (OSError, ValueError) as error:
        raise cannot_draw(picture, str(error)) from error


def cannot_draw(picture: Path, why: str) -> W2VError:
    return W2VError(f"cannot draw {picture.name}: {why}; metrics.csv has all that it would show")
