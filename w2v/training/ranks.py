"""The processes that train together: torchrun starts them, torch.distributed connects them.

What everybody must hear of goes through the store that torchrun keeps: which ranks there are and
whether they live, what they disagree about, which error was told. Arrays go through the process
group: by gloo from memory, by NCCL from GPUs. No wait is endless: a Pulse tells who is gone.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from w2v.errors import W2VError
from w2v.text.shares import Share
from w2v.training.meeting import ToldElsewhere, met
from w2v.training.pulse import Pulse
from w2v.training.torchrun import Place

WRITTEN = "written"  # in the store: whether there is a checkpoint of this training
ENDLESS = timedelta(days=30)
POLL, MOST_POLL = 1e-4, 5e-3  # seconds between two looks at what is waited for
BACKENDS = {False: "gloo", True: "cpu:gloo,cuda:nccl"}  # by whether tables are on a GPU

Array = npt.NDArray[Any]

_trainings = itertools.count()  # of this process, one after the other, in the same store


class Work(Protocol):
    """An exchange under way."""

    def is_completed(self) -> bool: ...
    def wait(self) -> Any: ...


class Ranks:
    """The processes of one training, of which this is one.

    Args:
        place: this process's.  seconds: without a sign of life, after which a rank is gone.
        on_gpu: whether the tables are on a GPU.
    Raises:
        W2VError: the ranks do not all come within those seconds.

    n_bytes: sent by this rank so far, in sums of tables.
    """

    def __init__(self, place: Place, seconds: float, on_gpu: bool) -> None:
        self.place, self.share, self.n_bytes = place, Share(place.rank, place.ranks), 0
        self._n_said = 0
        patience = timedelta(seconds=seconds)
        if dist.is_initialized():
            raise W2VError(
                "torch.distributed is in use by this process already; train before "
                "init_process_group, or after destroy_process_group"
            )
        try:
            # Two clients, as one that waits keeps the other's thread waiting.
            stores = [next(rendezvous("env://", timeout=patience))[0] for _ in range(2)]
        except (RuntimeError, ValueError) as error:
            where = ":".join(os.environ.get(name, "?") for name in ("MASTER_ADDR", "MASTER_PORT"))
            raise W2VError(
                f"rank {place.rank} has no answer from {where} within {seconds:g} s: give all "
                "nodes the same --master-addr or --rdzv-endpoint, that of a node that runs "
                "torchrun and lets them in; --dist-timeout waits longer"
            ) from error
        name = f"w2v/{next(_trainings)}"
        self._lasting = dist.PrefixStore(name, stores[0])  # it outlives a restart
        name = f"{name}/{met(self._lasting, place, seconds)}"
        self._store, store = (dist.PrefixStore(name, each) for each in stores)
        self._pulse = Pulse(store, place, seconds)
        try:
            dist.init_process_group(
                BACKENDS[on_gpu],
                store=self._store,
                rank=place.rank,
                world_size=place.ranks,
                timeout=patience,
            )
            self._group = dist.new_group(timeout=ENDLESS)  # the Pulse tells when to stop waiting
        except RuntimeError as error:
            raise W2VError(
                f"rank {place.rank} cannot be connected with the others: {_first_line(error)}; "
                "GLOO_SOCKET_IFNAME names the network interface to use"
            ) from error

    def __len__(self) -> int:
        return self.place.ranks

    @property
    def leads(self) -> bool:
        """Whether this is rank 0, which prints and writes."""
        return self.place.rank == 0

    def end(self) -> None:
        """Part from the others, who may go on."""
        self._pulse.stop()
        if dist.is_initialized() and not self._pulse.is_silent:
            dist.destroy_process_group()
        elif dist.is_initialized():  # to free the groups would be to wait for one that is silent
            for group in (self._group, dist.group.WORLD):
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(group))

    def note_checkpoint(self) -> None:
        """Remember, beyond a restart, that this training has written a checkpoint."""
        self._lasting.set(WRITTEN, "")

    @property
    def goes_on(self) -> bool:
        """Whether torchrun has started this again after it had written a checkpoint."""
        return self._lasting.check([WRITTEN])

    # What goes wrong.

    def check(self) -> None:
        """Look after the other ranks.

        Raises:
            W2VError: one is gone; the message names it.  ToldElsewhere: another rank has said so.
        """
        if self._pulse.told:
            raise ToldElsewhere(1)
        if self._pulse.lost:
            self._pulse.note_silence()
            raise _gone(self._pulse.lost)

    def may_tell(self) -> bool:
        """Whether it is for this rank to tell of an error: once, and if all have it, for rank 0."""
        if not self.leads:
            self._pulse.wait_until_told()
        return self._pulse.tell_first()

    def name_lost(self) -> W2VError | None:
        """The error for the ranks that show no life any more, if there are any; takes seconds."""
        lost = self._pulse.look_for_lost()
        return _gone(lost) if lost else None

    def _failed(self, error: RuntimeError) -> BaseException:
        """What to raise when a connection breaks."""
        if self._pulse.told:
            return ToldElsewhere(1)
        return self.name_lost() or W2VError(
            f"rank {self.place.rank} has lost its connection: {_first_line(error)}; give the same "
            "command with --resume to go on"
        )

    def _wait(self, is_done: Callable[[], bool]) -> None:
        pause = POLL
        try:
            while not is_done():
                self.check()
                time.sleep(pause)
                pause = min(1.1 * pause, MOST_POLL)
        except RuntimeError as error:  # the store is gone, with its machine
            raise self._failed(error) from error

    # What is said.

    def compare(self, mine: Mapping[str, Any]) -> None:
        """Make sure that all ranks say the same as rank 0.

        Args:
            mine: {what it is: what it is here}, of plain values.
        Raises: W2VError: one says another thing; the message names it, and both.
        """
        mine = json.loads(json.dumps(mine))
        key = self._new_key()
        self._store.set(f"{key}/{self.place.rank}", json.dumps(mine))
        if self.leads:
            for rank in range(1, len(self)):
                its = self._read(f"{key}/{rank}")
                for what in {**mine, **its}:
                    if (here := mine.get(what)) != (there := its.get(what)):
                        raise W2VError(
                            f"rank {rank} differs: {what} is {there} there and {here} on rank 0; "
                            "give all ranks the same"
                        )
        self.meet()

    def meet(self) -> None:
        """Wait until all ranks are here."""
        key = self._new_key()
        self._store.add(key, 1)
        self._wait(lambda: self._store.add(key, 0) == len(self))

    def _new_key(self) -> str:
        self._n_said += 1
        return f"said/{self._n_said}"

    def _read(self, key: str) -> Any:
        self._wait(lambda: self._store.check([key]))
        return json.loads(self._store.get(key))

    # What is sent.

    def each(self, arrays: Sequence[Array]) -> Iterator[list[Array]]:
        """Yield the arrays of every rank, one rank after the other, on all ranks.

        So no rank holds those of all, and rank 0 alone need look at them.
        """
        for rank in range(len(self)):
            yield self._spread(arrays if rank == self.place.rank else None, rank)

    def broadcast(self, arrays: Sequence[Array] | None) -> list[Array]:
        """The arrays of rank 0, on all ranks; the others give None."""
        return self._spread(arrays if self.leads else None, 0)

    def _spread(self, arrays: Sequence[Array] | None, source: int) -> list[Array]:
        """The arrays of rank `source`, on all ranks."""
        key = self._new_key()
        if arrays is not None:
            arrays = [np.require(array, requirements=["C", "W"]) for array in arrays]
            kinds = [(array.dtype.str, array.shape) for array in arrays]
            self._store.set(key, json.dumps(kinds))
        else:
            arrays = [np.empty(shape, dtype) for dtype, shape in self._read(key)]
        for array in arrays:
            if array.size:
                flat = torch.from_numpy(array.reshape(-1).view(np.uint8))
                self._run(dist.broadcast, flat, source)
        return arrays

    # What is summed.

    def max(self, *values: float) -> list[float]:
        """Of each value the largest on any rank."""
        return self._reduce(values, dist.ReduceOp.MAX)

    def sum(self, *values: float) -> list[float]:
        """Of each value the sum over the ranks, in float64."""
        return self._reduce(values, dist.ReduceOp.SUM)

    def _reduce(self, values, operation):
        all_of = torch.tensor(values, dtype=torch.float64)
        self._run(dist.all_reduce, all_of, operation)
        return all_of.tolist()

    def agree(self, signals: list[int], is_due: bool, ends: bool) -> tuple[bool, bool]:
        """Whether a checkpoint is written now, and whether the training ends, if any rank says so.

        A signal that any rank has heard, all hear.
        """
        heard, due, ended = self.max(signals[0] if signals else 0, is_due, ends)
        if heard and not signals:
            signals.append(int(heard))
        return bool(due), bool(ended)

    def start_sum(self, tensor: torch.Tensor) -> Work:
        """Begin to put the sum over the ranks, the same bits on all, in place of a tensor.

        gloo and NCCL add in an order that the number of ranks and the size decide.
        """
        self.n_bytes += 2 * (len(self) - 1) * tensor.nbytes // len(self)  # around a ring
        return self._start(dist.all_reduce, tensor)

    def finish(self, work: Work) -> None:
        """Wait for the end of what was begun."""
        self._wait(work.is_completed)
        try:
            work.wait()
        except RuntimeError as error:
            raise self._failed(error) from error

    def _start(self, operation: Callable[..., Work], *arguments: Any) -> Work:
        try:
            return operation(*arguments, group=self._group, async_op=True)
        except RuntimeError as error:
            raise self._failed(error) from error

    def _run(self, operation: Callable[..., Work], *arguments: Any) -> None:
        self.finish(self._start(operation, *arguments))


def _gone(ranks: Sequence[int]) -> W2VError:
    named = ", ".join(map(str, ranks))
    return W2VError(
        f"rank {named} is gone: the process has ended, or its machine does not answer; give the "
        "same command with --resume to go on from the last checkpoint"
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
