"""The picture of a training run, drawn by a process of its own.

Matplotlib reads the user's settings when it is imported, in the current folder first, and some
(LaTeX, a backend, an encoding) break it. A process of ours has none of them, and whatever becomes
of it, the training goes on and the caller's own Matplotlib stays as it is.
"""

import contextlib
import json
import os
import subprocess
from pathlib import Path

from w2v import processes
from w2v.errors import W2VError
from w2v.storage import atomic, layout

ENOUGH = 120.0  # seconds; the very first picture looks for all fonts of the machine
SETTINGS = {"MATPLOTLIBRC": os.devnull, "PYTHONWARNINGS": "ignore", "MPLBACKEND": None}
PROGRAM = "w2v.training.picture"


class Drawing:
    """A process that imports Matplotlib at once, and draws one picture when it is asked to.

    A context manager: the process ends with it. It ends with this process, too.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._why = ""
        here = os.path.dirname(__file__)  # where nobody has a matplotlibrc
        try:
            self._process = processes.start(
                PROGRAM,
                folder=here,
                settings=SETTINGS,
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except (OSError, ValueError) as error:
            self._why = str(error)

    def __enter__(self) -> "Drawing":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(OSError):
                self._process.communicate()

    @property
    def is_done(self) -> bool:
        """Whether the process has ended, or there is none."""
        return self._process is None or self._process.poll() is not None

    def ask(self, metrics: Path, epochs_done: int, picture: Path) -> None:
        """Have it draw a metrics.csv as a PNG file, which takes its name once it is whole."""
        staging = atomic.staging_name(picture.absolute())
        paths = [str(path) for path in (metrics.absolute(), staging, picture.absolute())]
        asked = json.dumps([epochs_done, *paths]).encode() + b"\n"
        pipe = self._process and self._process.stdin
        if pipe:
            with contextlib.suppress(OSError):  # it has ended: `finish` says why
                pipe.write(asked)
                pipe.flush()

    def finish(self) -> None:
        """Wait until the picture is there. Raises: W2VError: it cannot be drawn, and why."""
        process = self._process
        if process is None:
            raise cannot_draw(self._why)
        try:
            _, said = process.communicate(timeout=ENOUGH)
        except subprocess.TimeoutExpired as error:
            raise cannot_draw(f"it takes more than {ENOUGH:.0f} s") from error
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            lines = said.decode(errors="backslashreplace").split("\n")
            why = next(filter(None, map(str.strip, reversed(lines))), None)
            raise cannot_draw(why or f"status {process.returncode}")


def cannot_draw(why: str) -> W2VError:
    return W2VError(f"cannot draw {layout.LOSS}: {why}; metrics.csv has all that it would show")
