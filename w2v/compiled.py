"""Numba, with a cache that notices every change of our sources, and with prefetching."""

import functools
import hashlib
import inspect
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

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
        return numba.njit(function, cache=True, **options)
    finally:
        numba.config.CACHE_DIR = chosen


def is_cached(functions: Iterable[Any]) -> bool:
    """Whether machine code of each of these @compiled functions is in the cache."""
    folder = Path(_cache_folder(numba.config.CACHE_DIR))
    sources = (function.py_func for function in functions)
    names = (f"{Path(inspect.getfile(source)).stem}.{source.__qualname__}" for source in sources)
    return all(any(folder.rglob(f"{name}-*.nbi")) for name in names)


@functools.cache
def _cache_folder(chosen):
    """A writable folder whose name changes when any file of ours does.

    It is in `chosen` ($NUMBA_CACHE_DIR), else beside the sources, else in the user's cache.
    """
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    name = f"numba-{digest.hexdigest()[:16]}"
    users = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "w2v")
    for parent in [Path(chosen)] if chosen else [PACKAGE / "__pycache__", users]:
        folder = parent / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return str(folder)
    return tempfile.mkdtemp(prefix="w2v-")


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
