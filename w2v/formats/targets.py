"""Where an export goes: a file or a folder that is replaced whole, and never anything else."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from w2v.errors import W2VError
from w2v.files import check_path
from w2v.storage import atomic, layout


def refuse_stream(path: Path) -> None:
    """Raise W2VError for a file that is open as a stream: to replace it would cut off a log.

    It may be called /dev/stdout, /dev/fd/3, or by its own name: `w2v export … log >> log`.
    """
    if not os.path.isfile(path):  # neither a device nor a pipe is ever replaced, see new_file
        return
    absolute = Path(os.path.abspath(path))
    is_stream = absolute.parent == Path("/dev") or absolute.is_relative_to("/dev/fd")
    is_stream |= absolute.is_relative_to("/proc")
    for number in (0, 1, 2):
        with contextlib.suppress(OSError):  # that one is closed
            is_stream |= os.path.samestat(os.stat(path), os.fstat(number))
    if is_stream:
        raise W2VError(
            f"{path} is what the program reads from or prints to, and is left as it is; "
            "name another path"
        )


def prepared(path: str | os.PathLike[str]) -> Path:
    """The path itself where that is a link, in a folder that is there, for `new_file` to write.

    Raises:
        W2VError: it is inside a run.
        OSError: no file can have that name, or its folder cannot be made.
    """
    check_path(path)
    path = Path(os.path.realpath(path))  # a link is never what gets replaced
    names = (layout.VECTORS, layout.VOCAB)
    if any(all(Path(parent, name).exists() for name in names) for parent in path.parents):
        raise W2VError(f"{path} is inside a run, which training replaces; name a path outside it")
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):  # what others left behind must not stop this
        atomic.sweep(path)
    return path


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` when the block ends."""
    if os.path.lexists(path) and not path.is_file():
        raise W2VError(f"{path} is no file, and is left as it is; name another path")
    with atomic.staged_file(path) as staging, open(staging, "wb") as file:
        yield file


def refuse_others(path: Path, names: set[str]) -> None:
    """Raise W2VError for what is no folder, or holds anything but files called `names`."""
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        raise W2VError(f"{path} is no folder, and is left as it is; name another path")
    if others := sorted(set(os.listdir(path)) - names):
        raise W2VError(f"{path} holds {others[0]}, which would be lost; name another folder")


@contextlib.contextmanager
def new_folder(path: Path, names: set[str]) -> Iterator[Path]:
    """A folder to fill with files called `names`; takes the place of `path` when the block ends."""
    refuse_others(path, names)
    if os.path.lexists(path) and (path == Path.cwd() or os.path.ismount(path)):
        raise W2VError(f"{path} cannot be replaced; name a folder inside it")
    with atomic.staged(path) as staging:
        yield staging
        atomic.flush_tree(staging)
        atomic.swap(staging, path)
