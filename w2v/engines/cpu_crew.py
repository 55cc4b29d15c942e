"""Threads of compiled code that work on one thing together, as many as help."""

import threading
import time
from collections.abc import Callable

CROWDED = 0.9  # threads that had less than this share of a core each, share cores with others
PATIENCE = 8  # calls before another number of threads is tried again


class Crew:
    """Up to `most` threads, fewer while other programs keep the cores.

    Threads that wait for each other are as fast as the one that was put off: two that have half a
    core each can be slower than one that has it whole. So a crew that did not have its cores to
    itself tries half as many threads, and goes on with what was faster; later it tries more again.
    """

    def __init__(self, most: int) -> None:
        self.sizes = [most]
        while self.sizes[-1] > 1:
            self.sizes.append(self.sizes[-1] // 2)
        self._at = 0  # in sizes
        self._rates = [0.0] * len(self.sizes)
        self._tried = [0] * len(self.sizes)  # at which call
        self._calls = 0

    def run(self, amount: int, work: Callable[[int], None]) -> None:
        """Have the threads call work(n), n from 0; amount: how much work that is."""
        at, threads = self._at, self.sizes[self._at]
        began, cpu_began = time.perf_counter(), time.process_time()
        _work_together(threads, work)
        seconds = max(time.perf_counter() - began, 1e-9)
        is_crowded = time.process_time() - cpu_began < CROWDED * threads * seconds
        self._calls += 1
        self._tried[at], self._rates[at] = self._calls, amount / seconds
        self._at = self._next(at, is_crowded)

    def _next(self, at, is_crowded):
        """The size for the next call: the faster of neighbours, or one not tried for long."""
        fewer, more = at + 1, at - 1
        if is_crowded and fewer < len(self.sizes) and self._is_better(fewer, at):
            return fewer
        if more >= 0 and self._is_better(more, at):
            return more
        return at

    def _is_better(self, other, at):
        """Whether to go over to another size: it was faster, or nobody knows any more."""
        return self._rates[other] > self._rates[at] or self._is_due(other)

    def _is_due(self, at):
        return self._calls - self._tried[at] >= PATIENCE


def _work_together(threads, work):
    others = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(1, threads)]
    for thread in others:
        thread.start()
    work(0)
    for thread in others:
        thread.join()
