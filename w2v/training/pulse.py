"""A sign of life of every rank, every second, in the store that torchrun keeps."""

from __future__ import annotations

import contextlib
import threading
import time

from w2v.training.meeting import Store
from w2v.training.torchrun import Place

PERIOD = 1.0  # seconds
LOOK = 4.5  # seconds in which whoever lives is seen to; compiling keeps threads waiting
COURTESY = 1.0  # seconds that rank 0 has to tell of an error before another does
TOLD, SILENT = "told", "silent"  # how many have told of an error, and found a rank silent


class Pulse:
    """Gives a sign of life in a thread of its own, and looks for those of others.

    Rank 0 looks after all, the others after rank 0.

    Args:
        store: of this Pulse's own.  seconds: without a sign, after which a rank is lost.

    lost: numbers of the ranks that are lost.  told: whether a rank has told of an error.
    """

    def __init__(self, store: Store, place: Place, seconds: float) -> None:
        self.lost: list[int] = []
        self.told = False
        self._store, self._place, self._seconds = store, place, seconds
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def tell_first(self) -> bool:
        """Whether nobody has told of an error yet; from now on, somebody has."""
        try:
            return self._add(TOLD, 1) == 1
        except RuntimeError:  # the store is gone, with its machine
            return True

    def note_silence(self) -> None:
        """Have all ranks know, before anybody tells of it, that one gives no sign of life."""
        with contextlib.suppress(RuntimeError):
            self._add(SILENT, 1)

    @property
    def is_silent(self) -> bool:
        """Whether one of the ranks is, or the store."""
        try:
            return self._add(SILENT, 0) > 0
        except RuntimeError:
            return True

    def wait_until_told(self) -> None:
        """Give rank 0 the time to tell of an error that all ranks have."""
        until = time.monotonic() + COURTESY
        while not self.told and time.monotonic() < until:
            time.sleep(PERIOD / 10)
            self.told = self.told or self._has_been_told()

    def look_for_lost(self) -> list[int]:
        """The ranks that give no sign for LOOK seconds."""
        before = self._counts(range(self._place.ranks))
        time.sleep(LOOK)
        after = self._counts(range(self._place.ranks))
        return [rank for rank in before if after.get(rank) == before[rank]]

    def _beat(self):
        watched = range(self._place.ranks) if self._place.rank == 0 else range(1)
        seen: dict[int, int] = {}
        since = dict.fromkeys(watched, time.monotonic())
        while not self._ended.wait(PERIOD):
            try:
                self._add(f"pulse/{self._place.rank}", 1)
                counts, now = self._counts(watched), time.monotonic()
                self.told = self.told or self._has_been_told()
            except RuntimeError:
                counts, now = {}, time.monotonic()
            since |= {rank: now for rank in counts if counts[rank] != seen.get(rank)}
            seen |= counts
            self.lost = [rank for rank in watched if now - since[rank] > self._seconds]

    def _counts(self, ranks):
        try:
            return {rank: self._add(f"pulse/{rank}", 0) for rank in ranks}
        except RuntimeError:
            return {}

    def _has_been_told(self):
        try:
            return self._add(TOLD, 0) > 0
        except RuntimeError:
            return False

    def _add(self, key, amount):
        with self._lock:
            return self._store.add(key, amount)
