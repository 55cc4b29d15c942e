"""Counters that several threads of compiled code share: who does what, and what is done."""

import sys

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

LOOKS = 20_000  # at a counter, some tens of microseconds, before giving up the core


@intrinsic
def add_one(typing_context, counters, index):
    """counters[index] += 1 in one indivisible step (1-D int64); returns what it was before."""

    def emit(context, builder, signature, arguments):
        place = _place(context, builder, signature, arguments)
        return builder.atomic_rmw("add", place, ir.IntType(64)(1), "seq_cst")

    return types.int64(counters, index), emit


@intrinsic
def look_at(typing_context, counters, index):
    """counters[index], and with it all that was written before it was counted."""

    def emit(context, builder, signature, arguments):
        place = _place(context, builder, signature, arguments)
        return builder.load_atomic(place, "seq_cst", align=8)

    return types.int64(counters, index), emit


def _place(context, builder, signature, arguments):
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    return builder.gep(data, [context.cast(builder, arguments[1], signature.args[1], types.intp)])


if sys.platform == "win32":

    @njit
    def _sleep(microseconds):
        pass
else:
    _sleep = types.ExternalFunction("usleep", types.int32(types.uint32))


@njit
def wait_for(counters: npt.NDArray[np.int64], index: int, least: int) -> None:
    """Return once counters[index] ≥ least.

    A core that is yielded goes to whatever else wants it, for milliseconds; so threads look for
    longer than a part of the work takes. Then somebody has been put off, perhaps for this thread.
    """
    looks = 0
    while look_at(counters, index) < least:
        looks += 1
        if looks > LOOKS:
            _sleep(np.uint32(50))
