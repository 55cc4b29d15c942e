"""Which of torchrun's processes this one is, by its environment; nothing is imported for it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from w2v.errors import UsageError

MARK = "TORCHELASTIC_RUN_ID"  # set by torchrun alone; WORLD_SIZE is set by schedulers, too
NUMBERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


@dataclass(frozen=True)
class Place:
    """The place of a process among those that train together.

    rank: from 0, of `ranks`.  local_rank: from 0, of the `local_ranks` on this machine.
    """

    rank: int
    ranks: int
    local_rank: int
    local_ranks: int


def place(environment: Mapping[str, str] = os.environ) -> Place | None:
    """The Place of this process; None where it trains alone, started by torchrun or not.

    Raises: UsageError: it is one of many that something else has started.
    """
    if MARK not in environment:
        started = environment.get("WORLD_SIZE", "")
        if started.isdigit() and int(started) > 1:
            raise UsageError(
                f"WORLD_SIZE is {started}, but torchrun did not start this process; start all with "
                "torchrun, or unset WORLD_SIZE to train in one"
            )
        return None
    if not all(environment.get(name, "").isdigit() for name in NUMBERS):
        return None
    rank, ranks, local_rank, local_ranks = (int(environment[name]) for name in NUMBERS)
    found = Place(rank, ranks, local_rank, local_ranks)
    return found if found.ranks > 1 else None


def leads() -> bool:
    """Whether this process is the one that prints and writes: alone, or rank 0."""
    found = place()
    return found is None or found.rank == 0
