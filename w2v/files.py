"""What a path may be, and opening a file to read: the one check for all that is opened."""

import errno
import os
import stat
from typing import BinaryIO


def unfit(path: str | os.PathLike[str]) -> str | None:
    """What a path would have to do to be the name of anything; None where it may be one."""
    try:
        return "hold no NUL, which no path can" if b"\0" in os.fsencode(path) else None
    except UnicodeEncodeError:
        return "hold no half of a character, which no path can"


def check_path(path: str | os.PathLike[str]) -> None:
    """Raises: OSError: no file or folder can have that name; `strerror` is for people."""
    if what := unfit(path):
        raise OSError(errno.EINVAL, f"it must {what}", os.fspath(path))


def open_file(path: str | os.PathLike[str], buffering: int = -1) -> BinaryIO:
    """Open a regular file to read its bytes.

    A pipe may never say a word, and a device may never end; so neither is opened.

    Raises:
        OSError: as `open`, and for what is no regular file; `strerror` is for people.
    """
    check_path(path)
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a folder, `open` says so itself
        what = "it is no regular file; save what it holds to one first"
        raise OSError(errno.EINVAL, what, os.fspath(path))
    return open(path, "rb", buffering)


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a regular file; raises as `open_file` does."""
    with open_file(path) as file:
        return file.read()
