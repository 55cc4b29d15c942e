"""Threads of compiled code that work on one thing together, as many as help."""

import contextlib
import os
import threading
import time
from collections.abc import Callable

CROWDED = 0.9  # threads that had less than this share of a core each, share cores with others
TRIAL = 2  # calls of another number of threads, before it is judged
HOPELESS = 0.75  # share of the rate before, below which one call is enough
PATIENCE = 8  # calls from one trial to the next; each that was for nothing doubles it
MOST_PATIENCE = 128
RECENT = 0.5  # share of the last call in the mean rate of those before


class Crew:
    """Up to `most` threads, fewer while other programs keep the cores.

    Threads that wait for each other are as fast as the one that was put off: two that have half a
    core each can be slower than one that has it whole. So a crew that did not have its cores to
    itself tries half as many threads, and goes on with what was faster; later it tries more again.
    """

    def __init__(self, most: int) -> None:
        self.size = self.most = most
        self._home = Rate(most)
        self._trial: Rate | None = None
        self._until_trial, self._patience = 0, PATIENCE

    def run(self, amount: int, work: Callable[[int], None]) -> None:
        """Have the threads call work(n), n from 0; amount: how much work that is.

        No work, as of a block that subsampling leaves empty, tells nothing of how fast they are.
        Raises what `work` raises, once all threads have ended.
        """
        threads, began = self.size, time.perf_counter()
        cpu_seconds = _work_together(threads, work)
        seconds = max(time.perf_counter() - began, 1e-9)
        if amount:
            self.learn(amount / seconds, cpu_seconds < CROWDED * threads * seconds)

    def learn(self, rate: float, is_crowded: bool) -> None:
        """Choose the `size` of the next call by how fast, and how crowded, the last one was."""
        if self._trial is None:
            self._home.add(rate)
            self._until_trial -= 1
            fewer = is_crowded and self.size > 1
            other = self.size // 2 if fewer else min(2 * self.size, self.most)
            if other != self.size and self._until_trial < 0:
                self._trial = Rate(other)
        else:
            self._trial.add(rate)
            is_hopeless = self._trial.mean < HOPELESS * self._home.mean
            if is_hopeless or self._trial.calls == TRIAL:
                self._judge(self._trial)
                self._trial = None
        self.size = (self._trial or self._home).size

    def _judge(self, trial: "Rate") -> None:
        if trial.mean > self._home.mean:
            self._home, self._patience = trial, PATIENCE
        else:
            self._patience = min(2 * self._patience, MOST_PATIENCE)
        self._until_trial = self._patience


class Rate:
    """How fast so many threads were of late, in work a second."""

    def __init__(self, size: int) -> None:
        self.size, self.calls, self.mean = size, 0, 0.0

    def add(self, rate: float) -> None:
        self.calls += 1
        self.mean += max(RECENT, 1 / self.calls) * (rate - self.mean)


def _work_together(threads, work):
    """Returns the seconds that cores worked for the threads, together."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    is_one_each = len(cores) == threads
    cpu_seconds, errors = [], []

    def work_there(n):
        if is_one_each:
            _stay_on(cores[n])
        try:
            work(n)
        except BaseException as error:
            errors.append(error)
        cpu_seconds.append(time.thread_time())

    team = [threading.Thread(target=work_there, args=(n,), daemon=True) for n in range(threads)]
    for thread in team:
        thread.start()
    try:
        _join(team)
    except KeyboardInterrupt:
        _join(team)  # nobody is told before the last one has let go of the tables
        raise
    if errors:
        raise errors[0]
    return sum(cpu_seconds)


def _join(team):
    for thread in team:
        thread.join()


def _stay_on(core):
    """Keep this thread on a core.

    With another program on one of two cores, however low its priority, Linux puts both threads on
    the other in every second call: each then has half of a core, and waits for its neighbour.
    """
    with contextlib.suppress(OSError):  # the core was taken away, or the system forbids it
        os.sched_setaffinity(0, {core})
