"""Compiling the CPU engine in two processes, the first time: one beside this one, which reads.

What each compiles stands in the cache for the other. Should a process fail, this one compiles all.
"""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from w2v import processes
from w2v.batches.batch import GroupRows
from w2v.batches.draw_groups import Draws, draw_group
from w2v.compiled import LANES, cache_folder, is_cached, leave_out_linear_algebra
from w2v.engines.cpu import train_batches
from w2v.engines.cpu_functions import aligned_rows
from w2v.engines.cpu_kernels import Scratch, differentiate

ENOUGH = 120.0  # seconds, after which this process compiles it itself
_ROWS = 1, 1, 1, 2, 1  # GroupRows.empty's: one group of two centers, one noise word


@contextlib.contextmanager
def beside() -> Iterator[Callable[[], None]]:
    """`with beside() as finish:` the slower half is compiled by another process.

    `finish()` compiles the other half here and waits for that. Without need nothing is done.
    """
    if is_cached([train_batches]):
        yield lambda: None
        return
    try:
        settings = {"NUMBA_CACHE_DIR": str(Path(cache_folder()).parent)}
        other = processes.start(__name__, settings=settings)
    except (OSError, ValueError):  # this process will compile it
        yield lambda: None
        return
    try:
        yield lambda: _finish(other)
    finally:
        other.kill()
        other.wait()


def _finish(other: subprocess.Popen[bytes]) -> None:
    noise = np.zeros((1, 2), np.uint32)
    draws = Draws(0, np.uint64(0), np.uint64(0), noise, window=1, negative=1, group=2, noise_pool=1)
    draw_group(np.zeros(2, np.int32), 0, draws, GroupRows.empty(*_ROWS), 0)
    with contextlib.suppress(subprocess.TimeoutExpired):
        other.wait(ENOUGH)


def main() -> None:
    """What the other process does: compile the kernels, by a group of nothing."""
    leave_out_linear_algebra()
    rows, tables = GroupRows.empty(*_ROWS), aligned_rows(2, LANES)
    most = rows.entries.shape[1] + rows.per_center.shape[2]
    scratch, gains = Scratch.empty(rows, LANES), aligned_rows(most, LANES)
    differentiate(rows, 0, tables[:1], tables[1:], 1, 1, np.float64(0), scratch, gains)
