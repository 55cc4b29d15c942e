"""All ranks of one start meet in the store that torchrun keeps.

The store outlives a restart, and torchrun's counts of restarts differ from node to node. So rank 0
numbers the starts, and confirms each process that has come to its own: what others have left there
is of processes that are no more.
"""

from __future__ import annotations

import time
import uuid
from typing import Protocol

from w2v.errors import W2VError
from w2v.training.torchrun import Place

STARTS = "starts"  # how many there have been
POLL = 5e-3  # seconds between two looks
COURTESY = 1.0  # seconds that rank 0 has to tell who is missing


class Store(Protocol):
    """What is used of torch.distributed.Store."""

    def add(self, key: str, amount: int) -> int: ...
    def check(self, keys: list[str]) -> bool: ...
    def get(self, key: str) -> bytes: ...
    def set(self, key: str, value: str) -> None: ...


class ToldElsewhere(SystemExit):
    """Another rank has told what went wrong; this one ends without a word."""


def met(store: Store, place: Place, seconds: float) -> str:
    """Wait for all ranks, and name this start of theirs as no other one.

    Raises:
        W2VError: some do not come within those seconds.  ToldElsewhere: another rank has said so.
    """
    wait_for = _await_all if place.rank == 0 else _await_rank_0
    return wait_for(store, place, time.monotonic() + seconds, seconds)


def _await_all(store: Store, place: Place, until: float, seconds: float) -> str:
    start = str(store.add(STARTS, 1))
    missing = list(range(1, place.ranks))
    while missing:
        for rank in missing:
            if store.check([f"{start}/{rank}"]):
                store.set(f"{start}/{rank}/seen", store.get(f"{start}/{rank}").decode())
        missing = [rank for rank in missing if not store.check([f"{start}/{rank}/seen"])]
        if missing and time.monotonic() > until:
            raise _did_not_come(store, start, missing, seconds)
        time.sleep(POLL)
    store.set(f"{start}/all", "")
    return start


def _await_rank_0(store: Store, place: Place, until: float, seconds: float) -> str:
    start, me = "0", uuid.uuid4().hex
    while True:
        if (newest := str(store.add(STARTS, 0))) != start:
            start = newest
            store.set(f"{start}/{place.rank}", me)
        seen = f"{start}/{place.rank}/seen"
        is_seen = store.check([seen]) and store.get(seen).decode() == me
        if is_seen and store.check([f"{start}/all"]):
            return start
        if time.monotonic() > until + COURTESY * is_seen:
            raise ToldElsewhere(1) if is_seen else _did_not_come(store, start, [0], seconds)
        time.sleep(POLL)


def _did_not_come(store: Store, start: str, ranks: list[int], seconds: float) -> BaseException:
    if store.add(f"{start}/told", 1) > 1:
        return ToldElsewhere(1)
    shown = ", ".join(map(str, ranks[:8]))
    return W2VError(f"rank {shown} did not come within {seconds:g} s; --dist-timeout waits longer")
