"""What we need beyond Numba: a cache that notices every change of our sources, and prefetching."""

import functools
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

CACHE_LINE = 64  # bytes

PACKAGE = Path(__file__).parent


def compiled(function: Any = None, **options: Any) -> Any:
    """Decorate a function as `numba.njit(**options)`, compiled once for each state of w2v.

    Numba's own cache looks only at the file that a function stands in. The function that trains
    has the draws of another file compiled into it, and would keep the old ones after an update.
    """
    if function is None:
        return functools.partial(compiled, **options)
    chosen = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = _cache_folder(chosen)
    try:
        return numba.njit(function, cache=True, **options)
    finally:
        numba.config.CACHE_DIR = chosen


def is_cached(modules: Iterable[str]) -> bool:
    """Whether compiled code of each of these modules ("word_table", "cpu") is in the cache."""
    folder = Path(_cache_folder(numba.config.CACHE_DIR))
    return all(any(folder.rglob(f"{name}.*.nbi")) for name in modules)


@functools.cache
def _cache_folder(chosen: str) -> str:
    """A writable folder whose name changes with any of our files.

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
def prefetch_row(typing_context, table, row):  # noqa: ANN201 (Numba calls it to compile)
    """In compiled code: have table[row] (C-ordered, 2-D) brought to the cache, without waiting.

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
