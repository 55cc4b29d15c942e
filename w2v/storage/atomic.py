"""Files and folders put in their place in one step: all there, or as it was before."""

import contextlib
import ctypes
import os
import re
import shutil
import sys
import time

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_STAGED, _ASIDE = "new", "old"  # endings of the hidden names beside a target
_STALE_AFTER = 60.0  # seconds; a younger hidden folder may not have been locked yet


def write(target, content):
    """Make the file `target` hold the bytes `content`. Raises: OSError, with no change made."""
    with staged_file(target) as staging:
        staging.write_bytes(content)


@contextlib.contextmanager
def staged_file(target):
    """The path of a file to write beside `target`, which takes its place when the block ends."""
    staging = _beside(target, _STAGED)
    try:
        yield staging
        flush(staging)
        staging.replace(target)
        _flush_names(target.parent)
    finally:
        with contextlib.suppress(OSError):
            staging.unlink(missing_ok=True)


def is_staging(name, target_name):
    """Whether a file or folder of this name is what `target_name` was being written to."""
    return re.fullmatch(rf"\.{re.escape(target_name)}\.[0-9a-f]{{8}}\.{_STAGED}", name)


@contextlib.contextmanager
def staged(target):
    """A new hidden folder beside `target`; what bears its name at the end is removed.

    That is the unfinished new run, or the old one after the two were exchanged.
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


def _lock(folder):
    """An open handle that locks `folder` until it is closed or we die; None if it cannot be had."""
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
def claimed(folder):
    """Have `folder`, made if need be, to ourselves; if it is empty at the end, it is gone again.

    Raises:
        BlockingIOError: another process has it.
        OSError: it cannot be made.
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


def sweep(target):
    """Clear away what killed processes left beside `target`; what may be in use is not touched."""
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


def _is_stale(folder):
    if time.time() - folder.stat().st_mtime < _STALE_AFTER:
        return False
    lock = _lock(folder)
    if lock is not None:
        os.close(lock)
    return lock is not None


def swap(new, target):
    """Put the folder `new` at `target`; an old run is left under the name of `new`, or removed."""
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


def _exchange(one, other):
    """Swap two folders' names in one step; False where the system or the file system cannot."""
    here, swap = -100, 2  # AT_FDCWD of Linux; RENAME_EXCHANGE there and RENAME_SWAP of macOS
    one, other = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "linux":
            return ctypes.CDLL(None).renameat2(here, one, here, other, swap) == 0
        if sys.platform == "darwin":
            return ctypes.CDLL(None).renamex_np(one, other, swap) == 0
    except AttributeError:  # a C library without that call
        pass
    return False


def flush_tree(folder):
    for parent, _, names in os.walk(folder):
        for name in names:
            flush(os.path.join(parent, name))
        _flush_names(parent)


def _flush_names(folder):
    """Have a folder's list of names on the disk, where the file system offers that."""
    with contextlib.suppress(OSError):
        flush(folder)


def flush(path):
    """Have what was written to `path` on the disk before going on."""
    if os.name == "nt":  # opens no folder, and flushes no file that is open for reading
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(target, ending):
    return target.with_name(f".{target.name}.{os.urandom(4).hex()}.{ending}")
