"""Threads of compiled code, and the counters that they share: who does what, and what is done."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

SPINS = 1000  # looks at a counter before letting others have the core


class Threads:
    """n threads that run the same compiled function (nogil) at once; the caller is the first.

    Numba's own threads (`prange`) are not used: records of arrays do not get through to them, and
    what they run takes several times as long to compile.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._others = ThreadPoolExecutor(n - 1) if n > 1 else None

    def run(self, work: Callable[[int], None]) -> None:
        """Call work(0), …, work(n - 1), each in a thread, and return when all have returned."""
        if self._others is None:
            return work(0)
        others = [self._others.submit(work, thread) for thread in range(1, self.n)]
        work(0)
        for other in others:
            other.result()
        return None


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
    def _let_others_run():
        pass
else:
    _let_others_run = types.ExternalFunction("sched_yield", types.int32())


@njit
def wait_until(counters: npt.NDArray[np.int64], index: int, least: int) -> None:
    """Return once counters[index] ≥ least."""
    spins = 0
    while look_at(counters, index) < least:
        spins += 1
        if spins > SPINS:
            _let_others_run()
