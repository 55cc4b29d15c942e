"""Numba, with a cache that notices every change of our sources, and with prefetching."""

import atexit
import contextlib
import functools
import hashlib
import inspect
import logging
import os
import pickle
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.extending import intrinsic

from w2v.errors import shown
from w2v.files import users_cache

CACHE_LINE = 64  # bytes
LANES = 16  # float32s in a vector of compiled code, and in a cache line

PACKAGE = Path(__file__).parent


def compiled(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Decorate a function as `numba.njit(**options)`, compiled once for each state of w2v.

    Numba's own cache notices only changes of the file that a function stands in. The function
    that trains has the draws, which stand in another file, compiled into it; after an update of
    that file it would still train with the old ones.
    """
    if function is None:
        return functools.partial(compiled, **options)
    chosen = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = _cache_folder(chosen)
    try:
        dispatcher = numba.njit(function, cache=True, **options)
        if hasattr(dispatcher, "py_func"):  # not so with NUMBA_DISABLE_JIT
            dispatcher._cache = _CheckedCache(function)
        return dispatcher
    finally:
        numba.config.CACHE_DIR = chosen


def leave_out_linear_algebra() -> None:
    """Spare this process scipy, which Numba imports, 0.2 s long, for linear algebra.

    For programs of ours. Others' compiled code may multiply matrices; ours does so by itself.
    """
    if "scipy.linalg" in sys.modules:
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]  # no import of it succeeds now
    try:
        import numba.np.arraymath  # noqa: F401 (it looks for scipy, and Numba loads it in any case)
    finally:
        del sys.modules["scipy.linalg"]


class _CheckedCache(FunctionCache):
    """Numba's cache of a function, which no damage and no lack of room can make fail."""

    def __init__(self, py_func: Callable[..., Any]) -> None:
        super().__init__(py_func)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _CheckedFiles(self._cache_path, self._impl.filename_base, stamp)

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say_once(f"cannot keep compiled code in {self._cache_path}: {error.strerror}")


class _CheckedFiles(IndexDataCacheFile):
    """The files of that cache, each with its SHA-256 before it.

    A power loss leaves files that are empty, cut or full of zeros: an error when they are read, or
    machine code that is none. They are dropped, and what they held is compiled anew.
    """

    def _save_index(self, overloads: Any) -> None:
        self._write(self._index_path, (self._source_stamp, overloads))

    def _load_index(self) -> Any:
        stamp, overloads = self._read(self._index_path) or (None, {})
        return overloads if stamp == self._source_stamp else {}

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _load_data(self, name: str) -> Any:
        return self._read(self._data_path(name))

    def _write(self, path: str, stored: Any) -> None:
        content = self._dump(stored)
        with self._open_for_write(path) as file:
            file.write(hashlib.sha256(content).digest() + content)

    def _read(self, path: str) -> Any:
        """What `_write` wrote; None where the file is missing or damaged."""
        try:
            content = Path(path).read_bytes()
        except FileNotFoundError:
            return None
        n = hashlib.sha256().digest_size
        if hashlib.sha256(content[n:]).digest() == content[:n]:
            return pickle.loads(content[n:])
        with contextlib.suppress(OSError):
            os.unlink(path)
        _say_once(f"compiled code in {Path(path).parent.parent} is damaged: compiling it anew")
        return None


@functools.cache
def _say_once(line: str) -> None:
    logging.getLogger(__name__).warning(shown(line))


def is_cached(functions: Iterable[Any]) -> bool:
    """Whether machine code of each of these @compiled functions is in the cache."""
    folder = Path(cache_folder())
    sources = (function.py_func for function in functions)
    names = (f"{Path(inspect.getfile(source)).stem}.{source.__qualname__}" for source in sources)
    return all(any(folder.rglob(f"{name}-*.nbi")) for name in names)


def cache_folder() -> str:
    """Where compiled code is kept: `NUMBA_CACHE_DIR`, if that is the folder above it, finds it."""
    return _cache_folder(numba.config.CACHE_DIR)


@functools.cache
def _cache_folder(chosen):
    """A writable folder whose name changes when any file of ours does.

    It is in `chosen` ($NUMBA_CACHE_DIR), else beside the sources, in the user's cache, or in a
    folder of the user's own among the temporary ones.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    name = f"numba-{digest.hexdigest()[:16]}"
    for find in [lambda: Path(chosen)] if chosen else _USERS_FOLDERS:
        with contextlib.suppress(OSError):
            folder = find() / name
            if not (chosen or folder.is_absolute()):  # no home
                continue
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return str(folder)
    passing = tempfile.mkdtemp(prefix="w2v-")
    atexit.register(shutil.rmtree, passing, ignore_errors=True)
    return os.path.join(passing, name)


def _users_temporary() -> Path:
    """A folder among the temporary ones that nobody else can write to: what is in it is run.

    Raises: OSError: there is one already that is not ours alone.
    """
    user = os.getuid() if hasattr(os, "getuid") else None  # Windows' is the user's own anyway
    folder = Path(tempfile.gettempdir(), "w2v" if user is None else f"w2v-{user}")
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    about = folder.lstat()
    is_ours = user is None or (about.st_uid == user and not about.st_mode & 0o077)
    if not (stat.S_ISDIR(about.st_mode) and is_ours):
        raise PermissionError(f"{folder} is not ours alone")
    return folder


_USERS_FOLDERS = [lambda: PACKAGE / "__pycache__", users_cache, _users_temporary]


@intrinsic
def prefetch_row(typing_context, table, row):  # noqa: ANN201 (an intrinsic)
    """In compiled code: fetch table[row] (C-ordered, 2-D) into the cache, without waiting for it.

    A row that is about to be used arrives while the one before it is worked on.
    """

    def emit(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride, _ = cgutils.unpack_tuple(builder, array.strides)
        index = context.cast(builder, arguments[1], signature.args[1], types.intp)
        start = builder.add(builder.ptrtoint(array.data, stride.type), builder.mul(index, stride))
        pointer, i32 = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, i32, i32, i32])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        first, step = stride.type(0), stride.type(CACHE_LINE)
        with cgutils.for_range_slice(builder, first, stride, step) as (offset, _):
            line = builder.inttoptr(builder.add(start, offset), pointer)
            builder.call(prefetch, [line, i32(0), i32(3), i32(1)])  # to read, keep, data
        return context.get_dummy_value()

    return types.void(table, row), emit
