"""Python in a process of its own, for work beside the training."""

import os
import subprocess
import sys
from collections.abc import Mapping

CODE = "import sys; sys.path[:] = {}; from {} import main; main()"


def start(
    module: str,
    *arguments: object,
    folder: str | os.PathLike[str] | None = None,
    settings: Mapping[str, str | None] | None = None,
    stdin: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Begin to run `main()` of one of our modules, which is found wherever this process finds it.

    Args:
        arguments: its sys.argv[1:].
        folder: the one that it works in; None: this process's.
        settings: of its environment, beside this process's; None takes one away.
        stdin, stderr: as for Popen.
    Raises:
        OSError, ValueError: no process can be started.
    """
    environment = {**os.environ, **(settings or {})}
    code = CODE.format([os.path.abspath(path) for path in sys.path], module)  # '' is the current
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        env={name: value for name, value in environment.items() if value is not None},
        start_new_session=True,  # a Ctrl-C is for the training
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )
