"""What a path may be, and opening a file to read: the one check for all that is opened."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def unfit(path: object) -> str | None:
    """What a path would have to do to be the name of anything; None where it may be one."""
    if not isinstance(path, (str, os.PathLike)):
        return f"be text or a Path, and is of type {type(path).__name__}"
    if not os.fspath(path):
        return "not be empty"
    try:
        return "hold no NUL, which no path can" if b"\0" in os.fsencode(path) else None
    except UnicodeEncodeError:
        return "hold no half of a character, which no path can"


def check_path(path: str | os.PathLike[str]) -> None:
    """Raises: OSError: no file or folder can have that name; `strerror` is for people."""
    if what := unfit(path):
        named = os.fspath(path) if isinstance(path, (str, os.PathLike)) and path else repr(path)
        raise OSError(errno.EINVAL, f"it must {what}", named)
    if not os.path.isabs(path) and (what := gone()):
        raise OSError(errno.EINVAL, what, os.fspath(path))


def gone() -> str | None:
    """What to say where the current folder was removed; None where it is there."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return "the current folder was removed; go to one that is there"
    return None


def lost_link(path: str | os.PathLike[str]) -> str | None:
    """What to say where `path`, or a folder it is in, is a link to nothing; None elsewhere."""
    for place in (Path(path), *Path(path).parents):
        if os.path.islink(place) and not os.path.exists(place):
            return f"{place} is a link to {os.readlink(place)}, which is not there"
    return None


def users_cache() -> Path:
    """`w2v` in the user's folder for caches; not absolute where there is no home folder."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return Path(named if os.path.isabs(named) else os.path.expanduser("~/.cache"), "w2v")


def open_file(path: str | os.PathLike[str], buffering: int = -1) -> BinaryIO:
    """Open a regular file to read its bytes.

    A pipe may never say a word, and a device may never end; so neither is opened.

    Raises:
        OSError: as `open`, and for what is no regular file; `strerror` is for people.
    """
    check_path(path)
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        raise FileNotFoundError(error.errno, lost_link(path) or error.strerror, path) from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a folder, `open` says so itself
        what = "it is no regular file; save what it holds to one first"
        raise OSError(errno.EINVAL, what, os.fspath(path))
    return open(path, "rb", buffering)


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a regular file; raises as `open_file` does."""
    with open_file(path) as file:
        return file.read()
