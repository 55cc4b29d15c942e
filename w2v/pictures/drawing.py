"""Pictures are drawn by a process of its own, beside whatever asks for them.

Matplotlib reads the user's settings when it is imported, in the current folder first, and some
(LaTeX, a backend, an encoding) break it. A process of ours has none of them, and whatever becomes
of it, a training goes on and the caller's own Matplotlib stays as it is.
"""

import base64
import contextlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from w2v import processes
from w2v.errors import UsageError, W2VError
from w2v.storage import atomic

ENOUGH = 120.0  # seconds; the very first picture looks for all fonts of the machine
SETTINGS = {"MATPLOTLIBRC": os.devnull, "PYTHONWARNINGS": "ignore", "MPLBACKEND": None}
PROGRAM = "w2v.pictures.program"
REMARK = "remark: "  # before a line of the program's stderr that is for the user
MIME_TYPES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}


class Drawing:
    """A process that imports Matplotlib at once, and draws what it is asked to.

    A context manager: the process ends with it. It ends with this process, too.

    Args:
        starts: whether there will be anything to draw.
    """

    def __init__(self, starts: bool = True) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._why = ""
        if not starts:
            return
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
            return
        with contextlib.suppress(OSError, AttributeError):  # Windows, before Python 3.12
            os.set_blocking(self._stdin(), False)  # one that hangs must not hold up a training

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

    def ask(self, order: bytes) -> None:
        """Have it draw what an `order` says, and do not wait for that.

        Of what is asked for while it draws, it draws only the newest.
        """
        if self._process is not None:
            with contextlib.suppress(OSError):  # it has ended, or hangs: `finish` says why
                os.write(self._stdin(), order)

    def finish(self, name: str, order: bytes = b"") -> list[str]:
        """Wait until what was asked for last is there.

        Args:
            name: of the picture, for the error.
            order: one more; it may be long.
        Returns:
            lines that the user should see.
        Raises:
            W2VError: it cannot be drawn, and why.
        """
        process = self._process
        if process is None:
            raise _cannot_draw(name, self._why)
        try:
            _, said = process.communicate(order, timeout=ENOUGH)
        except subprocess.TimeoutExpired as error:
            raise _cannot_draw(name, f"it takes more than {ENOUGH:.0f} s") from error
        finally:
            process.kill()
            process.wait()
        lines = said.decode(errors="backslashreplace").split("\n")
        if process.returncode:
            why = next(filter(None, map(str.strip, reversed(lines))), None)
            raise _cannot_draw(name, why or f"status {process.returncode}")
        return [line.removeprefix(REMARK) for line in lines if line.startswith(REMARK)]

    def _stdin(self) -> int:
        assert self._process is not None
        assert self._process.stdin is not None
        return self._process.stdin.fileno()


class Picture(NamedTuple):
    """The bytes of a picture; in a notebook it shows itself. form: png, svg or pdf."""

    content: bytes
    form: str

    def __repr__(self) -> str:
        return f"<Picture: {self.form}, {len(self.content):,} bytes>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        if self.form == "svg":
            return {MIME_TYPES[self.form]: self.content.decode()}
        return {MIME_TYPES[self.form]: base64.b64encode(self.content).decode()}


def order(target: Path, form: str, picture: str, **what: Any) -> bytes:
    """What a Drawing is asked for.

    Args:
        target: the file, which takes its name once it is whole.
        form: png, svg or pdf.
        picture: which one, of the program's PICTURES.
        what: what that function takes, as values that JSON has.
    """
    target = target.absolute()
    asked = [picture, what, form, str(atomic.staging_name(target)), str(target)]
    # Should the order before have been cut off, it stays a line of its own.
    return b"\n" + json.dumps(asked).encode() + b"\n"


def write(target: str | os.PathLike[str], drawing: Drawing, picture: str, **what: Any) -> list[str]:
    """Draw a picture into a file, whole or not at all, and wait for it.

    Args:
        drawing: one that has begun; it is of no use after this.
        picture, what: see `order`.
    Returns:
        lines that the user should see.
    Raises:
        UsageError: the ending of `target` is not .png, .svg or .pdf.
        W2VError: it cannot be drawn or written.
    """
    path = Path(target)
    form = format_of(path)
    if os.path.lexists(path) and not path.is_file():
        raise W2VError(f"{target} is no file, and is left as it is; name another path")
    try:
        with atomic.staged_file(path) as staging:
            staging.touch()  # here the error tells what the matter is
            return drawing.finish(path.name, order(staging, form, picture, **what))
    except OSError as error:
        raise W2VError(f"cannot write {target}: {error.strerror or error}") from error


def format_of(path: str | os.PathLike[str]) -> str:
    """The format of a picture, which its ending tells. Raises: UsageError: there is no such one."""
    found = Path(path).suffix[1:].lower()
    if found not in MIME_TYPES:
        raise UsageError(f"the picture is {os.fspath(path)!r}; it must end in .png, .svg or .pdf")
    return found


def _cannot_draw(name: str, why: str) -> W2VError:
    return W2VError(f"cannot draw {name}: {why}")
