"""Work that only launches kernels, recorded once as a CUDA graph and then repeated."""

from collections.abc import Callable
from typing import NamedTuple

import torch

from w2v.batches.gpu_batcher import GroupsAhead

WARM_UPS = 3  # so that nothing is compiled or first made while it is recorded


class Graph:
    """Calls `work()` by replaying its kernels, which the host only has to start.

    Args:
        work: takes and returns nothing; launches the same kernels at the same addresses each time.
            It is called a few times as it is recorded, so that must be harmless.
        device: torch.device; other than cuda, where kernels are interpreted, work is just called.
    """

    def __init__(self, work: Callable[[], None], device: torch.device) -> None:
        self._replay = work
        if device.type == "cuda":
            self._graph = _record(work)
            self._replay = self._graph.replay

    def __call__(self) -> None:
        self._replay()


class Recorded(NamedTuple):
    """A Graph, and the room that it draws groups into."""

    ahead: GroupsAhead
    graph: Graph


def _record(work):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UPS):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph
