"""Files and folders put in their place in one step: all there, or as it was before."""

import contextlib
import ctypes
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_STAGED, _ASIDE = "new", "old"  # endings of the hidden names beside a target
_STALE_AFTER = 60.0  # seconds; a younger hidden folder may not have been locked yet


def write(target: Path, content: bytes | bytearray) -> None:
    """Make the file `target` hold the bytes `content`. Raises: OSError, with no change made."""
    with staged_file(target) as staging:
        staging.write_bytes(content)


@contextlib.contextmanager
def staged_file(target: Path) -> Iterator[Path]:
    """The path of a file to write beside `target`, which takes its place when the block ends."""
    staging = _beside(target, _STAGED)
    try:
        yield staging
        flush(staging)
        os.replace(staging, target)
        _flush_names(target.parent)
    finally:
        with contextlib.suppress(OSError):
            staging.unlink(missing_ok=True)


def is_staging(name: str, target_name: str) -> bool:
    """Whether a file or folder of this name is what `target_name` was being written to."""
    return bool(re.fullmatch(rf"\.{re.escape(target_name)}\.[0-9a-f]{{8}}\.{_STAGED}", name))


def hold(staging: BinaryIO) -> None:
    """Have `sweep` leave an open staging file alone, however old, until it is closed."""
    if fcntl is not None:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(staging, fcntl.LOCK_EX | fcntl.LOCK_NB)


def staged_for(name: str) -> str | None:
    """The name of what a hidden file or folder of this name is, or was, to take the place of."""
    match = re.fullmatch(rf"\.(.+)\.[0-9a-f]{{8}}\.{_STAGED}", name)
    return match[1] if match else None


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A new hidden folder beside `target`; whatever has its name when the block ends is removed.

    That is the unfinished new folder, or the old one if `swap` has exchanged the two.
    """
    staging = _beside(target, _STAGED)
    staging.mkdir()
    lock = _lock(staging)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """An open handle that locks `folder` until it is closed or this process ends; None if the
    lock cannot be had.
    """
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process's, or a network file system without locks
        os.close(handle)
        return None
    return handle


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other processes out of `folder`, which is created if it is missing.

    A folder that was created here and is empty when the block ends is removed again.

    Raises:
        BlockingIOError: another process has claimed it.
        OSError: it cannot be created.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    handle = None if fcntl is None else os.open(folder, os.O_RDONLY)
    try:
        if handle is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise
            except OSError:  # a file system without locks
                pass
        yield
    finally:
        if handle is not None:
            os.close(handle)
        for path in missing:  # innermost first
            with contextlib.suppress(OSError):
                path.rmdir()


def sweep(target: Path) -> None:
    """Clear away what killed processes left beside `target`; what may be in use stays."""
    pattern = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.({_STAGED}|{_ASIDE})")
    for folder in target.parent.iterdir():
        match = pattern.fullmatch(folder.name)
        if not match or not _is_stale(folder):
            continue
        if match[1] == _ASIDE and not os.path.lexists(target):
            folder.rename(target)  # killed between the two renames of swap
        elif folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            folder.unlink(missing_ok=True)


def _is_stale(folder: Path) -> bool:
    if time.time() - folder.stat().st_mtime < _STALE_AFTER:
        return False
    lock = _lock(folder)
    if lock is not None:
        os.close(lock)
    return lock is not None


def swap(new: Path, target: Path) -> None:
    """Put the folder `new` at `target`; an old folder there gets the name `new`, or is removed."""
    if not os.path.lexists(target):
        new.rename(target)
    elif not _exchange(new, target):
        aside = _beside(target, _ASIDE)
        target.rename(aside)
        try:
            new.rename(target)
        except OSError:
            aside.rename(target)
            raise
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders' names in one step; False where the system or the file system cannot."""
    here, swap = -100, 2  # AT_FDCWD of Linux; RENAME_EXCHANGE there and RENAME_SWAP of macOS
    names = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "linux":
            return ctypes.CDLL(None).renameat2(here, names[0], here, names[1], swap) == 0
        if sys.platform == "darwin":
            return ctypes.CDLL(None).renamex_np(*names, swap) == 0
    except AttributeError:  # a C library without that call
        pass
    return False


def flush_tree(folder: Path) -> None:
    """Have all files below `folder`, and their names, on the disk before going on."""
    for parent, _, names in os.walk(folder):
        for name in names:
            flush(os.path.join(parent, name))
        _flush_names(parent)


def _flush_names(folder: str | Path) -> None:
    """Have a folder's list of names on the disk, where the file system offers that."""
    with contextlib.suppress(OSError):
        flush(folder)


def flush(path: str | Path) -> None:
    """Have what was written to `path` on the disk before going on."""
    if os.name == "nt":  # opens no folder, and flushes no file that is open for reading
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def staging_name(target: Path) -> Path:
    """A new hidden name beside `target`, for what is to take its place; see `is_staging`."""
    return _beside(target, _STAGED)


def _beside(target: Path, ending: str) -> Path:
    """A new hidden name beside `target`."""
    return target.with_name(f".{target.name}.{os.urandom(4).hex()}.{ending}")
